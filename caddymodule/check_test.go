package caddymodule

import (
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/login-guard/login-guard/internal/held"
	"github.com/login-guard/login-guard/internal/risk"
)

func TestNoShopperWaitsForAClockThatWasAhead(t *testing.T) {
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	for name, test := range map[string]struct {
		notBefore time.Time
		want      time.Duration
	}{
		"no gap":                       {time.Time{}, 0},
		"a gap that is over":           {now.Add(-time.Second), 0},
		"a gap that runs":              {now.Add(7 * time.Second), 7 * time.Second},
		"written by a clock a year on": {now.AddDate(1, 0, 0), risk.MaxGap},
	} {
		if got := gapLeft(held.Slip{NotBefore: test.notBefore}, now); got != test.want {
			t.Errorf("%s: %v, want %v", name, got, test.want)
		}
	}
}

// Apps that show pages put their own name into X-Requested-With; only scripts
// say XMLHttpRequest there.
func TestPeopleInBrowsersInsideAppsGetPages(t *testing.T) {
	const browser, script = "text/html,application/xhtml+xml,*/*;q=0.8", "application/json, text/plain, */*"
	for name, test := range map[string]struct {
		mode, accept, with string
		page               bool
	}{
		"a browser":                         {"navigate", browser, "", true},
		"a browser without Sec-Fetch":       {"", browser, "", true},
		"an app on Android":                 {"navigate", browser, "com.example.shopping", true},
		"an app on an old Android":          {"", browser, "com.example.shopping", true},
		"an app whose name begins like one": {"", browser, "XMLHttpRequest.example", true},
		"jQuery in a browser":               {"cors", "*/*", "XMLHttpRequest", false},
		"jQuery that asks for HTML":         {"cors", browser, "XMLHttpRequest", false},
		"jQuery without Sec-Fetch":          {"", browser, "XMLHttpRequest", false},
		"fetch":                             {"cors", "*/*", "", false},
		"fetch of the same origin":          {"same-origin", browser, "", false},
		"fetch inside an app":               {"cors", script, "com.example.shopping", false},
		"fetch without Sec-Fetch":           {"", "*/*", "", false},
		"an app's own client":               {"", script, "com.example.shopping", false},
		"nothing said":                      {"", "", "", false},
	} {
		r := httptest.NewRequest(http.MethodPost, "/login", nil)
		for header, value := range map[string]string{"Sec-Fetch-Mode": test.mode, "Accept": test.accept, "X-Requested-With": test.with} {
			if value != "" {
				r.Header.Set(header, value)
			}
		}
		if got := navigates(r); got != test.page {
			t.Errorf("%s: gets a page: %v, want %v", name, got, test.page)
		}
	}
}
