package main

import (
	"bytes"
	"compress/flate"
	"compress/gzip"
	"compress/zlib"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
)

// headers are odd headers around any body.
func headers() []oddity {
	var out []oddity
	add := func(mark string, f func(d *draft)) { out = append(out, oddity{"header " + mark, f}) }

	typed := []string{
		"", " ", "x", "/", "*/*", "text/plain", "TEXT/PLAIN", "text/plain; charset=utf-8", "text/html", "text/xml", "application/xml", "application/octet-stream", "image/png", "application/pdf", "application/x-www-form-urlencoded", "application/x-www-form-urlencoded;", "application/x-www-form-urlencoded ; charset=utf-8", "application/x-www-form-urlencoded;charset=UTF-8", "application/x-www-form-urlencoded; charset=utf-16", "application/x-www-form-urlencoded; charset=utf-16le", "application/x-www-form-urlencoded; charset=utf-7", "application/x-www-form-urlencoded; charset=ibm037", "application/x-www-form-urlencoded; charset=iso-8859-1", "application/x-www-form-urlencoded; charset=shift_jis", "application/x-www-form-urlencoded; charset=x", "application/x-www-form-urlencoded; charset=", "application/x-www-form-urlencoded; charset=\"utf-8\"", "application/x-www-form-urlencoded; charset=utf-8; charset=utf-16",
		"Application/X-WWW-Form-Urlencoded", "APPLICATION/X-WWW-FORM-URLENCODED", "application/x-www-form-urlencoded, text/plain", "text/plain, application/x-www-form-urlencoded", "application/x-www-form-urlencoded,text/plain", "application/x-www-form-urlencoded; x", "application/x-www-form-urlencoded; x=", "application/x-www-form-urlencoded x", "application/x-www-form-urlencodedx", "xapplication/x-www-form-urlencoded", "application/x-www-form-urlencoded/x", "application /x-www-form-urlencoded", "\tapplication/x-www-form-urlencoded", "application/x-www-form-urlencoded\t", "application/x-www-form-urlencoded; boundary=x", "application/x-www-form-urlencoded; =", "application/x-www-form-urlencoded;;", "\"application/x-www-form-urlencoded\"", "application/x-www-form-urlencoded\"", "application/x-www-form-urlencoded, application/x-www-form-urlencoded", "application/x-www-form-url-encoded", "application/x-url-encoded", "application/x-www-urlformencoded", "application/form-urlencoded", "application/www-form-urlencoded", "x-www-form-urlencoded", "form", "application/*", "application/x-www-form-urlencoded; application/json", "application/x-www-form-urlencoded\xa0", "application/x-www-form-urlencoded\u00a0; x",
		"multipart/form-data", "multipart/form-data; boundary=x", "multipart/form-data; boundary=\"\"", "multipart/mixed; boundary=x", "application/json", "text/json", "application/grpc", "application/grpc-web", "application/graphql", "application/x-amf", "message/http", "application/http", "text/plain; boundary=x", "text/csv", "application/x-php", "application/xhtml+xml", "application/soap+xml", "application/x-ndjson", "application/cbor", "application/x-msgpack", "application/x-protobuf", "text/event-stream", "font/woff",
	}
	for _, ct := range typed {
		add("type "+short(ct), func(d *draft) { d.req.set("Content-Type", ct) })
	}
	for _, ct := range []string{formType, "text/plain", "application/json", "multipart/form-data; boundary=" + boundary, "image/png", "application/octet-stream", "", "application/grpc"} {
		add("second type "+short(ct), func(d *draft) { d.req.add("Content-Type", ct) })
		add("type before "+short(ct), func(d *draft) { d.req.Header = append([]Field{{"Content-Type", ct}}, d.req.Header...) })
		add("hidden type "+short(ct), func(d *draft) {
			d.req.set("Content-Type", ct)
			d.req.add("Connection", "Content-Type")
		})
	}
	for _, f := range []Field{
		{"Connection", "Content-Type"}, {"Connection", "content-type, close"}, {"Connection", "Content-Length"}, {"Connection", "Transfer-Encoding"}, {"Connection", "X-Lab-Id"}, {"Connection", "Host"}, {"Connection", "Content-Encoding"}, {"Connection", "close"}, {"Connection", "keep-alive, Content-Type"}, {"Connection", "Upgrade"}, {"Proxy-Connection", "Content-Type"}, {"Keep-Alive", "Content-Type"}, {"TE", "trailers"}, {"Te", "Content-Type"}, {"Trailer", "Content-Type"}, {"Trailer", "user"},
		{"Content_Type", formType}, {"Content_Length", "1"}, {"Content.Type", formType}, {"content-type", formType}, {"X-Content-Type", formType}, {"Content-Transfer-Encoding", "base64"}, {"Content-Disposition", `form-data; name="user"`}, {"Content-MD5", "x"}, {"Content-Range", "bytes 0-9/10"}, {"Range", "bytes=0-9"}, {"Content-Language", "x"}, {"Content-Location", "/account/login"},
		{"Expect", "100-continue"}, {"Expect", "x"}, {"Upgrade", "websocket"}, {"Upgrade", "h2c"}, {"Upgrade", "x"}, {"X-Original-URL", "/account/login"}, {"X-Rewrite-URL", "/account/login"}, {"X-Forwarded-Prefix", "/x"}, {"X-Forwarded-Path", "/account/login"}, {"X-Forwarded-Host", "evil.example"}, {"X-Forwarded-Proto", "https"}, {"Forwarded", "for=1.2.3.4;host=evil"}, {"X-Forwarded-For", "1.2.3.4"}, {"X-Real-IP", "1.2.3.4"}, {"Host", "evil.example"}, {"Referer", "x"}, {"Origin", "null"}, {"X-Requested-With", "XMLHttpRequest"}, {"Sec-Fetch-Mode", "cors"}, {"Accept", "application/json"}, {"Authorization", "Basic dXNlcjpwYXNz"}, {"Cookie", "user=x; pass=y"}, {"Cookie", "__Host-login_guard_pass=x"}, {"Login-Guard-Clearance", "x"}, {"X-Lab-Ref", "0000-0000"}, {"x_lab_ref", "0000-0000"}, {"Accept-Encoding", "gzip"}, {"Script-Name", "/x"}, {"Path-Info", "/account/login"}, {"Redirect-Url", "/account/login"}, {"Early-Data", "1"}, {"Priority", "u=0"}, {"Max-Forwards", "0"}, {"Via", "1.1 x"},
	} {
		add(f.Name+" "+f.Value, func(d *draft) { d.req.add(f.Name, f.Value) })
	}
	add("Connection and encoding", func(d *draft) {
		d.req.add("Content-Encoding", "gzip")
		d.req.add("Connection", "Content-Encoding")
	})
	add("no type", func(d *draft) { d.req.drop("Content-Type") })
	add("lower type", func(d *draft) { d.rename("Content-Type", "content-type") })
	add("upper type", func(d *draft) { d.rename("Content-Type", "CONTENT-TYPE") })
	add("type with underscore", func(d *draft) { d.rename("Content-Type", "Content_Type") })
	add("type with blank", func(d *draft) { d.rename("Content-Type", "Content-Type ") })
	add("type folded", func(d *draft) {
		for i, f := range d.req.Header {
			if f.Name == "Content-Type" {
				d.req.Header[i].Value = strings.Replace(f.Value, ";", ";\r\n ", 1)
			}
		}
	})
	add("type twice the same", func(d *draft) {
		for _, f := range d.req.Header {
			if f.Name == "Content-Type" {
				d.req.add(f.Name, f.Value)
				return
			}
		}
	})
	for _, name := range []string{"gzip", "GZIP", "x-gzip", "deflate", "raw-deflate", "gzip, gzip", "identity", "gzip, identity", "br", "zstd", "compress", "", "x", "chunked", "deflate, gzip"} {
		for _, really := range []bool{true, false} {
			add(fmt.Sprintf("encoding %s %v", name, really), func(d *draft) {
				d.req.set("Content-Encoding", strings.TrimPrefix(name, "raw-"))
				if really {
					d.req.Body = compress(name, d.req.Body)
				}
			})
		}
	}
	add("compressed without saying", func(d *draft) { d.req.Body = compress("gzip", d.req.Body) })
	add("encoding twice", func(d *draft) {
		d.req.add("Content-Encoding", "identity")
		d.req.add("Content-Encoding", "gzip")
		d.req.Body = compress("gzip", d.req.Body)
	})
	return out
}

func (d *draft) rename(from, to string) {
	for i := range d.req.Header {
		if d.req.Header[i].Name == from {
			d.req.Header[i].Name = to
		}
	}
}

func compress(how string, b []byte) []byte {
	var out bytes.Buffer
	var w io.WriteCloser
	switch strings.ToLower(how) {
	case "gzip", "x-gzip", "gzip, identity":
		w = gzip.NewWriter(&out)
	case "gzip, gzip", "deflate, gzip":
		inner := "gzip"
		if strings.HasPrefix(how, "deflate") {
			inner = "deflate"
		}
		return compress("gzip", compress(inner, b))
	case "deflate":
		w = zlib.NewWriter(&out)
	case "raw-deflate":
		w, _ = flate.NewWriter(&out, flate.DefaultCompression)
	default:
		return b
	}
	_, _ = w.Write(b)
	_ = w.Close()
	return out.Bytes()
}

// frames are odd ends of a body.
func frames() []oddity {
	var out []oddity
	add := func(mark string, f func(d *draft)) { out = append(out, oddity{"frame " + mark, f}) }
	add("chunked", func(d *draft) { d.req.Framing = Chunked })
	add("small chunks", func(d *draft) { d.req.Framing, d.req.Chunk = Chunked, 1+len(d.req.Body)/2000 })
	add("small writes", func(d *draft) { d.req.Chunk = 1 + len(d.req.Body)/2000 })
	add("cut length", func(d *draft) { d.req.Framing = CutLength })
	add("cut chunked", func(d *draft) { d.req.Framing = CutChunked })
	add("cut within", func(d *draft) {
		d.req.Framing = CutLength
		if n := len(d.req.Body); n > 0 {
			d.req.Body = d.req.Body[:d.g.rng.IntN(n)]
		}
	})
	add("no body", func(d *draft) { d.req.Framing, d.req.Body = NoBody, nil })
	framings := map[string][]string{
		"both":             {"Content-Length: N", "Transfer-Encoding: chunked"},
		"both, other way":  {"Transfer-Encoding: chunked", "Content-Length: N"},
		"length twice":     {"Content-Length: N", "Content-Length: N"},
		"lengths":          {"Content-Length: N", "Content-Length: 3"},
		"length list":      {"Content-Length: N, N"},
		"length plus":      {"Content-Length: +N"},
		"length zero":      {"Content-Length: 0"},
		"length less":      {"Content-Length: 3"},
		"length zeros":     {"Content-Length: 000N"},
		"length hex":       {"Content-Length: 0xN"},
		"length negative":  {"Content-Length: -N"},
		"chunked upper":    {"Transfer-Encoding: CHUNKED"},
		"chunked twice":    {"Transfer-Encoding: chunked", "Transfer-Encoding: chunked"},
		"chunked, x":       {"Transfer-Encoding: chunked, x"},
		"x, chunked":       {"Transfer-Encoding: x, chunked"},
		"gzip, chunked":    {"Transfer-Encoding: gzip, chunked"},
		"identity":         {"Transfer-Encoding: identity", "Content-Length: N"},
		"chunked tab":      {"Transfer-Encoding:\tchunked"},
		"chunked blank":    {"Transfer-Encoding : chunked"},
		"chunked vt":       {"Transfer-Encoding: \vchunked"},
		"chunked quoted":   {"Transfer-Encoding: \"chunked\""},
		"xchunked":         {"Transfer-Encoding: xchunked"},
		"underscore":       {"Transfer_Encoding: chunked", "Content-Length: N"},
		"close, no length": {"Connection: close"},
	}
	// In one order: the same seed makes the same requests.
	for _, mark := range slices.Sorted(maps.Keys(framings)) {
		add(mark, func(d *draft) { d.written(framings[mark], "%x\r\n%s\r\n0\r\n\r\n") })
	}
	chunks := map[string]string{
		"chunk extension": "%x;x=y\r\n%s\r\n0\r\n\r\n", "chunk extension quoted": "%x;x=\"\r\n\"\r\n%s\r\n0\r\n\r\n", "chunk lf": "%x\n%s\n0\n\n", "chunk zeros": "000000%x\r\n%s\r\n0\r\n\r\n", "chunk blank": "%x \r\n%s\r\n0\r\n\r\n", "chunk 0x": "0x%x\r\n%s\r\n0\r\n\r\n", "chunk trailer": "%x\r\n%s\r\n0\r\nContent-Type: text/plain\r\nuser: x\r\n\r\n", "chunk no end": "%x\r\n%s\r\n", "chunk no line end": "%x\r\n%s0\r\n\r\n", "chunk negative": "-%x\r\n%s\r\n0\r\n\r\n", "chunk plus": "+%x\r\n%s\r\n0\r\n\r\n", "chunk long": "fffffffff%x\r\n%s\r\n0\r\n\r\n",
	}
	for _, mark := range slices.Sorted(maps.Keys(chunks)) {
		add(mark, func(d *draft) { d.written([]string{"Transfer-Encoding: chunked"}, chunks[mark]) })
	}
	// A second request hidden behind the first: it is a login of its own.
	add("second request", func(d *draft) {
		body := d.say("user={d}&pass={q}")
		second := fmt.Sprintf("POST %s HTTP/1.1\r\nHost: localhost\r\nX-Lab-Id: %s-second\r\nContent-Type: %s\r\nContent-Length: %d\r\n\r\n%s", d.b.Target, d.account, formType, len(body), body)
		d.req.Framing = AsWritten
		d.req.add("Content-Length", fmt.Sprint(len(d.req.Body)))
		d.req.Body = append(d.req.Body, second...)
	})
	return out
}

// written writes the framing's header out, and the body in chunks where it
// speaks of any.
func (d *draft) written(header []string, chunks string) {
	chunked := false
	for _, line := range header {
		name, value, _ := strings.Cut(line, ":")
		value = strings.TrimPrefix(value, " ")
		d.req.add(name, strings.ReplaceAll(value, "N", fmt.Sprint(len(d.req.Body))))
		chunked = chunked || strings.Contains(strings.ToLower(line), "chunked")
	}
	d.req.Framing = AsWritten
	if chunked {
		d.req.Body = []byte(fmt.Sprintf(chunks, len(d.req.Body), d.req.Body))
	}
}
