package protocol_test

import (
	"fmt"
	"strings"
)

// smuggled is one way to say more than one thing at once.
type smuggled struct {
	what, bytes string
	// answers are the statuses that the client gets, in order; then the
	// connection is closed or nothing more comes.
	answers []int
	logins  int  // that reach the shop
	ends    bool // the client says that it has nothing more to send
}

// hidden is a login in a request of its own, which the gateway must see
// where the shop does.
const hidden = "GET /hidden?" + canary + " HTTP/1.1\r\nHost: localhost\r\nX: y\r\n\r\n"

const zero = "0\r\n\r\n" // a chunked body without anything

func chunk(body string) string { return fmt.Sprintf("%x\r\n%s\r\n", len(body), body) }

// smuggling is the table: what is sent, what comes back, how many logins the
// shop runs.
func smuggling() []smuggled {
	rows := append(framings(), encodings()...)
	rows = append(rows, lengths()...)
	rows = append(rows, lineEnds()...)
	return append(rows, heads()...)
}

// framings are requests whose end is said in two ways.
func framings() []smuggled {
	one := chunk(canary) + zero
	return []smuggled{
		{what: "a plain login", bytes: post("/login", canary, sized(canary)), answers: []int{200}, logins: 1},
		{what: "a chunked login", bytes: post("/login", one, "Transfer-Encoding: chunked"), answers: []int{200}, logins: 1},
		{what: "a login in chunks of one byte", bytes: post("/login", "1\r\n"+strings.Join(strings.Split(canary, ""), "\r\n1\r\n")+"\r\n"+zero, "Transfer-Encoding: chunked"), answers: []int{200}, logins: 1},
		{what: "two logins in a row", bytes: post("/login", canary, sized(canary)) + post("/login", canary, sized(canary)), answers: []int{200, 200}, logins: 2},
		{what: "a login that cannot be read, and another behind it", bytes: post("/login", canary+"&password=x", sized(canary+"&password=x")) + hidden, answers: []int{400}},
		{what: "a login behind a body", bytes: post("/a", "x", sized("x")) + hidden, answers: []int{200, 200}, logins: 1},
		// Encoding counts (RFC 9112 §6.1); what follows is a request that the
		// gateway sees too.
		{what: "length and encoding, the length cuts", bytes: post("/a", zero+hidden, "Content-Length: 3", "Transfer-Encoding: chunked"), answers: []int{200, 200}, logins: 1},
		{what: "length and encoding, the length covers both", bytes: post("/a", zero+hidden, sized(zero+hidden), "Transfer-Encoding: chunked"), answers: []int{200, 200}, logins: 1},
		{what: "encoding and length, a request in a chunk", bytes: post("/a", chunk(hidden)+zero, "Transfer-Encoding: chunked", "Content-Length: 4"), answers: []int{200}},
		{what: "a login with length and encoding", bytes: post("/login", one, sized(one), "Transfer-Encoding: chunked"), answers: []int{200}, logins: 1},
		{what: "no length", bytes: post("/a", hidden), answers: []int{200, 200}, logins: 1},
		{what: "a body that is too short", bytes: post("/login", canary, "Content-Length: 99"), answers: []int{400}, ends: true},
		{what: "HTTP/1.0 with an encoding", bytes: strings.Replace(post("/a", zero+hidden, "Transfer-Encoding: chunked", "Connection: keep-alive"), "1.1", "1.0", 1), answers: []int{200, 400}},
		{what: "HTTP/1.0 with length and encoding", bytes: strings.Replace(post("/a", zero+hidden, "Content-Length: 1", "Transfer-Encoding: chunked", "Connection: keep-alive"), "1.1", "1.0", 1), answers: []int{200, 200}, logins: 1},
		{what: "Connection names the length", bytes: post("/a", zero+hidden, sized(zero+hidden), "Connection: Content-Length"), answers: []int{200}},
		{what: "Connection names the length of a login", bytes: post("/login", canary, sized(canary), "Connection: close, Content-Length"), answers: []int{200}, logins: 1},
		{what: "Connection names the encoding", bytes: post("/login", one, "Transfer-Encoding: chunked", "Connection: Transfer-Encoding"), answers: []int{200}, logins: 1},
		{what: "Connection names Host", bytes: post("/login", canary, sized(canary), "Connection: Host"), answers: []int{200}, logins: 1},
	}
}

// encodings are spellings of Transfer-Encoding that some servers take for
// it. The body is nothing for who reads it as chunked, and a login's request
// behind it for who counts the length.
func encodings() (rows []smuggled) {
	for _, line := range []string{
		"Transfer-Encoding: xchunked", "Transfer-Encoding : chunked", "Transfer-Encoding:\x0bchunked", "Transfer-Encoding: \x00chunked",
		"Transfer-Encoding: chunked, identity", "Transfer-Encoding: identity, chunked", "Transfer-Encoding: identity", "Transfer-Encoding: gzip, chunked",
		"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked", "Transfer-Encoding: chunked\r\nTransfer-Encoding: x", "Transfer-Encoding: x\r\nTransfer-Encoding: chunked",
		"Transfer-Encoding: \"chunked\"", "Transfer-Encoding: chunked;q=1", "Transfer-Encoding: 'chunked'", "Transfer-Encoding:", "Transfer-Encoding: chunk",
		"Transfer-Encoding: chun\r\n ked", " Transfer-Encoding: chunked", "Transfer-Encoding\r\n : chunked",
		"Transfer-Encoding: chunked\x00", "X: y\rTransfer-Encoding: chunked", "Transfer-Encoding: chunked\x7f", "Transfer\xadEncoding: chunked", "Transfer-Encoding\t: chunked", "Transfer-Encoding: \xefchunked",
	} {
		rows = append(rows, smuggled{what: fmt.Sprintf("encoding %q", line), bytes: post("/a", zero+hidden, sized(zero+hidden), line)})
	}
	// These are the encoding itself, or other headers.
	for _, line := range []string{"Transfer-Encoding:\tchunked", "Transfer-Encoding: CHUNKED", "transfer-encoding:chunked \t"} {
		rows = append(rows, smuggled{what: fmt.Sprintf("encoding %q", line), bytes: post("/a", zero+hidden, line), answers: []int{200, 200}, logins: 1})
	}
	for _, line := range []string{"Transfer_Encoding: chunked", "Transfer-Encodin: chunked", "X-Transfer-Encoding: chunked", "TE: chunked", "X: y\r\n Transfer-Encoding: chunked"} {
		rows = append(rows, smuggled{what: fmt.Sprintf("encoding %q", line), bytes: post("/a", zero+hidden, sized(zero+hidden), line), answers: []int{200}})
	}
	return rows
}

// lengths are spellings of Content-Length.
func lengths() (rows []smuggled) {
	for _, line := range []string{
		"Content-Length: 3\r\nContent-Length: %d", "Content-Length: %d, %d", "Content-Length: +%d", "Content-Length: -%d", "Content-Length: 0x%x",
		"Content-Length: %dabc", "Content-Length: %d.0", "Content-Length: 1e2", "Content-Length: %d 3", "Content-Length : %d", "Content-Length: \x0b%d",
		"Content-Length: 18446744073709551616", "Content-Length: %d\x00", "Content-Length: \"%d\"", "Content-Length: ٣", "Content-Length: %d\r\nContent-Length:",
	} {
		text := zero + hidden
		n := strings.Count(line, "%d") + strings.Count(line, "%x")
		rows = append(rows, smuggled{what: fmt.Sprintf("length %q", line), bytes: post("/a", text, fmt.Sprintf(line, []any{len(text), len(text)}[:n]...))})
	}
	for _, line := range []string{"Content-Length: %d\r\nContent-Length: %[1]d", "Content-Length:   0%d  "} {
		rows = append(rows, smuggled{what: fmt.Sprintf("length %q", line), bytes: post("/login", canary, fmt.Sprintf(line, len(canary))), answers: []int{200}, logins: 1})
	}
	return append(rows, smuggled{what: "an empty length", bytes: post("/a", zero+hidden, "Content-Length:")})
}

// lineEnds are lines that end as they should not, in heads and chunks.
func lineEnds() []smuggled {
	login := post("/login", canary, sized(canary))
	te := "Transfer-Encoding: chunked"
	return []smuggled{
		{what: "LF alone ends every line", bytes: strings.ReplaceAll(login, "\r\n", "\n"), answers: []int{200}, logins: 1},
		{what: "LF alone ends the head", bytes: strings.Replace(post("/a", hidden, sized(hidden)), "\r\n\r\n", "\n\n", 1), answers: []int{200}},
		{what: "LF alone before a length", bytes: "POST /a HTTP/1.1\r\nHost: localhost\r\nX: y\nContent-Length: " + fmt.Sprint(len(hidden)) + "\r\n\r\n" + hidden, answers: []int{200}},
		{what: "CR alone in a value", bytes: post("/a", "x", sized("x"), "X: y\rContent-Length: 9")},
		{what: "CR alone ends every line", bytes: strings.ReplaceAll(login, "\r\n", "\r"), ends: true},
		{what: "CR CR LF", bytes: post("/a", "x", "X: y\r", sized("x"))},
		{what: "NUL in a value", bytes: post("/a", "x", sized("x"), "X: a\x00b"), answers: []int{400}},
		{what: "NUL in a name", bytes: post("/a", "x", sized("x"), "X\x00: b"), answers: []int{400}},
		{what: "an empty line before the request", bytes: "\r\n" + login, answers: []int{400}},
		{what: "a chunk's size ends in LF", bytes: post("/a", "3\nabc\r\n"+zero+hidden, te)},
		{what: "a chunk ends in LF", bytes: post("/a", "3\r\nabc\n"+zero+hidden, te)},
		{what: "a chunk's extension hides a line", bytes: post("/a", "3;x\nabc\r\n"+zero+hidden, te)},
		{what: "a chunk's extension with CR", bytes: post("/a", "3;x\rabc\r\nabc\r\n"+zero+hidden, te)},
		{what: "a chunk's extension", bytes: post("/login", fmt.Sprintf("%x;a=b\r\n%s\r\n", len(canary), canary)+zero, te), answers: []int{200}, logins: 1},
		{what: "a chunk's size with a sign", bytes: post("/a", "+3\r\nabc\r\n"+zero+hidden, te)},
		{what: "a chunk's size with 0x", bytes: post("/a", "0x3\r\nabc\r\n"+zero+hidden, te)},
		{what: "a chunk's size with a space before it", bytes: post("/a", " 3\r\nabc\r\n"+zero+hidden, te)},
		{what: "a chunk's size that overflows", bytes: post("/a", "10000000000000003\r\nabc\r\n"+zero+hidden, te)},
		{what: "a chunk longer than said", bytes: post("/a", "3\r\nabcdef\r\n"+zero+hidden, te)},
		{what: "a last chunk of 00", bytes: post("/a", "3\r\nabc\r\n00\r\n\r\n"+hidden, te), answers: []int{200, 200}, logins: 1},
		{what: "a trailer that is a length", bytes: post("/login", chunk(canary)+"0\r\nContent-Length: 3\r\n\r\n", te, "Trailer: Content-Length"), answers: []int{400}},
		{what: "an undeclared trailer that is a login", bytes: post("/a", "1\r\nx\r\n0\r\nX: email=a&password=b\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n", te), answers: []int{200}},
		{what: "no end of the chunks", bytes: post("/login", chunk(canary), te), answers: []int{400}, ends: true},
	}
}

// heads are odd first lines, hosts and duplicates.
func heads() []smuggled {
	with := func(first string, lines ...string) string {
		return raw(canary, append([]string{first, "Host: localhost", "Content-Type: " + formType, sized(canary)}, lines...)...)
	}
	return []smuggled{
		{what: "two hosts", bytes: with("POST /login HTTP/1.1", "Host: evil"), answers: []int{400}},
		{what: "an odd host", bytes: strings.Replace(with("POST /login HTTP/1.1"), "localhost", "local host", 1), answers: []int{400}},
		{what: "another host in the address", bytes: with("POST http://localhost/login HTTP/1.1"), answers: []int{200}, logins: 1},
		{what: "two types", bytes: with("POST /login HTTP/1.1", "Content-Type: text/plain"), answers: []int{400}},
		{what: "GET with a body", bytes: with("GET /login HTTP/1.1"), answers: []int{200}, logins: 1},
		{what: "CONNECT with a path, a body and a login", bytes: with("CONNECT /login HTTP/1.1"), answers: []int{405}},
		{what: "CONNECT with a request for a body", bytes: strings.Replace(post("/a", chunk(hidden)+zero, "Transfer-Encoding: chunked"), "POST", "CONNECT", 1), answers: []int{405}},
		{what: "CONNECT with a host and a request for a body", bytes: strings.Replace(post("localhost:80", chunk(hidden)+zero, "Transfer-Encoding: chunked"), "POST", "CONNECT", 1), answers: []int{405}},
		{what: "CONNECT with a login in the address", bytes: raw("", "CONNECT /login?"+canary+" HTTP/1.1", "Host: localhost"), answers: []int{400}},
		{what: "CONNECT with a host and a login", bytes: raw("", "CONNECT localhost:80?"+canary+" HTTP/1.1", "Host: localhost:80"), answers: []int{400}},
		{what: "a method in lower case", bytes: with("post /login HTTP/1.1"), answers: []int{200}, logins: 1},
		{what: "two spaces", bytes: with("POST  /login HTTP/1.1"), answers: []int{400}},
		{what: "a space in the address", bytes: with("POST /login?email=x y HTTP/1.1"), answers: []int{400}},
		{what: "a tab for a space", bytes: with("POST\t/login HTTP/1.1"), answers: []int{400}},
		{what: "HTTP/1.2", bytes: with("POST /login HTTP/1.2"), answers: []int{200}, logins: 1},
		{what: "HTTP/0.9", bytes: "GET /login?" + canary + "\r\n\r\n", answers: []int{400}},
		{what: "HTTP/2.0 in text", bytes: with("POST /login HTTP/2.0"), answers: []int{505}},
		{what: "a login that expects 100", bytes: with("POST /login HTTP/1.1", "Expect: 100-continue"), answers: []int{100, 200}, logins: 1},
		{what: "a login that expects something else", bytes: with("POST /login HTTP/1.1", "Expect: 200-ok"), answers: []int{417}},
		{what: "a body that expects 100, and a request in its place", bytes: post("/a", hidden, sized(hidden), "Expect: 100-continue"), answers: []int{100, 200}},
	}
}
