package main

import (
	"crypto/rand"
	"net/http"
	"sync"
	"time"
)

const (
	// sessionCookie is a name by which a guard without a preset knows a session,
	// so that a second factor can shut it; and not one of those that some
	// frameworks set anew with every answer (such as *_session), as a new one
	// would then not say that the password was right.
	sessionCookie = "session_id"
	sessionLife   = 12 * time.Hour
	maxSessions   = 5000
)

// session is what the shop remembers of a browser.
type session struct {
	// Who is signed in; empty: nobody.
	Email string
	Cart  cart
	until time.Time
}

// sessions are the browsers that the shop remembers. A browser that only
// looks gets none.
type sessions struct {
	now func() time.Time

	mu   sync.Mutex
	byID map[string]session
}

func newSessions(now func() time.Time) *sessions {
	return &sessions{now: now, byID: make(map[string]session)}
}

// Get returns the request's session, or an empty one.
func (s *sessions) Get(r *http.Request) session {
	c, err := r.Cookie(sessionCookie)
	if err != nil {
		return session{}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	sess, ok := s.byID[c.Value]
	if !ok || s.now().After(sess.until) {
		return session{}
	}
	sess.Cart = sess.Cart.Clone()
	return sess
}

// Replace puts sess in place of the request's session, under a new id: one
// that somebody planted before the login is worth nothing after it.
func (s *sessions) Replace(w http.ResponseWriter, r *http.Request, sess session) {
	now := s.now()
	id := rand.Text()
	sess.until = now.Add(sessionLife)

	s.mu.Lock()
	defer s.mu.Unlock()
	if c, err := r.Cookie(sessionCookie); err == nil {
		delete(s.byID, c.Value)
	}
	if len(s.byID) >= maxSessions {
		s.makeRoomLocked(now)
	}
	s.byID[id] = sess
	http.SetCookie(w, &http.Cookie{
		Name: sessionCookie, Value: id, Path: "/", MaxAge: int(sessionLife / time.Second),
		HttpOnly: true, SameSite: http.SameSiteLaxMode,
	})
}

// Save keeps a change that needs no new id, such as a fuller cart.
func (s *sessions) Save(w http.ResponseWriter, r *http.Request, sess session) {
	if !s.update(r, sess) {
		s.Replace(w, r, sess)
	}
}

// update changes the request's session, if it has one.
func (s *sessions) update(r *http.Request, sess session) bool {
	c, err := r.Cookie(sessionCookie)
	if err != nil {
		return false
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	old, ok := s.byID[c.Value]
	if !ok || s.now().After(old.until) {
		return false
	}
	sess.until = old.until
	s.byID[c.Value] = sess
	return true
}

// makeRoomLocked drops what has expired, or else some session.
func (s *sessions) makeRoomLocked(now time.Time) {
	some := ""
	for id, sess := range s.byID {
		if now.After(sess.until) {
			delete(s.byID, id)
		}
		some = id
	}
	if len(s.byID) >= maxSessions {
		delete(s.byID, some)
	}
}
