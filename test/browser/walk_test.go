package browser_test

import (
	"fmt"
	"slices"
	"strings"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// stops is a script that keeps in self.stops what a keyboard can reach, in
// the order of the page, and returns how each is called.
const stops = `(self.stops = [...document.querySelectorAll('a[href], button, summary, input:not([type=hidden]), audio[controls], [tabindex]')]
	.filter(e => e.checkVisibility() && e.tabIndex >= 0 && !e.disabled)).map(e => e.tagName.toLowerCase() + (e.id && '#' + e.id))`

// stop is what has the focus after one press of a key.
type stop struct {
	At    int    // index in self.stops, -1 for none of them
	Wrong string // what a person would not see of it
}

// stopped is a script that looks at what has the focus: whether there is a
// ring around it, of 2 px at least, and whether the whole of it is in the
// window with nothing in front of it (WCAG 2.2 SC 2.4.7 and 2.4.11).
const stopped = `(() => {
	const e = document.activeElement, at = self.stops.indexOf(e), wrong = [];
	if (at < 0) return {At: at, Wrong: ''};
	const ring = [e, e.closest('.bar')].some(e => {
		const s = e && getComputedStyle(e);
		return s && s.outlineStyle !== 'none' && parseFloat(s.outlineWidth) >= 2;
	});
	if (!ring && !e.matches('audio')) wrong.push('there is no ring around it');
	const box = e.closest('.bar') || e, b = box.getBoundingClientRect();
	if (b.top < 0 || b.left < 0 || b.bottom > innerHeight + 1 || b.right > innerWidth + 1)
		wrong.push('it is not wholly in the window: ' + [b.left, b.top, b.right, b.bottom].map(Math.round));
	const front = document.elementFromPoint(b.left + b.width / 2, b.top + b.height / 2);
	if (!front || !(box.contains(front) || front.contains(box))) wrong.push('in front of it is ' + front?.outerHTML.slice(0, 80));
	return {At: at, Wrong: wrong.join('; ')};
})()`

// walk goes through the page with the Tab key, there and back, in a window of
// 320 × 256 CSS px, which is one of 1280 × 1024 at 400 %. Every control is
// reached, in the order of the page, can be seen, and keeps nobody (WCAG 2.2
// SC 2.1.1, 2.1.2, 2.4.3, 2.4.7, 2.4.11); and having the focus changes
// nothing (3.2.1).
func (p *tab) walk320() {
	p.t.Helper()
	p.size(320, 256)
	defer p.size(1000, 800)
	names := eval[[]string](p, stops)
	if len(names) == 0 && !eval[bool](p, "!document.querySelector('form')") {
		p.t.Error("a keyboard reaches nothing on a page with a form")
	}
	const state = "location.href + document.title + document.querySelector('#lg-status')?.textContent + document.querySelector('details')?.open"
	before := eval[string](p, state)
	p.asked()
	// The start is above everything, wherever the focus was.
	eval[bool](p, `(() => {
		const top = document.createElement('i');
		top.tabIndex = -1;
		document.body.prepend(top);
		top.focus();
		setTimeout(() => top.remove());
		return true;
	})()`)
	p.until("nothing has the focus", "!document.querySelector('body > i')")
	var there, back []int
	step := func(seen *[]int, press func()) bool {
		press()
		s := eval[stop](p, stopped)
		// The browser's own player has stops of its own, with rings of its own.
		for n := 0; n < 9 && s.At >= 0 && len(*seen) > 0 && (*seen)[len(*seen)-1] == s.At && strings.HasPrefix(names[s.At], "audio"); n++ {
			press()
			s = eval[stop](p, stopped)
		}
		if s.At < 0 || slices.Contains(*seen, s.At) {
			return false // left the page, or came round
		}
		if s.Wrong != "" {
			p.t.Errorf("with the focus on %s: %s", names[s.At], s.Wrong)
		}
		*seen = append(*seen, s.At)
		return true
	}
	for step(&there, func() { p.keys(kb.Tab) }) {
	}
	for i := range names {
		if i >= len(there) || there[i] != i {
			p.t.Errorf("the Tab key goes through %v of %v", there, names)
			break
		}
	}
	if len(names) > 1 {
		eval[bool](p, "(self.stops.at(-1).focus(), true)")
		back = append(back, len(names)-1)
		for step(&back, p.shiftTab) {
		}
		want := slices.Clone(there)
		slices.Reverse(want)
		if !slices.Equal(back, want) {
			p.t.Errorf("back from the last of %v Shift and Tab go through %v", names, back)
		}
	}
	if after := eval[string](p, state); after != before {
		p.t.Errorf("going through the page with the Tab key made %q of %q", after, before)
	}
	if asked := p.asked(); len(asked) != 0 {
		p.t.Errorf("going through the page with the Tab key asked for %s", strings.Join(asked, ", "))
	}
}

// shiftTab goes one back.
func (p *tab) shiftTab() {
	p.t.Helper()
	p.key([]rune(kb.Tab)[0], chromedp.KeyModifiers(chromedp.ModifierShift))
}

// spaced fails when text does not fit once it is set as WCAG 2.2 SC 1.4.12
// has it: lines of 1.5, paragraphs 2, letters .12 and words .16 apart, in
// units of the size of the letters.
func (p *tab) spaced() {
	p.t.Helper()
	set := func(on bool) {
		eval[bool](p, fmt.Sprintf(`(() => {
			for (const e of document.querySelectorAll('body, body *')) {
				const s = e.style, on = %v;
				const put = (name, value) => on ? s.setProperty(name, value, 'important') : s.removeProperty(name);
				put('line-height', '1.5');
				put('letter-spacing', '.12em');
				put('word-spacing', '.16em');
				if (e.matches('p')) put('margin-bottom', '2em');
			}
			return true;
		})()`, on))
	}
	set(true)
	p.fits("with the text spacing of SC 1.4.12")
	set(false)
}
