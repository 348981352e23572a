// Package evidence judges how a check was answered: what the page reports of
// the events, against what hands do.
//
// It is worth points, never a verdict. Everything in a report can be made up
// by who has read this source and has patience, and some people look like
// machines: with a remote desktop, a switch, a screen reader. So points add to
// a login's risk, at most Max of them, and from Enough on a check asks for one
// more step. Nothing is refused for it, and nothing of a report is kept or
// logged but the codes of its reasons; Tracks keeps bare shapes of drags that
// were accepted, in memory, for a day.
//
// README.md has the derivation of the weights, the figures, and what is not
// shown. What is absent from a report counts nothing, as browsers and
// assistive technology differ in what they tell.
package evidence
