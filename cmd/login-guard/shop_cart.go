package main

import (
	"fmt"
	"maps"
	"net/http"
	"strconv"
)

// product is something that the shop sells. Its picture is the template
// `art-ID`.
type product struct {
	ID, Name, About string
	Cents           int
}

// catalogue is what the shop sells, in the order of its start page.
func catalogue() []product {
	return []product{
		{"mug", "Tide mug", "Stoneware, 300 ml", 1800},
		{"lamp", "Heron lamp", "Oak and linen", 8900},
		{"plant", "Window fern", "In a clay pot", 2400},
		{"notebook", "Field notebook", "Dotted, 160 pages", 1250},
		{"teapot", "Harbour teapot", "For four cups", 4600},
		{"candle", "Cedar candle", "Burns 40 hours", 1600},
	}
}

// cart says how many of each product, by id.
type cart map[string]int

const maxEach = 99

// Clone returns a cart of its own.
func (c cart) Clone() cart { return maps.Clone(c) }

// Count returns the number of goods.
func (c cart) Count() int {
	n := 0
	for _, k := range c {
		n += k
	}
	return n
}

// cartLine is a line of the cart page.
type cartLine struct {
	product
	N, Sum int
}

func (s *shop) cart(w http.ResponseWriter, r *http.Request) {
	held := s.sessions.Get(r).Cart
	var data struct {
		Lines []cartLine
		Sum   int
	}
	for _, p := range catalogue() {
		if n := held[p.ID]; n > 0 {
			data.Lines = append(data.Lines, cartLine{p, n, n * p.Cents})
			data.Sum += n * p.Cents
		}
	}
	s.render(w, r, http.StatusOK, "cart", view{Title: "Cart", Data: data})
}

// changeCart adds one (`add`), or sets how many there are (`id` and `n`).
func (s *shop) changeCart(w http.ResponseWriter, r *http.Request) {
	sess := s.sessions.Get(r)
	if sess.Cart == nil {
		sess.Cart = cart{}
	}
	id, n := r.PostFormValue("id"), 0
	if added := r.PostFormValue("add"); added != "" {
		id, n = added, sess.Cart[added]+1
	} else if asked, err := strconv.Atoi(r.PostFormValue("n")); err == nil {
		n = asked
	}
	for _, p := range catalogue() {
		if p.ID != id {
			continue
		}
		if n = min(n, maxEach); n > 0 {
			sess.Cart[id] = n
		} else {
			delete(sess.Cart, id)
		}
		s.sessions.Save(w, r, sess)
	}
	http.Redirect(w, r, "/cart", http.StatusSeeOther)
}

// price writes cents as a price.
func price(cents int) string { return fmt.Sprintf("€%d.%02d", cents/100, cents%100) }
