package page

import (
	"bytes"
	"fmt"
	"html/template"
	"net"
	"net/http"
	"net/netip"
	"strconv"
	"strings"

	"github.com/login-guard/login-guard/internal/picture"
)

// document is what the templates see of a page. A field that the page's kind
// has no use for is empty.
type document struct {
	View      View
	Language  *Language
	Shop      string
	Nonce     string
	Script    template.JS
	Body      template.HTML // made by the kind's own template
	Data      *scriptData
	Action    string // View.Action, View.Back, the picture's and the sound's path, made safe
	Back      string
	Picture   string
	Sound     string
	Letters   bool   // a picture of letters is asked for, not digits
	Prefix    string // of the paths of ours
	Logo      string // of the theme
	LogoDark  string
	Support   string
	Reset     string
	Help      string // the support link, where the page itself is the problem
	When      string // how long to wait, in words
	ErrorText string // why the check is shown again; empty for a first time
	css       string
	wait      string // seconds, for the bar of the slow way; else empty
	task      Task   // for the script
	seconds   int    // likewise, on the slow way
}

// scriptData is what the script of a check gets.
type scriptData struct {
	Prefix  string            `json:"prefix"`
	Lang    string            `json:"lang"`
	Task    Task              `json:"task"`
	Seconds int               `json:"seconds,omitempty"`
	Text    map[string]string `json:"text"`
}

// bodies names the template of each kind; the others are messages.
var bodies = map[Kind]string{Slider: "slider", Picture: "picture", Sound: "picture", Slow: "slow", Deny: "deny", Unreachable: "unreachable", Resume: "resume", Help: "help"}

// errorKeys turns View.Error into a key of the languages.
var errorKeys = map[string]string{"": "", "skip": "skip", "short": "short", "wrong": "wrong", "empty": "empty", "wait": "early", "busy": "slow_busy", "sound_busy": "sound_busy", "more": "more", "queue": "slow_queue"}

// T returns the text of a key in the page's language.
func (d *document) T(key string) string { return d.Language.Text(key) }

// TitleKey and TextKey are the keys of the page's title and of a message.
func (d *document) TitleKey() string {
	if d.View.Kind == Resume {
		return "gone_title" // until its script finds what to go on with
	}
	return string(d.View.Kind) + "_title"
}
func (d *document) TextKey() string { return string(d.View.Kind) + "_text" }

// Listens tells whether the page is for the ear, and Spoken whether its digits
// are spoken in its own language.
func (d *document) Listens() bool { return d.View.Kind == Sound }
func (d *document) Spoken() bool {
	_, own := picture.Spoken(d.Language.Tag)
	return own
}

// Lead, Label and Hint are keys of what to do with a picture or a sound.
func (d *document) Lead() string { return string(d.View.Kind) + "_lead" }
func (d *document) Label() string {
	if d.Listens() {
		return "sound_label"
	}
	return "answer_label"
}
func (d *document) Hint() string {
	switch {
	case d.Listens():
		return "sound_hint"
	case !d.Letters:
		return "hint_digits"
	case !d.Language.Latin:
		return "hint_latin"
	}
	return "hint"
}

// Length is how many characters are to be typed.
func (d *document) Length() int {
	switch {
	case d.Listens():
		return picture.SoundCount
	case d.Letters:
		return picture.LetterCount
	}
	return picture.DigitCount
}

// Failed tells whether the text above the button is about something that did
// not work.
func (d *document) Failed() bool { return d.ErrorText != "" && d.View.Error != "more" }

// Why tells whether the page explains why there is a check.
func (d *document) Why() bool {
	switch d.View.Kind {
	case Slider, Picture, Sound, Slow, Deny:
		return true
	}
	return false
}

// Style is the page's style; the bar of the slow way fills in its time.
func (d *document) Style() template.CSS {
	if d.wait == "" {
		return template.CSS(d.css)
	}
	return template.CSS(d.css + ":root{--wait:" + d.wait + "s}")
}

// errorText says why the check is shown again; empty for a first time.
func (d *document) errorText() string {
	key, known := errorKeys[d.View.Error]
	switch {
	case key == "" && known:
		return ""
	case d.Listens() && (key == "wrong" || key == "empty"):
		key = "sound_" + key
	case !known, key == "wrong" && d.View.Kind != Picture:
		key = "again"
	}
	return fill(d.T(key), d.Language.In(d.View.Seconds))
}

// document gathers what the page of a view says. It is cheap: each answer of
// an attack comes by here.
func (p *Pages) document(r *http.Request, lang *Language, nonce string, v View) (document, error) {
	d := document{View: v, Language: lang, Shop: p.shop(r), Nonce: nonce, Prefix: p.theme.Prefix, Logo: p.theme.Logo, LogoDark: p.theme.LogoDark, css: p.styles[v.Kind]}
	if v.Frame != "" {
		d.css = p.frames.style(v)
		d.View.Back = "" // the dialog's own button leads back
	}
	switch v.Kind {
	case Slider, Picture, Sound, Slow:
		d.Script = template.JS(p.script(r, v.Kind))
		d.Action, d.Picture = ownPath(v.Action), ownPath(v.Task.Picture)
		d.task, d.task.Picture = v.Task, d.Picture
		d.Letters = !p.theme.Digits && v.Kind == Picture
		if d.task.Sound = ownPath(v.Task.Sound); d.task.Sound != "" {
			d.Sound = d.task.Sound + "?lang=" + lang.Tag
		}
		d.ErrorText = d.errorText()
		if v.Kind == Slow || (v.Kind == Picture || v.Kind == Sound) && v.Seconds > 0 && v.Error == "" {
			d.When = lang.slowWhen[step(v.Seconds)]
		}
		if v.Kind == Slow {
			d.seconds, d.wait = v.Seconds, strconv.Itoa(max(v.Seconds, 1))
		}
	case Deny:
		d.Back, d.Support, d.Reset = ownPath(d.View.Back), p.theme.Support, p.theme.Reset
		if v.Seconds > 0 {
			d.When = lang.denyWhen[step(v.Seconds)]
		}
	case Unreadable, TooLarge, Foreign:
		d.Back, d.Help = ownPath(d.View.Back), p.theme.Support
	case Gone, OnceMore:
		d.Back = ownPath(d.View.Back)
	case Help:
		d.Support = p.theme.Support
	case Resume:
		d.Script = template.JS(p.scripts[v.Kind])
		d.Back = ownPath(v.Back)
	case Unreachable:
		d.Script = template.JS(p.scripts[v.Kind])
		d.Action = ownPath(v.Action)
	default:
		return d, fmt.Errorf("rendering a page: there is no kind %q", v.Kind)
	}
	if v.Frame != "" {
		d.Script = template.JS(p.frames.script(v, !Trustworthy(r)))
	}
	return d, nil
}

// data is what the page's script gets, nil for a page that is no check.
func (p *Pages) data(d *document) *scriptData {
	switch d.View.Kind {
	case Slider, Picture, Sound, Slow:
	default:
		return nil
	}
	words := p.words[d.View.Kind]
	if d.View.Frame != "" {
		words = p.frames.words[shown{d.View.Kind, d.View.Frame}]
	}
	return &scriptData{Prefix: p.theme.Prefix, Lang: d.Language.Tag, Task: d.task, Seconds: d.seconds, Text: d.Language.pick(words)}
}

// execute makes a page with the templates.
func (p *Pages) execute(d document) ([]byte, error) {
	d.Data = p.data(&d)
	body := bodies[d.View.Kind]
	if body == "" {
		body = "message"
	}
	var out bytes.Buffer
	if err := p.templates.ExecuteTemplate(&out, body, &d); err != nil {
		return nil, fmt.Errorf("rendering the %s page: %w", d.View.Kind, err)
	}
	d.Body = template.HTML(out.String())
	out.Reset()
	around := "base"
	if d.View.Frame != "" {
		around = "frame"
	}
	if err := p.templates.ExecuteTemplate(&out, around, &d); err != nil {
		return nil, fmt.Errorf("rendering the %s page: %w", d.View.Kind, err)
	}
	return out.Bytes(), nil
}

// script is the script of a check's page. Browsers that have no WebCrypto, as
// the page is no secure context to them, get a slower proof of work with it.
func (p *Pages) script(r *http.Request, kind Kind) string {
	if Trustworthy(r) {
		return p.scripts[kind]
	}
	return p.plainScripts[kind]
}

// function makes a script a function of its own, so that nothing of ours is
// global and every name can be short.
func function(code string) string { return "(()=>{'use strict';" + code + "})()" }

// Trustworthy reports whether the browser takes the page for a secure context
// and so has WebCrypto: it came by TLS, also to a proxy in front, or from this
// machine, or says so by sending what browsers send to such places only (W3C
// Secure Contexts §3.1, Fetch Metadata §2). Who lies about it gets a page
// without the script's slower way.
func Trustworthy(r *http.Request) bool {
	if r.TLS != nil || r.Header.Get("Sec-Fetch-Site") != "" || strings.EqualFold(r.Header.Get("X-Forwarded-Proto"), "https") {
		return true
	}
	host := strings.Trim(hostname(r), "[]")
	ip, err := netip.ParseAddr(host)
	return err == nil && ip.IsLoopback() || strings.EqualFold(host, "localhost") || strings.HasSuffix(strings.ToLower(host), ".localhost")
}

// shop is the shop's name, or the host that the browser asked.
func (p *Pages) shop(r *http.Request) string {
	if p.theme.Name != "" {
		return p.theme.Name
	}
	return hostname(r)
}

// hostname is the host that the browser asked, without a port.
func hostname(r *http.Request) string {
	if strings.IndexByte(r.Host, ':') < 0 {
		return r.Host // and no error to make
	}
	if name, _, err := net.SplitHostPort(r.Host); err == nil {
		return name
	}
	return r.Host
}

// ownPath makes a path and query safe for an attribute: whatever it holds,
// a browser resolves it on the page's own origin. "//elsewhere" and
// "/\elsewhere" would name another host; as "/.//elsewhere" they are paths.
func ownPath(path string) string {
	switch {
	case path == "":
		return ""
	case path[0] != '/':
		return "/" + path
	case strings.HasPrefix(path, "//"), strings.HasPrefix(path, `/\`):
		return "/." + path
	}
	return path
}

// fill puts a duration into a text.
func fill(text, in string) string { return strings.ReplaceAll(text, "{in}", in) }
