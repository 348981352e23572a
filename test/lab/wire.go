package main

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"net/textproto"
	"strconv"
	"strings"
)

// Framing says how a body's end is told.
type Framing string

// Framings. The cut ones promise more than they send and then half-close.
const (
	Length     Framing = "length"
	Chunked    Framing = "chunked"
	CutLength  Framing = "cut-length"
	CutChunked Framing = "cut-chunked"
	NoBody     Framing = "none"
	// AsWritten: the header says it already, as odd as it may be.
	AsWritten Framing = "as-written"
)

// Transport is a way to the gateway.
type Transport string

// Transports. Raw writes bytes to a socket; the others are Go's own clients.
const (
	Raw Transport = "raw"
	H1  Transport = "h1"
	H2C Transport = "h2c"
	H2  Transport = "h2"
	H3  Transport = "h3"
)

// Field is one header line.
type Field struct{ Name, Value string }

// Request is one request as it is to be sent: nothing in it need be valid.
type Request struct {
	Method, Target string
	Header         []Field
	Body           []byte
	Framing        Framing
	// Chunk is the size of chunks. Default: one for all
	Chunk int
}

// labID is the header by which a request is known again behind the gateway.
const labID = "X-Lab-Id"

// Bytes is the request on the wire of HTTP/1.1.
func (r *Request) Bytes(id string) []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, "%s %s HTTP/1.1\r\n", r.Method, r.Target)
	if !r.has("Host") {
		b.WriteString("Host: localhost\r\n")
	}
	fmt.Fprintf(&b, "%s: %s\r\n", labID, id)
	for _, f := range r.Header {
		fmt.Fprintf(&b, "%s:%s%s\r\n", f.Name, space(f.Value), f.Value)
	}
	switch r.Framing {
	case Length:
		fmt.Fprintf(&b, "Content-Length: %d\r\n\r\n", len(r.Body))
		b.Write(r.Body)
	case CutLength:
		fmt.Fprintf(&b, "Content-Length: %d\r\n\r\n", len(r.Body)+10)
		b.Write(r.Body)
	case Chunked, CutChunked:
		b.WriteString("Transfer-Encoding: chunked\r\n\r\n")
		size := r.Chunk
		if size <= 0 {
			size = max(1, len(r.Body))
		}
		for rest := r.Body; len(rest) > 0; {
			n := min(size, len(rest))
			fmt.Fprintf(&b, "%x\r\n%s\r\n", n, rest[:n])
			rest = rest[n:]
		}
		if r.Framing == Chunked {
			b.WriteString("0\r\n\r\n")
		}
	default:
		b.WriteString("\r\n")
		b.Write(r.Body)
	}
	return b.Bytes()
}

// space: a value may bring its own white space, such as a tab.
func space(v string) string {
	if v != "" && (v[0] == ' ' || v[0] == '\t') {
		return ""
	}
	return " "
}

func (r *Request) has(name string) bool {
	for _, f := range r.Header {
		if strings.EqualFold(f.Name, name) {
			return true
		}
	}
	return false
}

func (r *Request) clone() *Request {
	c := *r
	c.Header = append([]Field(nil), r.Header...)
	c.Body = append([]byte(nil), r.Body...)
	return &c
}

// set replaces every header of that name.
func (r *Request) set(name, value string) {
	r.drop(name)
	r.add(name, value)
}

func (r *Request) add(name, value string) { r.Header = append(r.Header, Field{name, value}) }

func (r *Request) drop(name string) {
	kept := r.Header[:0:0]
	for _, f := range r.Header {
		if !strings.EqualFold(f.Name, name) {
			kept = append(kept, f)
		}
	}
	r.Header = kept
}

// portable reports whether Go's clients would send the request as it is;
// what they would refuse or change goes over a socket.
func (r *Request) portable() bool {
	if !token(r.Method) || r.Method == "CONNECT" || !strings.HasPrefix(r.Target, "/") || strings.HasPrefix(r.Target, "//") {
		return false
	}
	for i := 0; i < len(r.Target); i++ {
		if c := r.Target[i]; c <= ' ' || c >= 0x7f || c == '#' {
			return false
		}
	}
	for _, f := range r.Header {
		switch textproto.CanonicalMIMEHeaderKey(f.Name) {
		case "Host", "Content-Length", "Transfer-Encoding", "Connection", "Upgrade", "Trailer", "Expect", "Te", "Keep-Alive", "Proxy-Connection":
			return false
		}
		if !token(f.Name) || strings.TrimSpace(f.Value) != f.Value {
			return false
		}
		for i := 0; i < len(f.Value); i++ {
			if c := f.Value[i]; c < ' ' && c != '\t' || c == 0x7f {
				return false
			}
		}
	}
	switch r.Framing {
	case AsWritten:
		return false
	case NoBody:
		return len(r.Body) == 0
	}
	// Over HTTP/1.1 Go asks for the answer to a HEAD with a body all the
	// same, but leaves a socket that nobody can use again.
	return r.Method != "HEAD" && r.Method != "TRACE"
}

// token reports whether s is a token of RFC 9110 §5.6.2.
func token(s string) bool {
	for i := 0; i < len(s); i++ {
		if c := s[i]; c <= ' ' || c >= 0x7f || strings.IndexByte(`"(),/:;<=>?@[\]{}`, c) >= 0 {
			return false
		}
	}
	return s != ""
}

// Parse reads back what Bytes wrote. It is only for requests of our own.
func Parse(raw []byte) (*Request, error) {
	head, body, ok := bytes.Cut(raw, []byte("\r\n\r\n"))
	if !ok {
		return nil, fmt.Errorf("there is no empty line behind the header")
	}
	lines := strings.Split(string(head), "\r\n")
	first, rest, ok := strings.Cut(lines[0], " ")
	if !ok {
		return nil, fmt.Errorf("request line %q has no target", lines[0])
	}
	target, ok := strings.CutSuffix(rest, " HTTP/1.1")
	if !ok {
		return nil, fmt.Errorf("request line %q is not HTTP/1.1", lines[0])
	}
	written := &Request{Method: first, Target: target, Framing: AsWritten, Body: body}
	for _, line := range lines[1:] {
		name, value, ok := strings.Cut(line, ":")
		if n := len(written.Header); n > 0 && line != "" && (line[0] == ' ' || line[0] == '\t') {
			written.Header[n-1].Value += "\r\n" + line
			continue
		}
		if !ok {
			return nil, fmt.Errorf("header line %q has no colon", line)
		}
		value = strings.TrimPrefix(value, " ")
		if name != labID && (name != "Host" || value != "localhost") {
			written.add(name, value)
		}
	}
	// Plain framings are told apart, so that Go's clients can send them too.
	r := written.clone()
	length, chunked, framings := -1, false, 0
	for _, f := range written.Header {
		switch strings.ToLower(f.Name) {
		case "content-length":
			if n, err := strconv.Atoi(f.Value); err == nil && fmt.Sprint(n) == f.Value && f.Name == "Content-Length" {
				length = n
			}
			framings++
		case "transfer-encoding":
			chunked = f == Field{"Transfer-Encoding", "chunked"}
			framings++
		}
	}
	r.drop("Content-Length")
	r.drop("Transfer-Encoding")
	switch {
	case framings == 0 && len(body) == 0:
		r.Framing = NoBody
	case framings == 1 && chunked && r.unchunk() == nil:
	case framings == 1 && length == len(body):
		r.Framing = Length
	case framings == 1 && length == len(body)+10:
		r.Framing = CutLength
	default:
		return written, nil
	}
	if !bytes.Equal(r.Bytes("x"), written.Bytes("x")) {
		return written, nil
	}
	return r, nil
}

func (r *Request) unchunk() error {
	rest := r.Body
	r.Body, r.Framing = nil, CutChunked
	for len(rest) > 0 {
		line, after, ok := bytes.Cut(rest, []byte("\r\n"))
		n, err := strconv.ParseUint(string(line), 16, 31)
		if !ok || err != nil || int(n)+2 > len(after) {
			return fmt.Errorf("chunk %q is not one that is written here", line)
		}
		if n == 0 {
			r.Framing = Chunked
			return nil
		}
		r.Chunk = max(r.Chunk, int(n))
		r.Body = append(r.Body, after[:n]...)
		rest = after[n+2:]
	}
	return nil
}

// pick returns one of the values.
func pick[T any](rng *rand.Rand, from []T) T { return from[rng.IntN(len(from))] }
