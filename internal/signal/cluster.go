package signal

// Cluster is what clients of one make have in common, for a keyed hash: how
// they speak TLS, which version of HTTP they speak, which headers they send,
// and which browser they say they are. Kin is the same without the last, which
// a tool changes most easily. Clients that say nothing of themselves are of
// one make, too.
//
// JA4 is of the connection: behind a trusted proxy and with HTTP/3 it is
// absent. Go keeps the headers of a request in a map, so their order cannot
// be had; which of them are there is nearly as telling.
func (s *Signals) Cluster() (cluster, kin []byte) {
	b := make([]byte, 0, 64)
	b = append(append(b, s.JA4...), 0)
	kin = append(append(b, s.HTTPVersion...), 0, s.Headers)
	return append(kin, s.Family...), kin
}

// telling are headers that a client sends or not by its make, whatever leads
// to the request: a link, a form, a script or a reload.
var telling = [...]string{
	"Accept", "Accept-Encoding", "Accept-Language", "Priority",
	"Sec-Ch-Ua", "Sec-Fetch-Dest", "Te", "User-Agent",
}

// headersOf has a bit for each of telling that a request carries.
func headersOf(h map[string][]string) (bits uint8) {
	for i, name := range telling {
		if len(h[name]) > 0 {
			bits |= 1 << i
		}
	}
	return bits
}
