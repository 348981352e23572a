package blackbox_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/login-guard/login-guard/internal/guardtest"
	"github.com/login-guard/login-guard/internal/record"
	"github.com/login-guard/login-guard/internal/shoptest"
)

// explained asks the gateway itself, and the decisions come as they are kept.
func explained(t *testing.T, g *guardtest.Gateway, args ...string) (out []record.Explanation) {
	t.Helper()
	text := verb(t, g, append([]string{"explain", "--json"}, args...)...)
	var reply struct{ Decisions []record.Explanation }
	if err := json.Unmarshal([]byte(text), &reply); err != nil {
		t.Fatalf("%v: %s", err, text)
	}
	return reply.Decisions
}

func TestEveryDecisionIsExplainedFromItsRecord(t *testing.T) {
	t.Parallel()
	shop := shoptest.Generic().Start(t)
	g := guardtest.Start(t, guardtest.Site(shop.URL, "", "ask_after 3d"))
	alice := shoptest.Alice()
	p := visitor(t, g.URL, "203.0.113.70")
	p.signedIn(p.slide(p.check(p.alice(), "slider")))
	thief := visitor(t, g.URL, "198.51.100.7")
	var last reply
	for i := range 8 {
		last = thief.login(alice.Email, fmt.Sprint("guess ", i))
		if last.Header.Get("Login-Guard") != "" && strings.HasPrefix(last.Header.Get("Login-Guard"), "slider") {
			last = thief.slide(thief.check(last, "slider"))
		}
	}
	all := explained(t, g, "--account", alice.Email, "--limit", "100")
	if len(all) < 8 {
		t.Fatalf("%d decisions about the account", len(all))
	}
	actions := map[string]int{}
	for _, e := range all {
		actions[e.Action]++
		if e.Basis != nil && !e.Recomputed {
			t.Errorf("%s is not the same when it is worked out again: %+v", e.Ref, e)
		}
		if text := fmt.Sprintf("%+v", e); strings.Contains(text, "alice") || strings.Contains(text, "guess") || strings.Contains(text, "198.51.100.7") {
			t.Errorf("a record tells too much: %s", text)
		}
	}
	if actions["allow"] == 0 || actions["slider"] == 0 {
		t.Errorf("the decisions were %v", actions)
	}
	if thiefs := explained(t, g, "--address", "198.51.100.7"); len(thiefs) == 0 || len(thiefs) >= len(all) {
		t.Errorf("%d of %d decisions are about the address", len(thiefs), len(all))
	}
	text := verb(t, g, "explain", last.ref())
	for _, want := range []string{last.ref(), "score", "ladder     slider from 10", "because", "worked out again from its record, by the weights", ": the same", "of the decisions that the gateway"} {
		if !strings.Contains(text, want) {
			t.Errorf("the explanation has no %q:\n%s", want, text)
		}
	}
	if out, err := g.Command("login-guard", "explain", "0000-0000", "--admin", g.AdminAddr); err == nil || !strings.Contains(out, "no such decision") {
		t.Errorf("an unknown reference: %v: %s", err, out)
	}
	if out, err := g.Command("login-guard", "explain", "alice", "--admin", g.AdminAddr); err == nil || !strings.Contains(out, "7KQ2-M4XD") {
		t.Errorf("no reference: %v: %s", err, out)
	}
	if lines := strings.Count(verb(t, g, "events", "--limit", "5"), "\n"); lines != 6 {
		t.Errorf("%d lines of events, want a heading and 5", lines)
	}
	if text := verb(t, g, "events", "--action", "slider", "--json"); strings.Contains(text, `"action":"allow"`) || !strings.Contains(text, `"action":"slider"`) {
		t.Errorf("events of one action: %s", text)
	}
	// A mistake names the option, and what would work.
	for _, wrong := range []struct {
		args []string
		says []string
	}{
		{[]string{"events", "--action", "denied"}, []string{"--action", "slider", "deny"}},
		{[]string{"events", "--since", "5"}, []string{"--since", "1h"}},
		{[]string{"explain"}, []string{"7KQ2-M4XD", "--address", "--account"}},
		{[]string{"release"}, []string{"--ref", "--address", "--account"}},
		{[]string{"revoke"}, []string{"--account", "--all"}},
		{[]string{"factor"}, []string{"status", "forget-key"}},
		{[]string{"factor", "rest", "anna@example.org"}, []string{"rest", "reset"}},
		{[]string{"factor", "export"}, []string{"factors.lgx"}},
	} {
		out, err := g.Command(append([]string{"login-guard", wrong.args[0], "--admin", g.AdminAddr}, wrong.args[1:]...)...)
		for _, word := range wrong.says {
			if err == nil || !strings.Contains(out, word) {
				t.Errorf("%v: no %q in %q (%v)", wrong.args, word, out, err)
			}
		}
	}
}

func TestWhatCouldNotBeReadIsExplainedInWords(t *testing.T) {
	t.Parallel()
	shop := shoptest.Generic().Start(t)
	g := guardtest.Start(t, guardtest.Site(shop.URL, ""))
	p := visitor(t, g.URL, "203.0.113.9")
	r := p.post("/login", "email=a&email=b&password=c")
	p.wants(r, http.StatusBadRequest, "unreadable")
	for _, args := range [][]string{{r.ref()}, {"--address", "203.0.113.9"}} {
		text := verb(t, g, append([]string{"explain"}, args...)...)
		for _, want := range []string{r.ref(), "refused as unreadable", "could not be read as the shop would read it", "comes twice"} {
			if !strings.Contains(text, want) {
				t.Errorf("%q: no %q in\n%s", args, want, text)
			}
		}
		if strings.Contains(text, "let in") {
			t.Errorf("%q: a release lets nobody in:\n%s", args, text)
		}
	}
}

func TestASimulatedLoginCountsNothing(t *testing.T) {
	t.Parallel()
	shop := shoptest.Generic().Start(t)
	g := guardtest.Start(t, guardtest.Site(shop.URL, "", "ladder slider off picture off second_factor off deny off"))
	for range 30 {
		if text := verb(t, g, "simulate", "--address", "203.0.113.9", "--account", "alice@shop.example"); !strings.Contains(text, "let through") {
			t.Fatalf("it counts: %s", text)
		}
	}
	p := visitor(t, g.URL, "203.0.113.9")
	for range 5 {
		p.wrong(p.login(shoptest.Alice().Email, "wrong"))
	}
	text := verb(t, g, "simulate", "--address", "203.0.113.9", "--account", shoptest.Alice().Email)
	for _, want := range []string{"refused", "limit.pair", "on a device that has signed in to this account before: let through"} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q in\n%s", want, text)
		}
	}
	if text := verb(t, g, "simulate", "--address", "203.0.113.9", "--account", shoptest.Alice().Email, "--known-device"); !strings.Contains(text, "let through") {
		t.Errorf("on a known device:\n%s", text)
	}
	ran(t, shop, 5)
}

func TestAnOrderHoldsOverARestartAndIsTakenBack(t *testing.T) {
	t.Parallel()
	shop := shoptest.Generic().Start(t)
	g := guardtest.Start(t, guardtest.Site(shop.URL, "", "ask_after 3d"))
	p, other := visitor(t, g.URL, "203.0.113.9"), visitor(t, g.URL, "198.51.100.9")
	verb(t, g, "allow", "203.0.113.0/24", "--for", "1h", "--reason", "our office", "--by", "anna")
	p.signedIn(p.alice()) // unasked
	r := other.login(shoptest.Bob().Email, shoptest.Bob().Password)
	other.check(r, "slider")
	if text := verb(t, g, "explain", "--address", "203.0.113.9"); !strings.Contains(text, "our office") {
		t.Errorf("no word of the order:\n%s", text)
	}
	verb(t, g, "deny", "--account", shoptest.Bob().Email, "--for", "1h", "--reason", "asked us to", "--by", "anna")
	denied := other.login(shoptest.Bob().Email, shoptest.Bob().Password)
	other.wants(denied, http.StatusTooManyRequests, "deny")
	if text := verb(t, g, "explain", denied.ref()); !strings.Contains(text, "asked us to") || !strings.Contains(text, "override.deny") {
		t.Errorf("no word of the order:\n%s", text)
	}
	if why := reload(g, guardtest.Site(shop.URL, "", "ask_after 3d")+"# changed\n"); why != "" {
		t.Fatal(why)
	}
	g.Kill()
	g.Again()
	other.wants(other.login(shoptest.Bob().Email, shoptest.Bob().Password), http.StatusTooManyRequests, "deny")
	if text := verb(t, g, "explain", denied.ref()); !strings.Contains(text, "asked us to") {
		t.Errorf("the decision is gone after a restart:\n%s", text)
	}
	if list := verb(t, g, "deny", "list"); !strings.Contains(list, "account:") || strings.Contains(list, "bob") || strings.Contains(list, "203.0.113.0") {
		t.Errorf("the list of denials: %s", list)
	}
	verb(t, g, "deny", "remove", "--account", shoptest.Bob().Email)
	other.check(other.login(shoptest.Bob().Email, shoptest.Bob().Password), "slider")
	for _, bad := range [][]string{
		{"deny", "203.0.113.9", "--for", "1h"},                        // no reason
		{"deny", "203.0.113.9", "--for", "soon", "--reason", "x"},     // no time
		{"deny", "0.0.0.0/0", "--for", "1h", "--reason", "x"},         // everybody
		{"allow", "shop.example", "--for", "1h", "--reason", "x"},     // no address
		{"allow", "203.0.113.9", "--for", "100000h", "--reason", "x"}, // for ever
		{"allow", "203.0.113.9", "--account", "x", "--reason", "x"},   // two
		{"deny", "remove", "192.0.2.1"},                               // not there
		{"simulate", "--address", "nowhere", "--account", "x"},        // no address
		{"explain"}, // what?
	} {
		if out, err := g.Command(append(append([]string{"login-guard"}, bad...), "--admin", g.AdminAddr)...); err == nil {
			t.Errorf("%q: %s", bad, out)
		}
	}
}

func TestAnErasedAccountIsForgotten(t *testing.T) {
	t.Parallel()
	shop := shoptest.Generic().Start(t)
	g := guardtest.Start(t, guardtest.Site(shop.URL, "", "ask_after 3d"))
	p := visitor(t, g.URL, "203.0.113.9")
	p.signedIn(p.slide(p.check(p.alice(), "slider")))
	p.signedIn(p.alice())
	if n := len(explained(t, g, "--account", shoptest.Alice().Email)); n < 3 {
		t.Fatalf("%d decisions before", n)
	}
	if out := verb(t, g, "erase", "--account", shoptest.Alice().Email); !strings.Contains(out, "forgotten") {
		t.Errorf("it says %s", out)
	}
	if out, err := g.Command("login-guard", "explain", "--account", shoptest.Alice().Email, "--admin", g.AdminAddr); err == nil {
		t.Errorf("still explained: %s", out)
	}
	p.check(p.alice(), "slider") // the device is not known any more
}

// many makes decisions of every kind that a gateway makes, and returns how
// many attempts there were.
func many(t *testing.T, g *guardtest.Gateway) (n int) {
	t.Helper()
	alice, bob := shoptest.Alice(), shoptest.Bob()
	owner := visitor(t, g.URL, "203.0.113.1")
	if r := owner.alice(); strings.HasPrefix(r.guard(), "slider") {
		owner.slide(owner.check(r, "slider"))
		n++
	}
	owner.alice()
	owner.login(alice.Email, "mistyped")
	n += 3
	campaign(t, g, 30)
	n += 30
	for i := range 12 { // one address, one account, then the account from everywhere
		visitor(t, g.URL, "192.0.2.9").withoutCookies().login("carol@shop.example", fmt.Sprint("guess ", i))
		visitor(t, g.URL, fmt.Sprintf("%d.9.9.9", 30+i)).withoutCookies().login(bob.Email, fmt.Sprint("guess ", i))
		n += 2
	}
	// Asked, and passed; known now.
	late := visitor(t, g.URL, "198.51.100.1")
	if r := late.login(bob.Email, bob.Password); strings.HasPrefix(r.guard(), "slider") {
		late.slide(late.check(r, "slider"))
		n++
	}
	n++
	// By script, unreadable, without a language, over IPv6.
	visitor(t, g.URL, "192.0.2.44").login(alice.Email, "x", "Sec-Fetch-Mode", "cors", "Accept", "application/json")
	visitor(t, g.URL, "192.0.2.45").post("/login", "email=a&email=b&password=c")
	visitor(t, g.URL, "185.220.101.1").login(alice.Email, "x")
	visitor(t, g.URL, "2001:db8:1:2::3").login(alice.Email, "x", "Accept-Language", "")
	visitor(t, g.URL, "10.1.2.3").login(alice.Email, "x")
	n += 5
	return n
}

func TestEveryDecisionOfTheJournalComesOutOfItsRecordAgain(t *testing.T) {
	t.Parallel()
	for name, options := range map[string][]string{
		"defaults":   {},
		"monitoring": {"mode monitor"},
		// Without checks guesses reach the limits, and what is denied by them
		// a moment later.
		"limits alone": {"ladder slider off picture off second_factor off deny off"},
		"few steps":    {"ladder slider 2 picture 6 second_factor off deny 9", "ask_after 3d"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			shop := shoptest.Generic().Start(t)
			g := guardtest.Start(t, guardtest.Site(shop.URL, "", options...))
			attempts := many(t, g)
			verb(t, g, "allow", "192.0.2.0/24", "--for", "1h", "--reason", "an office")
			verb(t, g, "deny", "203.0.113.0/24", "--for", "1h", "--reason", "asked to")
			attempts += many2(t, g)
			kept, stood := 0, 0
			actions := map[string]int{}
			for line := range strings.SplitSeq(strings.TrimSpace(verb(t, g, "events", "--limit", "100000", "--json")), "\n") {
				var e record.Entry
				if err := json.Unmarshal([]byte(line), &e); err != nil {
					t.Fatal(err)
				}
				kept += max(1, e.Count)
				actions[e.Would]++
				if e.Would == "unreadable" || e.Count > 1 {
					continue // nothing was scored, or it stands for many
				}
				x := record.Explain(e)
				if !x.Recomputed || x.OtherWeights {
					t.Errorf("%s (%s, %v) comes out otherwise: %s", e.Ref, e.Would, e.Reasons, line)
				}
				if len(x.Causes) == 0 && e.Would != "allow" {
					t.Errorf("%s (%s, %v) has no cause", e.Ref, e.Would, e.Reasons)
				}
				if e.Basis != nil && e.Basis.Stands != nil {
					stood++
				}
			}
			if kept < attempts {
				t.Errorf("%d decisions are kept of %d attempts", kept, attempts)
			}
			if actions["deny"] == 0 || actions["allow"] == 0 || actions["unreadable"] == 0 || name == "limits alone" && stood == 0 {
				t.Errorf("too little was tried: %v, %d that stood", actions, stood)
			}
		})
	}
}

// many2 are attempts of those that the operator ordered something about.
func many2(t *testing.T, g *guardtest.Gateway) int {
	t.Helper()
	for i := range 5 {
		visitor(t, g.URL, "192.0.2.99").withoutCookies().login(fmt.Sprintf("office%d@shop.example", i), "x")
		visitor(t, g.URL, "203.0.113.1").withoutCookies().login(fmt.Sprintf("denied%d@shop.example", i), "x")
	}
	return 10
}

func TestTheCommandThatExplainNamesLetsTheLoginIn(t *testing.T) {
	t.Parallel()
	shop := shoptest.Generic().Start(t)
	g := guardtest.Start(t, guardtest.Site(shop.URL, "", "ask_after 3d"))
	alice := shoptest.Alice()
	follow := func(ref string) {
		t.Helper()
		e := explained(t, g, ref)[0]
		if len(e.LetIn) == 0 {
			t.Fatalf("%s: no command: %+v", ref, e)
		}
		for _, command := range e.LetIn {
			args := strings.Fields(strings.ReplaceAll(command, `"..."`, "telephone"))
			verb(t, g, args[1:]...)
		}
	}
	p := visitor(t, g.URL, "203.0.113.9").withoutCookies()
	r := p.alice()
	p.check(r, "slider") // by ask_after, which no release lifts
	follow(r.ref())
	p.signedIn(p.alice())
	verb(t, g, "allow", "list")
	verb(t, g, "deny", "198.51.100.0/24", "--for", "1h", "--reason", "asked to")
	q := visitor(t, g.URL, "198.51.100.9").withoutCookies()
	denied := q.login(alice.Email, alice.Password)
	q.wants(denied, http.StatusTooManyRequests, "deny")
	follow(denied.ref())
	q.signedIn(q.login(alice.Email, alice.Password))
	if out, err := g.Command("login-guard", "allow", "--ref", "0000-0000", "--reason", "x", "--admin", g.AdminAddr); err == nil || !strings.Contains(out, "--account") {
		t.Errorf("a reference that there is not: %v: %s", err, out)
	}
}

// What an operator allows is who comes, not what is guessed: the account's own
// limits hold for whoever is allowed, and a denial holds for everybody.
func TestOrdersStandWhereTheyShouldAmongTheOtherRules(t *testing.T) {
	t.Parallel()
	shop := shoptest.Generic().Start(t)
	g := guardtest.Start(t, guardtest.Site(shop.URL, "", "ladder slider off picture off second_factor off deny off"))
	alice := shoptest.Alice()
	owner := visitor(t, g.URL, "203.0.113.9")
	owner.signedIn(owner.alice())
	var last reply
	for i := range 60 { // guesses from everywhere, each of which passes the slider
		p := visitor(t, g.URL, fmt.Sprintf("%d.20.30.40", 20+i)).withoutCookies()
		if last = p.login(alice.Email, fmt.Sprint("guess ", i)); last.guard() == "slider" {
			last = p.slide(p.check(last, "slider"))
		}
		if last.guard() == "deny" {
			break
		}
	}
	if text := verb(t, g, "explain", last.ref()); last.guard() != "deny" || !strings.Contains(text, "the limit account is used up") {
		t.Fatalf("%s %q, explained:\n%s", last.Status, last.guard(), text)
	}
	stranger := func() *person { return visitor(t, g.URL, "198.51.100.7").withoutCookies() }
	stranger().wants(stranger().alice(), http.StatusTooManyRequests, "deny")
	for _, subject := range [][]string{{"--account", alice.Email}, {"198.51.100.7"}, {"198.51.100.0/24"}} {
		verb(t, g, append(append([]string{"allow"}, subject...), "--reason", "on the telephone")...)
		stranger().wants(stranger().alice(), http.StatusTooManyRequests, "deny")
	}
	owner.signedIn(owner.alice()) // strangers' guesses do not lock the owner out
	verb(t, g, "deny", "--account", alice.Email, "--reason", "the bank called")
	owner.wants(owner.alice(), http.StatusTooManyRequests, "deny")
	verb(t, g, "deny", "remove", "--account", alice.Email)
	owner.signedIn(owner.alice())
	verb(t, g, "release", "--account", alice.Email)
	stranger().signedIn(stranger().alice())
	// What is ordered of the network outlives an order about the account.
	if list := verb(t, g, "allow", "list"); strings.Count(list, "198.51.100") != 2 || strings.Contains(list, "account:") {
		t.Errorf("allowed: %s", list)
	}
	if log := g.Log(); strings.Count(log, `"msg":"an order was made"`) != 4 || strings.Count(log, `"msg":"an order was taken back"`) != 1 {
		t.Errorf("the log has %d orders made and %d taken back", strings.Count(log, `"msg":"an order was made"`), strings.Count(log, `"msg":"an order was taken back"`))
	}
}
