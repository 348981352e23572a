package page

import (
	"encoding/json"
	"html/template"
	"maps"
	"slices"
	"strings"
	"time"
)

var (
	getOptions    = json.RawMessage(`{"publicKey":{"challenge":"` + strings.Repeat("c", 43) + `","timeout":300000,"rpId":"shop.example","allowCredentials":[{"type":"public-key","id":"` + strings.Repeat("i", 43) + `"}],"userVerification":"preferred"}}`)
	createOptions = json.RawMessage(`{"publicKey":{"rp":{"name":"Shop","id":"shop.example"},"user":{"id":"dXNlcg","name":"a•••","displayName":"a•••"},"challenge":"` + strings.Repeat("c", 43) + `","pubKeyCredParams":[{"type":"public-key","alg":-7}],"excludeCredentials":[]}}`)
)

// allWays are all methods that can be offered.
var allWays = []Way{
	{Method: MethodApp}, {Method: MethodPasskey}, {Method: MethodSMS, Contact: "•••• 42"}, {Method: MethodSMS, Value: "sms:2", Contact: "•••• 07"},
	{Method: MethodEmail, Contact: "a•••@e•••.example"}, {Method: MethodRecovery},
}

// secondViews are all states of the page that asks, by name.
func secondViews() map[string]Second {
	ask := func(way Way, change func(*Second)) Second {
		v := Second{Action: "/my-account/?redirect=%2Fcart", Method: way, Methods: allWays, Account: "a•••@e•••.example", TrustDays: 30, Ref: "7KQ2-M4XD"}
		if way.Method == MethodPasskey {
			v.Options = getOptions
		}
		if change != nil {
			change(&v)
		}
		return v
	}
	views := map[string]Second{
		"app":              ask(allWays[0], nil),
		"app alone":        ask(allWays[0], func(v *Second) { v.Methods, v.TrustDays = allWays[:1], 0 }),
		"app wrong":        ask(allWays[0], func(v *Second) { v.Error, v.Left = SecondWrong, 3 }),
		"passkey":          ask(allWays[1], nil),
		"passkey stopped":  ask(allWays[1], func(v *Second) { v.Error = SecondStopped }),
		"sms to be sent":   ask(allWays[2], nil),
		"sms":              ask(allWays[2], func(v *Second) { v.Sent, v.ResendIn = true, 30 }),
		"second sms":       ask(allWays[3], func(v *Second) { v.Sent = true }),
		"email":            ask(allWays[4], func(v *Second) { v.Sent, v.ResendIn = true, 50 }),
		"recovery":         ask(allWays[5], nil),
		"recovery locked":  ask(allWays[5], func(v *Second) { v.Error, v.Seconds = SecondSlow, 900 }),
		"in a dialog":      ask(allWays[0], func(v *Second) { v.Frame, v.Scheme = Dialog, Dark }),
		"passkey, dialog":  ask(allWays[1], func(v *Second) { v.Frame = Dialog }),
		"replaced":         {State: SecondReplaced, Back: "/my-account/"},
		"expired":          {State: SecondExpired, Back: "/my-account/"},
		"in the other tab": {State: SecondTab, Action: "/my-account/", Cancel: true},
		"wait":             {State: SecondWait, Action: "/my-account/", Back: "/my-account/", Seconds: 120, Cancel: true, Ref: "7KQ2-M4XD"},
	}
	for _, code := range append(slices.Collect(maps.Keys(secondErrors)), "never heard of") {
		views["error "+code] = ask(allWays[2], func(v *Second) { v.Sent, v.Error, v.Seconds = true, code, 60 })
	}
	return views
}

func at(day string) time.Time {
	t, err := time.Parse(time.DateOnly, day)
	if err != nil {
		panic(err)
	}
	return t
}

var items = []Item{
	{MethodApp, "i1", "Phone", at("2026-03-01"), at("2026-11-22"), time.Time{}},
	{MethodPasskey, "i2", "Security key on my key ring", at("2026-11-21"), time.Time{}, at("2026-11-24")},
	{MethodSMS, "i3", "•••• 42", at("2026-01-31"), at("2026-02-01"), time.Time{}},
	{MethodEmail, "i4", "a•••@e•••.example", at("2026-01-31"), time.Time{}, time.Time{}},
}

// codes are recovery codes as they are written down.
var codes = []string{
	"3F7K-Q2MD-9XAB-H4TW", "PZ6R-C8VN-2JGE-5YUK", "W4HT-BAX9-DM2Q-K7F3", "KUY5-EGJ2-NV8C-R6ZP", "9D3X-7QKM-4TFW-AB2H",
	"JN5G-VE2Y-U8CK-ZR6P", "M2QD-XAB9-TWH4-F7K3", "C8VN-R6ZP-5YUK-GE2J", "H4TW-9XAB-3F7K-Q2MD", "2JGE-PZ6R-5YUK-C8VN",
}

// accountViews are all states of the account page, by name.
func accountViews() map[string]Account {
	every := []Method{MethodApp, MethodPasskey, MethodSMS, MethodEmail}
	qr := template.HTML(`<svg viewBox="0 0 3 3"><path d="M0 0h1v1h-1zM2 2h1v1h-1z"/></svg>`)
	full := Account{State: AccountOverview, Level: 3, Plus: true, Next: NextTest, Items: items, Offered: every, CodesLeft: 8, Back: "/", Keys: true,
		Devices: []Device{{"d1", "Firefox, Linux", at("2026-11-01"), at("2026-11-23"), true}, {"d2", "Safari, iPhone", at("2026-10-01"), time.Time{}, false}},
		Notices: []Notice{{"n1", EventAdded, at("2026-11-21"), "Security key on my key ring", "Chrome, Windows", true, false}, {"n2", EventFailed, at("2026-11-22"), "", "Firefox, Linux", false, false}}}
	views := map[string]Account{
		"sign in first":        {State: AccountSignIn, Back: "/my-account/"},
		"confirm":              {State: AccountConfirm, Ask: Second{Method: allWays[0], Methods: allWays}, Error: SecondWrong, Left: 2},
		"test, clock ahead":    {State: AccountTest, Ask: Second{Method: allWays[0], Methods: allWays}, Error: AccountClock, ClockOff: 95, Left: 4},
		"confirm by passkey":   {State: AccountConfirm, Ask: Second{Method: allWays[1], Methods: allWays, Options: getOptions}},
		"test":                 {State: AccountTest, Ask: Second{Method: allWays[4], Methods: allWays, Sent: true}},
		"overview":             full,
		"overview, empty":      {State: AccountOverview, Next: NextSetup, Offered: every, CodesLeft: -1, Required: at("2026-12-07")},
		"overview, said":       {State: AccountOverview, Level: 2, Next: NextCodes, Items: items[:1], CodesLeft: -1, KeysOnly: true, Said: SaidRemoved, Error: "other"},
		"add app":              {State: AccountApp, QR: qr, Key: "JBSW Y3DP EHPK 3PXP JBSW Y3DP EHPK 3PXP", URI: "otpauth://totp/Shop:a?secret=JBSWY3DP&issuer=Shop", Issuer: "Shop", Step: 1, Of: 3},
		"add app, wrong":       {State: AccountApp, QR: qr, Key: "JBSW Y3DP", Error: SecondWrong, Item: items[0]},
		"add app, clock ahead": {State: AccountApp, QR: qr, Key: "JBSW Y3DP", Error: AccountClock, ClockOff: 90},
		"add app, behind":      {State: AccountApp, QR: qr, Key: "JBSW Y3DP", Error: AccountClock, ClockOff: -90},
		"add passkey":          {State: AccountPasskey, Options: createOptions},
		"add passkey, there":   {State: AccountPasskey, Options: createOptions, Error: AccountThere},
		"add phone":            {State: AccountContact, Method: MethodSMS},
		"add phone, bad":       {State: AccountContact, Method: MethodSMS, Contact: "0171 1", Error: AccountPhone},
		"add phone, country":   {State: AccountContact, Method: MethodSMS, Contact: "+1 900", Error: AccountCountry},
		"add e-mail":           {State: AccountContact, Method: MethodEmail},
		"add e-mail, bad":      {State: AccountContact, Method: MethodEmail, Contact: "a", Error: AccountEmail},
		"type the sent code":   {State: AccountSent, Method: MethodSMS, Contact: "•••• 42", ResendIn: 60},
		"codes":                {State: AccountCodes, Codes: codes, Void: true, Step: 2, Of: 3},
		"type one back":        {State: AccountTyped, Error: SecondWrong, Step: 3, Of: 3},
		"edit":                 {State: AccountEdit, Item: items[1]},
		"edit phone":           {State: AccountEdit, Item: items[2]},
		"remove":               {State: AccountRemove, Item: items[1]},
		"remove the last":      {State: AccountRemove, Item: items[0], Last: true},
		"forced":               {State: AccountSetup, Forced: true, Offered: every, Action: "/my-account/"},
		"forced, with grace":   {State: AccountSetup, Forced: true, Later: true, Required: at("2026-12-07"), Offered: every, Action: "/my-account/"},
		"set up":               {State: AccountSetup, Offered: every},
		"offer":                {State: AccountOffer, Action: "/my-account/"},
		"away":                 {State: AccountAway, Seconds: 60},
	}
	for said := range saidTexts {
		views["done "+string(said)] = Account{State: AccountDone, Said: said}
	}
	for next := range nextTexts {
		views["next "+string(next)] = Account{State: AccountOverview, Level: len(next) % 4, Next: next, Items: items[:1]}
	}
	for event := range eventTexts {
		views["notice "+strings.ReplaceAll(string(event), "_", " ")] = Account{State: AccountOverview, Items: items[:1], Notices: []Notice{{"n", event, at("2026-11-22"), "", "", false, false}}}
	}
	views["notice of another kind"] = Account{State: AccountOverview, Items: items[:1], Notices: []Notice{{"n", "other", at("2026-11-22"), "", "", true, false}}}
	for name, v := range views {
		v.Token, v.Ticket, v.Ref = strings.Repeat("t", 43), strings.Repeat("k", 120), "7KQ2-M4XD"
		if v.Name == "" {
			v.Name = "a•••@e•••.example"
		}
		views[name] = v
	}
	return views
}

// keysOfTheSecondFactor are the keys of texts that its pages choose among.
func keysOfTheSecondFactor(p *Pages) (keys []string) {
	keys = append(keys, levelTexts[:]...)
	keys = slices.AppendSeq(keys, maps.Values(secondErrors))
	keys = slices.AppendSeq(keys, maps.Values(secondTitles))
	keys = slices.AppendSeq(keys, maps.Values(methodNames))
	keys = slices.AppendSeq(keys, maps.Values(methodHints))
	keys = slices.AppendSeq(keys, maps.Values(accountTitles))
	keys = slices.AppendSeq(keys, maps.Values(saidTexts))
	keys = slices.AppendSeq(keys, maps.Values(nextTexts))
	keys = slices.AppendSeq(keys, maps.Values(eventTexts))
	for _, made := range p.step.scripts {
		keys = append(keys, made.words...)
	}
	return append(keys, "mail_title", "account_step", "account_level", "clock_ahead", "clock_behind", "second_left", "notice_other", "account_change")
}
