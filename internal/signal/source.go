package signal

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
)

// Largest files that are read, in bytes. The largest list in public
// use (ipsum level 1, 120,000 addresses) has 2 MB; GeoLite2-City has about
// 65 MB, the commercial city database about twice that.
const (
	maxListBytes = 64 << 20
	maxGeoBytes  = 1 << 30
)

// source is one file and what was last read from it.
type source struct {
	file string
	kind string // of the list; "" for a database

	seen     os.FileInfo // what the last look found; nil if nothing was there
	reported string      // the error that was last reported, "" if none

	geo  *geoFile
	list *listed
}

// check looks at the file, reads it when it changed, and says whether what
// lookups use is another now.
func (s *source) check(report func(string, error)) bool {
	info, err := os.Stat(s.file)
	if errors.Is(err, fs.ErrNotExist) {
		had := s.geo != nil || s.list != nil
		s.seen, s.geo, s.list = nil, nil, nil
		s.tell(report, ErrMissing)
		return had
	}
	if err != nil {
		s.tell(report, s.kept(err))
		return false
	}
	if s.seen != nil && same(s.seen, info) {
		return false
	}
	data, after, err := read(s.file, s.limit())
	if err != nil {
		s.tell(report, s.kept(err))
		return false
	}
	if !same(info, after) {
		return false // still being written: the next look reads it
	}
	s.seen = info
	return s.take(data, report)
}

// take makes data what lookups use, unless it is damaged.
func (s *source) take(data []byte, report func(string, error)) bool {
	if s.kind == "" {
		g, err := openGeo(data)
		if err != nil {
			s.tell(report, s.kept(err))
			return false
		}
		s.geo = g
		s.tell(report, nil)
		return true
	}
	l, err := parseList(data)
	if l == nil {
		s.tell(report, s.kept(err))
		return false
	}
	s.list = l
	s.tell(report, err)
	return true
}

// kept marks an error of a file whose earlier content stays in use.
func (s *source) kept(err error) error {
	if s.geo == nil && s.list == nil {
		return err
	}
	return fmt.Errorf("%w: %w", ErrKept, err)
}

// tell reports err unless the same was said last, and nil only after an
// error.
func (s *source) tell(report func(string, error), err error) {
	said := ""
	if err != nil {
		said = err.Error()
	}
	if said != s.reported {
		s.reported = said
		report(s.file, err)
	}
}

func (s *source) limit() int64 {
	if s.kind == "" {
		return maxGeoBytes
	}
	return maxListBytes
}

// same says whether two looks found the same content, as far as size, time
// and inode tell.
func same(a, b os.FileInfo) bool {
	return a.Size() == b.Size() && a.ModTime().Equal(b.ModTime()) && os.SameFile(a, b)
}

// read returns a regular file's content and its state after reading. A pipe
// or device is refused before it is opened: it could block for ever.
func read(file string, limit int64) ([]byte, os.FileInfo, error) {
	info, err := os.Stat(file)
	if err != nil {
		return nil, nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, nil, errors.New("not a regular file")
	}
	if info.Size() > limit {
		return nil, nil, fmt.Errorf("%d bytes; at most %d are read", info.Size(), limit)
	}
	f, err := os.Open(file)
	if err != nil {
		return nil, nil, err
	}
	defer f.Close()
	var buf bytes.Buffer
	buf.Grow(int(info.Size()) + bytes.MinRead)
	// One byte more than allowed, to tell a file that grows meanwhile.
	if _, err := io.Copy(&buf, io.LimitReader(f, limit+1)); err != nil {
		return nil, nil, err
	}
	if int64(buf.Len()) > limit {
		return nil, nil, fmt.Errorf("grew beyond %d bytes while it was read", limit)
	}
	after, err := os.Stat(file)
	return buf.Bytes(), after, err
}
