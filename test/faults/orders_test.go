package faults_test

import (
	"net/http"
	"testing"

	"github.com/login-guard/login-guard/internal/guardtest"
	"github.com/login-guard/login-guard/internal/shoptest"
	"github.com/login-guard/login-guard/internal/store/redis/redistest"
)

func TestAnOrderReachesTheOtherGatewayAndOutlivesTheStore(t *testing.T) {
	t.Parallel()
	r := redistest.Start(t)
	url := whose(r.Addr)
	f := newFleet(t, []string{url, url})
	f.await(true, f.gates...)
	command(t, f.gates[0], "deny", "203.0.113.0/24", "--for", "1h", "--reason", "a test", "--by", "anna")
	denied := func(i int) bool {
		v := newVisitor(t, f.gates[i].URL, "203.0.113.77")
		a := v.send(http.MethodPost, "/login", form(shoptest.Admin().Email, shoptest.Admin().Password))
		return a.StatusCode == http.StatusTooManyRequests
	}
	if !denied(0) {
		t.Error("the gateway that was told lets in")
	}
	eventually(t, "denial at the other gateway", func() bool { return denied(1) })
	r.Pause()
	f.await(false, f.gates...)
	if !denied(0) || !denied(1) {
		t.Error("without the store the order is forgotten")
	}
	r.Resume()
	f.await(true, f.gates...)
	command(t, f.gates[1], "deny", "remove", "203.0.113.0/24")
	eventually(t, "end of the denial at the first gateway", func() bool { return !denied(0) })
}

func command(t testing.TB, g *guardtest.Gateway, args ...string) {
	t.Helper()
	if out, err := g.Command(append(append([]string{"login-guard"}, args...), "--admin", g.AdminAddr)...); err != nil {
		t.Fatalf("%q: %v: %s", args, err, out)
	}
}
