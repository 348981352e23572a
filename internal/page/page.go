// Package page renders what a shopper sees between the login form and the
// shop's answer: the slider, the picture, the slow way, the refusal and the
// messages, in the shopper's language; and the same for scripts, as
// application/problem+json.
//
// What it promises:
//
//   - Every check is a plain HTML form first. It works when no script runs,
//     also when another header replaced our Content-Security-Policy and the
//     browser blocks ours. The script then turns it into the better one.
//
//   - A page is one response: style, script and the words of the one language
//     it is in. The slider page is at most 14 kB uncompressed, which fits the
//     first flight of a TCP connection.
//
//   - Nothing of a page is text in code or templates: see assets/lang.
//
//   - A page costs an attacked gateway little: the templates make each form of
//     a page once, and what differs between answers is put in place.
//
//   - So are the pages of the second factor (Second, Account), which say of
//     themselves what their forms post. They have at most 20 kB.
//
// It decides nothing: which page is due, and what is in it, is the caller's.
//
// # What the form posts
//
// Every form posts to View.Action, with login_guard_hold (View.Hold) and:
//
//	login_guard_clearance                       the server accepted the answer
//	login_guard_step=picture                    lead me to the picture
//	login_guard_step=new                        draw me another picture
//	login_guard_step=sound                      let me hear digits, or others
//	login_guard_step=slow                       begin the slow way
//	login_guard_step=waited, _challenge         the slow way is over, no script ran
//	login_guard_challenge, login_guard_answer   the picture's or the sound's answer,
//	                                            no script ran
//
//	login_guard_step=resume, _challenge         show me the check that I had
//
// The other steps come with _challenge and _answer where no script ran.
// Only the hold means: the check is gone, say why.
//
// # What the script asks
//
// POST with JSON to paths below Theme.Prefix. "hold" and "challenge" (the
// Task's Token) are in each.
//
//	verify {pow, way, answer?, seen?}
//	       way: pointer, touch, pen, keyboard, press, picture, sound, slow
//	       seen: what the page saw of the answering, as package evidence
//	       documents it; with the ways of the slider
//	    →  {status: checked, clearance}
//	       {status: again, task, error?}  the next check; error "wrong" for a
//	                                   picture read wrong
//	       {status: wait, seconds}     too early; the same answer comes again
//	       {status: busy, seconds}     likewise, and it says so
//	       {status: picture}           posts step=picture
//	       {status: gone}              posts the hold alone
//	       anything else, or nothing   the same answer comes again, at growing
//	                                   intervals of up to 30 s
//	renew  {new?}  → {task}            every 8 min, at most 12 times; with new
//	                                   for another picture, else step=new
//	sound  {}      → {task}            digits to hear, or others; without a task:
//	                                   not possible right now
//	slow   {}      → {task, seconds}   without a task: not possible right now
//
// A bar clicked at its end, or pulled from close to it, counts as a press:
// there was no way to look at.
package page

import (
	"crypto/rand"
	"fmt"
	"html/template"
	"io"
	"net/url"
	"strings"
	"sync"

	"github.com/login-guard/login-guard/assets"
	"github.com/login-guard/login-guard/internal/look"
)

// Kind names a page.
type Kind string

// The pages there are.
const (
	Slider      Kind = "slider"      // move a button to the end of a bar
	Picture     Kind = "picture"     // type five letters and digits, or six digits
	Slow        Kind = "slow"        // wait, neither drag nor type
	Sound       Kind = "sound"       // type eight digits that are spoken
	Deny        Kind = "deny"        // too many tries; how long to wait
	Gone        Kind = "gone"        // the login was sent already or is too old
	OnceMore    Kind = "once_more"   // checked, but the login could not be kept
	Unreachable Kind = "unreachable" // the shop is down; the login is kept
	Unreadable  Kind = "unreadable"  // the login was in no form that is read
	TooLarge    Kind = "too_large"   // the body holds a login and is over the cap
	Foreign     Kind = "foreign"     // the request came from another site
	Resume      Kind = "resume"      // goes on with the check that this tab was at
	Help        Kind = "help"        // what the checks are, with pictures
	// SecondFactor is a Problem only: its pages are Second.
	SecondFactor Kind = "second-factor"
)

// Theme says how the pages of one shop look.
type Theme struct {
	// The shop's name as its customers know it. Default: the request's host
	Name string
	// Default: look.Default
	Colours look.Colours
	// Of the card's corners in CSS pixels; those of buttons and the bar
	// follow. Default: look.DefaultRadius
	Radius *int
	// Families of the font, the first that the reader's system has.
	// Default: that of the system
	Font []string
	// Path of a picture on the page's own origin that stands for the shop,
	// 40 pixels high, and of another for dark pages. Default: none
	Logo, LogoDark string
	// Where a customer finds help and resets the password: http, https or
	// mailto, or a path. Default: no link
	Support, Reset string
	// Start of the paths that the script asks. Default: /.login-guard/
	Prefix string
	// Language for who asks for none that there is. Default: en
	Language string
	// Folder with files TAG.json, a shop's own languages and wordings.
	// Default: none
	Languages string
	// Digits: pictures show six digits. Default: five letters and digits
	Digits bool
	// Source of the nonces. Default: crypto/rand.Reader
	Rand io.Reader
}

// Defaults of a Theme.
const (
	DefaultPrefix   = "/.login-guard/"
	DefaultLanguage = "en"
)

// Task is a check as its script gets it, in the page and from the endpoints
// below the prefix.
type Task struct {
	// The sealed check, sent back with the answer.
	Token string `json:"token"`
	// Proof of work: the smallest n ≥ 0 whose PBKDF2-HMAC-SHA-256 (password:
	// n in decimal; salt: these bytes; Cost iterations) begins with a 32-bit
	// big-endian number below Target.
	Salt   string `json:"salt"`
	Cost   int    `json:"cost"`
	Target uint32 `json:"target"`
	// Milliseconds from the issue on before an answer is accepted.
	Floor int `json:"floor"`
	// Path of the picture, on the page's own origin.
	Picture string `json:"picture,omitempty"`
	// Path of the spoken digits, likewise; ?lang says in which language.
	Sound string `json:"sound,omitempty"`
}

// View is what one page is about. Fields that a page has no use for are not
// looked at.
type View struct {
	Kind Kind
	// Path and query the form posts to: the login's own.
	Action string
	// The page's half of the held login; empty when it could not be kept.
	Hold string
	// What a customer tells support, such as 7KQ2-M4XD.
	Ref  string
	Task Task
	// Why the check is shown again: skip, short, wrong, empty, wait, busy;
	// anything else that is not empty means "please try once more".
	Error string
	// How long to wait: at a refusal, on the slow way, before a picture's
	// answer is accepted, or for Error "wait".
	Seconds int
	// One-time permission that the form of Unreachable posts again.
	Clearance string
	// Path and query that the link of a message leads to.
	Back string
	// How it is shown inside a page of the shop, and in which colours.
	// Default: as a page of its own
	Frame  Frame
	Scheme Scheme
}

// Pages renders the pages of one shop. It is safe for concurrent use.
type Pages struct {
	theme        Theme
	languages    *languages
	templates    *template.Template
	styles       map[Kind]string
	scripts      map[Kind]string
	plainScripts map[Kind]string   // with a proof of work that needs no WebCrypto
	words        map[Kind][]string // keys of the texts that the script says, by letter
	frames       frames
	step         stepParts
	pages        stencils[form]
	problems     stencils[problemForm]
	scratch      sync.Pool // of *scratch
}

// The styles and scripts of each page, in order.
var styles = map[Kind]string{
	Slider:     "slider",
	Picture:    "picture wait",
	Sound:      "picture wait",
	Slow:       "wait",
	Deny:       "message",
	Gone:       "message",
	OnceMore:   "message",
	Unreadable: "message",
	TooLarge:   "message",
	Foreign:    "message",
	Resume:     "message",
	Help:       "help",
}
var scripts = map[Kind]string{
	Slider:      "pow core keep seen slider",
	Picture:     "pow core keep wait picture",
	Sound:       "pow core keep wait picture",
	Slow:        "pow core keep wait slow",
	Unreachable: "once",
	Resume:      "resume",
}

// New prepares the pages of a theme. Its errors name what is wrong with the
// theme and a value that would work.
func New(t Theme) (*Pages, error) {
	if t.Prefix == "" {
		t.Prefix = DefaultPrefix
	}
	if t.Language == "" {
		t.Language = DefaultLanguage
	}
	if t.Rand == nil {
		t.Rand = rand.Reader
	}
	for option, link := range map[string]string{"support": t.Support, "reset": t.Reset} {
		if err := checkLink(link); err != nil {
			return nil, fmt.Errorf("page %s: %w", option, err)
		}
	}
	colours, err := look.New(t.Colours)
	if err != nil {
		return nil, fmt.Errorf("page %w", err)
	}
	if t.Colours.OneScheme {
		t.LogoDark = ""
	}
	shape, err := t.look()
	if err != nil {
		return nil, err
	}
	langs, err := loadLanguages(t.Language, t.Languages)
	if err != nil {
		return nil, err
	}
	p := &Pages{theme: t, languages: langs, styles: map[Kind]string{}, scripts: map[Kind]string{}, plainScripts: map[Kind]string{}, words: map[Kind][]string{}}
	if p.templates, err = parseTemplates(); err != nil {
		return nil, err
	}
	if p.frames, err = newFrames(colours, shape); err != nil {
		return nil, err
	}
	if p.step, err = newStepParts(shape, t.Logo != ""); err != nil {
		return nil, err
	}
	for _, kind := range []Kind{Slider, Picture, Sound, Slow, Deny, Gone, OnceMore, Unreachable, Unreadable, TooLarge, Foreign, Resume, Help} {
		names := "base " + styles[kind]
		if t.Logo != "" {
			names += " logo"
		}
		style, err := join("style/%s.css", names)
		if err != nil {
			return nil, err
		}
		if style, err = compactCSS(shape.Replace(style)); err != nil {
			return nil, err
		}
		p.styles[kind], p.frames.styles[kind] = p.frames.schemes[""]+style, style
		if scripts[kind] == "" {
			continue
		}
		if p.scripts[kind], p.words[kind], err = script(scripts[kind]); err != nil {
			return nil, err
		}
		// The slower proof of work says nothing: the texts are the same.
		if p.plainScripts[kind], _, err = script("pow-plain " + scripts[kind]); err != nil {
			return nil, err
		}
	}
	return p, nil
}

// script joins scripts to one that shows nothing of its own to others, and
// returns the keys of the texts that it says. It is the same for every shop,
// so each is made once, however many sites there are.
func script(names string) (code string, words []string, err error) {
	once, _ := madeScripts.LoadOrStore(names, sync.OnceValues(func() (madeScript, error) {
		var m madeScript
		code, err := join("script/%s.js", names)
		if err != nil {
			return m, err
		}
		code, m.words = letters(code)
		m.code, err = compactJS(function(code))
		return m, err
	}))
	m, err := once.(func() (madeScript, error))()
	return m.code, m.words, err
}

type madeScript struct {
	code  string
	words []string
}

var madeScripts sync.Map // of func() (madeScript, error), by names

func join(pattern, names string) (string, error) {
	var all strings.Builder
	for name := range strings.FieldsSeq(names) {
		file := fmt.Sprintf(pattern, name)
		text, err := assets.Files.ReadFile(file)
		if err != nil {
			return "", fmt.Errorf("reading embedded %s: %w", file, err)
		}
		all.Write(text)
	}
	return all.String(), nil
}

func parseTemplates() (*template.Template, error) {
	all := template.New("")
	for _, name := range []string{"base", "frame", "slider", "picture", "slow", "message", "resume", "help", "second", "account"} {
		text, err := assets.Files.ReadFile("page/" + name + ".html")
		if err != nil {
			return nil, fmt.Errorf("reading embedded page %s: %w", name, err)
		}
		small, err := compactHTML(string(text))
		if err != nil {
			return nil, err
		}
		if _, err := all.New(name + ".html").Parse(small); err != nil {
			return nil, fmt.Errorf("parsing embedded page %s: %w", name, err)
		}
	}
	return all, nil
}

// checkLink refuses addresses that html/template would blank out, and those
// that a browser may take for a script.
func checkLink(link string) error {
	if link == "" {
		return nil
	}
	u, err := url.Parse(link)
	switch {
	case err != nil:
		return fmt.Errorf("%q is no address: give one such as https://shop.example/contact", link)
	case u.Scheme == "mailto" && u.Opaque != "":
		return nil
	case (u.Scheme == "https" || u.Scheme == "http") && u.Host != "":
		return nil
	case u.Scheme == "" && u.Host == "" && strings.HasPrefix(u.Path, "/"):
		return nil
	}
	return fmt.Errorf("%q is neither http, https or mailto nor a path: give one such as https://shop.example/contact", link)
}
