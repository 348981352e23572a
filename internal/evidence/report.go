package evidence

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
)

// Limits of a report. A page's own stays well below them.
const (
	// MaxReport is the longest report that is read, in bytes.
	MaxReport = 6 << 10
	// MaxPoints is the most points a track has, MaxKeys the most keys.
	MaxPoints = 256
	MaxKeys   = 32

	reportVersion = 1
	maxCount      = 1e6     // of events
	maxTime       = 1e9     // ms: a page that stays open for eleven days
	maxPlace      = 100_000 // px: wider than any screen
)

// Report is what a check's page saw of how it was answered: JSON, sent as
// "seen" with the answer. Everything but the version may be absent or null,
// which says nothing: browsers differ in what they tell, and assistive
// technology works a page without most of these events.
//
//	v          1
//	untrusted  how many of the events that counted were made by a script
//	webdriver  navigator.webdriver
//	type       pointer type of the last drag or press: mouse, touch, pen
//	before     pointer moves over the page while the bar was not held, and
//	           two for each key let go before the first on bar or button
//	dpr        devicePixelRatio
//	pressure   the most of the pointer while it was down
//	coalesced  [events, moves]: how many events the moves of the drag stood
//	           for, by getCoalescedEvents; no moves where there is none
//	track      [ms, px towards the end of the bar, px down] from the press
//	           (the first, all 0) to the release (the last), in tenths and
//	           thinned out; the two points at each end always stay
//	keys       [ms held, ms since the key before] of the last keys on the bar
//	           or the button, held null while a key is down. For the page's
//	           first key it is since the page came
//	inputs     how often the bar was moved by neither pointer nor key
//	click      [detail, ms since the press] of the button's click, the time
//	           null without a press
type Report struct {
	Untrusted int
	Webdriver bool
	Type      string
	Before    int
	DPR       float64  // 0: not known
	Pressure  *float64 // nil: not known
	Coalesced [2]int   // no moves: not known
	Track     []Point
	Keys      []Key
	Inputs    int
	Click     *Click
}

// Point is one place of the pointer.
type Point struct {
	T float64 // ms since the press
	X float64 // CSS px from the press towards the end of the bar
	Y float64 // CSS px from the press, downwards
}

// Key is one key pressed.
type Key struct {
	Held float64 // ms; negative: not known
	Gap  float64 // ms since the key before went down, or since the page came
}

// Click is the click on the button.
type Click struct {
	Detail int
	Held   float64 // ms; negative: there was no press before it
}

// ErrReport is why a report was refused; what was wrong is wrapped around it.
var ErrReport = errors.New("not a report of a check's page")

// Parse reads a report. It refuses with ErrReport what no page of ours sends:
// unknown or repeated fields, more than MaxReport bytes, numbers out of all
// bounds.
func Parse(data []byte) (*Report, error) {
	if len(data) > MaxReport {
		return nil, fmt.Errorf("%w: %d bytes", ErrReport, len(data))
	}
	r := &Report{}
	if err := r.read(json.NewDecoder(bytes.NewReader(data))); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrReport, err)
	}
	return r, nil
}

func (r *Report) read(d *json.Decoder) error {
	if t, err := d.Token(); err != nil || t != json.Delim('{') {
		return errors.New("no object")
	}
	known := map[string]bool{}
	for d.More() {
		t, err := d.Token()
		if err != nil {
			return err
		}
		name, _ := t.(string)
		if known[name] {
			return fmt.Errorf("%q twice", name)
		}
		known[name] = true
		if err := r.field(name, d); err != nil {
			return fmt.Errorf("%q: %w", name, err)
		}
	}
	if _, err := d.Token(); err != nil { // the closing brace
		return err
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return errors.New("more than one value")
	}
	if !known["v"] {
		return errors.New("no version")
	}
	return nil
}

func (r *Report) field(name string, d *json.Decoder) (err error) {
	switch name {
	case "v":
		var n int
		if n, err = count(d); err == nil && n != reportVersion {
			err = fmt.Errorf("version %d is not known", n)
		}
	case "untrusted":
		r.Untrusted, err = count(d)
	case "webdriver":
		err = d.Decode(&r.Webdriver)
	case "type":
		if err = d.Decode(&r.Type); err == nil {
			switch r.Type {
			case "", "mouse", "touch", "pen":
			default:
				err = errors.New("no pointer type")
			}
		}
	case "before":
		r.Before, err = count(d)
	case "inputs":
		r.Inputs, err = count(d)
	case "dpr":
		if err = d.Decode(&r.DPR); err == nil {
			err = within(r.DPR, 0, 100)
		}
	case "pressure":
		if err = d.Decode(&r.Pressure); err == nil && r.Pressure != nil {
			err = within(*r.Pressure, 0, 1)
		}
	case "coalesced":
		var v []*float64
		if err = d.Decode(&v); err == nil {
			err = counts(v, &r.Coalesced)
		}
	case "click":
		var v []*float64
		if err = d.Decode(&v); err == nil && v != nil {
			r.Click, err = click(v)
		}
	case "keys":
		var v [][]*float64
		if err = d.Decode(&v); err == nil {
			r.Keys, err = keys(v)
		}
	case "track":
		var raw json.RawMessage
		if err = d.Decode(&raw); err == nil {
			r.Track, err = track(raw)
		}
	default:
		err = errors.New("not known")
	}
	return err
}

func within(n, lo, hi float64) error {
	if n >= lo && n <= hi {
		return nil
	}
	return fmt.Errorf("%v is not from %v to %v", n, lo, hi)
}

// count reads a whole number from 0 to maxCount.
func count(d *json.Decoder) (int, error) {
	var n float64
	if err := d.Decode(&n); err != nil {
		return 0, err
	}
	if n != math.Trunc(n) {
		return 0, errors.New("no whole number")
	}
	return int(n), within(n, 0, maxCount)
}

func counts(v []*float64, out *[2]int) error {
	if v != nil && len(v) != len(out) {
		return errors.New("not two numbers")
	}
	for i, n := range v {
		if n == nil {
			*out = [2]int{}
			return nil
		}
		if err := within(*n, 0, maxCount); err != nil || *n != math.Trunc(*n) {
			return errors.New("no count")
		}
		out[i] = int(*n)
	}
	return nil
}

// pair reads a number and another; null is -1.
func pair(v []*float64) (first, second float64, err error) {
	if len(v) != 2 {
		return 0, 0, errors.New("not two numbers")
	}
	n := [2]float64{-1, -1}
	for i, p := range v {
		if p == nil {
			continue
		}
		if n[i] = *p; within(n[i], 0, maxTime) != nil {
			return 0, 0, within(n[i], 0, maxTime)
		}
	}
	return n[0], n[1], nil
}

func click(v []*float64) (*Click, error) {
	detail, held, err := pair(v)
	if err != nil {
		return nil, err
	}
	if detail != math.Trunc(detail) || detail > maxCount {
		return nil, errors.New("no count of clicks")
	}
	return &Click{Detail: int(detail), Held: held}, nil
}

func keys(rows [][]*float64) ([]Key, error) {
	if len(rows) > MaxKeys {
		return nil, fmt.Errorf("%d keys, more than %d", len(rows), MaxKeys)
	}
	var out []Key
	for _, row := range rows {
		held, gap, err := pair(row)
		if err != nil {
			return nil, err
		}
		out = append(out, Key{Held: held, Gap: gap})
	}
	return out, nil
}

// track reads points. Time never runs backwards: the clock of some browsers is
// blurred on purpose, so a step back counts as no step.
func track(raw json.RawMessage) ([]Point, error) {
	if string(raw) == "null" {
		return nil, nil
	}
	if bytes.Contains(raw, []byte("null")) {
		return nil, errors.New("a point has numbers")
	}
	var rows [][]float64
	if err := json.Unmarshal(raw, &rows); err != nil {
		return nil, err
	}
	if len(rows) > MaxPoints {
		return nil, fmt.Errorf("%d points, more than %d", len(rows), MaxPoints)
	}
	out := make([]Point, len(rows))
	last := 0.0
	for i, row := range rows {
		if len(row) != 3 {
			return nil, errors.New("a point has three numbers")
		}
		if err := errors.Join(within(row[0], -maxTime, maxTime), within(row[1], -maxPlace, maxPlace), within(row[2], -maxPlace, maxPlace)); err != nil {
			return nil, err
		}
		last = max(last, row[0])
		out[i] = Point{T: last, X: row[1], Y: row[2]}
	}
	return out, nil
}
