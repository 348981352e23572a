package browser_test

import (
	"context"
	"fmt"
	"testing"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

// lookIn lets axe-core look into the frame of ours on the page, from a world of
// its own there: our policy lets nobody else's script in.
func (p *tab) lookIn() {
	p.t.Helper()
	tree := call(p, page.GetFrameTree, cdp.Empty{}).FrameTree
	if len(tree.ChildFrames) != 1 {
		p.t.Fatalf("there are %d frames", len(tree.ChildFrames))
	}
	world := call(p, page.CreateIsolatedWorld, page.CreateIsolatedWorldParams{FrameID: tree.ChildFrames[0].Frame.ID}).ExecutionContextID
	source, err := axe()
	if err != nil {
		p.t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(p.ctx, patience)
	defer cancel()
	r, err := chromedp.Run(ctx, func(ctx context.Context, t *chromedp.Target) (runtime.EvaluateResult, error) {
		return cdp.Call(ctx, t, runtime.Evaluate, runtime.EvaluateParams{Expression: source + "\n;0", ContextID: world})
	})
	if err != nil || r.ExceptionDetails != nil {
		p.t.Fatalf("axe in the frame: %v %+v", err, r.ExceptionDetails)
	}
}

// Beside a form and in a dialog, on a page that is light and one that is dark,
// whatever the browser prefers.
func TestFramesCanBeUsedByEverybody(t *testing.T) {
	t.Parallel()
	const dark = `<style>body { background: #15181c; color: #e9ecf0; }</style>`
	for _, language := range []string{"en", "ar"} {
		for ground, style := range map[string]string{"light": "", "dark": dark} {
			t.Run(language+" "+ground, func(t *testing.T) {
				t.Parallel()
				s := site{pages: map[string]string{"/enter": style + form, "/app": style + app}}
				at := s.opens(t, sliderOnly...)
				p := shopper(t, from(t, language))
				p.allow(refusal)
				other := map[string]string{"light": "dark", "dark": "light"}[ground]
				p.media(map[string]string{"prefers-color-scheme": other, "prefers-reduced-motion": "reduce"})
				holds := func(f frame, what string) {
					t.Helper()
					if f == theBar {
						p.in(f, "#lg-bar")
					} else {
						p.in(f, "#lg-title")
					}
					p.lookIn()
					for _, v := range p.violations() {
						t.Errorf("axe, %s: %s", what, v)
					}
					ink := eval[string](p, fmt.Sprintf("getComputedStyle(%s.contentDocument.body).color", f))
					if want := map[string]string{"light": "rgb(26, 31, 38)", "dark": "rgb(233, 236, 240)"}[ground]; ink != want {
						t.Errorf("%s: its text is %s on a %s page", what, ink, ground)
					}
					p.fitsIn(f, what)
				}
				for _, width := range []int64{320, 1000} {
					p.size(width, 700)
					p.visit(at.url + "/enter")
					holds(theBar, fmt.Sprint("beside a form, ", width))
					p.press("#send")
					p.until("there is a hint", string(theBar)+".contentDocument.querySelector('#lg-status.error')")
					holds(theBar, fmt.Sprint("the hint, ", width))
				}
				for _, width := range []int64{320, 1000} {
					p.size(width, 700)
					p.visit(at.url + "/app")
					p.until("the script is there", "self[Symbol.for('login-guard')]")
					p.does("out", `fetch('/api/login', {method: 'POST', body: new URLSearchParams(alice)})`)
					p.in(theDialog, "#lg-bar")
					holds(theDialog, fmt.Sprint("the slider in a dialog, ", width))
					eval[bool](p, fmt.Sprintf("(f => (f.location.replace(f.location.pathname + '?frame=dialog&scheme=%s&lang=%s&step=picture'), true))(%s.contentWindow)", ground, language, theDialog))
					p.in(theDialog, "#lg-answer")
					holds(theDialog, fmt.Sprint("the picture in a dialog, ", width))
				}
			})
		}
	}
}

// fitsIn fails when a frame is smaller than what is in it, when something in
// it is wider than the frame, or a target is too small for a thumb.
func (p *tab) fitsIn(f frame, what string) {
	p.t.Helper()
	p.settles(f)
	for _, bad := range eval[[]string](p, fmt.Sprintf(`(page => {
		const out = [], wide = page.defaultView.innerWidth;
		if (page.documentElement.scrollWidth > wide) out.push('it is ' + page.documentElement.scrollWidth + ' px wide in ' + wide);
		if (document.documentElement.scrollWidth > innerWidth) out.push('the page around it is ' + document.documentElement.scrollWidth + ' px wide');
		for (const e of page.querySelectorAll('a, button, summary, input:not([type=hidden])')) {
			const b = e.getBoundingClientRect();
			if (e.checkVisibility() && !e.matches('.away') && (b.width < 44 || b.height < 44)) out.push(e.id + ' ' + e.tagName + ' is ' + b.width + ' × ' + b.height);
		}
		return out;
	})(%s.contentDocument)`, f)) {
		p.t.Errorf("%s: %s", what, bad)
	}
}
