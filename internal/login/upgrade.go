package login

import (
	"net/http"
	"strings"
)

// asksForProtocol reports whether a request wants to go on in another
// protocol: by Upgrade (RFC 9110 §7.8), or by CONNECT, which HTTP/2 and
// HTTP/3 use for WebSockets (RFC 8441, RFC 9220). Proxies turn the latter
// into a GET of the same address, query and all, so it is read as any other
// request, and a login is refused in it.
func asksForProtocol(r *http.Request) bool {
	return r.Method == http.MethodConnect || len(r.Header["Upgrade"]) > 0
}

// opensWebSocket reports whether a CONNECT opens a WebSocket. What follows it
// is the socket, which the proxy keeps from the shop until that has switched.
func opensWebSocket(r *http.Request) bool {
	return r.ProtoMajor == 2 && r.Header.Get(":protocol") == "websocket" || r.ProtoMajor == 3 && r.Proto == "websocket"
}

// DropHTTPUpgrade takes away the offer to go on in another version of HTTP,
// or in HTTP over TLS, on the connection to the shop: nobody could see the
// logins that follow. A server may ignore such an offer (RFC 9110 §7.8), so
// the request is answered as it is. Other protocols may be offered.
func DropHTTPUpgrade(h http.Header) {
	for _, line := range h["Upgrade"] {
		for token := range strings.SplitSeq(line, ",") {
			name, _, _ := strings.Cut(strings.TrimSpace(token), "/")
			switch strings.ToLower(name) {
			case "h2c", "h2", "http", "tls":
				h.Del("Upgrade")
				h.Del("HTTP2-Settings")
				return
			}
		}
	}
}
