package backtest

import (
	"fmt"
	"html"
	"io"
	"time"

	"github.com/login-guard/login-guard/internal/risk"
)

// Plot gathers attempts by rung over time, for a picture.
type Plot struct {
	from, step int64
	bins       [plotBins][2]ByRung // of attacks, of people
	policy     string
}

// plotBins is into how many parts the log's time is cut.
const plotBins = 96

// NewPlot makes an empty plot of a log.
func NewPlot(l *Log, policy string) *Plot {
	p := &Plot{policy: policy, step: 1}
	if n := len(l.Events); n > 0 {
		p.from = l.Events[0].At
		p.step = max(1, (l.Events[n-1].At-p.from)/plotBins+1)
	}
	return p
}

// Add counts a step.
func (p *Plot) Add(s *Step) {
	i := (s.Event.At - p.from) / p.step
	if i < 0 || i >= plotBins {
		return
	}
	who := 0
	if s.Person {
		who = 1
	}
	p.bins[i][who][place(s.Met)]++
}

// Measures of the picture, in its own units.
const (
	plotWidth, plotHeight = 960, 570
	plotLeft, plotRight   = 76, 24
	panelTop, panelHeight = 104, 170
	panelGap              = 62
)

// words of the rungs, weakest first, as in a legend.
var rungWords = [...]string{"met nothing", "slider", "picture", "denied"}

// Write draws the plot as SVG: two panels, attacks and people, each with
// columns of attempts by what they met. Colours are told by words too, and
// follow the reader's light or dark scheme.
func (p *Plot) Write(w io.Writer) error {
	q := &printer{w: w}
	var all [2]ByRung
	for i := range p.bins {
		for who := range all {
			for k, n := range p.bins[i][who] {
				all[who][k] += n
			}
		}
	}
	title := "Login attempts by what they met, over time"
	q.f(`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" role="img" aria-labelledby="title text" font-family="system-ui, sans-serif" font-size="14">
<title id="title">%s</title>
<desc id="text">%s</desc>
<style>
:root { color-scheme: light dark }
svg { background: #fff } text { fill: #1b1b1f } .line { stroke: #8a8a94; stroke-width: 1 } .grid { stroke: #d9d9e0; stroke-width: 1 }
.r0 { fill: #6b7280 } .r1 { fill: #2f6fdb } .r2 { fill: #b7640a } .r3 { fill: #b3261e }
@media (prefers-color-scheme: dark) {
svg { background: #17171b } text { fill: #ececf1 } .grid { stroke: #3a3a44 }
.r0 { fill: #9aa1ac } .r1 { fill: #7fb0ff } .r2 { fill: #f0a955 } .r3 { fill: #ff8a80 }
}
</style>
<text x="%d" y="30" font-size="19" font-weight="600">%s</text>
`, plotWidth, plotHeight, title, html.EscapeString(p.describe(all)), plotLeft, title)
	q.f(`<text x="%d" y="57">From below:</text>`+"\n", plotLeft)
	x := plotLeft + 96
	for i, word := range rungWords {
		q.f(`<rect class="r%d" x="%d" y="45" width="13" height="13" rx="2"/><text x="%d" y="57">%s</text>`+"\n", i, x, x+20, word)
		x += 60 + 8*len(word)
	}
	for who, name := range [...]string{"Attempts of attacks", "Attempts of people"} {
		p.panel(q, who, name, all[who].All())
	}
	q.f("<text x=\"%d\" y=\"%d\" font-size=\"12\">Policy: %s</text>\n</svg>\n", plotLeft, plotHeight-14, html.EscapeString(p.policy))
	return q.err
}

// panel draws the columns of attacks (0) or people (1).
func (p *Plot) panel(q *printer, who int, name string, all int) {
	top := panelTop + who*(panelHeight+panelGap)
	bottom, width := top+panelHeight, plotWidth-plotLeft-plotRight
	most := 0
	for i := range p.bins {
		most = max(most, p.bins[i][who].All())
	}
	scale := roundUp(most)
	q.f(`<text x="%d" y="%d" font-weight="600">%s: %s</text>`+"\n", plotLeft, top-8, name, number(all))
	for i := 0; i <= 2; i++ {
		y := bottom - i*panelHeight/2
		q.f(`<line class="grid" x1="%d" x2="%d" y1="%d" y2="%d"/><text x="%d" y="%d" text-anchor="end" font-size="12">%s</text>`+"\n",
			plotLeft, plotWidth-plotRight, y, y, plotLeft-8, y+4, number(scale*i/2))
	}
	for i := range p.bins {
		below := 0
		for k, n := range p.bins[i][who] {
			if n == 0 {
				continue
			}
			from, to := float64(below)/float64(scale), float64(below+n)/float64(scale)
			q.f(`<rect class="r%d" x="%.1f" y="%.1f" width="%.1f" height="%.1f"/>`+"\n", k,
				float64(plotLeft)+float64(i*width)/plotBins, float64(bottom)-to*panelHeight,
				float64(width)/plotBins-1, max(0.6, (to-from)*panelHeight))
			below += n
		}
	}
	q.f(`<line class="line" x1="%d" x2="%d" y1="%d" y2="%d"/>`+"\n", plotLeft, plotWidth-plotRight, bottom, bottom)
	for i, anchor := range [...]string{"start", "middle", "end"} {
		at := time.Unix(0, p.from+int64(i)*p.step*plotBins/2).UTC()
		q.f(`<text x="%d" y="%d" text-anchor="%s" font-size="12">%s</text>`+"\n", plotLeft+i*width/2, bottom+18, anchor, at.Format("2 Jan 2006 15:04"))
	}
}

// describe is the picture in words.
func (p *Plot) describe(all [2]ByRung) string {
	from := time.Unix(0, p.from).UTC()
	text := fmt.Sprintf("From %s for %s, under the policy %s. ", from.Format("2 January 2006 15:04"), span(time.Duration(p.step*plotBins)), p.policy)
	for who, name := range [...]string{"attacks", "people"} {
		n := all[who].All()
		if n == 0 {
			text += fmt.Sprintf("There are no attempts of %s. ", name)
			continue
		}
		text += fmt.Sprintf("Of %s of %s", plural(n, "attempt"), name)
		for k, word := range rungWords {
			sep := ","
			if k == 0 {
				sep = ""
			}
			verb := " met the "
			if k == 0 || rungs[k] == risk.Deny {
				verb = " "
				if k > 0 {
					verb = " were "
				}
			}
			text += fmt.Sprintf("%s %s%s%s", sep, percent(part64(all[who][k], n)), verb, word)
		}
		text += ". "
	}
	return text
}

// roundUp is the next number with one digit and zeros, at least 2, and even.
func roundUp(n int) int {
	for unit := 1; ; unit *= 10 {
		for _, x := range [...]int{2, 4, 6, 8, 10} {
			if x*unit >= n {
				return x * unit
			}
		}
	}
}
