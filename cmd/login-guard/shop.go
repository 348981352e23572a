package main

import (
	"bytes"
	"embed"
	"fmt"
	"html/template"
	"io/fs"
	"net/http"
	"net/netip"
	"path"
	"strings"
	"sync"
	"time"
)

// The shop is a small web shop as many are: pages from templates, a session
// cookie, a login that answers 200 and an error when the password is wrong,
// and 303 and a new session when it is right. It knows nothing of the guard
// in front of it. What it adds for the demo is in the files shop_tour.go and
// shop_guesses.go. All of it is in memory and bounded.

//go:embed shop
var shopFiles embed.FS

// shopOptions say what a shop starts with.
type shopOptions struct {
	// The clock.
	Now func() time.Time
	// The customer that the demo is about.
	Email, Password string
	// Where the gateway listens, as address:port, and the host that browsers
	// name; the guesses of the demo go there.
	Gateway, Host string
}

// shop is the demo's shop, an http.Handler.
type shop struct {
	opts      shopOptions
	pages     map[string]*template.Template
	customers *customers
	sessions  *sessions
	guesses   *guesser
	handler   http.Handler

	mu    sync.Mutex
	tries tries
}

// tries counts logins that reached the shop.
type tries struct{ Right, Wrong int }

// newShop opens a shop with one customer. Close ends it.
func newShop(opts shopOptions) (*shop, error) {
	customers, err := newCustomers()
	if err != nil {
		return nil, fmt.Errorf("opening the customers' book: %w", err)
	}
	s := &shop{
		opts: opts, customers: customers,
		sessions: newSessions(opts.Now), guesses: newGuesser(opts),
	}
	if err := s.customers.Add(opts.Email, opts.Password, false); err != nil {
		return nil, fmt.Errorf("adding %s: %w", opts.Email, err)
	}
	if s.pages, err = parsePages(); err != nil {
		return nil, err
	}
	files, err := fs.Sub(shopFiles, "shop/static")
	if err != nil {
		return nil, err
	}

	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", s.start)
	mux.HandleFunc("GET /cart", s.cart)
	mux.HandleFunc("POST /cart", s.changeCart)
	mux.HandleFunc("GET /account", s.account)
	mux.HandleFunc("GET /account/login", s.loginForm)
	mux.HandleFunc("POST /account/login", s.login)
	mux.HandleFunc("POST /account/logout", s.logout)
	mux.HandleFunc("GET /account/register", s.registerForm)
	mux.HandleFunc("POST /account/register", s.register)
	mux.HandleFunc("GET /demo/guesses", s.guessesState)
	mux.HandleFunc("POST /demo/guesses", s.startGuesses)
	mux.HandleFunc("GET /demo/phone", s.phone)
	mux.HandleFunc("GET /demo/keyboard", s.keyboard)
	mux.HandleFunc("GET /favicon.ico", func(w http.ResponseWriter, r *http.Request) {
		// The guard's pages name no icon of their own: browsers ask for this.
		http.Redirect(w, r, "/static/icon.svg", http.StatusFound)
	})
	mux.Handle("GET /static/", http.StripPrefix("/static/", http.FileServerFS(files)))
	mux.HandleFunc("/", s.notFound)
	s.handler = http.NewCrossOriginProtection().Handler(mux)
	return s, nil
}

// Close ends what the shop does in the background.
func (s *shop) Close() { s.guesses.Close() }

// maxForm bounds what a form of the shop may hold, in bytes.
const maxForm = 64 << 10

// ServeHTTP answers one request.
func (s *shop) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("Content-Security-Policy", "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; "+
		"connect-src 'self'; frame-src 'self'; form-action 'self'; frame-ancestors 'self'; base-uri 'none'")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "same-origin")
	if !strings.HasPrefix(r.URL.Path, "/static/") {
		h.Set("Cache-Control", "no-store")
	}
	r.Body = http.MaxBytesReader(w, r.Body, maxForm)
	s.handler.ServeHTTP(w, r)
}

// parsePages reads every page with the layout and the pictures around it.
func parsePages() (map[string]*template.Template, error) {
	layout, err := template.New("layout.html").
		Funcs(template.FuncMap{"price": price}).
		ParseFS(shopFiles, "shop/layout.html", "shop/art.html", "shop/loginform.html")
	if err != nil {
		return nil, fmt.Errorf("reading the shop's layout: %w", err)
	}
	names, err := fs.Glob(shopFiles, "shop/pages/*.html")
	if err != nil {
		return nil, err
	}
	pages := make(map[string]*template.Template, len(names))
	for _, name := range names {
		page, err := layout.Clone()
		if err == nil {
			page, err = page.ParseFS(shopFiles, name)
		}
		if err != nil {
			return nil, fmt.Errorf("reading the shop's %s: %w", name, err)
		}
		pages[strings.TrimSuffix(path.Base(name), ".html")] = page
	}
	return pages, nil
}

// view is what the layout needs of every page, and the page's own Data.
type view struct {
	Title string
	// Language and direction of the page.
	Lang, Dir string
	// Who is signed in; empty: nobody.
	Email string
	// Goods in the cart.
	InCart int
	// The page stands in a frame: without header and footer.
	Bare bool
	// A browser without script goes here after 2 s, so that the page moves;
	// empty: it stays.
	Next string
	Data any
}

// render writes a page. It is drawn whole before the first byte goes out, so
// that a fault shows as an error and not as half a page.
func (s *shop) render(w http.ResponseWriter, r *http.Request, status int, page string, v view) {
	sess := s.sessions.Get(r)
	v.Email, v.InCart = sess.Email, sess.Cart.Count()
	if v.Lang == "" {
		v.Lang, v.Dir = "en", "ltr"
	}
	var buf bytes.Buffer
	if err := s.pages[page].Execute(&buf, v); err != nil {
		http.Error(w, "The shop could not draw this page.", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(status)
	_, _ = buf.WriteTo(w)
}

func (s *shop) notFound(w http.ResponseWriter, r *http.Request) {
	s.render(w, r, http.StatusNotFound, "notfound", view{Title: "Not found"})
}

// clientAddr is the address the gateway saw: the first of X-Forwarded-For,
// as the shop itself is open to the gateway only.
func clientAddr(r *http.Request) netip.Addr {
	first, _, _ := strings.Cut(r.Header.Get("X-Forwarded-For"), ",")
	addr, err := netip.ParseAddr(strings.TrimSpace(first))
	if err != nil {
		peer, _ := netip.ParseAddrPort(r.RemoteAddr)
		addr = peer.Addr()
	}
	return addr.Unmap()
}
