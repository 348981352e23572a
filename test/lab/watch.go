package main

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
)

// Ran is what an app wrote of a request: which handler ran, and what it took
// for account and password; several texts where it took a list or a map.
type Ran struct {
	ID, Ref, Handler    string
	Accounts, Passwords []string
}

// Decision is what the gateway logged of an attempt.
type Decision struct {
	Logger, Msg, Ref, Site, Action, Account string
	Accounts                                []string // where it counts on several
	Reasons                                 []string
}

// tail reads the lines that are added to a file.
type tail struct {
	path string
	off  int64
}

// poll calls f with each whole line that is new. A file that is not there
// yet has none.
func (t *tail) poll(f func([]byte) error) error {
	file, err := os.Open(t.path)
	if os.IsNotExist(err) {
		return nil
	} else if err != nil {
		return err
	}
	defer file.Close()
	if _, err := file.Seek(t.off, io.SeekStart); err != nil {
		return err
	}
	b, err := io.ReadAll(file)
	if err != nil {
		return err
	}
	for {
		line, rest, whole := bytes.Cut(b, []byte("\n"))
		if !whole {
			return nil
		}
		t.off += int64(len(line)) + 1
		if err := f(line); err != nil {
			return fmt.Errorf("%s: %w in %q", filepath.Base(t.path), err, line)
		}
		b = rest
	}
}

// Watch follows the logs of the apps and of the gateway.
type Watch struct {
	apps    map[string]*tail // by backend
	gateway tail
	ran     map[string][]Ran // by backend and lab id
	claimed map[string]bool
	decided map[string][]Decision // by ref
	Decided map[string]int        // allowed, by site
	Lines   int                   // so far, of all
}

// NewWatch follows DIR/NAME.jsonl of each backend, and the gateway's log.
func NewWatch(dir string, backends []string, gateway string) *Watch {
	w := &Watch{apps: map[string]*tail{}, gateway: tail{path: gateway}, ran: map[string][]Ran{},
		decided: map[string][]Decision{}, Decided: map[string]int{}, claimed: map[string]bool{}}
	for _, name := range backends {
		w.apps[name] = &tail{path: filepath.Join(dir, name+".jsonl")}
	}
	return w
}

// Poll reads what was written since the last time.
func (w *Watch) Poll() error {
	for name, t := range w.apps {
		err := t.poll(func(line []byte) error {
			var r Ran
			if err := json.Unmarshal(line, &r); err != nil {
				return err
			}
			for _, texts := range [][]string{r.Accounts, r.Passwords} {
				for i, text := range texts {
					b, err := base64.StdEncoding.DecodeString(text)
					if err != nil {
						return err
					}
					texts[i] = string(b)
				}
			}
			w.ran[name+" "+r.ID] = append(w.ran[name+" "+r.ID], r)
			w.Lines++
			return nil
		})
		if err != nil {
			return err
		}
	}
	return w.gateway.poll(func(line []byte) error {
		var d Decision
		if err := json.Unmarshal(line, &d); err != nil {
			return err
		}
		if d.Msg != "decision" || d.Logger != "http.handlers.login_guard" {
			return nil
		}
		w.decided[d.Ref] = append(w.decided[d.Ref], d)
		w.Lines++
		if d.Action == "allow" {
			w.Decided[d.Site]++
		}
		return nil
	})
}

// Of is what the backend ran for a request.
func (w *Watch) Of(backend, id string) []Ran { return w.ran[backend+" "+id] }

// By are the decisions under a ref.
func (w *Watch) By(ref string) []Decision { return w.decided[ref] }

// Unclaimed is what ran under ids that are not known, by backend and id.
// Each is given once.
func (w *Watch) Unclaimed(known map[string]bool) map[string][]Ran {
	out := map[string][]Ran{}
	for key, runs := range w.ran {
		if !known[key] && !w.claimed[key] {
			out[key] = runs
		}
		w.claimed[key] = true
	}
	return out
}
