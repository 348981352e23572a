package main

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/quic-go/quic-go/http3"
)

// patience is how long an answer may take. The gateway itself waits 30 s for
// a body; nothing here sends that slowly.
const patience = 20 * time.Second

// Answer is what came back.
type Answer struct {
	Status  int
	Guard   string // the Login-Guard header
	Handler string // the handler that says it ran
	Err     error  // no answer came
}

// Client speaks to one site of the gateway in every way.
type Client struct {
	plain, secure string // addresses
	clients       map[Transport]*http.Client
	close         []func()
}

// NewClient makes a client of the site at the two addresses.
func NewClient(plain, secure string) *Client {
	c := &Client{plain: plain, secure: secure, clients: map[Transport]*http.Client{}}
	add := func(t Transport, rt http.RoundTripper, end func()) {
		c.clients[t] = &http.Client{Transport: rt, Timeout: patience,
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
		c.close = append(c.close, end)
	}
	// The certificate is one that the gateway made for itself.
	trust := &tls.Config{InsecureSkipVerify: true, ServerName: "localhost"}
	h1 := &http.Transport{DisableCompression: true, MaxIdleConnsPerHost: 4}
	add(H1, h1, h1.CloseIdleConnections)
	h2c := &http.Transport{DisableCompression: true, Protocols: new(http.Protocols)}
	h2c.Protocols.SetUnencryptedHTTP2(true)
	add(H2C, h2c, h2c.CloseIdleConnections)
	h2 := &http.Transport{DisableCompression: true, TLSClientConfig: trust.Clone(), Protocols: new(http.Protocols)}
	h2.Protocols.SetHTTP2(true)
	add(H2, h2, h2.CloseIdleConnections)
	h3 := &http3.Transport{DisableCompression: true, TLSClientConfig: trust.Clone()}
	add(H3, h3, func() { _ = h3.Close() })
	return c
}

// Close ends the connections.
func (c *Client) Close() {
	for _, end := range c.close {
		end()
	}
}

// Send sends the request in the given way, or raw where Go's clients would
// not send it as it is; it says which it was.
func (c *Client) Send(r *Request, t Transport, id string) (Answer, Transport) {
	if t != Raw && !r.portable() {
		t = Raw
	}
	if t == Raw {
		return c.raw(r.Bytes(id), r.Method), Raw
	}
	return c.client(r, t, id), t
}

// raw sends bytes, says that no more will come, and reads the answer.
func (c *Client) raw(b []byte, method string) Answer {
	conn, err := net.DialTimeout("tcp", c.plain, 5*time.Second)
	if err != nil {
		return Answer{Err: err}
	}
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(patience))
	// The gateway may answer and close before it has read all.
	_, sendErr := conn.Write(b)
	if tcp, ok := conn.(*net.TCPConn); ok && !complete(b) {
		// The gateway takes a half-close for a client that has gone, and
		// may give up what is whole after all: it gets a moment first.
		end := time.AfterFunc(200*time.Millisecond, func() { _ = tcp.CloseWrite() })
		defer end.Stop()
	}
	in := bufio.NewReader(conn)
	for {
		resp, err := http.ReadResponse(in, &http.Request{Method: method})
		if err != nil {
			return Answer{Err: errors.Join(sendErr, err)}
		}
		if resp.StatusCode >= 200 || resp.StatusCode == http.StatusSwitchingProtocols {
			return answer(resp)
		}
	}
}

// complete reports whether the gateway can surely tell where the request
// ends.
func complete(b []byte) bool {
	r, err := Parse(b)
	return err == nil && r.Framing != CutLength && r.Framing != CutChunked
}

func (c *Client) client(r *Request, t Transport, id string) Answer {
	base := "http://" + c.plain
	if t == H2 || t == H3 {
		base = "https://" + strings.Replace(c.secure, "127.0.0.1", "localhost", 1)
	}
	u, err := url.Parse(base)
	if err != nil {
		return Answer{Err: err}
	}
	u.Opaque = r.Target
	if t == H3 {
		// quic-go sends an opaque target as it is, too, but reads the host
		// from the URL.
		u.Path = ""
	}
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	req := (&http.Request{Method: r.Method, URL: u, Host: u.Host, Header: http.Header{}}).WithContext(ctx)
	for _, f := range append([]Field{{labID, id}}, r.Header...) {
		req.Header[http.CanonicalHeaderKey(f.Name)] = append(req.Header[http.CanonicalHeaderKey(f.Name)], f.Value)
	}
	var body io.Reader = bytes.NewReader(r.Body)
	if r.Chunk > 0 {
		body = &pieces{Reader: body, size: r.Chunk}
	}
	switch r.Framing {
	case Length:
		req.Body, req.ContentLength = io.NopCloser(body), int64(len(r.Body))
		if len(r.Body) == 0 {
			req.Body = http.NoBody
		}
	case Chunked:
		req.Body, req.ContentLength = io.NopCloser(body), -1
	case CutLength, CutChunked:
		req.Body, req.ContentLength = io.NopCloser(io.MultiReader(body, broken{})), -1
		if r.Framing == CutLength {
			req.ContentLength = int64(len(r.Body)) + 10
		}
	}
	resp, err := c.clients[t].Do(req)
	if err != nil {
		return Answer{Err: err}
	}
	return answer(resp)
}

func answer(resp *http.Response) Answer {
	defer resp.Body.Close()
	_, _ = io.Copy(io.Discard, io.LimitReader(resp.Body, 1<<20))
	return Answer{Status: resp.StatusCode, Guard: resp.Header.Get("Login-Guard"), Handler: resp.Header.Get("X-Lab-Handler")}
}

var errCut = errors.New("cut short")

// broken is a body that ends before its end.
type broken struct{}

func (broken) Read([]byte) (int, error) { return 0, errCut }

// pieces gives a body out in small reads.
type pieces struct {
	io.Reader
	size int
}

func (p *pieces) Read(b []byte) (int, error) { return p.Reader.Read(b[:min(len(b), p.size)]) }
