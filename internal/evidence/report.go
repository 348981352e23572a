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
	maxTime       = 3600e3  // an hour, in ms: nobody holds a button for longer
	maxPlace      = 100_000 // px: wider than any screen
)

// Report is what a check's page saw of how it was answered: JSON, sent as
// "seen" with the answer. Everything but the version may be absent, which
// says nothing: browsers differ in what they tell, and assistive technology
// works a page without most of these events.
//
//	v          1
//	type       pointer type of the drag or click: mouse, touch, pen; empty
//	           where none took part
//	untrusted  how many of the events that counted were made by a script
//	tool       bits: 1 navigator.webdriver; 2 a global name that a driver of
//	           browsers leaves behind; 4 the pointer's place on the screen was
//	           its place in the page, in a window with bars of its own
//	before     pointer moves over the page before the press
//	pressure   [least, most] of the pointer while it was down
//	coalesced  [events, moves]: how many events the moves while down stood
//	           for; absent without getCoalescedEvents
//	dpr        devicePixelRatio
//	track      [ms, px towards the end of the bar, px down] from the press
//	           (the first, all 0) to the release (the last), thinned out, in
//	           tenths. The two points at each end are never thinned out
//	keys       [ms held, ms since the key before] of the last keys on the bar
//	           or the button; -1 where it is not known
//	inputs     how often the bar was moved without pointer and key
//	click      [detail, ms from press to click] of the button's click; -1
//	           where there was no press
type Report struct {
	Type      string
	Untrusted int
	Tool      int
	Before    int
	Pressure  *[2]float64
	Coalesced *[2]int
	DPR       float64 // 0: not known
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
	Gap  float64 // ms since the key before went down; negative: the first
}

// Click is the click on the button.
type Click struct {
	Detail int
	Held   float64 // ms; negative: there was no press before it
}

// Bits of Report.Tool.
const (
	ToolWebdriver = 1 << iota
	ToolNames
	ToolScreen
	toolEnd
)

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

func (r *Report) field(name string, d *json.Decoder) error {
	var n float64
	var err error
	switch name {
	case "v":
		if n, err = number(d, 0, math.MaxInt32); err == nil && n != reportVersion {
			err = fmt.Errorf("version %v is not known", n)
		}
	case "type":
		if err = d.Decode(&r.Type); err == nil {
			switch r.Type {
			case "", "mouse", "touch", "pen":
			default:
				err = errors.New("no pointer type")
			}
		}
	case "untrusted":
		r.Untrusted, err = count(d, maxCount)
	case "tool":
		r.Tool, err = count(d, toolEnd-1)
	case "before":
		r.Before, err = count(d, maxCount)
	case "inputs":
		r.Inputs, err = count(d, maxCount)
	case "dpr":
		r.DPR, err = number(d, 0, 100)
	case "pressure":
		var v [][]float64
		if v, err = rows(d, 2, 1, 0, 1); err == nil && v != nil {
			r.Pressure = &[2]float64{v[0][0], v[0][1]}
		}
	case "coalesced":
		var v [][]float64
		if v, err = rows(d, 2, 1, 0, maxCount); err == nil && v != nil {
			r.Coalesced = &[2]int{int(v[0][0]), int(v[0][1])}
		}
	case "click":
		var v [][]float64
		if v, err = rows(d, 2, 1, -1, maxTime); err == nil && v != nil {
			r.Click = &Click{Detail: int(v[0][0]), Held: v[0][1]}
		}
	case "keys":
		var v [][]float64
		if v, err = rows(d, 2, MaxKeys, -1, maxTime); err == nil {
			for _, k := range v {
				r.Keys = append(r.Keys, Key{Held: k[0], Gap: k[1]})
			}
		}
	case "track":
		var v [][]float64
		if v, err = rows(d, 3, MaxPoints, -maxTime, maxTime); err == nil {
			r.Track, err = track(v)
		}
	default:
		err = errors.New("not known")
	}
	return err
}

// number reads one number from lo to hi.
func number(d *json.Decoder, lo, hi float64) (float64, error) {
	t, err := d.Token()
	if err != nil {
		return 0, err
	}
	n, ok := t.(float64)
	if !ok || n < lo || n > hi {
		return 0, fmt.Errorf("no number from %v to %v", lo, hi)
	}
	return n, nil
}

// count reads a whole number from 0 to most.
func count(d *json.Decoder, most float64) (int, error) {
	n, err := number(d, 0, most)
	if err == nil && n != math.Trunc(n) {
		err = errors.New("no whole number")
	}
	return int(n), err
}

// rows reads up to most rows of so many numbers from lo to hi. Where only one
// row is wanted it stands for itself, without a list around it.
func rows(d *json.Decoder, width, most int, lo, hi float64) ([][]float64, error) {
	var v [][]float64
	var err error
	if most == 1 {
		v = make([][]float64, 1)
		err = d.Decode(&v[0])
	} else {
		err = d.Decode(&v)
	}
	if err != nil {
		return nil, err
	}
	if len(v) > most {
		return nil, fmt.Errorf("%d rows, more than %d", len(v), most)
	}
	for _, row := range v {
		if len(row) != width {
			return nil, fmt.Errorf("%d numbers in a row, not %d", len(row), width)
		}
		for _, n := range row {
			if n < lo || n > hi {
				return nil, fmt.Errorf("no number from %v to %v", lo, hi)
			}
		}
	}
	return v, nil
}

// track makes points of rows. Time never runs backwards: the clock of some
// browsers is blurred on purpose, so a step back counts as no step.
func track(rows [][]float64) ([]Point, error) {
	out := make([]Point, len(rows))
	last := 0.0
	for i, row := range rows {
		if math.Abs(row[1]) > maxPlace || math.Abs(row[2]) > maxPlace {
			return nil, errors.New("off any screen")
		}
		last = max(last, row[0])
		out[i] = Point{T: last, X: row[1], Y: row[2]}
	}
	return out, nil
}
