package main

// version names what is derived here. It changes whenever weights.json does.
const version = "2"

// facts are the points of what is no measurement but is so or is not. There
// are no counts of people to derive them from: they are judged, from 0 to 10
// decibans, by how rarely a person does it and how surely a program. Those
// that go together on a program are bounded together.
var facts = map[string]float64{
	// Nothing but a script of somebody else's makes events that are not
	// trusted (DOM §2.9), and no page of ours leaves these things out.
	"untrusted": 8,
	"nothing":   8,
	// Below the picture: what a client without a page of ours says is free
	// to forge, so that asking more of it costs nobody but apps.
	"bare_press": 6,
	"mismatch":   8,
	// The page had the check for less time than the answer took.
	"clock": 10,
	// Of copies 98 % and more are known, of simulated people 0.01 %.
	"repeated": 8,

	// True for every browser that is driven and says so (WebDriver §4); also
	// for the shop's own tests and some people's helpers.
	"webdriver": 4,
	// A pointer that pressed where nobody saw it come: one move, as drivers
	// make. Screen readers that click have none either.
	"hover": 1,
	// Pointer Events 3 §4.1.4: a trusted move stands for at least one event.
	// Some browsers that blur what they tell have none.
	"uncoupled": 1.5,
	// A mouse sends 2 to 16 events a frame, a touchpad or a slow mouse one.
	"single": 0.5,
	// macOS and Wayland have places between pixels for people too.
	"fractions": 1,
	// People rest after the press or before the release, mostly at both.
	"rush": 1,

	// Pointer Events 3 §4.1: a pressed mouse has 0.5. Events that were put
	// into the browser by its debugging protocol have 0 unless told.
	"pressure": 3.5,
	// A hand passes through places. A remote desktop may lose them.
	"one_move": 5,
	// Less than 120 ms: of 100 quick drags of 150 to 350 px the quickest
	// lasted 177 (SapiMouse).
	"quick": 3,
	// Three places or fewer to judge by: a remote desktop, in a hurry.
	"few_places": 4,

	// Held for less than 25 ms. Fingers hold a key for 50 to 150 ms; what
	// types for people (voice, switches) may hold none at all.
	"instant_key":   3.3,
	"instant_click": 2.6,
	// Only beside "webdriver", with which it is enough: who drives a browser
	// by hand goes to what he presses.
	"no_way": 3,
}

// drivenCap bounds webdriver, hover, uncoupled, single, fractions and rush
// together: with a hand's drag in a driven browser it stays below 7.
const drivenCap = 4.8

// share is what the shape of a track counts for: of fingers and pens there
// are no figures at all.
var share = map[string]float64{"pointer": 1, "touch": 0.5, "pen": 0.5}

// curve is what the shape of a track counts, by what its groups add up to.
// Until that is rare among people it is next to nothing, so that it does not
// tip the scales together with a fact.
var curve = [][2]float64{{0, 0}, {3, 0.5}, {5, 2.5}, {7, 7}, {10, 10}}
