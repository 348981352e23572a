package caddymodule

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/login-guard/login-guard/config"
)

// verbSays runs the verb backtest.
func verbSays(t *testing.T, stdin string, args ...string) (out, errs string, err error) {
	t.Helper()
	cmd := backtestCommand()
	var o, e bytes.Buffer
	cmd.SetOut(&o)
	cmd.SetErr(&e)
	cmd.SetIn(strings.NewReader(stdin))
	cmd.SetArgs(args)
	cmd.SilenceErrors = true
	err = cmd.ExecuteContext(t.Context())
	return o.String(), e.String(), err
}

// writes puts a text in a file and returns its name.
func writes(t *testing.T, name, text string) string {
	t.Helper()
	name = filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}

// guesses is a log of thirty guesses and one login of a customer.
func guesses() string {
	var b strings.Builder
	at := time.Date(2026, 5, 4, 12, 0, 0, 0, time.UTC)
	for range 30 {
		b.WriteString(at.Format(time.RFC3339) + ",192.0.2.1,anna,,failure,attack\n")
		at = at.Add(time.Second)
	}
	b.WriteString(at.Format(time.RFC3339) + ",198.51.100.1,ben,phone,success,legit\n")
	return b.String()
}

func TestBacktestPrintsAReportForPeopleAndForPrograms(t *testing.T) {
	log := writes(t, "log.csv", guesses())
	out, errs, err := verbSays(t, "", log)
	if err != nil || errs != "" || !strings.Contains(out, "31 attempts") || !strings.Contains(out, "Policy: defaults") {
		t.Errorf("%v, %q\n%s", err, errs, out)
	}
	out, errs, err = verbSays(t, guesses(), "-", "--json")
	var r struct {
		Share    float64 `json:"unchallenged_share"`
		Failed   int
		Peers    map[string]json.RawMessage
		Seconds  float64
		Attempts int
	}
	if jerr := json.Unmarshal([]byte(out), &r); err != nil || jerr != nil || errs != "" || r.Failed != 30 || r.Attempts != 31 || len(r.Peers) != 3 ||
		r.Share <= 0 || r.Share >= 1 || r.Seconds <= 0 {
		t.Errorf("%v, %v, %q\n%s", err, jerr, errs, out)
	}
}

func TestBacktestTakesASitesSettingsFromACaddyfile(t *testing.T) {
	log := writes(t, "log.csv", guesses())
	share := func(args ...string) float64 {
		t.Helper()
		out, _, err := verbSays(t, "", append([]string{log, "--json"}, args...)...)
		var r struct {
			Share float64 `json:"unchallenged_share"`
		}
		if jerr := json.Unmarshal([]byte(out), &r); err != nil || jerr != nil {
			t.Fatalf("%v: %v, %v\n%s", args, err, jerr, out)
		}
		return r.Share
	}
	two := writes(t, "Caddyfile", `
a.example {
	login_guard {
		ask_after 1d
	}
	respond ok
}
b.example, www.b.example {
	route {
		login_guard woocommerce {
			ladder slider off picture off second_factor off deny off
			limit pair off
			limit address off
			limit attempts off
			limit accounts off
			limit account off
			limit network off
		}
		respond ok
	}
}`)
	if got := share("--policy", two, "--site", "a.example"); got != 0 {
		t.Errorf("who asks everybody lets through %v", got)
	}
	if got := share("--policy", two, "--site", "b.example"); got != 1 {
		t.Errorf("who asks nobody lets through %v", got)
	}
	one := writes(t, "Caddyfile", "{\n\tadmin off\n}\n:8080 {\n\tlogin_guard {\n\t\task_after 1d\n\t}\n\trespond ok\n}\n")
	if got := share("--policy", one); got != 0 {
		t.Errorf("the only site lets through %v", got)
	}
	adapted := writes(t, "caddy.json", `{"apps":{"http":{"servers":{"s":{"routes":[{"handle":[{"handler":"subroute","routes":[{"handle":[{"handler":"login_guard","site":"shop","ask_after":"1d"}]}]}]}]}}}}}`)
	if got := share("--policy", adapted, "--site", "shop"); got != 0 {
		t.Errorf("Caddy's JSON lets through %v", got)
	}
}

func TestBacktestSaysWhatIsWrongAndWhatWorks(t *testing.T) {
	log := writes(t, "log.csv", guesses())
	caddyfile := writes(t, "Caddyfile", "a.example {\n\tlogin_guard\n\trespond ok\n}\nb.example {\n\tlogin_guard\n\trespond ok\n}\n")
	bare := writes(t, "Caddyfile", "a.example {\n\trespond ok\n}\n")
	broken := writes(t, "Caddyfile", "a.example {\n\tlogin_guard {\n\t\tmode maybe\n\t}\n}\n")
	differs := writes(t, "Caddyfile", "a.example {\n\tlogin_guard {\n\t\tsite x\n\t}\n}\nb.example {\n\tlogin_guard {\n\t\tsite x\n\t\task_after 1d\n\t}\n}\n")
	for _, test := range []struct {
		args []string
		want []string
	}{
		{nil, []string{"name a log", "login-guard backtest auth.log"}},
		{[]string{filepath.Join(t.TempDir(), "none.log")}, []string{"none.log", "no such file"}},
		{[]string{log, "--format", "xml"}, []string{"--format xml", "--format csv"}},
		{[]string{log, "--cookies", "200"}, []string{"--cookies 200", "--cookies 90"}},
		{[]string{log, "--cookies", "many"}, []string{"--cookies", "backtest --help"}},
		{[]string{log, "--solves", "-1"}, []string{"--solves -1", "--solves 50"}},
		{[]string{log, "--year", "26"}, []string{"--year 26", "--year 2026"}},
		{[]string{log, "--success-status", "ok"}, []string{"--success-status", "302,303"}},
		{[]string{log, "--path", ""}, []string{"--path /my-account/"}},
		{[]string{log, "--surprise"}, []string{"--surprise", "backtest --help"}},
		{[]string{log, "--diff", caddyfile}, []string{"--diff takes two policies"}},
		{[]string{log, "--diff", caddyfile, caddyfile, "--policy", bare}, []string{"--policy and --diff"}},
		{[]string{log, "--diff", caddyfile, caddyfile, "--plot", "x.svg"}, []string{"--plot and --diff"}},
		{[]string{log, "--site", "a.example"}, []string{"--site goes with --policy"}},
		{[]string{log, "--policy", filepath.Join(t.TempDir(), "none")}, []string{"--policy", "no such file"}},
		{[]string{log, "--policy", caddyfile}, []string{"several sites (a.example, b.example)", "--site a.example"}},
		{[]string{log, "--policy", caddyfile, "--site", "c.example"}, []string{"--site c.example", "a.example, b.example"}},
		{[]string{log, "--policy", bare}, []string{"no login_guard", "login_guard woocommerce"}},
		{[]string{log, "--policy", broken}, []string{"--policy", "maybe"}},
		{[]string{log, "--policy", differs}, []string{"site x", "site NAME"}},
		{[]string{log, "--generate", "shop"}, []string{"--generate", "takes no file"}},
		{[]string{"--generate", "shops"}, []string{"--generate", "there are shop"}},
		{[]string{log, "--write", "x.csv"}, []string{"--write goes with --generate"}},
		{[]string{log, "--plot", filepath.Join(t.TempDir(), "no", "x.svg")}, []string{"--plot", "no such file"}},
	} {
		out, _, err := verbSays(t, "", test.args...)
		if err == nil {
			t.Errorf("%v: no error\n%s", test.args, out)
			continue
		}
		for _, want := range test.want {
			if !strings.Contains(err.Error(), want) {
				t.Errorf("%v: %q, want %q in it", test.args, err, want)
			}
		}
	}
}

func TestBacktestComparesTwoPolicies(t *testing.T) {
	log := writes(t, "log.csv", guesses())
	a := writes(t, "Caddyfile", "a.example {\n\tlogin_guard\n\trespond ok\n}\n")
	b := writes(t, "Caddyfile.new", "a.example {\n\tlogin_guard {\n\t\task_after 1d\n\t}\n\trespond ok\n}\n")
	for _, args := range [][]string{{log, "--diff", a, b}, {"--diff", a, b, log}, {"--diff=" + a, "--diff=" + b, log}} {
		out, _, err := verbSays(t, "", args...)
		if err != nil || !strings.Contains(out, "A: "+a) || !strings.Contains(out, "B: "+b) || !strings.Contains(out, "people: 1 from met nothing to slider") {
			t.Errorf("%v: %v\n%s", args, err, out)
		}
	}
	out, _, err := verbSays(t, "", log, "--json", "--diff", a, b)
	var d struct {
		A, B    struct{ Failed int }
		Changed struct{ All int }
	}
	if jerr := json.Unmarshal([]byte(out), &d); err != nil || jerr != nil || d.A.Failed != 30 || d.B.Failed != 30 || d.Changed.All == 0 {
		t.Errorf("%v, %v\n%s", err, jerr, out)
	}
}

func TestTwoPoliciesFollowDiff(t *testing.T) {
	for _, test := range []struct{ args, want []string }{
		{[]string{"x", "--diff", "a", "b", "c"}, []string{"x", "--diff", "a", "--diff", "b", "c"}},
		{[]string{"--diff", "a"}, []string{"--diff", "a"}},
		{[]string{"--diff", "a", "--json"}, []string{"--diff", "a", "--json"}},
		{[]string{"--", "--diff", "a", "b"}, []string{"--", "--diff", "a", "b"}},
	} {
		if diff := cmp.Diff(test.want, twoPolicies(test.args)); diff != "" {
			t.Errorf("%v (-want +got):\n%s", test.args, diff)
		}
	}
}

func TestBacktestDrawsAndMakesLogsUp(t *testing.T) {
	svg, csv := filepath.Join(t.TempDir(), "x.svg"), filepath.Join(t.TempDir(), "x.csv")
	if out, _, err := verbSays(t, "", "--generate", "bots(attempts=200)", "--seed", "3", "--plot", svg); err != nil || !strings.Contains(out, "200 attempts") {
		t.Errorf("%v\n%s", err, out)
	}
	if text, err := os.ReadFile(svg); err != nil || !bytes.HasPrefix(text, []byte("<svg ")) || !bytes.HasSuffix(text, []byte("</svg>\n")) {
		t.Errorf("%v: %.60s", err, text)
	}
	if out, _, err := verbSays(t, "", "--generate", "bots(attempts=200)", "--seed", "3", "--write", csv); err != nil || !strings.Contains(out, "200 attempts are in") {
		t.Errorf("%v\n%s", err, out)
	}
	a, _, _ := verbSays(t, "", "--generate", "bots(attempts=200)", "--seed", "3", "--json")
	b, _, err := verbSays(t, "", csv, "--seed", "3", "--json")
	var x, y struct {
		Share float64 `json:"unchallenged_share"`
	}
	if json.Unmarshal([]byte(a), &x) != nil || json.Unmarshal([]byte(b), &y) != nil || x != y || err != nil {
		t.Errorf("a log that was written is another one: %v, %v, %v", x, y, err)
	}
	if out, _, err := verbSays(t, "", "--generate", "help"); err != nil || !strings.Contains(out, "stuffing: ") {
		t.Errorf("%v\n%s", err, out)
	}
	if out, _, err := verbSays(t, "", "--help"); err != nil || !strings.Contains(out, "--diff") || !strings.Contains(out, "--plot") {
		t.Errorf("%v\n%s", err, out)
	}
}

func TestOneSiteInSeveralBlocksIsOnePolicy(t *testing.T) {
	file := writes(t, "Caddyfile", "a.example {\n\tlogin_guard {\n\t\tsite x\n\t\task_after 1d\n\t}\n}\nb.example {\n\tlogin_guard {\n\t\tsite x\n\t\task_after 1d\n\t}\n}\n")
	p, err := loadPolicy(file, "", func(text string) { t.Errorf("said %q", text) })
	if err != nil || p.Site.AskAfter != config.Duration(24*time.Hour) {
		t.Errorf("%v: %+v", err, p.Site)
	}
}

func TestAPolicysListsAreRead(t *testing.T) {
	list := writes(t, "blocked.txt", "192.0.2.0/24\n")
	file := writes(t, "Caddyfile", "{\n\tlogin_guard {\n\t\tlist blocked "+list+"\n\t\tgeoip none.mmdb\n\t}\n}\na.example {\n\tlogin_guard\n}\n")
	var said []string
	p, err := loadPolicy(file, "", func(text string) { said = append(said, text) })
	if err != nil || p.Files == nil {
		t.Fatalf("%v, %v", err, p.Files)
	}
	if len(said) != 1 || !strings.Contains(said[0], "none.mmdb") {
		t.Errorf("said %q", said)
	}
	out, errs, err := verbSays(t, "", writes(t, "log.csv", guesses()), "--policy", file)
	if err != nil || !strings.Contains(out, "reputation.blocked") || !strings.Contains(errs, "none.mmdb") {
		t.Errorf("%v, %q\n%s", err, errs, out)
	}
}
