package signal

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"github.com/login-guard/login-guard/config"
)

// pollEvery is how often Run looks whether a file changed. Public lists come
// hourly, databases weekly; ten seconds is when an operator who edits a list
// begins to wonder.
const pollEvery = 10 * time.Second

// ErrMissing is reported for a file that is not there.
var ErrMissing = errors.New("file is missing; its signal is absent until it is there")

// ErrKept is reported, wrapped around the cause, for a file that was good
// and now cannot be read: what was read before holds on.
var ErrKept = errors.New("the file changed and cannot be used; its last good content holds on")

// Files holds the databases and lists of an app, read into memory, and reads
// them again when they change. Lookups take no lock and wait for nothing.
//
// A file that is missing is an absent signal, whether it was never there or
// has gone. One that is there and cannot be used (damaged, of another
// format, unreadable) leaves its last good content in place, or is absent
// when there was none. Either is reported once, not once a poll.
type Files struct {
	report   func(file string, err error)
	interval time.Duration

	// now is what lookups use; it is replaced whole.
	now atomic.Pointer[snapshot]

	mu      sync.Mutex // guards sources: Run and Check may meet
	sources []*source
}

// snapshot is what lookups see at one moment. Databases come in the order in
// which the operator named them.
type snapshot struct {
	geo   []*geoFile
	lists []kindList
}

type kindList struct {
	kind string
	list *listed
}

// OpenFiles reads the MaxMind databases and lists named in the settings;
// paths are used as they are. It always returns usable Files: whatever is
// wrong with a file is told to report (which may be nil), with the path, and
// once. A nil err says that a file that was reported before is good now.
// Report is called from the goroutine that opens or runs, never two at once,
// and must not call back into Files.
func OpenFiles(geoip []string, lists []config.List, report func(file string, err error)) *Files {
	f := &Files{report: report, interval: pollEvery}
	if f.report == nil {
		f.report = func(string, error) {}
	}
	for _, file := range geoip {
		f.sources = append(f.sources, &source{file: file})
	}
	for _, l := range lists {
		f.sources = append(f.sources, &source{file: l.File, kind: l.Kind})
	}
	f.now.Store(&snapshot{})
	f.Check()
	return f
}

// Run looks for changed files every ten seconds until ctx is done. Its owner
// starts it in a goroutine and waits for it to return.
func (f *Files) Run(ctx context.Context) {
	tick := time.NewTicker(f.interval)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			f.Check()
		}
	}
}

// Check looks at every file now and reads those that changed.
func (f *Files) Check() {
	f.mu.Lock()
	defer f.mu.Unlock()
	changed := false
	for _, s := range f.sources {
		if s.check(f.report) {
			changed = true
		}
	}
	if !changed {
		return
	}
	next := &snapshot{}
	for _, s := range f.sources {
		if s.geo != nil {
			next.geo = append(next.geo, s.geo)
		}
		if s.list != nil {
			next.lists = append(next.lists, kindList{s.kind, s.list})
		}
	}
	f.now.Store(next)
}

// FileStatus is what is known of one file, for an operator's eyes.
type FileStatus struct {
	File string
	// Kind is a list's kind, or a database's type; "" when nothing was read.
	Kind string
	// Loaded says whether lookups use it.
	Loaded bool
	// Entries of a list after merging; 0 for a database.
	Entries int
	// Changed is the file's modification time when it was last looked at;
	// zero if it is missing.
	Changed time.Time
	// Problem is what was last reported, "" if all is well.
	Problem string
}

// Status lists the files in the order of the settings.
func (f *Files) Status() []FileStatus {
	f.mu.Lock()
	defer f.mu.Unlock()
	var all []FileStatus
	for _, s := range f.sources {
		st := FileStatus{File: s.file, Kind: s.kind, Problem: s.reported, Loaded: s.geo != nil || s.list != nil}
		if s.geo != nil {
			st.Kind = s.geo.kind
		}
		if s.list != nil {
			st.Entries = s.list.entries()
		}
		if s.seen != nil {
			st.Changed = s.seen.ModTime()
		}
		all = append(all, st)
	}
	return all
}

// lookup fills in what databases and lists know of s.Address.
func (f *Files) lookup(s *Signals) {
	now := f.now.Load()
	for _, g := range now.geo {
		g.lookup(s)
	}
	for i := range now.lists {
		l := &now.lists[i]
		if !l.list.contains(s.Address, s.ASN) {
			continue
		}
		switch l.kind {
		case KindTor:
			s.Tor = true
		case KindVPN:
			s.VPN = true
		case KindHosting:
			s.Hosting = true
		default:
			// KindBlocked, and any kind that validation let through by
			// mistake: the operator listed it for a reason.
			s.Blocked = true
		}
	}
}
