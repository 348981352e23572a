package login

import "net/http"

// inEarlyData reports whether a request may have come in TLS early data and
// be a replay: to this server, or to a proxy before it, which says so by
// Early-Data. Whatever value that has counts as 1 (RFC 8470 §5.1).
func inEarlyData(r *http.Request) bool {
	return r.TLS != nil && !r.TLS.HandshakeComplete || len(r.Header["Early-Data"]) > 0
}

// mayBeEmpty reports whether a request looks like one without a body that
// only did not say so: over HTTP/3 every GET has a body of unknown length.
func mayBeEmpty(r *http.Request) bool {
	return r.ContentLength < 0 && (r.Method == http.MethodGet || r.Method == http.MethodHead) && len(r.Header["Content-Type"]) == 0
}
