package page

import (
	"encoding/json"
	"errors"
	"fmt"
	"html/template"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// The pages of the second factor are made by the templates each time: who
// sees one gave a right password or asked for the page, so they come a
// thousand times more seldom than checks, and no stencil is worth its form.

// Method is a kind of second factor, as forms post it in login_guard_method.
type Method string

// The methods there are.
const (
	MethodApp      Method = "app"      // six digits of an authenticator app
	MethodPasskey  Method = "passkey"  // WebAuthn: a passkey or a security key
	MethodSMS      Method = "sms"      // a code sent to a phone
	MethodEmail    Method = "email"    // a code sent by e-mail
	MethodRecovery Method = "recovery" // one of ten codes kept on paper
)

// Way is a method that is offered.
type Way struct {
	Method Method
	// What login_guard_method says for it. Default: Method
	Value string
	// Masked number or address that a code goes to, or the name of an app;
	// empty for none.
	Contact string
}

// SecondState is what the page of the second factor is for.
type SecondState string

// States of Second.
const (
	SecondAsk      SecondState = ""         // asks for the factor
	SecondReplaced SecondState = "replaced" // a newer sign-in took its place
	SecondExpired  SecondState = "expired"  // it was open too long: sign in again
	SecondTab      SecondState = "tab"      // this session waits for the other tab
	SecondWait     SecondState = "wait"     // cannot be verified now; after Seconds, if known
	SecondCleared  SecondState = "cleared"  // in a dialog: Clearance, or cancelled without one
)

// Second is the page that asks for the second factor. All forms post to
// Action, with login_guard_step and, where there are, login_guard_token
// (Token) and login_guard_ticket (Ticket):
//
//	second  _method, _code or _assertion (JSON of a PublicKeyCredential, as
//	        its toJSON makes it), _trust=1 where the box was ticked
//	method  _method: show this one; for a sent code, without sending one
//	resend  _method: send a code, or another
//	cancel  sign out, back to the shop
type Second struct {
	State  SecondState
	Action string
	// Why it is asked. Default: to sign in
	Purpose Purpose
	// The method that is shown, among those offered.
	Method Way
	// All that are offered.
	Methods []Way
	// Whose account, masked; empty: not said.
	Account string
	// Of a sent code: one is on its way. Without, the page offers to send it.
	Sent bool
	// Seconds until another code may be asked for; 0: now.
	ResendIn int
	// What went wrong: one of the SecondErrors; any other that is not empty
	// means "please try once more".
	Error string
	// How long to wait, for SecondSlow, SecondMany and the state
	// SecondWait.
	Seconds int
	// Tries that are left; 0: not said.
	Left int
	// Days that this browser may be remembered; 0: not offered.
	TrustDays int
	// Options of navigator.credentials.get as JSON, with or without
	// "publicKey" around them; of MethodPasskey only.
	Options json.RawMessage
	// Token against forms of other sites, and a sealed state; empty for none.
	Token, Ticket string
	// Path and query of the shop's login form, for SecondReplaced,
	// SecondExpired and SecondWait.
	Back string
	// A button that cancels, in SecondTab and SecondWait. SecondAsk has one
	// where Purpose is to sign in.
	Cancel bool
	// What a customer tells support.
	Ref string
	// Of SecondCleared: what the script of the shop's page is told, which then
	// sends its login again. Empty: it was cancelled.
	Clearance string
	// As in View.
	Frame  Frame
	Scheme Scheme
}

// Purpose is why a factor is asked for.
type Purpose string

// Purposes. The last two lead back to the account page in place of "cancel".
const (
	ToSignIn  Purpose = ""
	ToConfirm Purpose = "confirm" // before something is changed
	ToTest    Purpose = "test"    // to see that it works
)

// SecondErrors. Those that package factor has too are named as there.
const (
	SecondEmpty      = "empty"      // nothing was typed
	SecondWrong      = "wrong"      // not the right code
	SecondUnreadable = "unreadable" // not what a code looks like
	SecondUsed       = "used"       // right, and used before
	SecondSlow       = "wait"       // too many wrong ones; after Seconds
	SecondLocked     = "locked"     // this method is, for good
	SecondCopied     = "copied"     // of this passkey there may be a copy
	SecondTooOld     = "old"        // a sent code, or a challenge, that expired
	SecondMany       = "many"       // too many codes were sent; after Seconds
	SecondAway       = "away"       // the code could not be sent
	SecondStopped    = "stopped"    // the passkey did not work, or who has it stopped it
)

// secondErrors are the keys of what went wrong.
var secondErrors = map[string]string{
	SecondEmpty: "second_empty", SecondWrong: "second_wrong", SecondUnreadable: "second_wrong", SecondUsed: "second_used",
	SecondSlow: "second_slow", SecondLocked: "second_locked", SecondCopied: "second_copied", SecondTooOld: "second_old",
	SecondMany: "second_many", SecondAway: "second_away", SecondStopped: "second_stopped",
	AccountPhone: "phone_bad", AccountEmail: "mail_bad", AccountCountry: "phone_country", AccountThere: "passkey_there",
}

// secondTitles are the keys of titles.
var secondTitles = map[SecondState]string{
	SecondAsk: "second_title", SecondReplaced: "second_replaced_title", SecondExpired: "gone_title",
	SecondTab: "second_tab_title", SecondWait: "deny_title", SecondCleared: "done_title",
}

// methodNames are the keys of the names of methods.
var methodNames = map[Method]string{
	MethodApp: "method_app", MethodPasskey: "method_passkey", MethodSMS: "method_sms", MethodEmail: "method_email", MethodRecovery: "method_recovery",
}

// stepScripts are those of a page by what is on it.
var stepScripts = []string{"step", "step credential passkey", "step credential enrol", "step codes"}

// clearedScript is that of SecondCleared, which is only shown in a frame.
const clearedScript = "step cleared"

// stepParts holds what pages of the second factor are made of.
type stepParts struct {
	style   string // without colours
	scripts map[string]madeScript
}

func newStepParts(shape *strings.Replacer, logo bool) (s stepParts, err error) {
	names := "base message second"
	if logo {
		names += " logo"
	}
	if s.style, err = join("style/%s.css", names); err != nil {
		return s, err
	}
	if s.style, err = compactCSS(shape.Replace(s.style)); err != nil {
		return s, err
	}
	s.scripts = map[string]madeScript{}
	all := []string{inFrame(clearedScript)}
	for _, names := range stepScripts {
		all = append(all, names, inFrame(names))
	}
	for _, names := range all {
		var made madeScript
		if made.code, made.words, err = script(names); err != nil {
			return s, err
		}
		s.scripts[names] = made
	}
	return s, nil
}

// inFrame are the scripts of a page when it stands in a frame.
func inFrame(names string) string { return "frame " + names + " framed" }

// stepDocument is what the templates see of a page of the second factor.
type stepDocument struct {
	document
	Ask     *Second  // the factor that is asked for, else nil
	Account *Account // nil on a page of the login
	Host    string
	Data    *stepData
	title   string
	script  string
}

// stepData is what their scripts get.
type stepData struct {
	Lang    string            `json:"lang"`
	Options json.RawMessage   `json:"options,omitempty"`
	Host    string            `json:"host,omitempty"`
	Cleared string            `json:"clearance,omitempty"`
	Text    map[string]string `json:"text"`
}

// TitleKey is that of the page's title.
func (d *stepDocument) TitleKey() string { return d.title }

// Put returns a text with a value in it, kept from turning the text around
// it where that runs the other way (UAX #9 §2.5).
func (d *stepDocument) Put(key, name, value string) string {
	return strings.ReplaceAll(d.T(key), "{"+name+"}", "\u2068"+value+"\u2069")
}

// Number returns a text with a number in it.
func (d *stepDocument) Number(key, name string, n int) string {
	return strings.ReplaceAll(d.T(key), "{"+name+"}", strconv.Itoa(n))
}

// In returns a text with a wait in it.
func (d *stepDocument) In(key string, seconds int) string {
	return fill(d.T(key), d.Language.In(seconds))
}

// Date returns a text with a day in it. A script writes the day as the reader
// is used to; without, it is as ISO 8601 has it, which nobody misreads.
func (d *stepDocument) Date(key string, at time.Time) template.HTML {
	day := at.UTC().Format(time.DateOnly)
	before, after, _ := strings.Cut(d.T(key), "{date}")
	return template.HTML(template.HTMLEscapeString(before) + `<time datetime="` + day + `">` + day + `</time>` + template.HTMLEscapeString(after))
}

// Name returns the name of a method.
func (d *stepDocument) Name(m Method) string { return d.T(methodNames[m]) }

// Others are the ways that are offered beside the one that is shown.
func (d *stepDocument) Others() (others []Way) {
	for _, w := range d.Ask.Methods {
		if w.value() != d.Ask.Method.value() {
			others = append(others, w)
		}
	}
	return others
}

func (w Way) value() string {
	if w.Value != "" {
		return w.Value
	}
	return string(w.Method)
}

// Posted is what login_guard_method says for a way.
func (w Way) Posted() string { return w.value() }

// IsSent tells whether the way is a code that is sent.
func (w Way) IsSent() bool { return w.Method == MethodSMS || w.Method == MethodEmail }

// WriteSecond sends the page that asks for the second factor. Its errors are
// those of Write.
func (p *Pages) WriteSecond(w http.ResponseWriter, r *http.Request, status int, v Second) error {
	title, known := secondTitles[v.State]
	if !known {
		return fmt.Errorf("rendering the second factor: there is no state %q", v.State)
	}
	if v.State == SecondAsk && methodNames[v.Method.Method] == "" {
		return fmt.Errorf("rendering the second factor: there is no method %q", v.Method.Method)
	}
	if v.State == SecondCleared && v.Frame != Dialog {
		return errors.New("rendering the second factor: nobody is told of a clearance outside a dialog")
	}
	d := p.stepDocument(r, &v)
	d.title = title
	if v.State == SecondCleared {
		d.script, d.Data = clearedScript, &stepData{Cleared: v.Clearance}
	}
	if v.State != SecondAsk && v.Seconds > 0 {
		d.When = d.Language.denyWhen[step(v.Seconds)]
	}
	return p.writeStep(w, r, status, d, "second", v.Frame, v.Scheme)
}

// stepDocument gathers what pages of the second factor have in common.
func (p *Pages) stepDocument(r *http.Request, ask *Second) *stepDocument {
	d := &stepDocument{Ask: ask, Host: hostname(r)}
	d.document = document{Language: p.Language(r), Shop: p.shop(r), Prefix: p.theme.Prefix, Logo: p.theme.Logo, LogoDark: p.theme.LogoDark, Support: p.theme.Support}
	d.script = "step"
	if ask == nil {
		return d
	}
	d.View = View{Ref: ask.Ref, Frame: ask.Frame, Scheme: ask.Scheme, Error: ask.Error}
	d.Action, d.Back = ownPath(ask.Action), ownPath(ask.Back)
	d.ErrorText = d.stepError(ask.Error, ask.Seconds)
	if ask.Left > 0 && ask.Error != "" {
		d.ErrorText += " " + d.Number("second_left", "n", ask.Left)
	}
	if ask.State == SecondAsk && ask.Method.Method == MethodPasskey {
		d.script = "step credential passkey"
		d.Data = &stepData{Options: ask.Options}
	}
	return d
}

// stepError says what went wrong; empty for nothing.
func (d *stepDocument) stepError(code string, seconds int) string {
	if code == "" {
		return ""
	}
	key, known := secondErrors[code]
	if !known {
		key = "again"
	}
	return d.In(key, seconds)
}

// writeStep makes a page of the second factor with the templates and sends it.
func (p *Pages) writeStep(w http.ResponseWriter, r *http.Request, status int, d *stepDocument, body string, frame Frame, scheme Scheme) error {
	s := p.borrow()
	defer p.giveBack(s)
	policy, nonce, err := p.policy(s)
	if err != nil {
		return err
	}
	d.Nonce = nonce
	around, style := "base", p.frames.schemes[""]+p.step.style
	if frame != "" {
		around, d.script = "frame", inFrame(d.script)
		colours, known := p.frames.schemes[scheme]
		if !known {
			colours = p.frames.schemes[""]
		}
		style = colours + p.step.style + p.frames.own
	}
	made := p.step.scripts[d.script]
	d.css, d.Script = style, template.JS(made.code)
	if d.Data == nil {
		d.Data = &stepData{}
	}
	d.Data.Lang, d.Data.Text = d.Language.Tag, d.Language.pick(made.words)
	var out strings.Builder
	if err := p.templates.ExecuteTemplate(&out, body, d); err != nil {
		return fmt.Errorf("rendering the second factor: %w", err)
	}
	d.Body = template.HTML(out.String())
	out.Reset()
	if err := p.templates.ExecuteTemplate(&out, around, d); err != nil {
		return fmt.Errorf("rendering the second factor: %w", err)
	}
	s.body = append(s.body[:0], out.String()...)
	return p.sendPage(w, r, status, d.Language, policy, frame, s.body)
}

// Steps tells which step of an enrolment a page is, "2 of 3"; empty for none.
func (d *stepDocument) Steps() string {
	if d.Account == nil || d.Account.Of == 0 {
		return ""
	}
	return strings.NewReplacer("{n}", strconv.Itoa(d.Account.Step), "{of}", strconv.Itoa(d.Account.Of)).Replace(d.T("account_step"))
}

// Token and Ticket are those of the page's forms.
func (d *stepDocument) Token() string {
	if d.Account != nil {
		return d.Account.Token
	}
	return d.Ask.Token
}
func (d *stepDocument) Ticket() string {
	if d.Account != nil {
		return d.Account.Ticket
	}
	return d.Ask.Ticket
}

// Whose is the masked account that the page is about; may be empty.
func (d *stepDocument) Whose() string {
	if d.Account != nil {
		return d.Account.Name
	}
	return d.Ask.Account
}

// Ready tells whether the factor can be given right away: a code that is sent
// has to be asked for first.
func (d *stepDocument) Ready() bool { return !d.Ask.Method.IsSent() || d.Ask.Sent }

// Wait is how many seconds a code cannot be sent again.
func (d *stepDocument) Wait() int {
	if d.Ask != nil {
		return d.Ask.ResendIn
	}
	return d.Account.ResendIn
}

// Keys of the message that a code is sent in.
const (
	codeText    = "code_text"
	codeSubject = "code_subject"
)

// CodeMessage is the message that a code for a host is sent in, its subject
// where there is one, and their language.
func (p *Pages) CodeMessage(r *http.Request, host, code string) (subject, text, lang string) {
	l := p.Language(r)
	with := strings.NewReplacer("{code}", code, "{host}", host)
	return with.Replace(l.Text(codeSubject)), with.Replace(l.Text(codeText)), l.Tag
}
