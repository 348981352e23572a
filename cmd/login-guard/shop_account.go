package main

import (
	"errors"
	"net/http"
	"net/mail"
	"net/netip"
	"net/url"
)

// loginData is what the login form shows.
type loginData struct {
	Words loginWords
	// Where the form is sent, and whether it stands in a frame.
	Action string
	// What was typed before, or put there for a visitor.
	Email, Password string
	Wrong           bool
	// The form was filled in for a visitor.
	Visitor bool
	// Whom the demo is about.
	Customer string
}

func (s *shop) loginForm(w http.ResponseWriter, r *http.Request) {
	data := loginData{}
	if r.URL.Query().Get("visitor") != "" {
		email, password, err := s.newVisitor()
		if err != nil {
			http.Error(w, "The shop could not make a visitor's account.", http.StatusInternalServerError)
			return
		}
		data.Email, data.Password, data.Visitor = email, password, true
	}
	s.showLogin(w, r, data)
}

// showLogin draws the login form. Its address keeps the language and the
// frame, so that the answers to it, the guard's too, have them as well.
func (s *shop) showLogin(w http.ResponseWriter, r *http.Request, data loginData) {
	asked, keep := r.URL.Query(), url.Values{}
	if lang := asked.Get("lang"); lang != "" {
		keep.Set("lang", lang)
	}
	if asked.Get("bare") != "" {
		keep.Set("bare", "1")
	}
	data.Action = "/account/login"
	if len(keep) > 0 {
		data.Action += "?" + keep.Encode()
	}
	data.Words = wordsFor(asked.Get("lang"))
	data.Customer = s.opts.Email
	s.render(w, r, http.StatusOK, "login", view{
		Title: data.Words.Title, Lang: data.Words.Lang, Dir: data.Words.Dir,
		Bare: keep.Has("bare"), Data: data,
	})
}

// login answers a wrong password with the form and an error, status 200, as
// most shops do, and a right one with 303 and a new session.
func (s *shop) login(w http.ResponseWriter, r *http.Request) {
	if err := r.ParseForm(); err != nil {
		http.Error(w, "This form could not be read.", http.StatusBadRequest)
		return
	}
	email, from := r.PostForm.Get("email"), clientAddr(r)
	right := s.customers.SignIn(email, r.PostForm.Get("password"), placeOf(from), s.opts.Now())
	s.count(right)
	if isGuessing(from) {
		s.guesses.Reached()
	}
	if !right {
		s.showLogin(w, r, loginData{Email: email, Wrong: true})
		return
	}
	sess := s.sessions.Get(r)
	sess.Email = canonicalEmail(email)
	s.sessions.Replace(w, r, sess)
	to := "/account"
	if r.URL.Query().Get("bare") != "" {
		to += "?bare=1"
	}
	http.Redirect(w, r, to, http.StatusSeeOther)
}

// placeOf is where a sign-in came from, in the words of the account page.
func placeOf(addr netip.Addr) string {
	if addr.IsLoopback() {
		return "this computer"
	}
	return addr.String()
}

func (s *shop) count(right bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if right {
		s.tries.Right++
	} else {
		s.tries.Wrong++
	}
}

// Tries returns how many logins reached the shop.
func (s *shop) Tries() tries {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.tries
}

func (s *shop) logout(w http.ResponseWriter, r *http.Request) {
	sess := s.sessions.Get(r)
	sess.Email = ""
	s.sessions.Replace(w, r, sess)
	http.Redirect(w, r, "/", http.StatusSeeOther)
}

func (s *shop) account(w http.ResponseWriter, r *http.Request) {
	sess := s.sessions.Get(r)
	if sess.Email == "" {
		http.Redirect(w, r, "/account/login", http.StatusSeeOther)
		return
	}
	var data struct {
		SignIns []signIn
		Wrong   int
		All     tries
	}
	data.SignIns, data.Wrong = s.customers.History(sess.Email)
	data.All = s.Tries()
	s.render(w, r, http.StatusOK, "account", view{
		Title: "Your account", Bare: r.URL.Query().Get("bare") != "", Data: data,
	})
}

// registerData is what the registration form shows.
type registerData struct{ Email, Error string }

func (s *shop) registerForm(w http.ResponseWriter, r *http.Request) {
	s.render(w, r, http.StatusOK, "register", view{Title: "New account", Data: registerData{}})
}

func (s *shop) register(w http.ResponseWriter, r *http.Request) {
	email, password := canonicalEmail(r.PostFormValue("email")), r.PostFormValue("password")
	if problem := s.tryRegister(email, password, r.PostFormValue("password_confirm")); problem != "" {
		s.render(w, r, http.StatusOK, "register", view{
			Title: "New account", Data: registerData{Email: email, Error: problem},
		})
		return
	}
	sess := s.sessions.Get(r)
	sess.Email = email
	s.sessions.Replace(w, r, sess)
	http.Redirect(w, r, "/account", http.StatusSeeOther)
}

// tryRegister makes a customer, or says what is to be changed.
func (s *shop) tryRegister(email, password, again string) (problem string) {
	if a, err := mail.ParseAddress(email); err != nil || a.Address != email {
		return "Please write an email address, such as name@shop.example."
	}
	if len(password) < 8 || len(password) > 72 {
		return "Please choose a password of 8 to 72 characters."
	}
	if password != again {
		return "The two passwords differ. Please type the same one twice."
	}
	switch err := s.customers.Add(email, password, false); {
	case errors.Is(err, errTaken):
		return "This address has an account already. Sign in with it, or use another."
	case errors.Is(err, errFull):
		return "This small shop takes no more customers. Start the demo again."
	case err != nil:
		return "The account could not be made. Please try again."
	}
	return ""
}
