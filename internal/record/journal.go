package record

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// Bounds of a journal.
const (
	// Keep is how long entries are kept.
	Keep = 7 * 24 * time.Hour
	// MaxBytes is what all files of a journal have together at most; the
	// oldest goes first.
	MaxBytes = 128 << 20
	// fileBytes is from what size on a new file is begun: what is deleted is
	// a whole file.
	fileBytes = 8 << 20
	// inMemory is how many entries a journal without a folder holds.
	inMemory = 4096
	// waiting is how many entries wait to be written at most. More are
	// dropped and counted: a login never waits for its record.
	waiting = 4096
)

// Journal keeps decisions for a week, one line of JSON each, in files of a
// folder, or the last few thousand in memory where there is none. It is safe
// for concurrent use.
type Journal struct {
	dir   string
	clock func() time.Time

	in      chan any // Entry, or func() to be run by the writer
	done    chan struct{}
	dropped atomic.Int64

	// Of the writer alone.
	file  *os.File
	out   *bufio.Writer
	size  int64
	swept time.Time

	mu      sync.Mutex
	problem error
	recent  []Entry
	follow  map[chan Entry]struct{}
	closed  bool
}

// OpenJournal begins a journal in a folder, which it makes; "" is in memory.
// It never fails: what cannot be written is told by Problem.
func OpenJournal(dir string, clock func() time.Time) *Journal {
	j := &Journal{dir: dir, clock: clock, in: make(chan any, waiting), done: make(chan struct{}), follow: map[chan Entry]struct{}{}}
	go j.write()
	return j
}

// Write notes a decision. It never waits.
func (j *Journal) Write(d Decision) {
	if d.At.IsZero() {
		d.At = j.clock()
	}
	select {
	case j.in <- d.entry(d.At):
	default:
		j.dropped.Add(1)
	}
}

// Dropped is how many decisions were not kept since the start.
func (j *Journal) Dropped() int64 { return j.dropped.Load() }

// Problem is why nothing is kept on disk, nil if it is.
func (j *Journal) Problem() error {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.problem
}

// Close writes what waits and ends the journal. Write must not be called any
// more.
func (j *Journal) Close() error {
	j.mu.Lock()
	if j.closed {
		j.mu.Unlock()
		return nil
	}
	j.closed = true
	j.mu.Unlock()
	close(j.in)
	<-j.done
	return j.Problem()
}

// write is the one goroutine that writes.
func (j *Journal) write() {
	defer close(j.done)
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for {
		select {
		case what, open := <-j.in:
			switch what := what.(type) {
			case Entry:
				j.keep(what)
			case func():
				what()
			}
			if !open {
				j.finish()
				return
			}
		case <-tick.C:
			j.note(j.flush())
			if now := j.clock(); now.Sub(j.swept) > time.Hour {
				j.swept = now
				j.note(j.sweep(now))
			}
		}
	}
}

func (j *Journal) keep(e Entry) {
	j.mu.Lock()
	for c := range j.follow {
		select {
		case c <- e:
		default: // who follows and does not read misses some
		}
	}
	if j.dir == "" {
		if j.recent = append(j.recent, e); len(j.recent) > 2*inMemory {
			j.recent = slices.Clone(j.recent[inMemory:])
		}
	}
	j.mu.Unlock()
	if j.dir == "" {
		return
	}
	line, err := json.Marshal(e)
	if err != nil {
		j.note(fmt.Errorf("writing a record: %w", err))
		return
	}
	j.note(j.line(append(line, '\n')))
}

func (j *Journal) note(err error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.problem = err
}

// line appends one line, in a new file where the old one is full.
func (j *Journal) line(b []byte) error {
	if j.file != nil && j.size+int64(len(b)) > fileBytes {
		if err := j.finish(); err != nil {
			return err
		}
		if err := j.sweep(j.clock()); err != nil {
			return err
		}
	}
	if j.file == nil {
		if err := os.MkdirAll(j.dir, 0o700); err != nil {
			return fmt.Errorf("making the folder of records: %w", err)
		}
		name := filepath.Join(j.dir, fileStart+strconv.FormatInt(j.clock().UnixNano(), 10)+fileEnd)
		f, err := os.OpenFile(name, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
		if err != nil {
			return fmt.Errorf("opening a file of records: %w", err)
		}
		j.file, j.out, j.size = f, bufio.NewWriterSize(f, 64<<10), 0
	}
	n, err := j.out.Write(b)
	j.size += int64(n)
	if err != nil {
		_ = j.finish()
		return fmt.Errorf("writing records: %w", err)
	}
	return nil
}

func (j *Journal) flush() error {
	if j.file == nil {
		return j.Problem()
	}
	if err := j.out.Flush(); err != nil {
		_ = j.finish()
		return fmt.Errorf("writing records: %w", err)
	}
	return nil
}

// finish ends the file that is written to.
func (j *Journal) finish() error {
	if j.file == nil {
		return nil
	}
	err := errors.Join(j.out.Flush(), j.file.Close())
	j.file, j.out = nil, nil
	if err != nil {
		return fmt.Errorf("closing a file of records: %w", err)
	}
	return nil
}

// Files of a journal: their names sort by time as long as clocks have as many
// digits, which is until the year 2286.
const (
	fileStart = "decisions-"
	fileEnd   = ".ndjson"
)

// files lists the journal's files, the oldest first.
func (j *Journal) files() ([]string, error) {
	all, err := os.ReadDir(j.dir)
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("listing records: %w", err)
	}
	var out []string
	for _, f := range all {
		if name := f.Name(); strings.HasPrefix(name, fileStart) && strings.HasSuffix(name, fileEnd) && f.Type().IsRegular() {
			out = append(out, filepath.Join(j.dir, name))
		}
	}
	slices.Sort(out)
	return out, nil
}

// sweep deletes files whose last entry is too old, and the oldest where all
// together are too large.
func (j *Journal) sweep(now time.Time) error {
	if j.dir == "" {
		return nil
	}
	files, err := j.files()
	if err != nil {
		return err
	}
	var total int64
	for i := len(files) - 1; i >= 0; i-- {
		info, err := os.Stat(files[i])
		if err != nil {
			continue
		}
		total += info.Size()
		if j.file != nil && files[i] == j.file.Name() {
			continue
		}
		if now.Sub(info.ModTime()) > Keep || total > MaxBytes {
			if err := os.Remove(files[i]); err != nil {
				return fmt.Errorf("deleting old records: %w", err)
			}
		}
	}
	return nil
}

// run lets the writer do something between two entries and waits for it.
func (j *Journal) run(f func() error) error {
	j.mu.Lock()
	if j.closed {
		j.mu.Unlock()
		return errors.New("the journal is closed")
	}
	j.mu.Unlock()
	result := make(chan error, 1)
	j.in <- func() { result <- f() }
	return <-result
}

// Find returns the entries of the last week that match, the newest first, n at
// most. A line that is not whole, as after a power cut, is skipped. has, where
// it is not empty, stands in the line of every entry that can match: it saves
// the reading of the others.
func (j *Journal) Find(has string, n int, match func(*Entry) bool) ([]Entry, error) {
	if j.dir == "" {
		return j.findRecent(n, match)
	}
	var files []string
	err := j.run(func() (err error) {
		if err = j.flush(); err == nil {
			files, err = j.files()
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	oldest := j.clock().Add(-Keep)
	var out []Entry
	for _, name := range slices.Backward(files) {
		var found []Entry
		if err := eachLine(name, func(line []byte) {
			var e Entry
			if (has == "" || bytes.Contains(line, []byte(has))) && json.Unmarshal(line, &e) == nil && e.At.After(oldest) && match(&e) {
				found = append(found, e)
			}
		}); err != nil && !errors.Is(err, os.ErrNotExist) {
			return out, err
		}
		for _, e := range slices.Backward(found) {
			if out = append(out, e); len(out) >= n {
				return out, nil
			}
		}
	}
	return out, nil
}

func (j *Journal) findRecent(n int, match func(*Entry) bool) (out []Entry, err error) {
	if err := j.run(func() error { return nil }); err != nil { // what waits comes first
		return nil, err
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	for _, e := range slices.Backward(j.recent) {
		if match(&e) {
			if out = append(out, e); len(out) >= n {
				break
			}
		}
	}
	return out, nil
}

// maxLine is longer than any entry.
const maxLine = 1 << 20

func eachLine(name string, f func(line []byte)) error {
	file, err := os.Open(name)
	if err != nil {
		return fmt.Errorf("reading records: %w", err)
	}
	defer file.Close()
	lines := bufio.NewReaderSize(file, 64<<10)
	var long []byte
	for {
		part, err := lines.ReadSlice('\n')
		switch {
		case errors.Is(err, bufio.ErrBufferFull):
			if long = append(long, part...); len(long) > maxLine {
				return fmt.Errorf("reading records: %s has a line that is none", filepath.Base(name))
			}
			continue
		case errors.Is(err, io.EOF):
			return nil // what follows the last newline is not whole
		case err != nil:
			return fmt.Errorf("reading records: %w", err)
		}
		if long != nil {
			part, long = append(long, part...), nil
		}
		f(part)
	}
}

// Erase deletes the entries that match, and returns how many they were.
func (j *Journal) Erase(match func(*Entry) bool) (n int, err error) {
	err = j.run(func() error {
		if j.dir == "" {
			j.mu.Lock()
			defer j.mu.Unlock()
			before := len(j.recent)
			j.recent = slices.DeleteFunc(j.recent, func(e Entry) bool { return match(&e) })
			n = before - len(j.recent)
			return nil
		}
		if err := j.finish(); err != nil {
			return err
		}
		files, err := j.files()
		if err != nil {
			return err
		}
		for _, name := range files {
			gone, err := eraseFrom(name, match)
			if n += gone; err != nil {
				return err
			}
		}
		return nil
	})
	return n, err
}

// eraseFrom writes a file anew without the entries that match. The old one is
// there until the new one is whole.
func eraseFrom(name string, match func(*Entry) bool) (gone int, err error) {
	info, err := os.Stat(name)
	if err != nil {
		return 0, fmt.Errorf("erasing records: %w", err)
	}
	var rest bytes.Buffer
	if err := eachLine(name, func(line []byte) {
		var e Entry
		if json.Unmarshal(line, &e) == nil && match(&e) {
			gone++
			return
		}
		rest.Write(line)
	}); err != nil || gone == 0 {
		return 0, err
	}
	next := name + ".new"
	if err := os.WriteFile(next, rest.Bytes(), 0o600); err != nil {
		return 0, fmt.Errorf("erasing records: %w", err)
	}
	if err := os.Chtimes(next, info.ModTime(), info.ModTime()); err != nil {
		return 0, fmt.Errorf("erasing records: %w", err)
	}
	if err := os.Rename(next, name); err != nil {
		return 0, fmt.Errorf("erasing records: %w", err)
	}
	return gone, nil
}

// Follow sends entries as they come until stop is called. Who does not read in
// time misses some.
func (j *Journal) Follow() (entries <-chan Entry, stop func()) {
	c := make(chan Entry, 256)
	j.mu.Lock()
	j.follow[c] = struct{}{}
	j.mu.Unlock()
	return c, func() {
		j.mu.Lock()
		delete(j.follow, c)
		j.mu.Unlock()
	}
}
