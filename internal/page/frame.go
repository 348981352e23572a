package page

import (
	"net/http"
	"strings"

	"github.com/login-guard/login-guard/internal/look"
)

// Frame is how a page is shown inside a page of the shop; empty for a page of
// its own. A page in a frame tells the shop's page what happens in it by
// postMessage (assets/script/frame.js), always with loginGuard and one of
//
//	ready    {close, title, lang, dir, ground, ink, height}  it works
//	height   {height}     in CSS pixels, each time it changes
//	checked               beside a form: passed
//	gone                  beside a form: nothing is asked here
//	cleared  {clearance}  in a dialog: passed
//	close                 Escape was pressed
//
// and is told
//
//	hint                  to say what is to be done first
type Frame string

// Frames.
const (
	Inline Frame = "inline" // the slider alone, under a password field
	Dialog Frame = "dialog" // a whole check, in a dialog
)

// Scheme is the colour scheme of a frame, that of the page around it; empty
// for what the browser prefers.
type Scheme string

// Schemes.
const (
	Light Scheme = "light"
	Dark  Scheme = "dark"
)

// shown is a page in a frame.
type shown struct {
	kind  Kind
	frame Frame
}

// framed are the scripts of each check in a frame, in order: frame and what
// follows come in place of what keeps a page's own address. Pages that are no
// check have the message's.
var framed = map[shown]string{
	{Slider, Inline}:  "pow core frame inline seen slider framed",
	{Slider, Dialog}:  "pow core frame dialog seen slider framed",
	{Picture, Dialog}: "pow core frame dialog wait picture framed",
	{Sound, Dialog}:   "pow core frame dialog wait picture framed",
	{Slow, Dialog}:    "pow core frame dialog wait slow framed",
}

const framedMessage = "frame framed"

// frames holds the styles and scripts of pages in frames.
type frames struct {
	schemes              map[Scheme]string
	styles               map[Kind]string // without colours
	own                  string          // style of all
	scripts, plainScript map[shown]string
	words                map[shown][]string // keys of the texts that a script says, by letter
	message              string             // script of what is no check
}

func newFrames(colours look.Palette, shape *strings.Replacer) (f frames, err error) {
	f = frames{schemes: map[Scheme]string{}, styles: map[Kind]string{}, scripts: map[shown]string{}, plainScript: map[shown]string{}, words: map[shown][]string{}}
	for scheme, css := range map[Scheme]string{
		"":    colours.CSS(),
		Light: colours.Only(false),
		Dark:  colours.Only(true),
	} {
		if f.schemes[scheme], err = compactCSS(css); err != nil {
			return f, err
		}
	}
	if f.own, err = join("style/%s.css", "frame"); err != nil {
		return f, err
	}
	if f.own, err = compactCSS(shape.Replace(f.own)); err != nil {
		return f, err
	}
	for what, names := range framed {
		if f.scripts[what], f.words[what], err = script(names); err != nil {
			return f, err
		}
		if f.plainScript[what], _, err = script("pow-plain " + names); err != nil {
			return f, err
		}
	}
	f.message, _, err = script(framedMessage)
	return f, err
}

func (f *frames) style(v View) string {
	colours, known := f.schemes[v.Scheme]
	if !known {
		colours = f.schemes[""]
	}
	return colours + f.styles[v.Kind] + f.own
}

// script of a page; plain is for browsers without WebCrypto.
func (f *frames) script(v View, plain bool) string {
	all := f.scripts
	if plain {
		all = f.plainScript
	}
	if code, ok := all[shown{v.Kind, v.Frame}]; ok {
		return code
	}
	return f.message
}

// frame sets what lets pages of our own origin, and no others, frame this one
// beside the policy that is there already: also those that are isolated and
// load nothing that is not (HTML §7.1.4).
func (v *values) frame(h http.Header) {
	v.set(h, "X-Frame-Options", "SAMEORIGIN")
	v.set(h, "Cross-Origin-Embedder-Policy", "require-corp")
	v.set(h, "Cross-Origin-Resource-Policy", "same-origin")
}
