package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"sync"
	"time"
)

const (
	guessCount   = 400
	guessAtOnce  = 8
	guessEvery   = 40 * time.Millisecond // so that 400 take 16 s: time to watch, and to sign in
	guessTimeout = 10 * time.Second
)

// guessNet is where the guesses say they come from: the block for benchmarks
// (RFC 2544, RFC 6890), which nobody on the internet has. Its 512 networks
// of 256 addresses give every guess a network of its own.
var guessNet = netip.MustParsePrefix("198.18.0.0/15")

func isGuessing(addr netip.Addr) bool { return guessNet.Contains(addr) }

// guesser plays 400 addresses that guess one customer's password. Every
// guess is an honest request to the gateway, as a browser without a past
// sends it; the address is in X-Forwarded-For, which only the demo's gateway
// believes.
type guesser struct {
	opts   shopOptions
	client *http.Client
	wg     sync.WaitGroup

	mu     sync.Mutex
	state  guessState
	round  int
	cancel context.CancelFunc
	closed bool
}

// guessState is how far it is, as the start page shows it.
type guessState struct {
	Running bool           `json:"running"`
	Total   int            `json:"total"`
	Sent    int            `json:"sent"`
	Reached int            `json:"reached"` // as the shop counts it
	Met     map[string]int `json:"met"`     // what each was answered with
}

// What a guess can meet: a rung of the guard's, by the word in its header,
// the shop, or no answer at all.
const (
	metShop    = "shop"
	metNothing = "nothing"
)

func newGuesser(opts shopOptions) *guesser {
	return &guesser{
		opts: opts,
		client: &http.Client{
			Timeout: guessTimeout,
			// No proxy of the environment: the guesses stay on this computer.
			Transport: &http.Transport{MaxIdleConnsPerHost: guessAtOnce},
			CheckRedirect: func(*http.Request, []*http.Request) error {
				return http.ErrUseLastResponse
			},
		},
		state: guessState{Total: guessCount, Met: map[string]int{}},
	}
}

// Start begins a round, unless one is running.
func (g *guesser) Start() {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.state.Running || g.closed {
		return
	}
	ctx, cancel := context.WithCancel(context.Background())
	g.cancel = cancel
	g.round++
	g.state = guessState{Running: true, Total: guessCount, Met: map[string]int{}}
	round := g.round
	g.wg.Go(func() {
		defer cancel()
		g.run(ctx, round)
		g.mu.Lock()
		defer g.mu.Unlock()
		g.state.Running = false
	})
}

// Close stops a round and waits for its end.
func (g *guesser) Close() {
	g.mu.Lock()
	g.closed = true
	if g.cancel != nil {
		g.cancel()
	}
	g.mu.Unlock()
	g.wg.Wait()
	g.client.CloseIdleConnections()
}

// State returns how far it is.
func (g *guesser) State() guessState {
	g.mu.Lock()
	defer g.mu.Unlock()
	state := g.state
	state.Met = make(map[string]int, len(g.state.Met))
	for k, n := range g.state.Met {
		state.Met[k] = n
	}
	return state
}

// Reached counts a guess that the shop had to judge.
func (g *guesser) Reached() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.state.Reached++
}

// run sends the guesses, a few at once and not all at once.
func (g *guesser) run(ctx context.Context, round int) {
	tick := time.NewTicker(guessEvery)
	defer tick.Stop()
	slots := make(chan struct{}, guessAtOnce)
	var wg sync.WaitGroup
	defer wg.Wait()
	for i := range guessCount {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		slots <- struct{}{}
		wg.Go(func() {
			defer func() { <-slots }()
			met := g.guess(ctx, guessAddr(i, round), guessWord(i, round))
			g.mu.Lock()
			defer g.mu.Unlock()
			g.state.Sent++
			g.state.Met[met]++
		})
	}
}

// guess sends one guess and says what it met.
func (g *guesser) guess(ctx context.Context, from netip.Addr, word string) (met string) {
	form := url.Values{"email": {g.opts.Email}, "password": {word}}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost,
		"http://"+g.opts.Gateway+"/account/login", strings.NewReader(form.Encode()))
	if err != nil {
		return metNothing
	}
	req.Host = g.opts.Host
	origin := "http://" + g.opts.Host
	for name, value := range map[string]string{
		"X-Forwarded-For": from.String(),
		"Content-Type":    "application/x-www-form-urlencoded",
		"User-Agent":      "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36",
		"Accept":          "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8",
		"Accept-Language": "en-US,en;q=0.9",
		"Origin":          origin,
		"Referer":         origin + "/account/login",
		"Sec-Fetch-Site":  "same-origin",
		"Sec-Fetch-Mode":  "navigate",
		"Sec-Fetch-Dest":  "document",
	} {
		req.Header.Set(name, value)
	}
	resp, err := g.client.Do(req)
	if err != nil {
		return metNothing
	}
	defer resp.Body.Close()
	_, _ = io.Copy(io.Discard, io.LimitReader(resp.Body, 1<<20)) // so that the connection serves the next one
	rung, _, _ := strings.Cut(resp.Header.Get("Login-Guard"), ";")
	switch rung = strings.TrimSpace(rung); {
	case rung != "":
		return rung
	case resp.StatusCode >= 500:
		return metNothing
	default:
		return metShop
	}
}

// guessAddr returns the address of guess i: each has a network (/24) of its
// own, and each round other addresses in them.
func guessAddr(i, round int) netip.Addr {
	b := guessNet.Addr().As4()
	b[1] += byte(i >> 8)
	b[2] = byte(i)
	b[3] = byte(1 + (round+i)%250)
	return netip.AddrFrom4(b)
}

// guessWord returns what guess i tries: words from the top of every list of
// leaked passwords, with a number so that no two are the same.
func guessWord(i, round int) string {
	words := [...]string{"password", "qwerty", "letmein", "iloveyou", "sunshine", "welcome", "monkey", "dragon"}
	return fmt.Sprintf("%s%d", words[i%len(words)], 10*i+round)
}
