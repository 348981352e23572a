package caddymodule

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"maps"
	"mime"
	"net/http"
	"strings"
	"time"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp"
	"go.uber.org/zap"

	"github.com/login-guard/login-guard/internal/keys"
	"github.com/login-guard/login-guard/internal/learn"
	"github.com/login-guard/login-guard/internal/login"
)

// While an operator learns a shop's login, what goes on to the shop is looked
// at on its last step: behind the guard, which counts, asks and refuses as
// ever. A login that waits for a check is seen when it goes on. So a run of
// learning opens nothing to anybody, whatever he knows of it.

// Bounds of a run of learning.
const (
	defaultLearn = 10 * time.Minute
	maxLearn     = 60 * time.Minute
	// keepLearn is how long what was learnt can be asked for.
	keepLearn = 5 * time.Minute
	// maxLearnBody is how much of a request is looked at; the largest login
	// captured has 300 bytes.
	maxLearnBody = 64 << 10
)

// learning is the run that waits for something at this site, nil where there
// is none: then all it costs is one load.
func (h *Handler) learning() *learn.Run {
	all := h.app.state.learns.Load()
	if all == nil {
		return nil
	}
	if l := (*all)[h.name]; l != nil && l.Open(h.now()) {
		return l
	}
	return nil
}

// learner looks at what goes to the shop and at what comes back.
type learner struct {
	h    *Handler
	run  *learn.Run
	next caddyhttp.Handler
}

// answered notes an answer of the guard's own, for the operator who wonders
// why nothing is found.
func (l learner) answered(w http.ResponseWriter) {
	if kind, _, _ := strings.Cut(w.Header().Get("Login-Guard"), ";"); kind != "" {
		l.run.Answered(kind)
	}
}

// ServeHTTP implements caddyhttp.Handler.
func (l learner) ServeHTTP(w http.ResponseWriter, r *http.Request) error {
	body, ok := peekBody(r)
	if !ok {
		return l.next.ServeHTTP(w, r)
	}
	g, err := l.h.ready()
	if err != nil {
		return l.next.ServeHTTP(w, r)
	}
	// The same address and browser; hashed, as it is kept for the minutes of
	// the run.
	host := collectFrom(g, r).Host
	client := g.ring.Sum(keys.Pseudonym, []byte("learn-client"), []byte(host.String()), []byte(r.UserAgent()))
	x := l.run.Request(string(client[:]), r, body)
	if x == nil {
		return l.next.ServeHTTP(w, r)
	}
	// As on every login that the guard knows for one.
	r.Header.Set("Accept-Encoding", "identity")
	copied := &copyWriter{ResponseWriterWrapper: &caddyhttp.ResponseWriterWrapper{ResponseWriter: w}}
	err = l.next.ServeHTTP(copied, r)
	if copied.code == 0 {
		copied.code, copied.header = http.StatusOK, w.Header().Clone()
	}
	if err == nil && copied.code != statusLeft {
		x.Answer(login.Reply{Status: copied.code, Header: copied.header, Body: copied.body.Bytes(), Truncated: copied.more})
	}
	return err
}

// peekBody reads the body of what may be a login and puts it back; false says
// that the request cannot be one.
func peekBody(r *http.Request) ([]byte, bool) {
	if r.Method == http.MethodConnect || len(r.Header["Upgrade"]) > 0 || r.ContentLength > maxLearnBody {
		return nil, false
	}
	if r.Body == nil || r.Body == http.NoBody || r.ContentLength == 0 {
		return nil, r.URL.RawQuery != "" || login.CarriesBasic(r.Header)
	}
	switch kind, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type")); {
	case kind == "", kind == "application/x-www-form-urlencoded", kind == "multipart/form-data", kind == "text/plain",
		kind == "application/json", kind == "application/graphql", strings.HasSuffix(kind, "+json"):
	default:
		return nil, false
	}
	// The guard has to know whether the shop's side read of it.
	counting, _ := r.Body.(*countingBody)
	source := r.Body
	if counting != nil {
		source = counting.ReadCloser
	}
	head, err := io.ReadAll(io.LimitReader(source, maxLearnBody+1))
	var rest io.Reader = source
	if err != nil {
		rest = failing{err}
	}
	again := struct {
		io.Reader
		io.Closer
	}{io.MultiReader(bytes.NewReader(head), rest), source}
	if counting != nil {
		counting.ReadCloser = again
	} else {
		r.Body = again
	}
	return head, err == nil && len(head) <= maxLearnBody
}

// failing gives the error that a body ended with.
type failing struct{ err error }

func (f failing) Read([]byte) (int, error) { return 0, f.err }

// copyWriter lets an answer through as it comes and keeps a copy of its
// beginning.
type copyWriter struct {
	*caddyhttp.ResponseWriterWrapper
	code   int
	header http.Header
	body   bytes.Buffer
	more   bool // than maxAnswer
}

// WriteHeader notes the status and the header as the shop sent them.
func (c *copyWriter) WriteHeader(code int) {
	if c.code == 0 && (code >= 200 || code == http.StatusSwitchingProtocols) {
		c.code, c.header = code, c.Header().Clone()
	}
	c.ResponseWriter.WriteHeader(code)
}

func (c *copyWriter) Write(p []byte) (int, error) {
	if c.code == 0 {
		c.WriteHeader(http.StatusOK)
	}
	room := min(len(p), maxAnswer-c.body.Len())
	c.body.Write(p[:room])
	c.more = c.more || room < len(p)
	return c.ResponseWriter.Write(p)
}

// ReadFrom keeps io.Copy from going around Write.
func (c *copyWriter) ReadFrom(r io.Reader) (int64, error) {
	return io.Copy(struct{ io.Writer }{c}, r)
}

type learnAsk struct {
	Site    string `json:"site,omitempty"`
	Account string `json:"account,omitempty"`
	Minutes int    `json:"minutes,omitempty"`
}

// learnReply is what the verb is told of a run.
type learnReply struct {
	Site string `json:"site"`
	learn.State
	Ended bool `json:"ended"`
}

// startLearning begins a run; one that the site has already ends.
func startLearning(app *App, _ *http.Request, q learnAsk) (any, error) {
	h, g, err := siteGuard(app, q.Site)
	if err != nil {
		return nil, err
	}
	lasts := time.Duration(q.Minutes) * time.Minute
	if q.Minutes == 0 {
		lasts = defaultLearn
	}
	if lasts < time.Minute || lasts > maxLearn {
		return nil, fmt.Errorf("%d minutes are not between 1 and %d", q.Minutes, int(maxLearn/time.Minute))
	}
	word, err := learn.NewWord(h.random)
	if err != nil {
		return nil, err
	}
	// Of the account a keyed hash is kept, for the minutes of the run.
	ring, site := g.ring, h.name
	tag := func(account string) string {
		sum := ring.Sum(keys.Pseudonym, []byte("learn-account"), []byte(site), []byte(login.FoldAccount(account)))
		return string(sum[:])
	}
	opt := learn.Options{Word: word, Until: h.now().Add(lasts), Tag: tag}
	if q.Account != "" {
		named := tag(q.Account)
		opt.Same = func(text string) bool { return tag(text) == named }
	}
	run := learn.New(opt)
	app.state.setLearn(h.name, run)
	app.logger.Info("learning a login", zap.String("site", h.name), zap.Time("until", opt.Until))
	return learnReply{Site: h.name, State: run.State()}, nil
}

// serveLearn is the route of the verb: POST begins, GET asks how far it is,
// DELETE ends.
func serveLearn(w http.ResponseWriter, r *http.Request) error {
	if r.Method == http.MethodPost {
		return adminPost(startLearning)(w, r)
	}
	if r.Method != http.MethodGet && r.Method != http.MethodDelete {
		return caddy.APIError{HTTPStatus: http.StatusMethodNotAllowed, Err: errors.New("only GET, POST and DELETE")}
	}
	return adminReply(w, func(app *App) (any, error) {
		h, err := app.site(r.URL.Query().Get("site"))
		if err != nil {
			return nil, err
		}
		run := app.state.learn(h.name)
		if run == nil {
			return nil, caddy.APIError{HTTPStatus: http.StatusNotFound, Err: errors.New("nothing is being learnt at this site")}
		}
		out := learnReply{Site: h.name, State: run.State(), Ended: !run.Open(h.now())}
		if r.Method == http.MethodDelete {
			app.state.setLearn(h.name, nil)
			out.Ended = true
		}
		return out, nil
	})
}

// learn is the site's run, ended or not.
func (s *state) learn(site string) *learn.Run {
	if all := s.learns.Load(); all != nil {
		return (*all)[site]
	}
	return nil
}

// setLearn sets a site's run; nil takes it away.
func (s *state) setLearn(site string, run *learn.Run) {
	s.mu.Lock()
	defer s.mu.Unlock()
	next := make(map[string]*learn.Run)
	if all := s.learns.Load(); all != nil {
		maps.Copy(next, *all)
	}
	if next[site] = run; run == nil {
		delete(next, site)
	}
	s.storeLearnsLocked(next)
}

// dropLearns takes runs away that ended a while ago.
func (s *state) dropLearns(now time.Time) {
	if s.learns.Load() == nil {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	all := s.learns.Load()
	if all == nil {
		return
	}
	next := maps.Clone(*all)
	maps.DeleteFunc(next, func(_ string, l *learn.Run) bool { return now.After(l.Until().Add(keepLearn)) })
	s.storeLearnsLocked(next)
}

func (s *state) storeLearnsLocked(next map[string]*learn.Run) {
	if len(next) == 0 {
		s.learns.Store(nil)
		return
	}
	s.learns.Store(&next)
}
