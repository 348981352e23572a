package backtest

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/login-guard/login-guard/config"
	"github.com/login-guard/login-guard/internal/risk"
)

func TestSharesHaveWilsonsInterval(t *testing.T) {
	// Wilson 1927, worked out apart from this code.
	for _, test := range []struct {
		count, of       int
		share, low, top float64
	}{
		{0, 0, 0, 0, 1}, {0, 10, 0, 0, 0.27753}, {10, 10, 1, 0.72247, 1}, {1, 10, 0.1, 0.01788, 0.40415},
		{5, 226, 0.02212, 0.00949, 0.05074}, {500, 1000, 0.5, 0.46907, 0.53093},
	} {
		got := shareOf(test.count, test.of)
		for i, pair := range [][2]float64{{got.Share, test.share}, {got.Low, test.low}, {got.High, test.top}} {
			if math.Abs(pair[0]-pair[1]) > 0.00002 {
				t.Errorf("%d of %d: figure %d is %.5f, want %.5f", test.count, test.of, i, pair[0], pair[1])
			}
		}
	}
}

func TestFirstActionIsCountedOverThoseWhoMetAny(t *testing.T) {
	for _, test := range []struct {
		numbers []int
		want    First
	}{
		{nil, First{}},
		{[]int{0, 0}, First{Subjects: 2, Never: 2}},
		{[]int{3}, First{Subjects: 1, Median: 3, P95: 3}},
		{[]int{4, 0, 1, 2, 3}, First{Subjects: 5, Never: 1, Median: 2, P95: 4}},
	} {
		if diff := cmp.Diff(test.want, firstOf(test.numbers)); diff != "" {
			t.Errorf("%v (-want +got):\n%s", test.numbers, diff)
		}
	}
}

// mixed is a log with attacks and people of whom some meet something.
func mixed() *maker {
	m := newMaker()
	for i := range 4 {
		m.try(time.Second, "198.51.100.7", fmt.Sprint("once ", i), "", Failed, "quiet")
	}
	for i := range 12 {
		m.try(time.Second, "192.0.2.1", fmt.Sprint("guessed ", i), "", Failed, "spray")
	}
	m.try(time.Second, "192.0.2.1", "hit", "", Succeeded, "spray")
	for i := range 10 {
		m.try(time.Hour, fmt.Sprintf("203.0.113.%d", i), "anna", "phone", Succeeded, "legit")
	}
	m.try(time.Second, "192.0.2.1", "neighbour", "tablet", Succeeded, "legit:neighbour")
	m.try(time.Second, "203.0.113.200", "ben", "desk", Unknown, "legit")
	return m
}

func TestTheReportAddsUp(t *testing.T) {
	m := mixed()
	met, steps, r := m.steps(t, Defaults(), Options{Reuse: 100})
	unchallenged, hit := 0, risk.Allow
	for i, s := range steps {
		if s.Event.Outcome == Failed && met[i] == risk.Allow {
			unchallenged++
		}
		if m.Account.Get(s.Event.Account) == "hit" {
			hit = met[i]
		}
	}
	if r.Attempts != 29 || r.Failed != 16 || r.Succeeded != 12 || r.Unknown != 1 || r.Addresses != 13 || r.Accounts != 20 {
		t.Errorf("%d attempts, %d failed, %d succeeded, %d unknown, %d addresses, %d accounts",
			r.Attempts, r.Failed, r.Succeeded, r.Unknown, r.Addresses, r.Accounts)
	}
	if unchallenged == 0 || unchallenged == 16 || r.Unchallenged != unchallenged || r.UnchallengedShare != float64(unchallenged)/16 {
		t.Errorf("%d unchallenged, a share of %v; counted %d", r.Unchallenged, r.UnchallengedShare, unchallenged)
	}
	if r.FailedByRung.All() != 16 || r.AllByRung.All() != 29 {
		t.Errorf("by rung %v, %v", r.FailedByRung, r.AllByRung)
	}
	if r.Hits.All != 1 || r.Hits.Challenged.Count != 1 || hit == risk.Allow {
		t.Errorf("hits %+v, met %s", r.Hits, hit)
	}
	if r.Legitimate.Attempts != 12 || r.Legitimate.Challenged.Of != 12 || r.Legitimate.Challenged.Count != r.Legitimate.Attempts-r.Legitimate.ByRung[0] {
		t.Errorf("people %+v", r.Legitimate)
	}
	var campaigns, groups []string
	for _, c := range r.FirstAction.Campaigns {
		campaigns = append(campaigns, fmt.Sprint(c.Name, " ", c.Attempts, " ", c.FirstAction > 0))
	}
	for _, g := range r.Groups {
		groups = append(groups, fmt.Sprint(g.Name, " ", g.Attempts, " ", g.Failed, " ", g.Person))
	}
	if diff := cmp.Diff([]string{"quiet 4 false", "spray 13 true"}, campaigns); diff != "" {
		t.Errorf("campaigns (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"legit 11 0 true", "legit:neighbour 1 0 true", "quiet 4 4 false", "spray 13 12 false"}, groups); diff != "" {
		t.Errorf("groups (-want +got):\n%s", diff)
	}
	if a := r.FirstAction.Address; a.Subjects != 2 || a.Never != 1 || a.Median < 2 || a.Median > 12 {
		t.Errorf("first action by address %+v", a)
	}
	if len(r.Reasons.Attack) == 0 || r.Reasons.Attack[0].Count == 0 {
		t.Errorf("reasons %+v", r.Reasons)
	}
	for _, reason := range r.Reasons.Attack {
		if reason.Count > r.Attempts-r.AllByRung[0]-r.Legitimate.Challenged.Count || reason.Share > 1 {
			t.Errorf("%+v: more than met anything", reason)
		}
	}
	for _, reason := range append(r.Reasons.Attack, r.Reasons.Legitimate...) {
		if strings.HasSuffix(reason.Code, ".known") || strings.HasPrefix(reason.Code, "spared.") {
			t.Errorf("%s is no reason why something is asked for", reason.Code)
		}
	}
}

func TestTheReportsJSONKeepsItsNames(t *testing.T) {
	_, _, r := mixed().steps(t, Defaults(), Options{Reuse: 100})
	text, err := json.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	var got struct {
		Share    *float64                                 `json:"unchallenged_share"`
		BadLines *int                                     `json:"bad_lines"`
		ByRung   map[string]struct{ Count, Of int }       `json:"failed_by_rung"`
		First    map[string]json.RawMessage               `json:"first_action"`
		Legit    struct{ Slider, Picture, Denied *Share } `json:"legitimate"`
		Peers    map[string]struct {
			Share *float64 `json:"unchallenged_share"`
		} `json:"peers"`
		Reasons map[string][]ReasonCount `json:"reasons"`
	}
	if err := json.Unmarshal(text, &got); err != nil {
		t.Fatal(err)
	}
	if got.Share == nil || *got.Share != r.UnchallengedShare || got.BadLines == nil || got.Legit.Picture == nil || got.First["campaign"] == nil {
		t.Errorf("%s", text)
	}
	for _, rung := range []string{"allow", "slider", "picture", "deny"} {
		if _, ok := got.ByRung[rung]; !ok {
			t.Errorf("no rung %q in %v", rung, got.ByRung)
		}
	}
	for _, peer := range []string{"fail2ban_10m", "fail2ban_24h", "crowdsec_http_bf"} {
		if got.Peers[peer].Share == nil {
			t.Errorf("no peer %q in %v", peer, got.Peers)
		}
	}
	if len(got.Reasons["attack"]) == 0 {
		t.Errorf("reasons %v", got.Reasons)
	}
}

func TestThePeersBanAsTheirRulesSay(t *testing.T) {
	// One address, a failure every so often; how many of a hundred come
	// through is worked out by hand.
	for _, test := range []struct {
		every time.Duration
		want  map[string]int
	}{
		// Every second: five, then banned for 600 s; two more after 605 s would be
		// beyond the hundred. CrowdSec's bucket of five leaks a tenth a second:
		// the sixth makes 6-0.5 = 5.5 and overflows.
		{time.Second, map[string]int{"fail2ban_10m": 5, "fail2ban_24h": 5, "crowdsec_ssh_bf": 6, "crowdsec_ssh_slow_bf": 11}},
		// Every 30 s: the fifth after 120 s; banned until 720 s, so of each 24
		// five come through: 4*5+4. The bucket of five leaks three between two.
		{30 * time.Second, map[string]int{"fail2ban_10m": 24, "fail2ban_24h": 5, "crowdsec_ssh_bf": 100, "crowdsec_ssh_slow_bf": 20}},
		// Every 150 s: the first is 600 s old when the fifth comes, and counts
		// no more.
		{150 * time.Second, map[string]int{"fail2ban_10m": 100, "fail2ban_24h": 100, "crowdsec_ssh_bf": 100, "crowdsec_ssh_slow_bf": 100}},
		// Every 200 s: three within 600 s.
		{200 * time.Second, map[string]int{"fail2ban_10m": 100, "fail2ban_24h": 100, "crowdsec_ssh_bf": 100, "crowdsec_ssh_slow_bf": 100}},
	} {
		m := newMaker()
		m.Format = FormatSSHD
		for range 100 {
			m.try(test.every, "192.0.2.1", "anna", "", Failed, "")
		}
		_, _, r := m.steps(t, Defaults(), Options{})
		got := make(map[string]int)
		for key, p := range r.Peers {
			got[key] = p.Unchallenged
			if p.UnchallengedShare != float64(p.Unchallenged)/100 || !strings.Contains(r.PeersNote, "without community blocklist") {
				t.Errorf("%s: %+v", key, p)
			}
		}
		if diff := cmp.Diff(test.want, got); diff != "" {
			t.Errorf("every %v (-want +got):\n%s", test.every, diff)
		}
	}
}

func TestAPeersBanHitsPeopleAtTheSameAddressAndEnds(t *testing.T) {
	m := newMaker()
	for range 5 {
		m.try(time.Second, "192.0.2.1", "anna", "", Failed, "attack")
	}
	m.try(time.Minute, "192.0.2.1", "ben", "", Succeeded, "legit")
	m.try(time.Minute, "192.0.2.2", "ben", "", Succeeded, "legit")
	m.try(10*time.Minute, "192.0.2.1", "ben", "", Succeeded, "legit")
	_, _, r := m.steps(t, Defaults(), Options{})
	for key, want := range map[string]int{"fail2ban_10m": 1, "fail2ban_24h": 2, "crowdsec_http_bf": 0} {
		if got := r.Peers[key].LegitimateDenied; got.Count != want || got.Of != 3 {
			t.Errorf("%s: %+v, want %d of 3", key, got, want)
		}
	}
}

func TestTheTextHasTheFigures(t *testing.T) {
	m := mixed()
	m.Lines, m.Bad, m.Samples = 40, 11, []BadLine{{"a.csv", 7, "why"}}
	m.Notes = []string{"A note."}
	_, _, r := m.steps(t, Defaults(), Options{Reuse: 100})
	var b strings.Builder
	if err := r.Write(&b); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"29 attempts", "11 of 40 lines", "a.csv:7: why", "A note.", percent(r.UnchallengedShare), `"quiet" met nothing in 4 attempts`,
		"without community blocklist", "fail2ban", "CrowdSec", "95 % interval", "docs/backtest.md", "--legitimate"} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("no %q in:\n%s", want, b.String())
		}
	}
	if err := r.Write(broken{}); !errors.Is(err, errBroken) {
		t.Errorf("a broken pipe: %v", err)
	}
}

type broken struct{}

var errBroken = errors.New("broken")

func (broken) Write([]byte) (int, error) { return 0, errBroken }

func TestThePlotIsWellFormedAndSaysInWordsWhatItShows(t *testing.T) {
	m := mixed()
	p := NewPlot(m.Log, `<"policy"> & more`)
	if _, err := Run(ctx, m.Log, Defaults(), Options{Reuse: 100, Each: p.Add}); err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if err := p.Write(&b); err != nil {
		t.Fatal(err)
	}
	columns := 0
	d := xml.NewDecoder(bytes.NewReader(b.Bytes()))
	for {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatalf("%v in:\n%s", err, b.String())
		}
		if e, ok := token.(xml.StartElement); ok && e.Name.Local == "rect" {
			columns++
		}
	}
	if columns < len(rungs)+4 {
		t.Errorf("%d columns", columns)
	}
	for _, want := range []string{`role="img"`, "<title", "Of 17 attempts of attacks", "Of 12 attempts of people", "prefers-color-scheme: dark", "From below", "&amp; more"} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("no %q in:\n%s", want, b.String())
		}
	}
	empty := NewPlot(NewLog(FormatCSV), "none")
	if err := empty.Write(&b); err != nil {
		t.Error(err)
	}
}

func TestADifferenceSaysWhoIsTreatedDifferently(t *testing.T) {
	m := mixed()
	b := Defaults()
	b.Site.Limits = map[string]config.Limit{config.LimitAddress: {Off: true}, config.LimitAccounts: {Off: true}, config.LimitAttempts: {Off: true}}
	b.Site.Ladder = &config.Ladder{Slider: config.RungOff, Picture: config.RungOff, SecondFactor: config.RungOff, Deny: config.RungOff}
	d, err := Differences(ctx, m.Log, Defaults(), b, Options{Reuse: 100})
	if err != nil {
		t.Fatal(err)
	}
	changed := 0
	for _, c := range append(d.Changed.Attack, d.Changed.Legitimate...) {
		changed += c.Count
		if place(c.From) <= place(c.To) {
			t.Errorf("%+v under a policy that asks nothing", c)
		}
	}
	met := 29 - d.A.AllByRung[0]
	if changed == 0 || changed != d.Changed.All || len(d.Rows) != changed || changed != met {
		t.Errorf("%d changed, %d rows, %d told, %d met anything under A", changed, len(d.Rows), d.Changed.All, met)
	}
	if d.B.UnchallengedShare != 1 || d.A.UnchallengedShare == 1 {
		t.Errorf("shares %v and %v", d.A.UnchallengedShare, d.B.UnchallengedShare)
	}
	if d.Rows[0].Address != "192.0.2.1" {
		t.Errorf("the first row: %+v", d.Rows[0])
	}
	// The reasons are those of the policy that asks more.
	for _, pair := range [][2]Policy{{asking(), Defaults()}, {Defaults(), asking()}} {
		asked, err := Differences(ctx, m.Log, pair[0], pair[1], Options{Reuse: 100})
		if err != nil || len(asked.Rows) == 0 || !slices.Contains(asked.Rows[0].Reasons, risk.CodeAskAfter) {
			t.Errorf("%v, %+v", err, asked)
		}
	}
	var text strings.Builder
	if err := d.Write(&text); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(text.String(), `"hit"`) {
		t.Errorf("the account is not named:\n%s", text.String())
	}
	same, err := Differences(ctx, m.Log, Defaults(), Defaults(), Options{Reuse: 100})
	if err != nil || same.Changed.All != 0 || len(same.Rows) != 0 {
		t.Errorf("a policy and itself: %v, %+v", err, same.Changed)
	}
	text.Reset()
	if err := same.Write(&text); err != nil || !strings.Contains(text.String(), "Nobody is treated differently") {
		t.Errorf("%v, %s", err, text.String())
	}
}
