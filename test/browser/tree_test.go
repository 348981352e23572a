package browser_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/accessibility"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp/kb"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

// tree is what a screen reader gets of the page: a line for each thing that
// has a role of its own, with its name and what else is said of it. Text and
// what only groups others is left out.
func (p *tab) tree() []string {
	p.t.Helper()
	text := func(v *accessibility.Value) string {
		if v == nil || len(v.Value) == 0 {
			return ""
		}
		var s any
		if err := json.Unmarshal([]byte(v.Value), &s); err != nil {
			p.t.Fatal(err)
		}
		return fmt.Sprint(s)
	}
	nodes := map[accessibility.NodeID]*accessibility.Node{}
	var root *accessibility.Node
	for _, n := range call(p, accessibility.GetFullAXTree, accessibility.GetFullAXTreeParams{}).Nodes {
		nodes[n.NodeID] = n
		if n.ParentID == "" {
			root = n
		}
	}
	var out []string
	var read func(n *accessibility.Node)
	read = func(n *accessibility.Node) {
		if !n.Ignored && !silent[text(n.Role)] {
			line := text(n.Role)
			if name := text(n.Name); name != "" {
				line += " “" + name + "”"
			}
			for _, q := range n.Properties {
				if v := text(q.Value); told[q.Name] && v != "false" {
					line += fmt.Sprintf(" %s=%s", q.Name, v)
				}
			}
			if d := text(n.Description); d != "" {
				line += " described by “" + d + "”"
			}
			out = append(out, line)
		}
		for _, id := range n.ChildIDs {
			if child := nodes[id]; child != nil {
				read(child)
			}
		}
	}
	if root == nil {
		p.t.Fatal("the page has no accessibility tree")
	}
	read(root)
	return out
}

// silent are roles that say nothing themselves; told are the properties that
// are read out.
var (
	silent = map[string]bool{"generic": true, "none": true, "StaticText": true, "InlineTextBox": true, "LineBreak": true, "LabelText": true}
	told   = map[accessibility.PropertyName]bool{"valuetext": true, "valuemin": true, "valuemax": true, "live": true, "atomic": true,
		"disabled": true, "invalid": true, "expanded": true, "level": true, "hidden": true}
)

// has fails unless the lines of the tree begin with these, in this order;
// others may stand between them.
func (p *tab) has(want ...string) {
	p.t.Helper()
	got := p.tree()
	rest := got
	for _, w := range want {
		i := slices.IndexFunc(rest, func(line string) bool { return line == w || strings.HasPrefix(line, w+" ") })
		if i < 0 {
			p.t.Errorf("no %s where it should be in\n%s", w, strings.Join(got, "\n"))
			return
		}
		rest = rest[i+1:]
	}
	for _, line := range got {
		switch role, name, _ := strings.Cut(line, " "); role {
		case "button", "link", "slider", "textbox", "image", "progressbar", "DisclosureTriangle", "heading":
			if !strings.HasPrefix(name, "“") {
				p.t.Errorf("%s has no name", line)
			}
		}
	}
}

// What screen readers are told of the pages: role, name, value and state of
// each thing, in the order of the page (WCAG 2.2 SC 1.1.1, 1.3.1, 1.3.2,
// 4.1.2).
func TestScreenReadersAreToldWhatThereIs(t *testing.T) {
	t.Parallel()
	w := func(key string) string { return "“" + words(t, "en", key) + "”" }
	title := func(key string) string { return "RootWebArea “" + words(t, "en", key) + " – Demo Shop”" }
	heading := func(key string) string { return "heading " + w(key) + " level=1" }
	at := start(t, slides...)
	p := shopper(t, from(t, "en"))
	p.alice(at)
	p.meets(at, "#lg-bar")
	begin := []string{title("slider_title"), "banner", "main", heading("slider_title"), "paragraph", "form"}
	end := []string{"sectionfooter", "DisclosureTriangle " + w("why"), "code"}
	all := func(middle ...string) []string { return slices.Concat(begin, middle, end) }
	p.has(all("slider "+w("slider_label")+" valuemin=0 valuemax=100 valuetext=0", "status live=polite atomic=true",
		"button "+w("send")+" disabled=true", "button "+w("press"))...)
	p.hides("#lg-track .hint", "#lg-track .done", "#lg-track .thumb", "header svg")
	p.value("0%")
	p.tabTo("#lg-bar")
	p.keys(kb.ArrowRight, kb.ArrowRight, kb.ArrowRight)
	p.value("30%")
	p.keys(kb.End)
	p.enters()
	p.value(words(t, "en", "checked"))
	p.has(all("slider "+w("slider_label")+" valuemin=0 valuemax=100", "status live=polite atomic=true", "button "+w("send"), "button "+w("press")+" disabled=true")...)
	p.press("summary")
	p.has("DisclosureTriangle "+w("why")+" expanded=true", "paragraph")

	at = start(t, reads(t)...)
	p = shopper(t, from(t, "en"))
	p.alice(at)
	p.meets(at, "#lg-picture")
	p.picture()
	begin = []string{title("picture_title"), "banner", "main", heading("picture_title"), "paragraph", "form"}
	p.has(all("image "+w("picture_alt"), "button "+w("new"), "button "+w("sound"), "textbox "+w("answer_label")+" described by "+w("hint"),
		"paragraph", "status live=polite atomic=true", "button "+w("send"), "button "+w("slow"))...)
	p.press("#lg-send")
	p.says(words(t, "en", "empty"))
	p.has("textbox "+w("answer_label")+" invalid=true", "status live=polite atomic=true")
	if about := eval[string](p, "[...document.querySelector('#lg-answer').getAttribute('aria-describedby').split(' ')].map(id => document.getElementById(id).textContent.trim()).join(' ')"); !strings.Contains(about, words(t, "en", "empty")) {
		t.Errorf("the field is described by %q, not by what is wrong with it", about)
	}
	p.press("#lg-sound")
	p.listens()
	begin = []string{title("sound_title"), "banner", "main", heading("sound_title"), "paragraph", "form"}
	p.has(all("button "+w("sound_play"), "button "+w("sound_new"), "button "+w("to_picture"), "textbox "+w("sound_label")+" described by "+w("sound_hint"),
		"status live=polite atomic=true", "button "+w("send"), "button "+w("slow"))...)
	p.press("#lg-slow")
	p.waits()
	begin = []string{title("slow_title"), "banner", "main", heading("slow_title"), "paragraph", "form"}
	p.has(all("progressbar "+w("slow_label")+" valuemin=0 valuemax=100", "paragraph", "status live=polite atomic=true", "button "+w("send")+" disabled=true")...)
	const now = "+document.querySelector('#lg-meter').getAttribute('aria-valuenow')"
	before := eval[int](p, now)
	p.until("the progress bar tells of the progress", now+" > "+itoa(before))
}

// value fails unless the slider says where it is in these words.
func (p *tab) value(want string) {
	p.t.Helper()
	if got := eval[string](p, "document.querySelector('#lg-bar').getAttribute('aria-valuetext')"); got != want {
		p.t.Errorf("the slider is at %q, want %q", got, want)
	}
}

// hides fails unless screen readers hear nothing of what is only to look at.
func (p *tab) hides(selectors ...string) {
	p.t.Helper()
	for _, s := range selectors {
		if !eval[bool](p, fmt.Sprintf("(e => !!e.closest('[aria-hidden=true]') || !e.textContent.trim())(document.querySelector(%q))", s)) {
			p.t.Errorf("%s is read out", s)
		}
	}
}

// listen has every page from now on keep what its status line says in
// self.heard, each thing once and in order. A line that was not there, or not
// empty, when the page had been read, or that another took the place of, is
// one that screen readers may not hear of; that is kept too.
func (p *tab) listen() {
	p.t.Helper()
	call(p, page.AddScriptToEvaluateOnNewDocument, page.AddScriptToEvaluateOnNewDocumentParams{Source: `(() => {
		self.heard = [];
		const said = () => document.querySelector('#lg-status');
		document.addEventListener('DOMContentLoaded', () => {
			const line = said();
			if (!line) return heard.push('(no line)');
			if (line.textContent) heard.push('(at once) ' + line.textContent);
			if (line.getAttribute('role') !== 'status') heard.push('(no role)');
			let last = line.textContent;
			new MutationObserver(() => {
				if (said() !== line) heard.push('(another line)');
				if (line.textContent !== last && line.textContent) heard.push(line.textContent);
				last = line.textContent;
			}).observe(document.body, {subtree: true, childList: true, characterData: true});
		});
	})()`})
}

// heard fails unless the status line said just this, in this order, since it
// was last asked.
func (p *tab) heard(keys ...string) {
	p.t.Helper()
	var want []string
	for _, key := range keys {
		want = append(want, words(p.t, "en", key))
	}
	if diff := cmp.Diff(want, eval[[]string](p, "self.heard.splice(0)"), cmpopts.EquateEmpty()); diff != "" {
		p.t.Errorf("what screen readers hear (-want +got):\n%s", diff)
	}
}

// Whatever happens is said by one line that is there from the start (WCAG 2.2
// SC 4.1.3), once, in the order in which it happens.
func TestScreenReadersHearWhatHappens(t *testing.T) {
	t.Parallel()
	at := start(t, slides...)
	p := shopper(t, from(t, "en"))
	p.listen()
	p.alice(at)
	p.meets(at, "#lg-bar")
	p.heard()
	p.press("#lg-send")
	p.heard("skip")
	p.drag(pull{from: 0, to: 0.5, took: 200 * time.Millisecond})
	p.says(hintShort)
	p.heard("short")
	p.press("#lg-press")
	p.enters()
	p.heard("checking", "checked_press")

	at = start(t, reads(t)...)
	p = shopper(t, from(t, "en"))
	p.listen()
	p.alice(at)
	p.meets(at, "#lg-picture")
	p.follow()
	p.picture()
	p.heard()
	p.press("#lg-send")
	p.heard("empty")
	p.press("#lg-new")
	p.says(words(t, "en", "fresh"))
	p.heard("fresh")
	p.write("#lg-answer", not(p.solution("self.token")))
	p.press("#lg-send")
	p.says(words(t, "en", "wrong"))
	p.heard("checking", "wrong")
	p.press("#lg-sound")
	p.listens()
	p.heard()
	p.press("#lg-more")
	p.says(words(t, "en", "sound_fresh"))
	p.heard("sound_fresh")
	p.press("#lg-back")
	p.until("the picture is back", "document.querySelector('#lg-see').checkVisibility()")
	p.heard()
	p.press("#lg-slow")
	p.waits()
	p.heard()
	// The seconds that count down are not read out one by one.
	p.until("three seconds have gone", "/5[0-7]/.test(document.querySelector('#lg-left').textContent)")
	p.heard()
	if live := eval[bool](p, "!!document.querySelector('#lg-left').closest('[aria-live], [role=status], [role=timer]')"); live {
		t.Error("every second of the wait is read out")
	}
}
