package work

import (
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/login-guard/login-guard/bench/inproc"
)

// clients is how many shoppers take turns in cases that can be played again
// and again.
const clients = 256

// browser are the headers that Firefox sends, with the shop's cookie.
func browser(more ...[2]string) [][2]string {
	return append([][2]string{
		{"User-Agent", "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"},
		{"Accept", "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"},
		{"Accept-Language", "en-GB,en;q=0.5"},
		{"Accept-Encoding", "gzip, deflate, br, zstd"},
		{"Referer", "http://" + inproc.Host + "/login"},
		{"Sec-Fetch-Dest", "document"},
		{"Sec-Fetch-Mode", "navigate"},
		{"Sec-Fetch-Site", "same-origin"},
	}, more...)
}

var (
	formType = [2]string{"Content-Type", "application/x-www-form-urlencoded"}
	origin   = [2]string{"Origin", "http://" + inproc.Host}
)

const shopCookie = "cart=4f1c9a72; consent=yes"

// remote is the address of the i-th shopper, each in a network of his own.
// The range is 11.0.0.0/8: public, and on no list.
func remote(i int) string {
	return fmt.Sprintf("11.%d.%d.7:%d", i>>8&0xff, i&0xff, 40000+i%20000)
}

// each makes the requests of all shoppers by one function.
func each(one func(i int) *inproc.Request) func(*inproc.Player, string, int) ([]Op, error) {
	return func(_ *inproc.Player, _ string, _ int) ([]Op, error) {
		ops := make([]Op, clients)
		for i := range ops {
			ops[i] = Op{one(i)}
		}
		return ops, nil
	}
}

func get(i int) *inproc.Request {
	return &inproc.Request{Method: http.MethodGet, Target: "/shoes?page=2", Remote: remote(i), Status: http.StatusOK,
		Header: browser([2]string{"Cookie", shopCookie})}
}

// newsletter is a form of 200 bytes without a password.
func newsletter(i int) *inproc.Request {
	body := fmt.Sprintf("form_key=Zk3vQ1pR8sT2uV5w&newsletter_mail=shopper%%2B%06d%%40mail.example&first=Anna&last=Example&topics%%5B%%5D=shoes&topics%%5B%%5D=hats&back=%%2Faccount&note=", i)
	body += strings.Repeat("x", 200-len(body))
	return &inproc.Request{Method: http.MethodPost, Target: "/newsletter", Remote: remote(i), Status: http.StatusOK,
		Header: browser(formType, origin, [2]string{"Cookie", shopCookie}), Body: []byte(body)}
}

// login is a form of 210 bytes that the shop accepts.
func login(i int) *inproc.Request { return loginForm(i, "correct-horse-battery") }

func loginForm(i int, password string) *inproc.Request {
	body := fmt.Sprintf("form_key=Zk3vQ1pR8sT2uV5w&email=shopper%%2B%06d%%40mail.example&password=%s&remember=on&back=%%2Faccount&send=", i, password)
	body += strings.Repeat("x", max(0, 210-len(body)))
	return &inproc.Request{Method: http.MethodPost, Target: "/login", Remote: remote(i), Status: http.StatusFound,
		Header: browser(formType, origin, [2]string{"Cookie", shopCookie}), Body: []byte(body)}
}

// knownDevice are logins of shoppers who logged in before.
func knownDevice(p *inproc.Player, site string, _ int) ([]Op, error) {
	ops := make([]Op, clients)
	for i := range ops {
		q := login(i)
		if err := p.Play(q); err != nil {
			return nil, err
		}
		if site == Guard {
			name, value, ok := deviceCookie(p.Header())
			if !ok {
				return nil, errors.New("a login that succeeded earned no device cookie")
			}
			setHeader(q, "Cookie", shopCookie+"; "+name+"="+value)
		} else {
			// Of the same length, so that all sites read the same.
			setHeader(q, "Cookie", shopCookie+"; "+strings.Repeat("x", 160))
		}
		ops[i] = Op{q}
	}
	return ops, nil
}

func setHeader(q *inproc.Request, name, value string) {
	for i := range q.Header {
		if q.Header[i][0] == name {
			q.Header[i][1] = value
		}
	}
}

func deviceCookie(h http.Header) (name, value string, ok bool) {
	for _, c := range (&http.Response{Header: h}).Cookies() {
		if strings.HasSuffix(c.Name, "login_guard_device") {
			return c.Name, c.Value, true
		}
	}
	return "", "", false
}

// denied are guesses at one account, each another password, from one address
// that is over its limit: of a script that says of itself what such scripts
// say, or by a browser's form.
func denied(page bool) func(*inproc.Player, string, int) ([]Op, error) {
	return func(p *inproc.Player, site string, _ int) ([]Op, error) {
		guess := func(i int) *inproc.Request {
			q := loginForm(1, fmt.Sprintf("%s-%03d", inproc.WrongPassword, i))
			if !page {
				q.Header = [][2]string{{"User-Agent", "python-requests/2.32.4"}, {"Accept", "*/*"}, {"Accept-Encoding", "gzip, deflate"}, formType}
			}
			return q
		}
		for i := range 100 {
			_ = p.Play(guess(clients + i)) // the first are let through, or meet a check
		}
		ops := make([]Op, clients)
		for i := range ops {
			q := guess(i)
			switch site {
			case Guard:
				q.Status, q.Guard = http.StatusTooManyRequests, "deny"
			case Zone, Zones:
				q.Status = http.StatusTooManyRequests
			}
			ops[i] = Op{q}
		}
		return ops, nil
	}
}
