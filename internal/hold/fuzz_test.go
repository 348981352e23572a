package hold_test

import (
	"testing"

	"github.com/login-guard/login-guard/internal/hold"
)

// A ticket comes from a cookie, that is from anybody.
func FuzzParseTicket(f *testing.F) {
	f.Add("")
	f.Add("AAAA")
	f.Add((hold.Ticket{ID: [16]byte{1}}).String())
	f.Add((hold.Ticket{ID: [16]byte{1}}).String() + "=")
	f.Fuzz(func(t *testing.T, text string) {
		ticket, ok := hold.ParseTicket(text)
		if !ok && ticket != (hold.Ticket{}) {
			t.Errorf("%q is no ticket and gives one", text)
		}
		if again, same := hold.ParseTicket(ticket.String()); ok && (!same || again != ticket) {
			t.Errorf("%q: the ticket does not come back", text)
		}
	})
}
