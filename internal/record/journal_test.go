package record_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/login-guard/login-guard/config"
	"github.com/login-guard/login-guard/internal/record"
	"github.com/login-guard/login-guard/internal/risk"
)

// clock is a clock that stands until it is moved.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) move(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

func decision(i int) record.Decision {
	facts := risk.Facts{AddressFailures: 1.0 / 3 * float64(i), AddressFailureShare: 1}
	a := risk.Assess(facts)
	basis := record.NewBasis(facts, risk.Situation{AddressUnits: facts.AddressFailures, Over: []risk.Over{{Limit: "pair", RetryAfter: 90 * time.Second, Demands: risk.Deny, Personal: true}}}, config.Ladder{})
	_, v := basis.Verdict()
	return record.Decision{Ref: fmt.Sprintf("AAAA-%04d", i), Site: "shop", Action: string(v.Action), Would: string(v.Action), Mode: "enforce",
		Score: a.Score, Reasons: v.Reasons, RetryAfter: v.RetryAfter, Outcome: "none", Account: fmt.Sprint("account", i%3), Host: "host", Count: 1, Basis: basis}
}

func everything(*record.Entry) bool { return true }

func TestTheJournalIsThereAfterARestartAndTheNewestComesFirst(t *testing.T) {
	for _, dir := range []string{t.TempDir(), ""} {
		c := &clock{now: start}
		j := record.OpenJournal(dir, c.Now)
		for i := range 50 {
			c.move(time.Second)
			d := decision(i)
			d.At = c.Now()
			j.Write(d)
		}
		if dir != "" {
			if err := j.Close(); err != nil {
				t.Fatal(err)
			}
			j = record.OpenJournal(dir, c.Now)
		}
		found, err := j.Find("", 7, everything)
		if err != nil || len(found) != 7 || found[0].Ref != "AAAA-0049" || found[6].Ref != "AAAA-0043" {
			t.Errorf("in %q: %v, %d found", dir, err, len(found))
		}
		for _, e := range found {
			if x := record.Explain(e); !x.Recomputed {
				t.Errorf("%s is not the same when it is worked out again", e.Ref)
			}
		}
		found, err = j.Find("AAAA-0007", 7, everything)
		if err != nil || dir != "" && len(found) != 1 {
			t.Errorf("by a text: %v, %d found", err, len(found))
		}
		n, err := j.Erase(func(e *record.Entry) bool { return e.About("account1") })
		if err != nil || n != 17 {
			t.Errorf("erased %d, %v, want 17", n, err)
		}
		if found, err = j.Find("", 1000, everything); err != nil || len(found) != 33 {
			t.Errorf("%d are left, %v, want 33", len(found), err)
		}
		c.move(record.Keep)
		if found, err = j.Find("", 1000, everything); dir != "" && (err != nil || len(found) != 0) {
			t.Errorf("a week later %d are there, %v", len(found), err)
		}
		if err := j.Close(); err != nil {
			t.Error(err)
		}
	}
}

func TestALineThatWasCutIsSkipped(t *testing.T) {
	dir := t.TempDir()
	c := &clock{now: start}
	j := record.OpenJournal(dir, c.Now)
	for i := range 3 {
		j.Write(decision(i))
	}
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	files, _ := filepath.Glob(filepath.Join(dir, "*"))
	if len(files) != 1 {
		t.Fatalf("files %q", files)
	}
	whole, err := os.ReadFile(files[0])
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.SplitAfter(string(whole), "\n")
	if err := os.WriteFile(files[0], []byte(lines[0]+"{broken\n"+lines[1]+lines[2][:40]), 0o600); err != nil {
		t.Fatal(err)
	}
	j = record.OpenJournal(dir, c.Now)
	defer j.Close()
	found, err := j.Find("", 10, everything)
	if err != nil || len(found) != 2 {
		t.Errorf("%d found, %v, want the two that are whole", len(found), err)
	}
}

func TestAFolderThatCannotBeWrittenIsToldAndNobodyWaits(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	j := record.OpenJournal(filepath.Join(file, "records"), time.Now)
	for i := range 10_000 {
		j.Write(decision(i))
	}
	if err := j.Close(); err == nil {
		t.Error("nothing is told")
	}
}

func TestWhoFollowsSeesDecisionsAsTheyCome(t *testing.T) {
	j := record.OpenJournal("", time.Now)
	defer j.Close()
	entries, stop := j.Follow()
	defer stop()
	j.Write(decision(4))
	if e := <-entries; e.Ref != "AAAA-0004" {
		t.Errorf("got %s", e.Ref)
	}
}

func TestWhatWouldHaveChangedAVerdict(t *testing.T) {
	facts := risk.Facts{AddressFailures: 8, AddressFailureShare: 1, Tor: true, Hosting: true}
	basis := record.NewBasis(facts, risk.Situation{AddressUnits: 8}, config.Ladder{})
	a, v := basis.Verdict()
	e := record.Entry{Action: string(v.Action), Would: string(v.Action), Score: a.Score, Reasons: v.Reasons, RetryAfter: v.RetryAfter, Basis: basis}
	got := record.Explain(e)
	// 8 failures would be 24 points and count 20; with Tor and hosting, 10
	// together, it is 30.
	want := []record.Change{
		{Without: "address.failures", Action: "slider"},
		{With: record.WithKnownDevice, Action: "slider"},
		{With: record.WithPicture, Action: "allow"},
	}
	if diff := cmp.Diff(want, got.Changes); diff != "" || !got.Recomputed {
		t.Errorf("recomputed %v (-want +got):\n%s", got.Recomputed, diff)
	}
	e.Score++
	if record.Explain(e).Recomputed {
		t.Error("another score is taken for the same")
	}
}

func TestADecisionByOtherWeightsIsNotTakenForAWrongOne(t *testing.T) {
	d := decision(4)
	e := record.Entry{Action: d.Action, Would: d.Would, Score: d.Score, Reasons: d.Reasons, RetryAfter: d.RetryAfter, Basis: d.Basis}
	if x := record.Explain(e); !x.Recomputed || x.OtherWeights || x.Weights != risk.Version() || len(x.Families) != 1 {
		t.Errorf("by these weights: %+v", x)
	}
	e.Score += 2 // as others would have it
	for _, weights := range []string{"", "0123456789ab"} {
		e.Basis.Weights = weights
		if x := record.Explain(e); x.Recomputed || !x.OtherWeights || len(x.Changes) != 0 || len(x.Families) != 0 || x.Basis.Weights != weights {
			t.Errorf("by the weights %q: %+v", weights, x)
		}
	}
	if x := record.Explain(record.Entry{Action: "unreadable"}); x.Recomputed || x.OtherWeights || x.Changes == nil || x.Families == nil {
		t.Errorf("without a basis: %+v", x)
	}
}

func TestOneAttackIsTakenAwayWhole(t *testing.T) {
	facts := risk.Facts{SiteAttack: 0.6, NetworkAttack: 0.6, ClientAttack: 0.6, SiteLearned: true}
	basis := record.NewBasis(facts, risk.Situation{}, config.Ladder{})
	_, v := basis.Verdict()
	got := record.Explain(record.Entry{Would: string(v.Action), Basis: basis})
	// Network and client say the same as the site, so without one of them
	// nothing would have changed.
	want := []record.Change{{Without: risk.WithoutAttack, Action: "allow"}, {With: record.WithKnownDevice, Action: "allow"},
		{With: record.WithSlider, Action: "allow"}, {With: record.WithPicture, Action: "allow"}}
	if diff := cmp.Diff(want, got.Changes); diff != "" || v.Action != risk.Slider {
		t.Errorf("%s (-want +got):\n%s", v.Action, diff)
	}
}
