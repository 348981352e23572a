package main

import (
	"crypto/rand"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
)

// What the shop has for the demo only: the start page's list of things to
// try, the button that plays 400 addresses, and the check at phone size, by
// keyboard and in Arabic.

// startData is what the start page shows.
type startData struct {
	Email, Password string
	// Alice herself is signed in.
	SignedIn bool
	Guesses  guessState
	Products []product
}

func (s *shop) start(w http.ResponseWriter, r *http.Request) {
	state, next := s.guesses.State(), ""
	if state.Running {
		// Another address each time: going to the same one with a fragment
		// would only scroll.
		next = fmt.Sprintf("/?at=%d#guesses", s.opts.Now().UnixMilli())
	}
	s.render(w, r, http.StatusOK, "start", view{
		Title: "Demo Shop",
		Next:  next,
		Data: startData{
			Email: s.opts.Email, Password: s.opts.Password,
			SignedIn: s.sessions.Get(r).Email == s.opts.Email,
			Guesses:  state,
			Products: catalogue(),
		},
	})
}

// startGuesses begins the round; a browser without script goes back to the
// start page and sees it move there.
func (s *shop) startGuesses(w http.ResponseWriter, r *http.Request) {
	s.guesses.Start()
	if strings.Contains(r.Header.Get("Accept"), "application/json") {
		s.guessesState(w, r)
		return
	}
	http.Redirect(w, r, "/#guesses", http.StatusSeeOther)
}

func (s *shop) guessesState(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(s.guesses.State())
}

// newVisitor makes a customer who never signed in anywhere, so that the
// check can be seen again on a device that is known for everyone else.
func (s *shop) newVisitor() (email, password string, err error) {
	email = "visitor-" + strings.ToLower(rand.Text()[:6]) + "@shop.example"
	password = newPassword()
	return email, password, s.customers.Add(email, password, true)
}

// phone shows the login in a frame as large as a small phone's screen.
func (s *shop) phone(w http.ResponseWriter, r *http.Request) {
	query := url.Values{"visitor": {"1"}, "bare": {"1"}}
	arabic := r.URL.Query().Get("lang") == "ar"
	if arabic {
		query.Set("lang", "ar")
	}
	s.render(w, r, http.StatusOK, "phone", view{Title: "The check on a phone", Data: struct {
		Frame  string
		Arabic bool
	}{"/account/login?" + query.Encode(), arabic}})
}

func (s *shop) keyboard(w http.ResponseWriter, r *http.Request) {
	s.render(w, r, http.StatusOK, "keyboard", view{Title: "The check by keyboard"})
}
