package evaluate

import (
	"bytes"
	"fmt"
	"os"
)

// Marks between which a file is written anew.
const (
	beginMark = "<!-- begin: written by make eval -->\n"
	endMark   = "<!-- end -->\n"
)

// Print writes the results into a file, between its marks; "" prints them.
func Print(file string, results []Result) error {
	var b bytes.Buffer
	if err := Write(&b, results); err != nil {
		return err
	}
	if file == "" {
		_, err := os.Stdout.Write(b.Bytes())
		return err
	}
	old, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	before, rest, ok := bytes.Cut(old, []byte(beginMark))
	_, after, ok2 := bytes.Cut(rest, []byte(endMark))
	if !ok || !ok2 {
		return fmt.Errorf("%s lacks the marks %q and %q", file, beginMark, endMark)
	}
	return os.WriteFile(file, bytes.Join([][]byte{before, []byte(beginMark), b.Bytes(), []byte(endMark), after}, nil), 0o644)
}
