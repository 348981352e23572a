package generate

// Parts lists the parts that a specification can be made of.
func Parts() []Part {
	begin := func(d float64) Setting { return Setting{"day", d, 0, 365, "the day it begins, from 0"} }
	people := func(n float64) Setting { return Setting{"people", n, 1, 100_000, "how many people"} }
	days := func(n float64) Setting { return Setting{"days", n, 1, 365, "how many days"} }
	failures := Setting{"failures", 0.15, 0, 0.9, "the share of tries that are wrong"}
	attack := func(addresses, attempts, hours, hits, client float64) []Setting {
		return []Setting{begin(14),
			{"addresses", addresses, 1, 1_000_000, "how many addresses"},
			{"attempts", attempts, 1, 10_000_000, "how many guesses"},
			{"hours", hours, 0.1, 8760, "over how long"},
			{"hits", hits, 0, 1, "the share of guesses that are right"},
			{"client", client, 0, 2, "0 a tool, 1 the most usual browser, 2 another browser each time"},
			{"solves", 0, 0, 100, "how many of a hundred checks it passes"}}
	}
	with := func(list []Setting, more ...Setting) []Setting { return append(list, more...) }
	set := func(list []Setting, name string, value float64) []Setting {
		for i := range list {
			if list[i].Name == name {
				list[i].Default = value
			}
		}
		return list
	}
	return []Part{
		{"shop", "customers as every day, most of whom come a few times", []Setting{days(21),
			{"accounts", 3000, 1, 1_000_000, "how many customers"},
			{"gap", 2, 0.01, 365, "days between two visits at least"}, failures}, shop},
		{"rush", "a sale: many times as many logins, most of people not seen for long", []Setting{begin(15),
			{"hours", 2, 0.1, 48, "how long"}, {"times", 20, 1, 1000, "how many times as many as usual"}, failures}, rush},
		{"cgnat", "customers behind one address of a phone network", []Setting{begin(3), people(500), days(14), failures}, cgnat},
		{"office", "colleagues behind one address who log in at nine", []Setting{begin(3), people(80), days(14), failures}, office},
		{"tablet", "families of four on one device", []Setting{begin(0), {"families", 50, 1, 10_000, "how many families"}, days(20), failures}, tablet},
		{"traveller", "customers with a history who are abroad", []Setting{begin(14), people(100),
			{"strange", 0.2, 0, 1, "the share who use a device of the hotel's"}, failures}, traveller},
		{"newphone", "customers with a history on a device that is new", []Setting{begin(14), people(200), failures}, newPhone},
		{"forgotten", "customers on their device who try three to five passwords", []Setting{begin(14), people(300)}, forgotten},

		{"fast", "a few addresses, each at one account as fast as it can", with(attack(5, 2000, 1, 0, 0), Setting{"rate", 5, 0.01, 1000, "guesses a second"}), fast},
		{"spray", "one password after the other at all customers, from rented servers", attack(50, 5000, 6, 0.001, 0), spray},
		{"stuffing", "names and passwords from elsewhere, by residential addresses", attack(10_000, 20_000, 24, 0.005, 1), stuffing},
		{"residential", "one attempt an address, by residential addresses", attack(10_000, 10_000, 24, 0, 1), residential},
		{"bots", "a campaign as one was seen: most addresses send one or two attempts, some many", []Setting{begin(0),
			{"addresses", 439, 1, 100_000, "how many addresses"}, {"attempts", 1080, 1, 1_000_000, "how many attempts"},
			{"hours", 48, 0.1, 8760, "over how long"}, {"client", 2, 0, 2, "as elsewhere"}}, bots},
		{"slow", "one attempt an address and day", with(attack(500, 1, 24, 0, 1), days(7)), slow},
		{"samecountry", "residential addresses of the customers' own operators", attack(5000, 5000, 24, 0.005, 1), sameCountry},
		{"rotation", "another browser at every attempt", attack(2000, 10_000, 24, 0.005, 2), rotation},
		{"lockout", "a botnet at one account whose owner logs in meanwhile", attack(3000, 10_000, 24, 0, 1), lockout},
		{"stolen", "guessing with a device cookie that was copied", with(attack(1, 200, 6, 0, 1), people(10)), stolen},
		{"farm", "stuffing by people who pass nine of ten checks", set(attack(10_000, 20_000, 24, 0.005, 1), "solves", 90), farm},
		{"poisoning", "a campaign that makes failing look usual first, and covers itself by own successes", with(attack(5000, 10_000, 24, 0.005, 1),
			Setting{"before", 10, 1, 365, "days of preparation"}, Setting{"own", 100, 1, 100_000, "accounts of its own"},
			Setting{"cover", 20, 0, 10_000, "logins of each"}), poisoning},
	}
}
