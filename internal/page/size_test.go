package page

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

func TestThePageFromThisMachineHasNoSlowProofOfWork(t *testing.T) {
	p := newPages(t, Theme{})
	for host, small := range map[string]bool{"localhost:8080": true, "127.0.0.1": true, "[::1]:80": true, "shop.localhost": true, "shop.example": false} {
		r := httptest.NewRequest(http.MethodPost, "http://"+host+"/login", nil)
		w := httptest.NewRecorder()
		if err := p.Write(w, r, http.StatusOK, View{Kind: Slider, Action: "/login"}); err != nil {
			t.Fatal(err)
		}
		if got := !strings.Contains(w.Body.String(), "Math.cbrt"); got != small {
			t.Errorf("%s: without the slow way %v, want %v", host, got, small)
		}
	}
}
