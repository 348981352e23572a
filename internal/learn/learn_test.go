package learn

import (
	"bytes"
	"crypto/rand"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/login-guard/login-guard/internal/login"
)

func newRun() *Run {
	return New(Options{Word: word, Until: time.Unix(600, 0), Tag: func(a string) string { return login.FoldAccount(a) }})
}

func wrongAnswer() login.Reply { return login.Reply{Status: 401, Header: http.Header{}} }

func rightAnswer() login.Reply {
	return login.Reply{Status: 302, Header: http.Header{"Location": {"/home"}, "Set-Cookie": {"logged_in=1"}}}
}

func signIn(run *Run, client, account, password string) *Exchange {
	return run.Request(client, request("POST", "/login", urlencoded, ""), []byte("email="+account+"&password="+password))
}

func TestARunEndsByItself(t *testing.T) {
	run := newRun()
	if !run.Open(time.Unix(599, 0)) || run.Open(time.Unix(600, 0)) {
		t.Error("it is open until it ends")
	}
	signIn(run, "a", "alice", word).Answer(wrongAnswer())
	signIn(run, "a", "ALICE", "x").Answer(rightAnswer())
	if run.Open(time.Unix(1, 0)) || run.State().Step != StepDone || run.State().Result.Strength != Strong {
		t.Errorf("it is done: %+v", run.State())
	}
}

func TestTheWordIsRandomAndStandsForItself(t *testing.T) {
	seen := map[string]bool{}
	for range 100 {
		w, err := NewWord(rand.Reader)
		if err != nil || seen[w] || len(w) != len(word) || strings.Trim(w, "abcdefghijklmnopqrstuvwxyz0123456789-") != "" {
			t.Fatalf("%q %v", w, err)
		}
		seen[w] = true
	}
	if _, err := NewWord(bytes.NewReader(nil)); err == nil {
		t.Error("a word without randomness")
	}
}

func TestALastWrongLoginCounts(t *testing.T) {
	run := newRun()
	signIn(run, "a", "alice", word).Answer(wrongAnswer())
	signIn(run, "b", "bob", word).Answer(wrongAnswer())
	if signIn(run, "a", "alice", "x") != nil || signIn(run, "b", "alice", "x") != nil {
		t.Error("the first one's login is taken for the second")
	}
	if signIn(run, "b", "bob", "x") == nil {
		t.Error("the second's is not")
	}
}

func TestALoginThatTheGuardWouldRefuseIsSaid(t *testing.T) {
	for name, body := range map[string]string{
		"a key twice":    `{"email":"a","email":"alice","password":"` + word + `"}`,
		"a number in it": `{"email":"alice","Email":7,"password":"` + word + `"}`,
	} {
		run := newRun()
		if x := run.Request("a", request("POST", "/login", asJSON, ""), []byte(body)); x != nil {
			t.Errorf("%s: learnt", name)
		}
		if notes := run.State().Notes; len(notes) != 1 || !strings.Contains(notes[0], "two ways") {
			t.Errorf("%s: %q", name, notes)
		}
	}
}

func TestAPathThatServesEveryPageIsNoProof(t *testing.T) {
	f := Found{Method: "POST", Path: "/", Kind: "form", Account: "e", Password: "p"}
	html := said{status: 200, body: form}.facts("/")
	r := conclude(f, html, said{status: 302, header: []string{"Location", "/home"}}.facts("/"))
	if strings.Contains(r.Block, "path") || strings.Contains(r.Block, "on_path") || !strings.Contains(strings.Join(r.Warnings, " "), "another page of the shop may answer like a success") {
		t.Errorf("%s\n%q", r.Block, r.Warnings)
	}
}

func TestOfTheWrongAnswerOnlyNamesAreKept(t *testing.T) {
	run := newRun()
	to := http.Header{"Location": {"/login?name=alice&from=/u/4711"}, "Set-Cookie": {"sid=secret"}}
	signIn(run, "a", "alice", word).Answer(login.Reply{Status: 302, Header: to, Body: []byte("Hello alice")})
	kept := fmt.Sprintf("%+v %+v %+v", run.wrong, run.found, run.State())
	for _, secret := range []string{"alice", "secret", "4711", "Hello"} {
		if strings.Contains(kept, secret) {
			t.Errorf("%q is kept: %s", secret, kept)
		}
	}
}

func TestAnAnswerTooLongToReadIsSaid(t *testing.T) {
	run := newRun()
	long := wrongAnswer()
	long.Truncated = true
	signIn(run, "a", "alice", word).Answer(long)
	signIn(run, "a", "alice", "x").Answer(rightAnswer())
	if r := run.State().Result; !strings.Contains(strings.Join(r.Warnings, " "), "too long") {
		t.Errorf("%q", r.Warnings)
	}
}

// TestManyAtOnce is for the race detector, and holds that a result is made
// once.
func TestManyAtOnce(t *testing.T) {
	run := newRun()
	var wait sync.WaitGroup
	for i := range 8 {
		wait.Go(func() {
			for j := range 20 {
				password := word
				if (i+j)%2 == 0 {
					password = "x"
				}
				if x := signIn(run, "a", "alice", password); x != nil {
					if password == word {
						x.Answer(wrongAnswer())
					} else {
						x.Answer(rightAnswer())
					}
				}
				run.Answered("slider")
				_, _ = io.WriteString(io.Discard, run.State().Step)
			}
		})
	}
	wait.Wait()
	if s := run.State(); s.Step != StepDone || s.Own["slider"] != 160 || s.Result.Strength != Strong {
		t.Errorf("%+v", s)
	}
}
