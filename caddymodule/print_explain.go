package caddymodule

import (
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/login-guard/login-guard/config"
	"github.com/login-guard/login-guard/docs"
	"github.com/login-guard/login-guard/internal/engine"
	"github.com/login-guard/login-guard/internal/record"
	"github.com/login-guard/login-guard/internal/risk"
)

// met are actions in words, wouldMeet the same of what did not happen.
var met = map[string]string{
	string(risk.Allow): "let through", string(risk.Slider): "asked for the slider", string(risk.Picture): "asked for the picture",
	string(risk.SecondFactor): "asked for a second factor", string(risk.Deny): "refused", string(risk.Unreadable): "refused as unreadable",
}

var wouldMeet = map[string]string{
	string(risk.Allow): "would be let through", string(risk.Slider): "would be asked for the slider", string(risk.Picture): "would be asked for the picture",
	string(risk.SecondFactor): "would be asked for a second factor", string(risk.Deny): "would be refused",
}

func inWords(action string, words map[string]string) string {
	if found := words[action]; found != "" {
		return found
	}
	return action
}

// printExplanation says in plain words what a login met and why.
func printExplanation(w io.Writer, e record.Explanation, words map[string]string) {
	line := func(name, format string, args ...any) {
		fmt.Fprintf(w, "  %-10s "+format+"\n", append([]any{name}, args...)...)
	}
	fmt.Fprintln(w, strings.TrimSpace(fmt.Sprintf("%s  %s  %s %s", e.Ref, e.At.Local().Format(time.DateTime), e.Site, e.Endpoint)))
	what := inWords(e.Action, words)
	if e.Would != e.Action {
		what += " (monitoring; enforcing it would have been " + inWords(e.Would, met) + ")"
	}
	switch {
	case e.Ref == "simulated":
	case e.Outcome == "none":
		what += "; the shop was not asked"
	default:
		what += "; the shop's answer: " + e.Outcome
	}
	if e.Count > 1 {
		what += fmt.Sprintf("; %d alike within a second, of which none is kept by itself", e.Count)
	}
	line("what", "%s", what)
	for i, why := range because(&e) {
		line([]string{"because", ""}[min(i, 1)], "%s", why)
	}
	if e.RetryAfter > 0 {
		line("", "it can be tried again %s later", e.RetryAfter.Round(time.Second))
	}
	if who := whoOf(&e); who != "" {
		line("who", "%s", who)
	}
	if e.Override != "" {
		line("ordered", "%s", e.Override)
	}
	if e.Basis != nil {
		line("score", "%s%s", number(e.Score), families(e.Families))
	}
	for _, r := range e.Reasons {
		points := ""
		if r.Points != 0 {
			points = fmt.Sprintf("%+g", r.Points)
		}
		fmt.Fprintf(w, "    %7s  %-26s %s\n", points, r.Code, docs.Reason(r.Code))
	}
	if e.Basis != nil {
		printBasis(&e, line)
	}
	for i, command := range e.LetIn {
		line([]string{"let in", "and"}[min(i, 1)], "%s", command)
	}
}

// printBasis is what a decision came of beside its reasons.
func printBasis(e *record.Explanation, line func(string, string, ...any)) {
	l := risk.StandingLadder(e.Basis.Ladder)
	line("ladder", "slider from %s, picture from %s, second factor or picture with a wait from %s, refused from %s", l.Slider, l.Picture, l.SecondFactor, l.Deny)
	for _, o := range e.Basis.Situation.Over {
		line("over", "limit %s, which asks for: %s; one more try in %s", o.Limit, o.Demands, o.RetryAfter.Round(time.Second))
	}
	for _, c := range e.Changes {
		line("if", "%s: %s", change(c), inWords(c.Action, met))
	}
	switch {
	case e.OtherWeights:
		by := "by the weights " + e.Basis.Weights
		if e.Basis.Weights == "" {
			by = "by an earlier version"
		}
		line("checked", "decided %s, before an update: it stands as it was made; this version has the weights %s", by, e.Weights)
	case e.Ref == "simulated":
		line("checked", "by the weights %s", e.Weights)
	case e.Recomputed:
		line("checked", "worked out again from its record, by the weights %s: the same", e.Weights)
	default:
		line("checked", "worked out again from its record it comes out otherwise: please report it")
	}
}

// because says in words what led to a verdict, a line each.
func because(e *record.Explanation) (out []string) {
	ladder := config.Ladder{}
	if e.Basis != nil {
		ladder = risk.StandingLadder(e.Basis.Ladder)
	}
	for _, c := range e.Causes {
		switch c.Kind {
		case record.CauseOrder:
			out = append(out, "you ordered it")
		case record.CauseLimit:
			out = append(out, "the limit "+strings.TrimPrefix(c.Code, risk.CodeLimit)+" is used up")
		case record.CauseFloor:
			out = append(out, "of "+c.Code+", whatever the score")
		case record.CauseScore:
			out = append(out, fmt.Sprintf("the score of %s is at or above %s", number(e.Score), number(c.From)))
		}
	}
	switch has := func(code string) bool {
		for _, r := range e.Reasons {
			if r.Code == code {
				return true
			}
		}
		return false
	}; {
	case e.Basis == nil && has(engine.CodeStoreDown):
		return append(out, "the store did not answer, and on_store_error says deny")
	case e.Would == string(risk.Unreadable):
		return append(out, "it could not be read as the shop would read it")
	case has(risk.CodeFactorDue):
		return append(out, "the password was right, and the account has a second factor")
	case has(risk.CodeFactorGiven):
		return append(out, "the account's second factor was given")
	case has(risk.CodeCheckSatisfied):
		for i := range out {
			out[i] += ", which asked for a check"
		}
		return append(out, "the check that was asked for had been passed")
	case e.Basis != nil && len(out) == 0 && e.Would == string(risk.Allow) && !e.OtherWeights && ladder.Slider > 0 && e.Score < float64(ladder.Slider):
		return append(out, fmt.Sprintf("the score of %s is below %s, and no limit is used up", number(e.Score), ladder.Slider))
	}
	return out
}

func whoOf(e *record.Explanation) string {
	who := []string{}
	for _, part := range []struct{ name, value string }{{"account", e.Account}, {"network", e.Address}, {"", e.Country}} {
		if part.value != "" {
			who = append(who, strings.TrimSpace(part.name+" "+part.value))
		}
	}
	if e.ASN != 0 {
		who = append(who, "AS"+strconv.FormatUint(uint64(e.ASN), 10))
	}
	return strings.Join(who, ", ")
}

// families are what a score is the sum of.
func families(list []risk.Family) string {
	parts := make([]string, len(list))
	for i, f := range list {
		parts[i] = fmt.Sprintf("%s %+g (at most %+g)", f.Name, f.Points, f.Cap)
	}
	if len(parts) == 0 {
		return ""
	}
	return " = " + strings.Join(parts, ", ")
}

func number(x float64) string { return strconv.FormatFloat(x, 'f', -1, 64) }

func change(c record.Change) string {
	switch c.With {
	case record.WithKnownDevice:
		return "on a device that has signed in to this account before"
	case record.WithSlider:
		return "once the slider is passed"
	case record.WithPicture:
		return "once the picture is passed"
	}
	if c.Without == risk.WithoutAttack {
		return "were the shop not under attack (site, network and client together)"
	}
	return "without " + c.Without
}
