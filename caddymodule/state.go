package caddymodule

import (
	"context"
	"maps"
	"net/netip"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"github.com/caddyserver/caddy/v2"

	"github.com/login-guard/login-guard/internal/attack"
	"github.com/login-guard/login-guard/internal/device"
	"github.com/login-guard/login-guard/internal/evidence"
	"github.com/login-guard/login-guard/internal/learn"
	"github.com/login-guard/login-guard/internal/override"
	"github.com/login-guard/login-guard/internal/record"
	"github.com/login-guard/login-guard/internal/repeat"
	"github.com/login-guard/login-guard/internal/store/embedded"
	"github.com/login-guard/login-guard/internal/unguarded"
)

// states holds what must outlive a reload, also one that is rejected: the
// counters, the held logins, and modes set at run time. It is keyed by the
// place of the store, so that two configurations of one store share it. What
// is in it keeps no logger, context or registry of any configuration.
var states = caddy.NewUsagePool()

// state is one entry of states.
type state struct {
	dir   string
	open  sync.Once
	local *embedded.Store // once it was opened

	// modes by site that the operator set at run time; replaced whole, as
	// every login reads it.
	modes atomic.Pointer[map[string]string]

	// learns are runs of learning by site; nil mostly.
	learns atomic.Pointer[map[string]*learn.Run]

	// journal keeps decisions, once it was opened.
	journalOnce sync.Once
	journal     *record.Journal

	// orders are the operator's; nil until they are read.
	orders   atomic.Pointer[override.List]
	ordersMu sync.Mutex
	// pairs are the failed logins of the last minutes, to tell who only
	// tries the same once more.
	pairs *repeat.Sketch

	// tracks are the shapes of drags that passed a check.
	tracks *evidence.Tracks

	mu    sync.Mutex
	since map[string]*sinceStart
	// attacks watch for attacks, by site.
	attacks map[string]*attack.Watch
	// unguarded is what signed somebody in without a counted login, by site.
	unguarded map[string]*unguarded.Table

	// The last references, so that what a customer reads out can be
	// released. A ring: nothing of it outlives recentRefs decisions.
	refs map[string]refRecord
	ring [recentRefs]string
	next int
}

// recentRefs is how many references are remembered.
const recentRefs = 4096

// refRecord is whom a reference is about.
type refRecord struct {
	site          string
	account       device.Account
	host, network netip.Prefix
}

// noteRef remembers a reference.
func (s *state) noteRef(ref string, r refRecord) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, ok := s.refs[ref]; !ok {
		delete(s.refs, s.ring[s.next])
		s.ring[s.next] = ref
		s.next = (s.next + 1) % recentRefs
	}
	s.refs[ref] = r
}

// findRef returns whom a reference is about.
func (s *state) findRef(ref string) (refRecord, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	r, ok := s.refs[ref]
	return r, ok
}

// sinceStart is what status tells of a site since the process started.
type sinceStart struct {
	Attempts int64            `json:"attempts"`
	Private  int64            `json:"private_addresses"`
	Actions  map[string]int64 `json:"actions"`
	Outcomes map[string]int64 `json:"outcomes"`
	// Identities says how often the shop said who signed in, how often its page
	// had no name, and how often it did not come: `found`, `missed` and
	// `silent`.
	Identities map[string]int64 `json:"identities,omitempty"`
}

// sinceOf is what is counted of a site. The caller holds the lock.
func (s *state) sinceOf(site string) *sinceStart {
	n := s.since[site]
	if n == nil {
		n = &sinceStart{Actions: make(map[string]int64), Outcomes: make(map[string]int64), Identities: make(map[string]int64)}
		s.since[site] = n
	}
	return n
}

// probed counts an answer of the shop to who signed in.
func (s *state) probed(site, outcome string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.sinceOf(site).Identities[outcome]++
}

// told reports whether the shop ever said who signed in.
func (s *state) told(site string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.since[site] != nil && s.since[site].Identities[probeFound] > 0
}

// saw counts a decision for status.
func (s *state) saw(site, action, outcome string, private bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := s.sinceOf(site)
	n.Attempts++
	if private {
		n.Private++
	}
	n.Actions[action]++
	n.Outcomes[outcome]++
}

// seen is what saw counted.
func (s *state) seen(site string) sinceStart {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := sinceStart{Actions: make(map[string]int64), Outcomes: make(map[string]int64), Identities: make(map[string]int64)}
	if n := s.since[site]; n != nil {
		out.Attempts, out.Private = n.Attempts, n.Private
		maps.Copy(out.Actions, n.Actions)
		maps.Copy(out.Outcomes, n.Outcomes)
		maps.Copy(out.Identities, n.Identities)
	}
	return out
}

// unguardedOf is the table of a site's unguarded routes.
func (s *state) unguardedOf(site string) *unguarded.Table {
	s.mu.Lock()
	defer s.mu.Unlock()
	t := s.unguarded[site]
	if t == nil {
		t = &unguarded.Table{}
		s.unguarded[site] = t
	}
	return t
}

// store opens this node's store, the first time that it is asked for. It never
// fails: with a file that cannot be used the store works from memory and says
// so in its Stats.
func (s *state) store() *embedded.Store {
	s.open.Do(func() { s.local = embedded.Open(s.dir, embedded.Options{}) })
	return s.local
}

// records opens this node's journal of decisions, the first time that it is
// asked for.
func (s *state) records() *record.Journal {
	s.journalOnce.Do(func() { s.journal = record.OpenJournal(filepath.Join(s.dir, "records"), time.Now) })
	return s.journal
}

// closeWait bounds how long the end of the process waits for the disk.
const closeWait = 5 * time.Second

// Destruct implements caddy.Destructor: what is only in memory is written.
func (s *state) Destruct() error {
	s.journalOnce.Do(func() {}) // nobody opens them any more
	if s.journal != nil {
		_ = s.journal.Close() // what cannot be written was told
	}
	s.open.Do(func() {})
	if s.local == nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), closeWait)
	defer cancel()
	return s.local.Close(ctx)
}

// stateDir is where a node keeps its store.
func stateDir() string { return filepath.Join(caddy.AppDataDir(), "login_guard") }

// acquireState takes a reference to the state; releaseState gives it back.
func acquireState(dir string) (*state, error) {
	v, _, err := states.LoadOrNew(dir, func() (caddy.Destructor, error) {
		return &state{dir: dir, tracks: evidence.NewTracks(0), pairs: repeat.New(), since: make(map[string]*sinceStart),
			attacks:   make(map[string]*attack.Watch),
			unguarded: make(map[string]*unguarded.Table), refs: make(map[string]refRecord)}, nil
	})
	if err != nil {
		return nil, err
	}
	return v.(*state), nil
}

func releaseState(dir string) error {
	_, err := states.Delete(dir)
	return err
}

// mode is the mode set at run time, "" if none was.
func (s *state) mode(site string) string {
	if m := s.modes.Load(); m != nil {
		return (*m)[site]
	}
	return ""
}

// setMode sets a site's mode until the process ends; "" takes it back.
func (s *state) setMode(site, mode string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	next := make(map[string]string)
	if m := s.modes.Load(); m != nil {
		maps.Copy(next, *m)
	}
	if next[site] = mode; mode == "" {
		delete(next, site)
	}
	s.modes.Store(&next)
}

// forgetRefs drops the references about an account.
func (s *state) forgetRefs(site string, account device.Account) {
	s.mu.Lock()
	defer s.mu.Unlock()
	maps.DeleteFunc(s.refs, func(_ string, r refRecord) bool { return r.site == site && r.account == account })
}
