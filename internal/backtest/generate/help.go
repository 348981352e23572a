package generate

import (
	"fmt"
	"io"
)

// Help writes what a specification can be made of.
func Help(w io.Writer) error {
	_, err := fmt.Fprint(w, "Parts, joined by +, each with settings in brackets: shop(days=20)+stuffing(day=15,hits=0.01)\n")
	for _, p := range Parts() {
		if err == nil {
			_, err = fmt.Fprintf(w, "\n%s: %s\n", p.Name, p.Meaning)
		}
		for _, s := range p.Settings {
			if err == nil {
				_, err = fmt.Fprintf(w, "  %s=%v  %s\n", s.Name, s.Default, s.Meaning)
			}
		}
	}
	return err
}
