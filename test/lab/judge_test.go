package main

import (
	"encoding/base64"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"testing"
)

// world is what the logs say of one request to the app `go`.
type world struct {
	ran     []Ran
	decided []Decision // Account is as typed here
}

func TestJudgeSeesEveryBrokenPromise(t *testing.T) {
	login := Ran{ID: "x1", Ref: "r", Handler: "login", Accounts: []string{"ann"}, Passwords: []string{"p"}}
	with := func(change func(r *Ran)) Ran {
		r := login
		change(&r)
		return r
	}
	allow := Decision{Ref: "r", Action: "allow", Account: "ann"}
	for _, test := range []struct {
		name  string
		class Class
		guard string
		world world
		want  []string
	}{
		{"counted once", Odd, "", world{[]Ran{login}, []Decision{allow}}, nil},
		{"counted under another spelling", Odd, "", world{[]Ran{with(func(r *Ran) { r.Accounts = []string{" ANN "} })}, []Decision{allow}}, nil},
		{"not counted", Odd, "", world{[]Ran{login}, nil}, []string{Unseen}},
		{"counted, but of another request", Odd, "", world{[]Ran{with(func(r *Ran) { r.Ref = "" })}, []Decision{allow}}, []string{Unseen}},
		{"only refused, and ran", Odd, "unreadable; ref=\"r\"", world{[]Ran{login}, []Decision{{Ref: "r", Action: "unreadable"}}}, []string{RefusedRan, Unseen}},
		{"counted on another account", Odd, "", world{[]Ran{login}, []Decision{{Ref: "r", Action: "allow", Account: "bob"}}}, []string{OtherAccount}},
		{"counted on two accounts", Odd, "", world{[]Ran{with(func(r *Ran) { r.Accounts = []string{"bob"} })}, []Decision{{Ref: "r", Action: "allow", Account: "ann", Accounts: []string{"ann", "bob"}}}}, nil},
		{"two accounts", Odd, "", world{[]Ran{with(func(r *Ran) { r.Accounts = []string{"ann", "bob"} })}, []Decision{allow}}, []string{OtherAccount}},
		{"two passwords", Odd, "", world{[]Ran{with(func(r *Ran) { r.Passwords = []string{"p", "q"} })}, []Decision{allow}}, []string{ManyGuesses}},
		{"ran twice on one decision", Odd, "", world{[]Ran{login, login}, []Decision{allow}}, []string{ManyGuesses}},
		{"two decisions", Odd, "", world{[]Ran{login}, []Decision{allow, allow}}, []string{CountedTwice}},
		{"no password", Odd, "", world{[]Ran{with(func(r *Ran) { r.Passwords = nil })}, nil}, nil},
		{"no account", Odd, "", world{[]Ran{with(func(r *Ran) { r.Accounts = []string{""} })}, nil}, nil},
		{"another page", Odd, "", world{[]Ran{with(func(r *Ran) { r.Handler = "other" })}, nil}, nil},
		{"plain and read", Plain, "", world{[]Ran{login}, []Decision{allow}}, nil},
		{"plain and refused", Plain, "unreadable; ref=\"r\"", world{nil, nil}, []string{FalseRefusal}},
		{"plain and lost", Plain, "", world{nil, []Decision{allow}}, []string{Lost}},
		{"innocent and through", Innocent, "", world{[]Ran{{ID: "x1", Handler: "other"}}, nil}, nil},
		{"innocent and refused", Innocent, "unreadable; ref=\"r\"", world{nil, nil}, []string{FalseRefusal}},
	} {
		t.Run(test.name, func(t *testing.T) {
			judge, err := NewJudge(masterKey, []string{"go"})
			if err != nil {
				t.Fatal(err)
			}
			dir := t.TempDir()
			for i := range test.world.decided {
				d := &test.world.decided[i]
				d.Logger, d.Msg, d.Site = "http.handlers.login_guard", "decision", "go"
				d.Account = judge.pseudonym("go", d.Account)
				for k, account := range d.Accounts {
					d.Accounts[k] = judge.pseudonym("go", account)
				}
			}
			for i := range test.world.ran {
				for _, texts := range []*[]string{&test.world.ran[i].Accounts, &test.world.ran[i].Passwords} {
					*texts = slices.Clone(*texts)
					for k, text := range *texts {
						(*texts)[k] = base64.StdEncoding.EncodeToString([]byte(text))
					}
				}
			}
			write(t, filepath.Join(dir, "go.jsonl"), test.world.ran)
			write(t, filepath.Join(dir, "gateway.jsonl"), test.world.decided)
			watch := NewWatch(dir, []string{"go"}, filepath.Join(dir, "gateway.jsonl"))
			if err := watch.Poll(); err != nil {
				t.Fatal(err)
			}
			c := &Case{Backend: "go", ID: "x1", Class: test.class, Account: "ann", Password: "p", Answer: Answer{Status: 200, Guard: test.guard}}
			var got []string
			for _, v := range judge.Of(c, watch) {
				got = append(got, v.Kind)
			}
			if !slices.Equal(got, test.want) {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
}

func write[T any](t *testing.T, path string, lines []T) {
	t.Helper()
	file, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	for _, line := range lines {
		if err := json.NewEncoder(file).Encode(line); err != nil {
			t.Fatal(err)
		}
	}
}

func TestTokensThatAreNoTextAreNobodysLogin(t *testing.T) {
	for _, test := range []struct {
		header, account, password string
		want                      bool
	}{
		{"Negotiate x", "\x03", "p", true},
		{"Negotiate x", "ann", "p\uFFFD", true},
		{"Negotiate x", "ann", "p", false},
		{" basic x", "\x03", "p", false},
		{"", "\x03", "p", false},
	} {
		c := &Case{Request: &Request{}}
		if test.header != "" {
			c.Request.set("Authorization", test.header)
		}
		if got := noise(c, &Ran{Accounts: []string{test.account}, Passwords: []string{test.password}}); got != test.want {
			t.Errorf("%q, %q with %q: %v", test.header, test.account, test.password, got)
		}
	}
}
