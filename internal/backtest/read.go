package backtest

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"time"
)

// Formats of logs.
const (
	FormatCSV      = "csv"
	FormatCombined = "combined"
	FormatSSHD     = "sshd"
	FormatEvents   = "events"
)

// Formats lists them.
func Formats() []string { return []string{FormatCSV, FormatCombined, FormatSSHD, FormatEvents} }

// ReadOptions say how a log is read.
type ReadOptions struct {
	// Format is one of Formats. Default: found out from the first lines
	Format string
	// Paths of the login, of combined logs: POSTs to one of them are
	// attempts. One that ends in * is the start of a path.
	Paths []string
	// SuccessStatus of combined logs: statuses that mean that the password
	// was right. Nil: 302 and 303; empty: none does
	SuccessStatus []int
	// Year of the first line of a log whose times have none. Default: so that
	// the last line is not after Latest
	Year   int
	Latest time.Time
	// Progress, unless it is nil, is told how many bytes of all were read.
	Progress func(done, all int64)
}

// maxLine is the longest line that is read, in bytes.
const maxLine = 64 << 10

// Errors of a log.
var (
	ErrNothing  = errors.New("no login attempt in it")
	ErrNoFormat = errors.New("the format cannot be told from the first lines")
)

// parser reads the lines of one format. add is called with what is in a line,
// at most once a line, and again for one that stands for several.
type parser interface {
	// line reads one line; skip says that it is no attempt, and an error why
	// it could not be read.
	line(b []byte, add func(Event)) (skip bool, err error)
	// end is called after the last line of a log.
	end(add func(Event))
}

// Read reads the files of one log, in any order; "-" is standard input. Lines
// that cannot be read are counted; only a log without one attempt is an error.
func Read(files []string, stdin io.Reader, o ReadOptions) (*Log, error) {
	l := NewLog(o.Format)
	var all, before int64
	for _, name := range files {
		if info, err := os.Stat(name); err == nil {
			all += info.Size()
		}
	}
	var p parser
	for _, name := range files {
		err := func() error {
			in := io.NopCloser(stdin)
			if name != "-" {
				f, err := os.Open(name)
				if err != nil {
					return err
				}
				in = f
			}
			defer in.Close()
			counted := &counting{Reader: in, before: before, all: all, tell: o.Progress}
			r, err := plain(bufio.NewReaderSize(counted, maxLine))
			if err != nil {
				return fmt.Errorf("%s: %w", name, err)
			}
			if p == nil {
				if p, err = l.parser(r, &o); err != nil {
					return fmt.Errorf("%s: %w", name, err)
				}
			}
			err = l.read(name, r, p)
			before += counted.n
			return err
		}()
		if err != nil {
			return nil, err
		}
	}
	if p != nil {
		p.end(l.add)
	}
	if len(l.Events) == 0 {
		return l, l.nothing(files)
	}
	l.Sort()
	return l, nil
}

func (l *Log) add(e Event) { l.Events = append(l.Events, e) }

// nothing says why a log has no attempt.
func (l *Log) nothing(files []string) error {
	why := fmt.Errorf("%s: %w (%d lines read as %s, %d of them could not be read, %d are something else)",
		strings.Join(files, ", "), ErrNothing, l.Lines, l.Format, l.Bad, l.Skipped)
	if len(l.Samples) > 0 {
		why = fmt.Errorf("%w; the first that could not be: line %d: %s", why, l.Samples[0].Line, l.Samples[0].Why)
	}
	return why
}

// plain undoes gzip, which is told by its first bytes.
func plain(r *bufio.Reader) (*bufio.Reader, error) {
	if magic, _ := r.Peek(2); !bytes.Equal(magic, []byte{0x1f, 0x8b}) {
		return r, nil
	}
	z, err := gzip.NewReader(r)
	if err != nil {
		return nil, fmt.Errorf("reading gzip: %w", err)
	}
	return bufio.NewReaderSize(z, maxLine), nil
}

// parser is the one for the log's format, which it finds out if need be.
func (l *Log) parser(r *bufio.Reader, o *ReadOptions) (parser, error) {
	if l.Format == "" {
		head, _ := r.Peek(16 << 10)
		if l.Format = sniff(head); l.Format == "" {
			return nil, fmt.Errorf("%w; name it: --format %s", ErrNoFormat, strings.Join(Formats(), "|"))
		}
	}
	switch l.Format {
	case FormatCSV:
		return newCSV(l), nil
	case FormatCombined:
		if len(o.Paths) == 0 {
			return nil, errors.New("a combined log has more than logins: name the login's path, such as --path /my-account/ or --path /wp-login.php")
		}
		return newCombined(l, o), nil
	case FormatSSHD:
		return newSSHD(l, o), nil
	case FormatEvents:
		return newEvents(l), nil
	default:
		return nil, fmt.Errorf("--format %s is unknown; one of %s", l.Format, strings.Join(Formats(), ", "))
	}
}

// sniff tells the format of a log from its beginning.
func sniff(head []byte) string {
	for line := range bytes.Lines(head) {
		line = bytes.TrimSpace(line)
		switch {
		case len(line) == 0 || line[0] == '#':
		case line[0] == '{':
			return FormatEvents
		case bytes.Contains(line, []byte("] \"")) && bytes.Contains(line, []byte(" [")):
			return FormatCombined
		case bytes.Contains(line, []byte(" sshd[")) || bytes.Contains(line, []byte(" sshd-session[")):
			return FormatSSHD
		case bytes.Count(line, []byte(",")) >= 2:
			return FormatCSV
		}
	}
	return ""
}

// read reads the lines of one file.
func (l *Log) read(name string, r *bufio.Reader, p parser) error {
	for n := 1; ; n++ {
		line, err := r.ReadSlice('\n')
		long := errors.Is(err, bufio.ErrBufferFull)
		for errors.Is(err, bufio.ErrBufferFull) {
			_, err = r.ReadSlice('\n')
		}
		if err != nil && !errors.Is(err, io.EOF) {
			return fmt.Errorf("%s: line %d: %w", name, n, err)
		}
		if text := bytes.TrimSpace(line); long {
			l.Lines++
			l.bad(name, n, errors.New("longer than 64 KiB"))
		} else if len(text) > 0 {
			l.Lines++
			switch skip, err := p.line(text, l.add); {
			case err != nil:
				l.bad(name, n, err)
			case skip:
				l.Skipped++
			}
		}
		if err != nil {
			return nil
		}
	}
}

func (l *Log) bad(name string, line int, why error) {
	if l.Bad++; len(l.Samples) < maxSamples {
		l.Samples = append(l.Samples, BadLine{name, line, why.Error()})
	}
}

// note adds a note once.
func (l *Log) note(text string) {
	if !slices.Contains(l.Notes, text) {
		l.Notes = append(l.Notes, text)
	}
}

// counting tells how much was read.
type counting struct {
	io.Reader
	n, told, before, all int64
	tell                 func(done, all int64)
}

func (c *counting) Read(p []byte) (int, error) {
	n, err := c.Reader.Read(p)
	c.n += int64(n)
	if c.tell != nil && c.n-c.told >= 1<<20 {
		c.told = c.n
		c.tell(c.before+c.n, max(c.all, c.before+c.n))
	}
	return n, err
}

// shown is a text of a log as an error shows it: short, and without signs
// that a terminal would obey.
func shown(b []byte) string {
	if len(b) > 60 {
		b = append(b[:57:57], "..."...)
	}
	return fmt.Sprintf("%q", b)
}

// Bounds of times: what lies outside is no time of a log.
var (
	firstTime = time.Date(1980, 1, 1, 0, 0, 0, 0, time.UTC).UnixNano()
	lastTime  = time.Date(2200, 1, 1, 0, 0, 0, 0, time.UTC).UnixNano()
)
