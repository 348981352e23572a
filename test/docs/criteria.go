package docs

import (
	"fmt"
	"slices"
	"strings"
)

// criteria are the success criteria of levels A and AA of WCAG 2.2 (W3C
// Recommendation, 2023), in its order. It has no 4.1.1 any more.
const criteria = `
1.1.1 A Non-text Content
1.2.1 A Audio-only and Video-only (Prerecorded)
1.2.2 A Captions (Prerecorded)
1.2.3 A Audio Description or Media Alternative (Prerecorded)
1.2.4 AA Captions (Live)
1.2.5 AA Audio Description (Prerecorded)
1.3.1 A Info and Relationships
1.3.2 A Meaningful Sequence
1.3.3 A Sensory Characteristics
1.3.4 AA Orientation
1.3.5 AA Identify Input Purpose
1.4.1 A Use of Color
1.4.2 A Audio Control
1.4.3 AA Contrast (Minimum)
1.4.4 AA Resize Text
1.4.5 AA Images of Text
1.4.10 AA Reflow
1.4.11 AA Non-text Contrast
1.4.12 AA Text Spacing
1.4.13 AA Content on Hover or Focus
2.1.1 A Keyboard
2.1.2 A No Keyboard Trap
2.1.4 A Character Key Shortcuts
2.2.1 A Timing Adjustable
2.2.2 A Pause, Stop, Hide
2.3.1 A Three Flashes or Below Threshold
2.4.1 A Bypass Blocks
2.4.2 A Page Titled
2.4.3 A Focus Order
2.4.4 A Link Purpose (In Context)
2.4.5 AA Multiple Ways
2.4.6 AA Headings and Labels
2.4.7 AA Focus Visible
2.4.11 AA Focus Not Obscured (Minimum)
2.5.1 A Pointer Gestures
2.5.2 A Pointer Cancellation
2.5.3 A Label in Name
2.5.4 A Motion Actuation
2.5.7 AA Dragging Movements
2.5.8 AA Target Size (Minimum)
3.1.1 A Language of Page
3.1.2 AA Language of Parts
3.2.1 A On Focus
3.2.2 A On Input
3.2.3 AA Consistent Navigation
3.2.4 AA Consistent Identification
3.2.6 A Consistent Help
3.3.1 A Error Identification
3.3.2 A Labels or Instructions
3.3.3 AA Error Suggestion
3.3.4 AA Error Prevention (Legal, Financial, Data)
3.3.7 A Redundant Entry
3.3.8 AA Accessible Authentication (Minimum)
4.1.2 A Name, Role, Value
4.1.3 AA Status Messages`

// What a criterion's row may say first of how it is met, and what its last
// column has where no test shows it.
var results = []string{"Met:", "Met in part:", "Not met:", "Does not apply:"}

const untested = "untested"

// Criteria reports what is wrong with the rows of WCAG's criteria in the
// page's tables: first column number and name with the level in brackets,
// second how it is met, third the tests that show it. Each criterion has one
// row, in WCAG's order, links to a test or says that it is untested, unless it
// does not apply.
func (p *Page) Criteria() (n int, wrong []error) {
	want := strings.Split(strings.TrimSpace(criteria), "\n")
	lines := strings.Split(p.text, "\n")
	for i, line := range lines {
		line = strings.TrimSpace(line)
		if !strings.HasPrefix(line, "|") {
			continue
		}
		cells := strings.Split(strings.Trim(line, "|"), "|")
		if first := strings.TrimSpace(cells[0]); first == "" || first[0] < '1' || first[0] > '4' {
			continue // another table
		}
		if n == len(want) {
			wrong = append(wrong, fmt.Errorf("%s:%d: one row too many: %s", p.Path, i+1, line))
			break
		}
		number, rest, _ := strings.Cut(want[n], " ")
		level, name, _ := strings.Cut(rest, " ")
		n++
		if err := criterion(cells, fmt.Sprintf("%s %s (%s)", number, name, level)); err != nil {
			wrong = append(wrong, fmt.Errorf("%s:%d: %w", p.Path, i+1, err))
		}
	}
	if n < len(want) {
		wrong = append(wrong, fmt.Errorf("%s: no row for %s", p.Path, want[n]))
	}
	return n, wrong
}

func criterion(cells []string, want string) error {
	if len(cells) != 3 {
		return fmt.Errorf("%d columns, want criterion, how it is met and what shows it: %s", len(cells), want)
	}
	if got := strings.TrimSpace(cells[0]); got != want {
		return fmt.Errorf("%q, want %q", got, want)
	}
	how, shown := strings.TrimSpace(cells[1]), strings.TrimSpace(cells[2])
	i := slices.IndexFunc(results, func(r string) bool { return strings.HasPrefix(how, r+" ") })
	if i < 0 {
		return fmt.Errorf("%s begins with none of %q", want, results)
	}
	if results[i] == "Does not apply:" || strings.Contains(shown, untested) {
		return nil
	}
	for _, m := range link.FindAllStringSubmatch(shown, -1) {
		if test.MatchString(m[1]) {
			return nil
		}
	}
	return fmt.Errorf("%s: no test shows it, and it does not say %q", want, untested)
}
