package blackbox_test

import (
	"fmt"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/login-guard/login-guard/internal/shoptest"
)

func TestOfAThousandGuessesAtOnceFiveReachTheShop(t *testing.T) {
	t.Parallel()
	for what, options := range map[string][]string{
		"by the limits alone": but("pair"),
		"as it comes":         nil,
	} {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			shop, g := limited(t, options...)
			shop.SetDelay(100 * time.Millisecond) // all of the first come before any is answered
			p := visitor(t, g.URL, "203.0.113.66").withoutCookies()
			many := &http.Transport{MaxConnsPerHost: 250, MaxIdleConnsPerHost: 250}
			defer many.CloseIdleConnections()
			p.client.Transport = many
			var done sync.WaitGroup
			for i := range 1000 {
				r := p.request(http.MethodPost, "/login", formType, credentials(shoptest.Alice().Email, fmt.Sprint("guess", i)))
				done.Add(1)
				go func() {
					defer done.Done()
					if resp, err := p.client.Do(r); err == nil {
						resp.Body.Close()
					} else {
						t.Error(err)
					}
				}()
			}
			done.Wait()
			n := len(shop.Logins())
			if n > 5 || n == 0 || options != nil && n != 5 {
				t.Errorf("%d guesses reached the shop", n)
			}
		})
	}
}

func TestAFloodOfDenialsIsFoldedInTheLog(t *testing.T) {
	t.Parallel()
	_, g := limited(t, but("pair")...)
	p := visitor(t, g.URL, "203.0.113.66").withoutCookies()
	const tries = 300
	began := time.Now()
	for i := range tries {
		p.login(shoptest.Alice().Email, fmt.Sprint("guess", i))
	}
	seconds := int(time.Since(began)/time.Second) + 2  // that it touched
	eventually(t, "lines for all tries", func() bool { // the second that is being counted has to end
		sum := 0
		for _, d := range g.Decisions() {
			sum += max(1, d.Count)
		}
		return sum >= tries
	})
	lines, sum, folded := 0, 0, 0
	for _, d := range g.Decisions() {
		lines++
		sum += max(1, d.Count)
		if d.Count > 1 {
			folded++
			if d.Account != "" || d.Address != "" {
				t.Errorf("a line for many names one: %+v", d)
			}
		}
	}
	// Ten a second, and one for the rest; the first five are guesses.
	if most := 5 + 11*seconds; sum != tries || folded == 0 || lines > most {
		t.Errorf("%d lines, %d of them folded, stand for %d tries, want %d in at most %d", lines, folded, sum, tries, most)
	}
}

func TestGuessingFromHundredsOfAddressesMeetsAWallAndTheOwnerWalksThrough(t *testing.T) {
	t.Parallel()
	shop, g := limited(t, quiet, "limit challenges off")
	owner := visitor(t, g.URL, "203.0.113.1")
	owner.signedIn(owner.alice())
	shop.Reset()
	from := func(i int) *person { return visitor(t, g.URL, fmt.Sprintf("5.%d.%d.7", i/250, i%250)) }
	asked := 0
	for i := range 300 {
		p := from(i)
		r := p.login(shoptest.Alice().Email, fmt.Sprint("guess", i))
		switch {
		case i < 5:
			p.wrong(r)
		default:
			p.check(r, "slider")
			asked++
		}
		if i%60 == 0 {
			owner.signedIn(owner.alice())
		}
	}
	guesses := func() (n int) {
		for _, l := range shop.Logins() {
			if l.Result == shoptest.Wrong {
				n++
			}
		}
		return n
	}
	if guesses() != 5 || asked != 295 {
		t.Fatalf("%d guesses reached the shop, %d were asked", guesses(), asked)
	}
	// Those who pass the check make it twenty; then all share one gap.
	var after time.Duration
	for i := 300; i < 340 && after == 0; i++ {
		p := from(i)
		r := p.login(shoptest.Alice().Email, fmt.Sprint("guess", i))
		if r.guard() == "deny" {
			after = p.denied(r)
			break
		}
		r = p.typeIn(p.check(r, "slider"))
		if r.guard() == "deny" {
			after = p.denied(r)
		}
	}
	if n := guesses(); after == 0 || after > 31*time.Second || n < 20 || n > 21 {
		t.Errorf("%d guesses reached the shop; then wait %s", n, after)
	}
	owner.signedIn(owner.alice())
	stranger := from(341)
	stranger.denied(stranger.alice()) // nothing is told to who guesses right
	other := from(342)
	other.signedIn(other.login(shoptest.Bob().Email, shoptest.Bob().Password))
}

func TestLoginsASecondWaitAndAreThenSentAway(t *testing.T) {
	t.Parallel()
	shop, g := limited(t, append(but(), "limit logins 1 refill 1/s")...)
	p := visitor(t, g.URL, "203.0.113.1")
	began := time.Now()
	p.wrong(p.login("a@shop.example", "x"))
	p.wrong(p.login("b@shop.example", "x"))
	if took := time.Since(began); took < 700*time.Millisecond {
		t.Errorf("two logins took %s", took)
	}
	var done sync.WaitGroup
	away := make(chan int, 10)
	for i := range 10 {
		r := p.request(http.MethodPost, "/login", formType, credentials(fmt.Sprint("c", i), "x"))
		done.Add(1)
		go func() {
			defer done.Done()
			if resp, err := p.client.Do(r); err == nil {
				resp.Body.Close()
				away <- resp.StatusCode
			}
		}()
	}
	done.Wait()
	close(away)
	n := 0
	for status := range away {
		if status == http.StatusTooManyRequests {
			n++
		}
	}
	if n < 5 || len(shop.Logins()) > 7 {
		t.Errorf("%d of 10 sent away, %d reached the shop", n, len(shop.Logins()))
	}
}
