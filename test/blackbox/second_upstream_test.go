package blackbox_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/login-guard/login-guard/internal/guardtest"
	"github.com/login-guard/login-guard/internal/shoptest"
)

// canary stands wherever this shop says something that only who signed in may
// see.
const canary = "CANARY-0123456789-CANARY"

// loose is a shop that signs in the very session that the browser has, reads
// cookies and names in every way that some framework does, and takes sessions
// from the query too. Its login is EverShop's in JSON, and Vendure's in
// GraphQL, with a token in header and body.
type loose struct {
	*httptest.Server

	mu       sync.Mutex
	sessions map[string]string // customer by session
	tokens   map[string]string
	// answers are written in place of the answer to a right login.
	answers func(w http.ResponseWriter, r *http.Request)
	// welcomes are written so to anybody.
	welcomes func(w http.ResponseWriter, r *http.Request)
	// refuses are written in place of the answer to a wrong one.
	refuses func(w http.ResponseWriter, r *http.Request)
	// before runs before a login is looked at, and late before a page is,
	// after the request was read.
	before, late func(r *http.Request)
	// profile is answered in place of the page that says who is signed in.
	profile func(w http.ResponseWriter, r *http.Request, who string)
	// probes are the requests for that page.
	probes []*http.Request
	// began runs when the head of a request is there.
	began  func(r *http.Request)
	served int
}

var octal = regexp.MustCompile(`\\[0-7]{3}`)

// loosely undoes every way of spelling a session.
func loosely(v string) string {
	for range 3 {
		if u, err := url.PathUnescape(v); err == nil {
			v = u
		}
		v, _, _ = strings.Cut(v, "\x00")
		var said string
		if j, ok := strings.CutPrefix(strings.TrimSuffix(strings.TrimPrefix(v, `"j`), `""`), ":"); ok && json.Unmarshal([]byte(j+`"`), &said) == nil {
			v = said
		} else if j, ok := strings.CutPrefix(v, "j:"); ok && json.Unmarshal([]byte(j), &said) == nil {
			v = said
		}
		v = octal.ReplaceAllStringFunc(strings.Trim(v, "\" \t\r\n"), func(s string) string {
			n, _ := strconv.ParseUint(s[1:], 8, 8)
			return string(rune(n))
		})
	}
	v = strings.Map(func(r rune) rune {
		switch {
		case r >= '！' && r <= '～':
			return r - '！' + '!'
		case r == '\u200d' || r == '\u0301':
			return -1
		}
		return r
	}, v)
	return strings.ToLower(v)
}

func (l *loose) ids(r *http.Request) (ids []string) {
	for _, line := range r.Header["Cookie"] {
		for _, part := range strings.FieldsFunc(line, func(r rune) bool { return r == ';' || r == ',' }) {
			name, value, _ := strings.Cut(strings.TrimSpace(part), "=")
			if n := loosely(name); n == "sid" || n == "asid" || n == "__host-sid" || n == "__secure-sid" {
				ids = append(ids, loosely(value))
			}
		}
	}
	if v := r.URL.Query().Get("sid"); v != "" {
		ids = append(ids, loosely(v))
	}
	return ids
}

func (l *loose) customer(r *http.Request) string {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, id := range l.ids(r) {
		if c := l.sessions[id]; c != "" {
			return c
		}
	}
	return l.tokens[strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ")]
}

// collated is what databases take these characters for.
var collated = strings.NewReplacer("é", "e", "ı", "i", "ß", "s", "\u0363", "a", "\u1de4", "s", "\u0640", "")

func (l *loose) account(name string) (shoptest.Account, bool) {
	for _, a := range []shoptest.Account{shoptest.Alice(), shoptest.Bob()} {
		if strings.EqualFold(strings.TrimSpace(strings.Trim(loosely(name), " ")), a.Email) || strings.EqualFold(name, a.Email) ||
			collated.Replace(strings.ToLower(name)) == a.Email || like(name, a.Email) || name == numberOf(a) {
			return a, true
		}
	}
	return shoptest.Account{}, false
}

// numberOf is the customer number of an account, by which it can be signed in
// to as well.
func numberOf(a shoptest.Account) string { return fmt.Sprintf("10004%d", len(a.Name)) }

// tells serves the pages that say who is signed in, as EverShop and Vendure
// have them, and reports whether this was one.
func (l *loose) tells(w http.ResponseWriter, r *http.Request) bool {
	if r.Method != http.MethodGet || r.URL.Query().Get("ajax") != "true" && r.URL.Query().Get("query") == "" {
		return false
	}
	who := l.customer(r)
	l.mu.Lock()
	l.probes = append(l.probes, r.Clone(r.Context()))
	profile := l.profile
	l.mu.Unlock()
	h := w.Header()
	h.Set("Set-Cookie", "probed="+probeCanary+"; Path=/")
	h.Set("X-Profile", probeCanary)
	h.Add("Link", "</"+probeCanary+">; rel=preload")
	w.WriteHeader(http.StatusEarlyHints)
	switch {
	case profile != nil:
		profile(w, r, who)
	case r.URL.Path == "/shop-api":
		h.Set("Content-Type", "application/json")
		if who == "" {
			_, _ = io.WriteString(w, `{"data":{"activeCustomer":null}}`)
			return true
		}
		fmt.Fprintf(w, `{"data":{"activeCustomer":{"emailAddress":%q}},"extensions":%q}`, who, probeCanary)
	case who == "":
		http.Redirect(w, r, "/account/login", http.StatusFound)
	default:
		h.Set("Content-Type", "application/json")
		fmt.Fprintf(w, `{"success":true,"eContext":{"graphqlResponse":{"e1a":{"name":"Shop"},"e1b":{"uuid":%q,"fullName":%q,"email":%q},"e1c":null,"e1d":[1],"e1e":{"email":%q}},"propsMap":{}}}`, probeCanary, probeCanary, who, who)
	}
	return true
}

// probeCanary stands in whatever the shop says of who is signed in.
const probeCanary = "PROBE-9876543210-PROBE"

func (l *loose) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	l.mu.Lock()
	began := l.began
	l.mu.Unlock()
	if began != nil {
		began(r)
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return // half a request is none
	}
	l.mu.Lock()
	before, late, answers, refuses, welcomes := l.before, l.late, l.answers, l.refuses, l.welcomes
	l.served++
	l.mu.Unlock()
	if l.tells(w, r) {
		return
	}
	ids := l.ids(r)
	if len(ids) == 0 {
		ids = []string{fmt.Sprintf("s%031d", l.served)}
		w.Header().Add("Set-Cookie", "sid="+ids[0]+"; Path=/; HttpOnly")
	}
	var said struct{ Email, Password, Query string }
	login := r.Method == http.MethodPost && (strings.HasSuffix(r.URL.Path, "/customer/login") || r.URL.Path == "/shop-api") && json.Unmarshal(body, &said) == nil
	switch {
	case r.URL.Path == "/by-mail": // a link in a mail that signs in
		who := r.URL.Query().Get("who")
		l.mu.Lock()
		token := "token-by-mail-" + strconv.Itoa(len(l.tokens))
		l.tokens[token] = who
		l.mu.Unlock()
		w.Header().Set("Vendure-Auth-Token", token)
		w.Header().Add("Set-Cookie", "session="+token+"; Path=/")
		fmt.Fprint(w, "welcome ", canary)
	case login && l.customer(r) != "":
		// Signed in already: no password is looked at.
		l.welcome(w, r, l.customer(r))
	case login:
		if before != nil {
			before(r)
		}
		if said.Query != "" {
			m := regexp.MustCompile(`username:\s*"([^"]*)",\s*password:\s*"([^"]*)"`).FindStringSubmatch(said.Query)
			if m != nil {
				said.Email, said.Password = m[1], m[2]
			}
		}
		if address := r.URL.Query().Get("email"); address != "" {
			said.Email = address // as Java's and ASP.NET's servers take it
		}
		a, ok := l.account(said.Email)
		if !ok || a.Password != said.Password {
			w.Header().Set("Content-Type", "application/json")
			if refuses != nil {
				refuses(w, r)
				return
			}
			if said.Query != "" {
				_, _ = io.WriteString(w, `{"data":{"login":{"errorCode":"INVALID_CREDENTIALS_ERROR","message":"wrong"}}}`)
				return
			}
			w.WriteHeader(http.StatusInternalServerError)
			_, _ = io.WriteString(w, `{"error":{"status":500,"message":"Invalid email or password"}}`)
			return
		}
		l.mu.Lock()
		for _, id := range ids {
			l.sessions[id] = a.Email
		}
		l.mu.Unlock()
		if welcomes != nil {
			w.Header().Set("Content-Type", "application/json")
			welcomes(w, r)
			return
		}
		if answers != nil && a.Email == shoptest.Alice().Email {
			answers(w, r)
			return
		}
		l.welcome(w, r, a.Email)
	default:
		if late != nil {
			late(r)
		}
		c := l.customer(r)
		if c == shoptest.Alice().Email {
			c = canary
		}
		if c != "" {
			w.Header().Set("X-Customer", c)
			w.Header().Set("Etag", `"`+c+`"`)
		}
		w.Header().Set("Content-Type", "text/html")
		fmt.Fprintf(w, "<html><p>Signed in: <strong>%s</strong></p>", c)
	}
}

// welcome is the answer to a right login: whatever can hold something does.
func (l *loose) welcome(w http.ResponseWriter, r *http.Request, who string) {
	secret := who
	if who == shoptest.Alice().Email {
		secret = canary
	}
	l.mu.Lock()
	token := "token-" + secret + "-" + strconv.Itoa(len(l.tokens))
	l.tokens[token] = who
	l.mu.Unlock()
	h := w.Header()
	h.Add("Link", "</"+secret+">; rel=preload")
	h.Add("Set-Cookie", "early="+secret)
	w.WriteHeader(http.StatusEarlyHints)
	h.Set("Trailer", "X-Token")
	h.Set("Content-Type", "application/json")
	h.Set("Vendure-Auth-Token", token)
	h.Set("Authorization", "Bearer "+token)
	h.Set("Etag", `"`+secret+`"`)
	h.Set("Location", "/"+secret)
	h.Add("Set-Cookie", "session="+token+"; Path=/")
	h.Add("Set-Cookie", "remember="+secret+"; Path=/")
	w.WriteHeader(http.StatusOK)
	fmt.Fprintf(w, `{"data":{"sid":%q,"login":{"id":%q},"token":%q}}`, secret, secret, token)
	h.Set("X-Token", token)
	h.Set(http.TrailerPrefix+"X-Late", token)
}

func startLoose(t *testing.T) *loose {
	t.Helper()
	l := &loose{sessions: map[string]string{}, tokens: map[string]string{}}
	l.Server = httptest.NewServer(l)
	t.Cleanup(l.Close)
	return l
}

// set changes what the shop does.
func (l *loose) set(change func()) {
	l.mu.Lock()
	defer l.mu.Unlock()
	change()
}

// jsonLogin sends a login as the shop's own script does.
func (p *person) jsonLogin(account, password string, more ...string) reply {
	p.t.Helper()
	body, err := json.Marshal(map[string]string{"email": account, "password": password})
	if err != nil {
		p.t.Fatal(err)
	}
	return p.do(p.request("POST", "/api/customer/login", "application/json", string(body), append([]string{"Sec-Fetch-Mode", "cors", "Accept", "application/json"}, more...)...))
}

// looseDoor is the shop with one account that has an app.
func looseDoor(t *testing.T, preset string, options ...string) (*loose, *guardtest.Gateway, *phone) {
	t.Helper()
	l := startLoose(t)
	g := guardtest.Start(t, looseSite(l, preset, options...))
	owner := visitor(t, g.URL, "198.51.100.7")
	owner.get("/")
	owner.jsonLogin(shoptest.Alice().Email, shoptest.Alice().Password)
	if r := owner.get("/account"); !strings.Contains(r.body, canary) {
		t.Fatalf("without a second factor Alice is not in: %d %s", r.StatusCode, cut(r.body))
	}
	return l, g, owner.enrols()
}

func looseSite(l *loose, preset string, options ...string) string {
	return guardtest.Site(l.URL, preset, append([]string{"second_factor optional", "ladder slider off picture off", unlimited}, options...)...)
}

// opens lets the owner in with a code, and says what he sees on a page.
func (p *person) opens(app *phone, ahead int) reply {
	p.t.Helper()
	page := p.get("/.login-guard/challenge/second")
	p.sends(page, "step", "second", "method", "app", "code", app.code(ahead))
	return p.get("/account")
}
