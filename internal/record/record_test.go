package record_test

import (
	"fmt"
	"net/netip"
	"reflect"
	"regexp"
	"sync"
	"testing"
	"time"

	"github.com/login-guard/login-guard/internal/record"
	"github.com/login-guard/login-guard/internal/risk"
)

var start = time.Unix(1_800_000_000, 0)

// written collects what a folder writes.
type written struct {
	mu   sync.Mutex
	list []record.Decision
}

func (w *written) write(d record.Decision) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.list = append(w.list, d)
}

// stands is for how many decisions the records stand together.
func (w *written) stands() int {
	n := 0
	for _, d := range w.list {
		n += max(1, d.Count)
	}
	return n
}

func folder() (*record.Folder, *written) {
	w := new(written)
	return &record.Folder{Burst: 10, Write: w.write}, w
}

// denial is the i-th of many alike.
func denial(i int) record.Decision {
	return record.Decision{
		Ref: record.NewRef(), Site: "shop.example", Endpoint: "woocommerce",
		Action: string(risk.Deny), Would: string(risk.Deny), Mode: "enforce", Score: 12,
		Reasons: []risk.Reason{{Code: "limit_pair"}, {Code: "tor", Points: 8}}, Outcome: "none",
		Account: fmt.Sprintf("account-%d", i), Address: fmt.Sprintf("192.0.%d.0/24", i%256), Duration: time.Millisecond,
	}
}

func TestTenAlikeASecondAreWrittenAndTheRestBecomeOne(t *testing.T) {
	for _, test := range []struct{ added, direct, folded int }{
		{1, 1, 0}, {10, 10, 0}, {11, 10, 1}, {12, 10, 2}, {5000, 10, 4990},
	} {
		t.Run(fmt.Sprint(test.added), func(t *testing.T) {
			f, w := folder()
			for i := range test.added {
				f.Add(start.Add(time.Duration(i)*time.Second/time.Duration(test.added+1)), denial(i), nil)
			}
			if len(w.list) != test.direct {
				t.Fatalf("%d records at once, want %d", len(w.list), test.direct)
			}
			for i, d := range w.list {
				if d.Account != denial(i).Account || d.Count > 1 {
					t.Errorf("record %d is %+v, want it as it was added", i, d)
				}
			}
			f.Flush(start.Add(999 * time.Millisecond))
			if len(w.list) != test.direct {
				t.Fatal("a count is written before its second is over")
			}
			f.Flush(start.Add(time.Second))
			f.Flush(start.Add(time.Second))
			f.Flush(start.Add(2 * time.Second))
			rest := w.list[test.direct:]
			if test.folded == 0 {
				if len(rest) != 0 {
					t.Fatalf("records of none: %+v", rest)
				}
				return
			}
			if len(rest) != 1 || rest[0].Count != test.folded {
				t.Fatalf("got %+v, want one record with count %d", rest, test.folded)
			}
		})
	}
}

func TestTheRecordOfManyNamesNoneOfThemAndSaysWhatTheyWere(t *testing.T) {
	f, w := folder()
	for i := range 100 {
		f.Add(start, denial(i), nil)
	}
	f.Flush(start.Add(time.Second))
	d := w.list[len(w.list)-1]
	if d.Account != "" || d.Address != "" || d.Duration != 0 {
		t.Errorf("it names account %q, address %q, duration %v", d.Account, d.Address, d.Duration)
	}
	want := denial(0)
	if d.Site != want.Site || d.Endpoint != want.Endpoint || d.Action != want.Action || d.Mode != want.Mode ||
		d.Outcome != want.Outcome || !reflect.DeepEqual(d.Reasons, want.Reasons) {
		t.Errorf("it says %+v", d)
	}
}

func TestOnlyDenialsAndUnreadablesAreFolded(t *testing.T) {
	for action, folds := range map[risk.Action]bool{
		risk.Allow: false, risk.Slider: false, risk.Picture: false, risk.SecondFactor: false,
		risk.Deny: true, risk.Unreadable: true,
	} {
		t.Run(string(action), func(t *testing.T) {
			f, w := folder()
			for i := range 50 {
				d := denial(i)
				d.Action = string(action)
				f.Add(start, d, nil)
			}
			if want := map[bool]int{true: 10, false: 50}[folds]; len(w.list) != want {
				t.Errorf("%d records, want %d", len(w.list), want)
			}
		})
	}
}

func TestWhatIsNotAlikeIsFoldedApart(t *testing.T) {
	for name, change := range map[string]func(*record.Decision){
		"site":         func(d *record.Decision) { d.Site = "other" },
		"endpoint":     func(d *record.Decision) { d.Endpoint = "other" },
		"action":       func(d *record.Decision) { d.Action = string(risk.Unreadable) },
		"one reason":   func(d *record.Decision) { d.Reasons = d.Reasons[:1] },
		"other reason": func(d *record.Decision) { d.Reasons = []risk.Reason{{Code: "limit_pair"}, {Code: "vpn"}} },
		"no reasons":   func(d *record.Decision) { d.Reasons = nil },
	} {
		t.Run(name, func(t *testing.T) {
			f, w := folder()
			for i := range 20 {
				f.Add(start, denial(i), nil)
				d := denial(i)
				change(&d)
				f.Add(start, d, nil)
			}
			f.Flush(start.Add(time.Second))
			if len(w.list) != 22 || w.stands() != 40 {
				t.Errorf("%d records for %d, want 22 for 40", len(w.list), w.stands())
			}
		})
	}
	t.Run("points alone are alike", func(t *testing.T) {
		f, w := folder()
		for i := range 20 {
			d := denial(i)
			d.Score = float64(i)
			d.Reasons = []risk.Reason{{Code: "address_failures", Points: float64(i)}}
			f.Add(start, d, nil)
		}
		if len(w.list) != 10 {
			t.Errorf("%d records, want 10", len(w.list))
		}
	})
}

func TestANewSecondStartsAnew(t *testing.T) {
	f, w := folder()
	for s := range 5 {
		for i := range 30 {
			f.Add(start.Add(time.Duration(s)*time.Second), denial(i), nil)
		}
	}
	f.Flush(start.Add(5 * time.Second))
	if len(w.list) != 5*11 || w.stands() != 5*30 {
		t.Errorf("%d records for %d, want 55 for 150", len(w.list), w.stands())
	}
}

func TestNoneIsLostWithMoreKindsThanTheFolderHolds(t *testing.T) {
	f, w := folder()
	for i := range 20 * 1000 {
		d := denial(i)
		d.Endpoint = fmt.Sprint(i % 1000)
		f.Add(start, d, nil)
	}
	f.Flush(start.Add(time.Second))
	if w.stands() != 20*1000 {
		t.Errorf("records stand for %d, want 20000", w.stands())
	}
}

func TestNoneIsLostWithManyAtOnce(t *testing.T) {
	f, w := folder()
	var wg sync.WaitGroup
	for g := range 8 {
		wg.Go(func() {
			for i := range 1000 {
				// Each goroutine's clock is a little off the others'.
				now := start.Add(time.Duration(i*4+g*50) * time.Millisecond)
				f.Add(now, denial(i), nil)
				if i%100 == 0 {
					f.Flush(now)
				}
			}
		})
	}
	wg.Wait()
	f.Flush(start.Add(time.Hour))
	if w.stands() != 8000 {
		t.Errorf("records stand for %d, want 8000", w.stands())
	}
	if len(w.list) > 4000 {
		t.Errorf("%d records of 8000: hardly any was folded", len(w.list))
	}
}

func TestAReferenceCanBeReadOutOnTheTelephone(t *testing.T) {
	form := regexp.MustCompile(`^[0-9A-HJKMNP-TV-Z]{4}-[0-9A-HJKMNP-TV-Z]{4}$`)
	seen, letters := map[string]bool{}, map[rune]int{}
	for range 5000 {
		ref := record.NewRef()
		if !form.MatchString(ref) {
			t.Fatalf("%q is not such as 7KQ2-M4XD", ref)
		}
		if seen[ref] {
			t.Fatalf("%q came twice in 5000 of 2^40", ref)
		}
		seen[ref] = true
		for _, c := range ref {
			letters[c]++
		}
	}
	// 40,000 letters of 32 kinds: 1250 each, give or take seven deviations.
	for c, n := range letters {
		if c != '-' && (n < 1000 || n > 1500) {
			t.Errorf("%q came %d times of 40000, want about 1250", c, n)
		}
	}
	if len(letters) != 33 {
		t.Errorf("%d letters, want 32 and the hyphen", len(letters))
	}
}

func TestAnAddressIsShownAsItsNetwork(t *testing.T) {
	for address, want := range map[string]string{
		"192.0.2.77": "192.0.2.0/24", "10.1.2.3": "10.1.2.0/24", "0.0.0.0": "0.0.0.0/24",
		"2001:db8:1:2:3:4:5:6": "2001:db8:1::/48", "fe80::1%eth0": "fe80::/48", "::1": "::/48",
	} {
		if got := record.Truncated(netip.MustParseAddr(address)); got != want {
			t.Errorf("%s is shown as %q, want %q", address, got, want)
		}
	}
	if got := record.Truncated(netip.Addr{}); got != "" {
		t.Errorf("no address is shown as %q", got)
	}
}

func TestCodesAreThoseOfTheReasons(t *testing.T) {
	d := denial(0)
	if got := d.Codes(); !reflect.DeepEqual(got, []string{"limit_pair", "tor"}) {
		t.Errorf("got %q", got)
	}
	if got := (&record.Decision{}).Codes(); got == nil || len(got) != 0 {
		t.Errorf("no reasons have codes %#v, want an empty list", got)
	}
}
