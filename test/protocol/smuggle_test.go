package protocol_test

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/login-guard/login-guard/internal/guardtest"
)

func TestNoRequestReachesTheShopUnseen(t *testing.T) {
	t.Parallel()
	a := startApp(t)
	g := guarded(t, a.URL)
	for _, row := range smuggling() {
		t.Run(row.what, func(t *testing.T) {
			before := look(a, g)
			got := answers(t, g.URL, row)
			want := row.answers
			if want == nil {
				want = []int{400}
			}
			// What net/http cannot read it answers with 400, with 501 (an
			// unknown encoding), or not at all.
			refused := row.answers == nil && (len(got) == 0 || slices.Equal(got, []int{501}))
			if !slices.Equal(got, want) && !refused {
				t.Errorf("answers %v, want %v", got, want)
			}
			before.check(t, row.logins)
		})
	}
}

// state is what was seen up to some moment.
type state struct {
	app      *app
	gateway  *guardtest.Gateway
	logins   int // that the app ran
	requests int
	sent     int // decisions on logins that went to the shop
	handled  int
}

func look(a *app, g *guardtest.Gateway) state {
	_, sent := counted(g)
	return state{a, g, len(a.ran()), len(a.requests()), sent, handled(g)}
}

// check fails the test unless exactly so many logins have run since (-1: any), the
// gateway has counted each, it has seen every request that the app has, and
// no lenient reader finds more in what the app was sent.
func (s state) check(t *testing.T, logins int) {
	t.Helper()
	var now state
	eventually(t, "decision on every login and line on every request", func() bool {
		now = look(s.app, s.gateway)
		return now.sent-s.sent >= now.logins-s.logins && now.handled-s.handled >= now.requests-s.requests
	})
	if n := now.logins - s.logins; n != logins && logins >= 0 {
		t.Errorf("the shop ran %d logins, want %d: %q", n, logins, s.app.ran()[s.logins:])
	}
	for i, text := range s.app.sent() {
		if what := ambiguous(text); what != "" && s.app.blame(i) {
			t.Error(what)
		}
	}
}

// ambiguous says how a connection to the shop could be read in two ways, ""
// if it cannot.
func ambiguous(text string) string {
	strict, rest := leniences[0].read(text)
	if rest != "" {
		return fmt.Sprintf("the shop was sent what is no whole request: %q", rest)
	}
	for line := range strings.SplitSeq(text, "\r\n") {
		if strings.HasSuffix(line, " HTTP/1.1") && strings.Count(line, " ") != 2 {
			return fmt.Sprintf("the shop may read %q in two ways", line)
		}
	}
	for _, l := range leniences[1:] {
		if got, left := l.read(text); !slices.Equal(got, strict) || left != "" {
			return fmt.Sprintf("%s: the shop may read %q, and %q is left, instead of %q", l.name, got, left, strict)
		}
	}
	return ""
}

// answers sends a row and returns the statuses that come back.
func answers(t *testing.T, address string, row smuggled) (got []int) {
	t.Helper()
	conn, err := net.Dial("tcp", strings.TrimPrefix(address, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	conn.SetDeadline(time.Now().Add(10 * time.Second))
	if _, err := io.WriteString(conn, row.bytes); err != nil {
		t.Fatal(err)
	}
	if row.ends {
		conn.(*net.TCPConn).CloseWrite()
	}
	br := bufio.NewReader(conn)
	for {
		if len(got) > 0 && len(got) == len(row.answers) {
			conn.SetReadDeadline(time.Now().Add(50 * time.Millisecond)) // for one too many
		}
		resp, err := http.ReadResponse(br, nil)
		if err != nil {
			return got
		}
		io.Copy(io.Discard, resp.Body)
		if resp.StatusCode == http.StatusContinue && slices.Contains(got, http.StatusContinue) {
			continue // Caddy passes on the shop's beside its own
		}
		got = append(got, resp.StatusCode)
	}
}
