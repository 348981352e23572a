package evaluate

import (
	"fmt"
	"strings"
	"time"
)

const day = 24 * time.Hour

// attackDay is when attacks begin: by then the guard has been there for two
// months, and most who come have come before. youngDay is the same for a guard
// that is two weeks old.
const (
	attackDay = 60
	youngDay  = 14
)

// old is a shop whose guard has been there for so long.
const old = "shop(accounts=4000,days=63)"

// on sets the day of an attack.
func on(day int, part string) string {
	name, rest, _ := strings.Cut(part, "(")
	if rest == "" {
		rest = ")"
	}
	return fmt.Sprintf("%s(day=%d,%s", name, day, rest)
}

// Scenarios lists what is evaluated.
func Scenarios() []Scenario {
	during := func(s Scenario) Scenario {
		s.From, s.To = attackDay*day, (attackDay+1)*day
		return s
	}
	both := func(s Scenario) []Scenario {
		bare := s
		bare.Name, bare.NoPlace = s.Name+", no GeoIP", true
		return []Scenario{s, bare}
	}
	var all []Scenario
	add := func(list ...Scenario) { all = append(all, list...) }

	add(both(Scenario{Name: "A shop's everyday", Spec: "shop(accounts=4000)+office+tablet+traveller+newphone",
		Goals: append(people("on all days"), watched(challenged("legit:traveller", 0)), watched(challenged("legit:new phone", 0)),
			watched(challenged("legit:office", 0)))})...)
	add(both(Scenario{Name: "A shop where 57 % of tries fail", Spec: "shop(accounts=4000,failures=0.57)", Goals: people("on all days")})...)
	add(Scenario{Name: "Forgotten password on a known device", Spec: "shop+forgotten(people=1000)+residential",
		Goals: []Goal{picture("legit:forgotten", 0.01), denied("legit:forgotten")}})
	add(both(Scenario{Name: "500 customers behind one address", Spec: "shop+cgnat(people=500)",
		Goals: []Goal{challenged("legit:cgnat", 0.02), denied("legit:cgnat")}})...)
	add(both(Scenario{Name: "A sale: 20 times as many logins", Spec: "shop+rush(times=20)",
		Goals: []Goal{challenged("legit:rush", 0.02), denied("legit:rush")}})...)

	campaign := func(name, spec, label string) Scenario {
		return during(Scenario{Name: name, Spec: old + "+" + on(attackDay, spec),
			Attack: label, Goals: append([]Goal{unchallenged(label, 0.05), noticed(label, 20)}, people("that day")...)})
	}
	add(both(campaign("One attempt from each of 10,000 addresses", "residential", "attack:residential"))...)
	young := campaign("The same two weeks after the guard was installed", "residential", "attack:residential")
	young.Spec, young.From, young.To = "shop(accounts=4000)+"+on(youngDay, "residential"), youngDay*day, (youngDay+1)*day
	add(both(young)...)
	add(both(campaign("One attempt from each of 5,000 addresses of the customers' operators", "samecountry(hits=0)", "attack:same country"))...)
	add(both(campaign("One attempt from each of 10,000, another browser each time", "residential(client=2)", "attack:residential"))...)
	// Nothing tells these from customers: what people meet is shown for what it is.
	alike := campaign("5,000 attempts by the customers' operators and all of their browsers", "samecountry(hits=0,client=2)", "attack:same country")
	for i := range alike.Goals[2:] {
		alike.Goals[2+i].Watched = true
	}
	add(both(alike)...)
	small := campaign("439 addresses in three weeks, at a shop with 40 logins a day", "", "attack:bots")
	small.Spec, small.From, small.To = "shop(accounts=400,days=82)+"+on(attackDay, "bots(hours=504)"), attackDay*day, (attackDay+21)*day
	add(both(small)...)
	add(both(Scenario{Name: "100 attempts a day from when the guard was installed on", Attack: "attack:residential",
		Spec: "shop(accounts=4000,days=30)+" + on(0, "residential(hours=720,attempts=3000,addresses=3000)"), From: 7 * day, To: 30 * day,
		Goals: append([]Goal{watched(unchallenged("attack:residential", 0)), noticed("attack:residential", 20)}, people("from the second week on")...)})...)
	add(both(Scenario{Name: "439 addresses and nothing before", Spec: "bots", Attack: "attack:bots",
		Goals: []Goal{unchallenged("attack:bots", 0.05), noticed("attack:bots", 20)}})...)

	stuffing := func(name, spec, label string) Scenario {
		s := campaign(name, spec, label)
		s.Goals = append([]Goal{hits(label, 0.9), watched(unchallenged(label, 0))}, people("that day")...)
		return s
	}
	add(both(stuffing("Stuffing from 10,000 addresses, 0.5 % right", "stuffing", "attack:stuffing"))...)
	add(both(stuffing("Stuffing, one attempt an address, 0.5 % right", "stuffing(attempts=10000)", "attack:stuffing"))...)
	add(both(stuffing("Stuffing from the customers' operators, 0.5 % right", "samecountry(attempts=10000)", "attack:same country"))...)
	add(stuffing("Stuffing with 2 % right", "stuffing(hits=0.02)", "attack:stuffing"))
	add(stuffing("Stuffing with 0.1 % right", "stuffing(hits=0.001,attempts=40000)", "attack:stuffing"))
	add(stuffing("Stuffing by people who pass 90 % of checks", "farm", "attack:farm"))
	add(both(stuffing("Stuffing after ten days of poisoning, under cover of own logins", "poisoning", "attack:poisoning"))...)

	watch := func(name, spec, label string) Scenario {
		s := campaign(name, spec, label)
		s.Goals[0], s.Goals[1] = watched(s.Goals[0]), watched(s.Goals[1])
		return s
	}
	add(watch("Five addresses as fast as they can", "fast", "attack:fast"))
	add(watch("One password at 5,000 customers", "spray", "attack:spray"))
	add(watch("Another browser at each of 10,000 attempts", "rotation", "attack:rotation"))
	slow := watch("One attempt an address and day, for a week", "slow(addresses=1000)", "attack:slow")
	slow.Spec = strings.Replace(slow.Spec, "days=63", "days=67", 1)
	slow.To = (attackDay + 7) * day
	add(slow)
	add(watch("Guessing with a device cookie that was stolen", "stolen", "attack:stolen"))

	add(during(Scenario{Name: "10,000 failures against one account", Spec: old + "+" + on(attackDay, "lockout"), Attack: "attack:lockout",
		Goals: append([]Goal{denied("legit:owner"),
			{Text: "checks the owner meets on one day, at most", Most: 1, Figure: func(r *Run) float64 { return float64(r.OwnerChecks) }},
			watched(unchallenged("attack:lockout", 0))}, people("that day")...)}))
	return all
}
