package browser_test

import (
	"fmt"
	"strings"
)

// audit holds the page that is open against what every page of ours promises,
// whatever its language: language and direction, no scrolling sideways on a
// narrow phone or with text twice as large, targets for thumbs, and with
// full also axe-core in light and dark, forced colours and reduced motion.
// It leaves the tab as wide as it found it.
func (p *tab) audit(language string, full bool) {
	p.t.Helper()
	p.until("the page has loaded", "document.readyState === 'complete' && document.querySelector('#lg-title')")
	if got := eval[string](p, "document.documentElement.lang + ' ' + document.dir"); got != language+" "+direction(language) {
		p.t.Errorf("language and direction are %s, want %s %s", got, language, direction(language))
	}
	if title := eval[string](p, "document.title + '|' + document.querySelector('#lg-title').textContent + ' – Demo Shop|'"); strings.Count(title, strings.SplitAfter(title, "|")[0]) != 2 {
		p.t.Errorf("the window's title is not that of the page: %s", title)
	}
	p.helps()
	p.size(320, 640)
	p.fits("on a phone 320 px wide")
	p.targets()
	p.spaced()
	p.size(640, 800)
	eval[bool](p, "(document.documentElement.style.fontSize = '200%', true)")
	p.fits("with text twice as large")
	eval[bool](p, "(document.documentElement.style.fontSize = '', true)")
	p.size(1000, 800)
	if !full {
		return
	}
	p.walk320()
	p.axe()
	p.media(map[string]string{"prefers-reduced-motion": "reduce"})
	if moving := eval[string](p, "document.getAnimations().map(a => a.animationName || a.transitionProperty).filter(n => n !== 'fill').join()"); moving != "" {
		p.t.Errorf("with reduced motion these still move: %s", moving)
	}
	for _, scheme := range []string{"light", "dark"} {
		p.media(map[string]string{"forced-colors": "active", "prefers-color-scheme": scheme})
		p.forced()
	}
	p.media(nil)
}

// helps fails unless what helps, where it is there, stands in the same order
// on every page: the way to a new password, to the shop, the explanation, the
// help, the reference (WCAG 2.2 SC 3.2.6).
func (p *tab) helps() {
	p.t.Helper()
	if wrong := eval[string](p, `(() => {
		const there = ['#lg-reset', '#lg-support', 'footer details', 'footer a', '.ref'].map(s => document.querySelector(s)).filter(e => e);
		const at = there.findIndex((e, i) => i && !(there[i - 1].compareDocumentPosition(e) & Node.DOCUMENT_POSITION_FOLLOWING));
		return at < 0 ? '' : there[at].outerHTML;
	})()`); wrong != "" {
		p.t.Errorf("what helps stands in another order than on other pages: %s", wrong)
	}
}

// direction is how a language is written.
func direction(language string) string {
	switch base, _, _ := strings.Cut(language, "-"); base {
	case "ar", "fa", "he", "ur":
		return "rtl"
	}
	return "ltr"
}

// fits fails when anything is wider than the window, or cut off in its box.
func (p *tab) fits(when string) {
	p.t.Helper()
	wide := eval[[]string](p, `(() => {
		const out = [];
		const root = document.documentElement;
		if (root.scrollWidth > innerWidth) out.push('the page is ' + root.scrollWidth + ' px wide');
		for (const e of document.querySelectorAll('body *')) {
			if (!e.checkVisibility() || e.matches('.away, .away *, script, style, input[type=hidden]')) continue;
			const b = e.getBoundingClientRect();
			if (b.width && (b.left < -0.5 || b.right > innerWidth + 0.5)) out.push(e.tagName + '#' + e.id + '.' + e.className + ' goes from ' + b.left + ' to ' + b.right);
			if (e.matches('h1, p, label, button, a, summary, .hint, .done') && (e.scrollWidth > e.clientWidth + 1 || e.scrollHeight > e.clientHeight + 1) && getComputedStyle(e).display !== 'inline')
				out.push(e.tagName + '#' + e.id + '.' + e.className + ' cuts off “' + e.textContent.trim() + '”: ' + [e.scrollWidth, e.scrollHeight] + ' in ' + [e.clientWidth, e.clientHeight]);
		}
		return out;
	})()`)
	for _, w := range wide {
		p.t.Errorf("%s: %s", when, w)
	}
}

// targets fails when something to press is smaller than 44 CSS pixels, the
// smallest that WCAG 2.2 SC 2.5.5 (AAA) and both phone makers call for.
func (p *tab) targets() {
	p.t.Helper()
	small := eval[[]string](p, `[...document.querySelectorAll('a, button, summary, input:not([type=hidden])')]
		.filter(e => e.checkVisibility() && !e.matches('.away'))
		// A box to tick is ticked by its words as well.
		.map(e => [e, (e.type === 'checkbox' && e.closest('label') || e).getBoundingClientRect()])
		.filter(([e, b]) => b.width < 44 || b.height < 44)
		.map(([e, b]) => e.tagName + '#' + e.id + ' is ' + b.width + ' × ' + b.height)`)
	for _, s := range small {
		p.t.Errorf("a target is too small: %s", s)
	}
}

// forced fails when forced colours leave the slider's or the wait's moving
// part in the colour of what it moves over.
func (p *tab) forced() {
	p.t.Helper()
	same := eval[[]string](p, `[['.thumb', '.bar'], ['.meter i', '.meter']].flatMap(([part, ground]) => {
		const a = document.querySelector(part), b = document.querySelector(ground);
		if (!a?.checkVisibility()) return [];
		const [x, y] = [a, b].map(e => getComputedStyle(e).backgroundColor);
		return x === y ? [part + ' and ' + ground + ' are both ' + x] : [];
	})`)
	if !eval[bool](p, "matchMedia('(forced-colors: active)').matches") {
		p.t.Error("the browser does not force colours")
	}
	for _, s := range same {
		p.t.Errorf("forced colours: %s", s)
	}
}

// axe fails when axe-core finds something, in light or in dark.
func (p *tab) axe() {
	p.t.Helper()
	for _, scheme := range []string{"light", "dark"} {
		p.media(map[string]string{"prefers-color-scheme": scheme, "prefers-reduced-motion": "reduce"})
		for _, violation := range p.violations() {
			p.t.Errorf("axe, %s: %s", scheme, violation)
		}
	}
	p.media(nil)
}

// violations are what axe-core finds in the page as it is.
func (p *tab) violations() []string {
	p.t.Helper()
	source, err := axe()
	if err != nil {
		p.t.Fatal(err)
	}
	if !eval[bool](p, "!!self.axe") {
		eval[bool](p, source+"\n;true")
	}
	type found struct {
		Passes     int
		Violations []string
	}
	f := eval[found](p, fmt.Sprintf(`axe.run(document, {runOnly: {type: 'tag', values: %s}}).then(r => ({
		Passes: r.passes.length,
		Violations: r.violations.map(v => v.id + ' (' + v.help + '): ' + v.nodes.map(n => n.target + ' ' + n.failureSummary).join('; ')),
	}))`, `["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]`))
	if f.Passes < 10 {
		p.t.Errorf("axe checked only %d rules; it did not see the page", f.Passes)
	}
	for i, v := range f.Violations {
		f.Violations[i] = strings.ReplaceAll(v, "\n", " ")
	}
	return f.Violations
}
