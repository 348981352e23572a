package send

import (
	"bufio"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"fmt"
	"math/big"
	"net"
	"strings"
	"sync"
	"testing"
	"time"
)

// relay is a small SMTP server.
type relay struct {
	t        *testing.T
	ln       net.Listener
	conf     *tls.Config
	pool     *x509.CertPool
	implicit bool
	starttls bool
	auth     string // what it offers
	refuse   string // the command that it refuses

	mu       sync.Mutex
	from, to string
	data     string
	login    string // user and password as it got them
	secure   bool   // when it got the mail
}

func newRelay(t *testing.T, implicit, starttls bool) *relay {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: true, BasicConstraintsValid: true}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	r := &relay{t: t, implicit: implicit, starttls: starttls, auth: "PLAIN LOGIN", pool: x509.NewCertPool(),
		conf: &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}}}
	r.pool.AddCert(cert)
	if r.ln, err = net.Listen("tcp", "127.0.0.1:0"); err != nil {
		t.Fatal(err)
	}
	var running sync.WaitGroup
	t.Cleanup(func() {
		r.ln.Close()
		running.Wait()
	})
	running.Go(func() {
		for {
			c, err := r.ln.Accept()
			if err != nil {
				return
			}
			running.Go(func() { r.serve(c) })
		}
	})
	return r
}

func (r *relay) serve(c net.Conn) {
	_, secure := c.(*tls.Conn)
	if r.implicit && !secure {
		c, secure = tls.Server(c, r.conf), true
	}
	defer func() { c.Close() }()
	_ = c.SetDeadline(time.Now().Add(10 * time.Second))
	in := bufio.NewReader(c)
	say := func(format string, a ...any) { fmt.Fprintf(c, format+"\r\n", a...) }
	line := func() string {
		l, err := in.ReadString('\n')
		if err != nil {
			return "QUIT"
		}
		return strings.TrimRight(l, "\r\n")
	}
	text := func(s string) string {
		b, _ := base64.StdEncoding.DecodeString(s)
		return string(b)
	}
	say("220 relay ESMTP")
	for {
		l := line()
		verb := strings.ToUpper(strings.Fields(l + " x")[0])
		if verb == r.refuse {
			say("550 5.1.1 no such user: %s", l)
			continue
		}
		r.mu.Lock()
		switch verb {
		case "EHLO":
			say("250-relay")
			if r.starttls && !secure {
				say("250-STARTTLS")
			}
			if r.auth != "" {
				say("250-AUTH %s", r.auth)
			}
			say("250 8BITMIME")
		case "STARTTLS":
			say("220 go on")
			c, secure = tls.Server(c, r.conf), true
			in = bufio.NewReader(c)
		case "AUTH":
			if f := strings.Fields(l); f[1] == "PLAIN" {
				r.login = strings.ReplaceAll(text(f[2]), "\x00", " ")
			} else {
				say("334 VXNlcm5hbWU6")
				user := text(line())
				say("334 UGFzc3dvcmQ6")
				r.login = " " + user + " " + text(line())
			}
			say("235 welcome")
		case "MAIL":
			r.from, r.secure = l, secure
			say("250 ok")
		case "RCPT":
			r.to = l
			say("250 ok")
		case "DATA":
			say("354 go on")
			r.data = ""
			for l := line(); l != "."; l = line() {
				r.data += strings.TrimPrefix(l, ".") + "\r\n"
				if l == "QUIT" {
					break
				}
			}
			say("250 taken")
		case "QUIT":
			say("221 bye")
			r.mu.Unlock()
			return
		default:
			say("502 what?")
		}
		r.mu.Unlock()
	}
}
