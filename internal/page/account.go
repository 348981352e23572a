package page

import (
	"encoding/json"
	"fmt"
	"html/template"
	"net/http"
	"slices"
	"strings"
	"time"
)

// AccountState is what the account page shows.
type AccountState string

// States of Account.
const (
	AccountSignIn   AccountState = "signin"   // sign in again first: Back
	AccountConfirm  AccountState = "confirm"  // give a factor that there is: Ask
	AccountTest     AccountState = "test"     // give one to see that it works: Ask
	AccountOverview AccountState = "overview" // all there is
	AccountApp      AccountState = "app"      // add an authenticator app
	AccountPasskey  AccountState = "passkey"  // add a passkey
	AccountContact  AccountState = "contact"  // add a number or an address: Method
	AccountSent     AccountState = "sent"     // type the code that was sent there
	AccountCodes    AccountState = "codes"    // ten recovery codes, shown once
	AccountTyped    AccountState = "typed"    // type one of them back
	AccountEdit     AccountState = "edit"     // rename, move or remove Item
	AccountRemove   AccountState = "remove"   // is Item to be removed?
	AccountDone     AccountState = "done"     // Said, and how to go on
	AccountSetup    AccountState = "setup"    // which method: forced, with or without grace
	AccountOffer    AccountState = "offer"    // after a login: set one up, or not now
	AccountAway     AccountState = "away"     // cannot be read now; after Seconds, if known
)

// Errors that only the account page has; the SecondErrors are for it too.
const (
	AccountPhone   = "phone"   // no number with a country code
	AccountEmail   = "address" // no e-mail address
	AccountCountry = "country" // a number of a country that nothing is sent to
	AccountThere   = "there"   // the passkey is set up already
	AccountClock   = "clock"   // a code of another time: ClockOff
)

// Account is a page of /.login-guard/account, and of the same steps at a
// login. All forms post to Action, with login_guard_token (Token),
// login_guard_ticket (Ticket, where there is one) and login_guard_step:
//
//	add      _method: begin to add one; with _id, in place of that one
//	app      _code: the new app's code
//	passkey  _attestation (JSON of a PublicKeyCredential), _name
//	contact  _method, _contact: send a code to this number or address
//	sent     _code: the code that was sent
//	resend   _method: send it once more
//	codes    make recovery codes, or new ones
//	saved    they are kept: ask for one of them
//	again    show the same codes again
//	typed    _code: one of them
//	edit     _id: show this one
//	rename   _id, _name
//	remove   _id: ask whether
//	delete   _id: remove it
//	test     begin the test
//	keys_on  accept passkeys and recovery codes only
//	keys_off accept the other methods again
//	forget   _id: no longer trust that browser; empty: this one
//	signout  trust none, end all sessions
//	dismiss  _id: of a notice: seen, it was me
//	undo     _id: of a notice: it was not me
//	setup    choose a method
//	later    not now
//	cancel   sign out, back to the shop
//
// and those of Second in AccountConfirm and AccountTest.
type Account struct {
	State  AccountState
	Action string
	// Token against forms of other sites, and a sealed state; empty for none.
	Token, Ticket string
	// Whose account, masked; empty: not said.
	Name string
	// What went wrong, and for how long.
	Error   string
	Seconds int
	// Tries that are left; 0: not said.
	Left int
	// By how much the code's clock is ahead, in seconds (behind: less than
	// zero), for AccountClock.
	ClockOff int
	// What was done; shown above the overview and on AccountDone.
	Said Said
	// At a login: there is no overview to go back to. Later adds a button
	// that puts it off, else Cancel signs out.
	Forced, Later bool
	// From when on a factor is required; zero: it is not.
	Required time.Time
	// Which step of how many; Of 0: not said.
	Step, Of int

	// AccountConfirm, AccountTest. Action, Token, Ticket, Account, Error and
	// Purpose in it are set from here where they are empty.
	Ask Second

	// AccountOverview. Level is 0 to 3, Plus says that there is more than it
	// needs.
	Level int
	Plus  bool
	Next  Next
	Items []Item
	// Methods that can be added; also of AccountSetup.
	Offered []Method
	// What was given is on trial, or nothing was: only what is his own can be
	// removed and forgotten. Of AccountOverview and AccountEdit, whose Mine
	// says that Item is.
	Trial, Mine bool
	// Recovery codes that are left; less than zero: there were never any.
	CodesLeft int
	Devices   []Device
	Notices   []Notice
	// Keys offers to accept passkeys only, and KeysOnly to end that.
	Keys, KeysOnly bool

	// AccountApp. QR is an SVG of our own making; Key is grouped for typing;
	// URI is the otpauth address for an app on this very device.
	QR     template.HTML
	Key    string
	URI    string
	Issuer string

	// AccountPasskey: options of navigator.credentials.create as JSON, with
	// or without "publicKey" around them.
	Options json.RawMessage

	// AccountContact, AccountSent: MethodSMS or MethodEmail, what was typed or
	// (masked) where the code went to, and when it can be sent again.
	Method   Method
	Contact  string
	ResendIn int

	// AccountCodes: as they are to be written down, with dashes. Void says
	// that there were older ones, which end with these.
	Codes []string
	Void  bool

	// AccountEdit, AccountRemove; its ID also in AccountApp, AccountPasskey,
	// AccountContact: the new one comes in place of it. Last says that it is
	// the only one.
	Item Item
	Last bool

	// Path and query of the shop's login form (AccountSignIn), of where to go
	// on (AccountDone; default: the overview), of the shop (AccountOverview).
	Back string
	Ref  string
}

// Item is a factor as its owner knows it.
type Item struct {
	Method Method
	ID     string
	// Given by the owner, or a masked number or address.
	Name string
	// Used is zero for never.
	Added, Used time.Time
	// Until when it is on trial; zero: it is not.
	Provisional time.Time
}

// Device is a browser that is trusted.
type Device struct {
	ID string
	// Such as "Firefox, Linux".
	Name        string
	Added, Used time.Time
	// It is this one.
	This bool
}

// Notice tells the owner what happened.
type Notice struct {
	ID    string
	Event Event
	At    time.Time
	// The method's name, for EventAdded and EventRemoved; may be empty.
	Name string
	// Browser and place; may be empty.
	From string
	// It can be undone.
	Undo bool
	// Stays: who looks may not take it away.
	Stays bool
}

// Event is what a notice is about, as package factor names it. One that is not
// known is "something was changed".
type Event string

// Events.
const (
	EventAdded          Event = "added"           // a method
	EventRemoved        Event = "removed"         // a method
	EventUndone         Event = "undone"          // a method on trial was undone
	EventFailed         Event = "failed"          // right password, wrong second factor
	EventRecoveryUsed   Event = "recovery_used"   // a recovery code
	EventRecoveryMade   Event = "recovery_made"   // new recovery codes
	EventTrusted        Event = "trusted"         // a browser is remembered
	EventSignedOut      Event = "signed_out"      // all browsers are forgotten
	EventCloned         Event = "cloned"          // of a passkey there may be a copy
	EventLocked         Event = "locked"          // a method, after too many wrong codes
	EventResetOrdered   Event = "reset_ordered"   // the shop takes all away; At is when it will
	EventResetCancelled Event = "reset_cancelled" // and does not
	EventResetDone      Event = "reset_done"      // and did
	EventKeysOnlyOn     Event = "keys_only_on"    // passkeys only
	EventKeysOnlyOff    Event = "keys_only_off"   // the other methods again
)

// Said is what was done.
type Said string

// What can be said.
const (
	SaidNothing   Said = ""
	SaidAdded     Said = "added"
	SaidRemoved   Said = "removed"
	SaidRenamed   Said = "renamed"
	SaidCodes     Said = "codes"
	SaidTested    Said = "tested"
	SaidForgotten Said = "forgotten"
	SaidSignedOut Said = "signout"
	SaidUndone    Said = "undone"
	SaidKeysOn    Said = "keys_on"
	SaidKeysOff   Said = "keys_off"
)

// Next is the advice beside the level.
type Next string

// Advice.
const (
	NextNothing Next = ""
	NextSetup   Next = "setup"   // any method
	NextApp     Next = "app"     // more than sent codes
	NextPasskey Next = "passkey" // what no copy of a page can steal
	NextCodes   Next = "codes"   // recovery codes
	NextAnother Next = "another" // a second method
	NextTest    Next = "test"    // see that it works
	NextRenew   Next = "renew"   // recovery codes: few are left
	NextDrop    Next = "drop"    // sent codes, the weakest way in
	NextKeys    Next = "keys"    // passkeys only
)

var accountTitles = map[AccountState]string{
	AccountSignIn: "gone_title", AccountConfirm: "second_title", AccountTest: "test_title", AccountOverview: "account_title",
	AccountApp: "app_title", AccountPasskey: "passkey_title", AccountContact: "phone_title", AccountSent: "sent_title",
	AccountCodes: "codes_title", AccountTyped: "typed_title", AccountEdit: "edit_title", AccountRemove: "remove_title",
	AccountDone: "done_title", AccountSetup: "setup_title", AccountOffer: "setup_title", AccountAway: "deny_title",
}

var saidTexts = map[Said]string{
	SaidAdded: "done_added", SaidRemoved: "done_removed", SaidRenamed: "done_renamed", SaidCodes: "done_codes",
	SaidTested: "done_tested", SaidForgotten: "done_forgotten", SaidSignedOut: "done_signout", SaidUndone: "done_undone",
	SaidKeysOn: "notice_keys_on", SaidKeysOff: "notice_keys_off",
}

var nextTexts = map[Next]string{
	NextSetup: "next_setup", NextApp: "next_app", NextPasskey: "next_passkey", NextCodes: "next_codes", NextAnother: "next_another", NextTest: "next_test",
	NextRenew: "next_renew", NextDrop: "next_drop", NextKeys: "next_keys",
}

var eventTexts = map[Event]string{
	EventAdded: "notice_added", EventRemoved: "notice_removed", EventUndone: "notice_undone", EventFailed: "notice_failed",
	EventRecoveryUsed: "notice_recovery", EventRecoveryMade: "notice_codes", EventTrusted: "notice_trusted", EventSignedOut: "notice_signout",
	EventCloned: "notice_cloned", EventLocked: "notice_locked",
	EventResetOrdered: "notice_reset", EventResetCancelled: "notice_kept", EventResetDone: "notice_gone",
	EventKeysOnlyOn: "notice_keys_on", EventKeysOnlyOff: "notice_keys_off",
}

var levelTexts = [...]string{"level_none", "level_sent", "level_app", "level_passkey"}

// methodHints are the keys of what a method is, where its name does not say.
var methodHints = map[Method]string{MethodApp: "method_app_hint", MethodPasskey: "method_passkey_hint"}

// WriteAccount sends a page of the account page. Its errors are those of
// Write.
func (p *Pages) WriteAccount(w http.ResponseWriter, r *http.Request, status int, v Account) error {
	title, known := accountTitles[v.State]
	if !known {
		return fmt.Errorf("rendering the account page: there is no state %q", v.State)
	}
	if v.Action == "" {
		v.Action = p.theme.Prefix + "account"
	}
	var d *stepDocument
	switch v.State {
	case AccountConfirm, AccountTest:
		if err := v.fillAsk(); err != nil {
			return err
		}
		d = p.stepDocument(r, &v.Ask)
		if v.Ask.Error == AccountClock {
			d.ErrorText = d.accountError(&v)
		}
	case AccountContact, AccountSent:
		if v.Method != MethodSMS && v.Method != MethodEmail {
			return fmt.Errorf("rendering the account page: no code is sent by %q", v.Method)
		}
		d = p.stepDocument(r, nil)
	default:
		d = p.stepDocument(r, nil)
	}
	d.Account, d.title = &v, title
	d.View.Ref = v.Ref
	d.Action, d.Back = ownPath(v.Action), ownPath(v.Back)
	if d.Ask == nil {
		d.View.Error, d.ErrorText = v.Error, d.accountError(&v)
	}
	if v.Seconds > 0 {
		d.When = d.Language.denyWhen[step(v.Seconds)]
	}
	switch v.State {
	case AccountContact:
		if v.Method == MethodEmail {
			d.title = "mail_title"
		}
	case AccountPasskey:
		d.script = "step credential enrol"
		d.Data = &stepData{Options: v.Options}
	case AccountCodes:
		d.script = "step codes"
		d.Data = &stepData{Host: d.Host}
	}
	return p.writeStep(w, r, status, d, "account", "", "")
}

// fillAsk sets in Ask what it has in common with the page around it.
func (v *Account) fillAsk() error {
	a := &v.Ask
	if methodNames[a.Method.Method] == "" {
		return fmt.Errorf("rendering the account page: there is no method %q", a.Method.Method)
	}
	for _, one := range []struct {
		to   *string
		from string
	}{{&a.Action, v.Action}, {&a.Token, v.Token}, {&a.Ticket, v.Ticket}, {&a.Account, v.Name}, {&a.Error, v.Error}} {
		if *one.to == "" {
			*one.to = one.from
		}
	}
	if a.Seconds == 0 {
		a.Seconds = v.Seconds
	}
	if a.Left == 0 {
		a.Left = v.Left
	}
	a.State, a.Frame, a.TrustDays = SecondAsk, "", 0
	a.Purpose = ToConfirm
	if v.State == AccountTest {
		a.Purpose = ToTest
	}
	return nil
}

// accountError says what went wrong; empty for nothing.
func (d *stepDocument) accountError(v *Account) string {
	text := d.stepError(v.Error, v.Seconds)
	if v.Error == AccountClock {
		off := v.ClockOff
		key := "clock_ahead"
		if off < 0 {
			key, off = "clock_behind", -off
		}
		text = d.Number(key, "n", off)
	}
	if v.Left > 0 && v.Error != "" {
		text += " " + d.Number("second_left", "n", v.Left)
	}
	return text
}

// Hint says what a method is; empty where its name does.
func (d *stepDocument) Hint(m Method) string {
	if key := methodHints[m]; key != "" {
		return d.T(key)
	}
	return ""
}

// Said says what was done; empty for nothing.
func (d *stepDocument) Said() string {
	if key := saidTexts[d.Account.Said]; key != "" {
		return d.T(key)
	}
	return ""
}

// Next is the advice beside the level; empty for none.
func (d *stepDocument) Next() string {
	if key := nextTexts[d.Account.Next]; key != "" {
		return d.T(key)
	}
	return ""
}

// Level is the level with its sign, and what it means.
func (d *stepDocument) Level() string {
	n := fmt.Sprint(d.level())
	if d.Account.Plus {
		n += "+"
	}
	// From the left in every language: a plus before the three would be less.
	return strings.ReplaceAll(d.T("account_level"), "{n}", "\u2066"+n+"\u2069")
}
func (d *stepDocument) LevelText() string { return d.T(levelTexts[d.level()]) }
func (d *stepDocument) level() int        { return min(max(d.Account.Level, 0), 3) }

// Bars are the three parts of the level's picture, true for those reached.
func (d *stepDocument) Bars() [3]bool {
	l := d.level()
	return [3]bool{l > 0, l > 1, l > 2}
}

// Happened says what a notice is about.
func (d *stepDocument) Happened(n Notice) template.HTML {
	if key := eventTexts[n.Event]; n.Event == EventResetOrdered {
		return d.Date(key, n.At)
	} else if key != "" {
		return template.HTML(template.HTMLEscapeString(d.T(key)))
	}
	return template.HTML(template.HTMLEscapeString(d.T("notice_other")))
}

// Alarm tells whether a notice is one.
func (n Notice) Alarm() bool {
	switch n.Event {
	case EventFailed, EventCloned, EventResetOrdered, EventResetDone:
		return true
	}
	return false
}

// Urgent tells whether a notice comes before everything else: one that is an
// alarm, or that can be undone. What the owner most likely did a minute ago
// must not push everything else down.
func (n Notice) Urgent() bool { return n.Alarm() || n.Undo }

// Told tells whether there are notices that are not urgent.
func (v *Account) Told() bool {
	return slices.ContainsFunc(v.Notices, func(n Notice) bool { return !n.Urgent() })
}

// Day is a day, as Date writes one.
func (d *stepDocument) Day(at time.Time) template.HTML {
	day := at.UTC().Format(time.DateOnly)
	return template.HTML(`<time datetime="` + day + `">` + day + `</time>`)
}

// OTP is the address that opens an authenticator app on this device; an
// address of any other kind is no link.
func (d *stepDocument) OTP() template.URL {
	if strings.HasPrefix(d.Account.URI, "otpauth://") {
		return template.URL(d.Account.URI)
	}
	return ""
}

// Named tells whether the owner names the method; a number or an address is
// its own name.
func (d *stepDocument) Named(m Method) bool { return m != MethodSMS && m != MethodEmail }

// Change is the name of the button to change an item, for those who do not
// see which it stands beside.
func (d *stepDocument) Change(i Item) string {
	return strings.TrimRight(d.T("account_change")+": "+d.Name(i.Method)+" "+i.Name, " ")
}
