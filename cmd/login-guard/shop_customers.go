package main

import (
	"crypto/rand"
	"errors"
	"strings"
	"sync"
	"time"

	"golang.org/x/crypto/bcrypt"
)

// Bounds of the shop's memory.
const (
	maxCustomers = 1000
	maxVisitors  = 100 // customers made up for one look at the check
	maxSignIns   = 5   // kept for the account page, a customer
)

var (
	errTaken = errors.New("this address has an account already")
	errFull  = errors.New("the demo shop takes no more customers; start it again")
)

// customers is who may sign in.
type customers struct {
	mu       sync.Mutex
	byEmail  map[string]*customer
	visitors []string // oldest first

	// What is compared with when there is no such customer, so that the
	// answer takes as long and tells nothing. No password is known for it.
	nobody []byte
}

type customer struct {
	hash    []byte
	signIns []signIn // newest first
	wrong   int      // wrong passwords that reached the shop
}

// signIn is a line of the account page.
type signIn struct {
	At   time.Time
	From string
}

func newCustomers() (*customers, error) {
	nobody, err := bcrypt.GenerateFromPassword([]byte(rand.Text()), bcrypt.DefaultCost)
	if err != nil {
		return nil, err
	}
	return &customers{byEmail: make(map[string]*customer), nobody: nobody}, nil
}

// canonicalEmail is the form under which a customer is kept.
func canonicalEmail(email string) string { return strings.ToLower(strings.TrimSpace(email)) }

// Add makes a customer. A visitor's account goes when newer ones need the
// room. It fails with errTaken or errFull, or if the password is over the 72
// bytes that bcrypt takes.
func (c *customers) Add(email, password string, visitor bool) error {
	hash, err := bcrypt.GenerateFromPassword([]byte(password), bcrypt.DefaultCost)
	if err != nil {
		return err
	}
	email = canonicalEmail(email)
	c.mu.Lock()
	defer c.mu.Unlock()
	if _, ok := c.byEmail[email]; ok {
		return errTaken
	}
	switch {
	case visitor:
		if len(c.visitors) >= maxVisitors {
			delete(c.byEmail, c.visitors[0])
			c.visitors = c.visitors[1:]
		}
		c.visitors = append(c.visitors, email)
	case len(c.byEmail) >= maxCustomers:
		return errFull
	}
	c.byEmail[email] = &customer{hash: hash}
	return nil
}

// SignIn says whether the password is the customer's, and remembers the try.
func (c *customers) SignIn(email, password, from string, now time.Time) bool {
	email = canonicalEmail(email)
	hash := c.nobody
	c.mu.Lock()
	if known, ok := c.byEmail[email]; ok {
		hash = known.hash
	}
	c.mu.Unlock()

	right := bcrypt.CompareHashAndPassword(hash, []byte(password)) == nil

	c.mu.Lock()
	defer c.mu.Unlock()
	known, ok := c.byEmail[email]
	if !ok {
		return false
	}
	if !right {
		known.wrong++
		return false
	}
	known.signIns = append([]signIn{{At: now, From: from}}, known.signIns...)
	known.signIns = known.signIns[:min(len(known.signIns), maxSignIns)]
	return true
}

// History returns a customer's last sign-ins, newest first, and how many
// wrong passwords reached the shop.
func (c *customers) History(email string) (last []signIn, wrong int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if known, ok := c.byEmail[canonicalEmail(email)]; ok {
		return append(last, known.signIns...), known.wrong
	}
	return nil, 0
}
