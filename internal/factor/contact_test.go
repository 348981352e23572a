package factor

import (
	"context"
	"sync"
	"testing"
	"time"
)

// purse is shared budgets that count.
type purse struct {
	took map[string]int
	wait time.Duration
}

func (p *purse) Take(_ context.Context, _ time.Time, all []Budget) (time.Duration, error) {
	for _, b := range all {
		if p.took[b.Name] >= b.Burst {
			return time.Hour, nil
		}
	}
	if p.wait > 0 {
		return p.wait, nil
	}
	for _, b := range all {
		p.took[b.Name]++
	}
	return 0, nil
}

func sending() (Sending, *purse) {
	p := &purse{took: map[string]int{}}
	return Sending{Countries: []string{"+49", "+43"}, Budgets: p}, p
}

func (b *bench) send(challenge, contact string, s Sending) *Dispatch {
	b.t.Helper()
	d, err := b.Send(ctx, b.now, b.id, challenge, contact, false, s)
	if err != nil {
		b.t.Fatal(err)
	}
	return d
}

// addContact enrols a number and moves on to where another code may be sent.
func (b *bench) addContact(s Sending) string {
	b.t.Helper()
	by := Actor{Established: true, Factor: b.app}
	id, _, err := b.AddContact(ctx, b.now, b.id, by, SMS, "+49 151 23456789", "Mobile", s)
	if err != nil {
		b.t.Fatal(err)
	}
	d := b.send(id, id, s)
	if d.Why != Right {
		b.t.Fatalf("%+v", d)
	}
	c, err := b.ConfirmContact(ctx, b.now, b.id, by, id, d.Message.Code)
	if err != nil || c.Why != Right {
		b.t.Fatal(c, err)
	}
	b.later(24 * time.Hour)
	return id
}

func TestASentCodeOpensTheLoginItWasSentForOnce(t *testing.T) {
	b := newBench(t)
	b.addApp(owner)
	s, _ := sending()
	contact := b.addContact(s)
	first, second := b.begin(), b.begin()
	d := b.send(first, contact, s)
	if d.Why != Right || d.Message.To != "+4915123456789" || d.Message.Kind != SMS || d.Again != ResendAfter || !d.Until.Equal(b.now.Add(CodeLife)) {
		t.Fatalf("%+v", d)
	}
	b.wantWhy(b.try(Attempt{Challenge: second, Class: ClassCode, Code: d.Message.Code}), Wrong)
	b.later(CodeLife - time.Second)
	b.wantWhy(b.try(Attempt{Challenge: first, Class: ClassCode, Code: d.Message.Code}), Right)
	b.wantWhy(b.try(Attempt{Challenge: first, Class: ClassCode, Code: d.Message.Code}), Gone)
	b.later(time.Hour)
	third := b.begin()
	d = b.send(third, contact, s)
	b.later(CodeLife)
	b.wantWhy(b.try(Attempt{Challenge: third, Class: ClassCode, Code: d.Message.Code}), Wrong)
}

func TestANewCodeVoidsTheOldAndLeavesTheCounters(t *testing.T) {
	b := newBench(t)
	b.addApp(owner)
	s, _ := sending()
	contact := b.addContact(s)
	c := b.begin()
	d := b.send(c, contact, s)
	for range 3 {
		wrong := "000000"
		if d.Message.Code == wrong {
			wrong = "000001"
		}
		b.wantWhy(b.try(Attempt{Challenge: c, Class: ClassCode, Code: wrong}), Wrong)
	}
	if again := b.send(c, contact, s); again.Why != Wait || again.Wait != ResendAfter {
		t.Fatalf("at once again: %+v", again)
	}
	b.later(ResendAfter)
	next := b.send(c, contact, s)
	if next.Why != Right || next.Again != 2*ResendAfter {
		t.Fatalf("%+v, want the wait to double", next)
	}
	if next.Message.Code != d.Message.Code {
		b.wantWhy(b.try(Attempt{Challenge: c, Class: ClassCode, Code: d.Message.Code}), Wrong)
	}
	if a := b.load(); a.Counters[ClassCode][0].Row != 4 || a.challenge(c).Wrong != 4 {
		t.Errorf("counter %+v, challenge %+v: not all of four wrong codes", a.Counters[ClassCode][0], a.challenge(c))
	}
	b.wantWhy(b.try(Attempt{Challenge: c, Class: ClassCode, Code: next.Message.Code}), Right)
}

func TestAnAccountGetsThreeCodesAnHourAndTenADay(t *testing.T) {
	b := newBench(t)
	b.addApp(owner)
	s, p := sending()
	s.PerRange = 1000
	contact := b.addContact(s)
	start := b.now
	sent, waited := 0, time.Duration(0)
	inHour := 0
	for b.now.Sub(start) < 24*time.Hour-time.Second {
		d := b.send(b.begin(), contact, s)
		switch d.Why {
		case Right:
			sent++
			if b.now.Sub(start) < time.Hour {
				inHour++
			}
		case Wait:
			if d.Wait <= 0 {
				t.Fatal("to wait, and not for how long")
			}
			waited += d.Wait
			b.later(d.Wait)
		default:
			t.Fatalf("%+v", d)
		}
	}
	if inHour != SendsPerHour || sent != SendsPerDay {
		t.Errorf("%d in an hour and %d in a day, want %d and %d", inHour, sent, SendsPerHour, SendsPerDay)
	}
	// The enrolment took one too; what the account refused cost others
	// nothing.
	if got := p.took["code/site"]; got != SendsPerDay+1 {
		t.Errorf("%d of the site's budget, want %d", got, SendsPerDay+1)
	}
}

func TestBudgetsOfAllAccountsBoundWhatPumpingCosts(t *testing.T) {
	b := newBench(t)
	s, p := sending()
	sent := 0
	for n := range byte(20) {
		b.id = ID{100, n}
		b.app = ""
		b.addApp(owner)
		by := Actor{Established: true, Factor: b.app}
		// A rented range: all alike but for the last four digits.
		number := "+4915123450" + string([]byte{'0' + n/10, '0' + n%10}) + "0"
		id, _, err := b.AddContact(ctx, b.now, b.id, by, SMS, number, "", s)
		if err != nil {
			t.Fatal(err)
		}
		if d := b.send(id, id, s); d.Why == Right {
			sent++
		} else if d.Why != Wait {
			t.Fatalf("%+v", d)
		}
	}
	if sent != 5 {
		t.Errorf("%d codes to one range, want 5; %v", sent, p.took)
	}
}

// together is a purse that many ask at once.
type together struct {
	purse
	mu sync.Mutex
}

func (p *together) Take(ctx context.Context, now time.Time, all []Budget) (time.Duration, error) {
	time.Sleep(10 * time.Millisecond) // the others come in
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.purse.Take(ctx, now, all)
}

// Codes asked for at once cost the site no more than one: the shared budget is
// everybody's.
func TestOfFiftyCodesAskedForAtOnceTheSitePaysOne(t *testing.T) {
	b := newBench(t)
	b.addApp(owner)
	p := &together{purse: purse{took: map[string]int{}}}
	s := Sending{Countries: []string{"+49"}, Budgets: p}
	id, _, err := b.AddContact(ctx, b.now, b.id, Actor{Established: true, Factor: b.app}, Email, "anna@example.org", "", s)
	if err != nil {
		t.Fatal(err)
	}
	var all sync.WaitGroup
	start := make(chan struct{})
	right := make(chan Why, 50)
	for range 50 {
		all.Go(func() {
			<-start
			d, err := b.Send(ctx, b.now, b.id, id, id, false, s)
			if err != nil {
				t.Error(err)
				return
			}
			right <- d.Why
		})
	}
	close(start)
	all.Wait()
	close(right)
	sent := 0
	for why := range right {
		if why == Right {
			sent++
		}
	}
	if sent != 1 || p.took["code/site"] != 1 {
		t.Errorf("%d codes were sent, and the site paid for %d", sent, p.took["code/site"])
	}
	// What the site has no budget for does not cost the account its own.
	b.later(time.Hour)
	p.wait = time.Minute
	before := len(b.load().Sends)
	if d := b.send(id, id, s); d.Why != Gone && d.Why != Wait || len(b.load().Sends) > before {
		t.Errorf("%v, and %d codes counted", d.Why, len(b.load().Sends))
	}
}

func TestAContactIsNeverAlone(t *testing.T) {
	b := newBench(t)
	s, _ := sending()
	_, _, err := b.AddContact(ctx, b.now, b.id, owner, Email, "anna@example.org", "", s)
	b.wantErr(err, ErrAlone)
	b.addApp(owner)
	by := Actor{Established: true, Factor: b.app}
	_, _, err = b.AddContact(ctx, b.now, b.id, owner, Email, "anna@example.org", "", s)
	b.wantErr(err, ErrDenied)
	b.addContact(s)
	_, err = b.Remove(ctx, b.now, b.id, by, b.app)
	b.wantErr(err, ErrAlone)
	b.saveRecovery(by)
	if _, err = b.Remove(ctx, b.now, b.id, by, b.app); err != nil {
		t.Fatal(err)
	}
	if !b.load().Enrolled() {
		t.Error("the contact is gone too")
	}
}

func TestAContactCountsOnceItsCodeWasTyped(t *testing.T) {
	b := newBench(t)
	b.addApp(owner)
	by := Actor{Established: true, Factor: b.app}
	s, _ := sending()
	id, a, err := b.AddContact(ctx, b.now, b.id, by, Email, " anna@example.org ", "", s)
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range a.Methods(b.now, false, func(Kind) bool { return true }) {
		if m.Class == ClassCode {
			t.Error("offered before it was confirmed")
		}
	}
	d := b.send(id, id, s)
	// The code of an enrolment opens no login.
	b.wantWhy(b.try(Attempt{Class: ClassCode, Code: d.Message.Code}), NotOffered)
	if got := b.send(b.begin(), id, s); got.Why != Gone {
		t.Errorf("a login's code to it: %v", got.Why)
	}
	wrong := "000000"
	if d.Message.Code == wrong {
		wrong = "000001"
	}
	for range PerHour {
		c, err := b.ConfirmContact(ctx, b.now, b.id, by, id, wrong)
		if err != nil || c.Why != Wrong && c.Why != Wait {
			t.Fatal(c, err)
		}
	}
	if c, err := b.ConfirmContact(ctx, b.now, b.id, Actor{Factor: b.app}, id, d.Message.Code); err != nil || c.Why != Right {
		t.Errorf("by a device with counters of its own: %+v %v", c, err)
	}
	if got := b.load().Contacts[0]; got.Pending || got.To != "anna@example.org" {
		t.Errorf("%+v", got)
	}
	late, _, err := b.AddContact(ctx, b.now, b.id, by, Email, "otto@example.org", "", s)
	if err != nil {
		t.Fatal(err)
	}
	b.later(PendingLife)
	_, err = b.ConfirmContact(ctx, b.now, b.id, by, late, "123456")
	b.wantErr(err, ErrOver)
}

func TestNoCodeGoesWhereNoneMay(t *testing.T) {
	b := newBench(t)
	b.addApp(owner)
	s, _ := sending()
	contact := b.addContact(s)
	c := b.begin()
	if d := b.send(c, contact, Sending{Countries: s.Countries}); d.Why != NotOffered {
		t.Errorf("without budgets: %v", d.Why)
	}
	if d := b.send(c, contact, Sending{Countries: []string{"+43"}, Budgets: s.Budgets}); d.Why != NotOffered {
		t.Errorf("to a country that is not on the list any more: %v", d.Why)
	}
	if d := b.send("made up", contact, s); d.Why != Gone {
		t.Errorf("for a challenge that is none: %v", d.Why)
	}
	if d := b.send(c, "made up", s); d.Why != NotOffered {
		t.Errorf("to a contact that is none: %v", d.Why)
	}
	for range PerHour {
		b.wantWhy(b.try(Attempt{Class: ClassCode, Code: "000000"}), Wrong)
	}
	if d := b.send(b.begin(), contact, s); d.Why != Wait {
		t.Errorf("while the class waits: %v", d.Why)
	}
}
