// Command tally reads the output of `go test -json` and says in the end how
// many tests passed and failed. It shows the output of what failed and
// nothing else, and takes a skipped test for a failed one: a promise that was
// not looked at is not kept.
//
//	go test -json ./... | go run ./test/tally [-passed N] [-failed N]
//
// The flags add checks that were made before. Its status is 1 when anything
// failed, or when there was nothing at all.
package main

import (
	"bufio"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"os"
	"strings"
)

func main() {
	passed := flag.Int("passed", 0, "checks that passed before")
	failed := flag.Int("failed", 0, "checks that failed before")
	flag.Parse()
	t := tally{out: os.Stdout, passed: *passed, failed: *failed, said: map[testName]*strings.Builder{}, broken: map[string]bool{}}
	if err := t.read(os.Stdin); err != nil {
		fmt.Println("reading the tests' output:", err)
		t.failed++
	}
	fmt.Printf("%d passed, %d failed\n", t.passed, t.failed)
	if t.failed > 0 || t.passed == 0 {
		os.Exit(1)
	}
}

// event is a line of `go test -json`; see `go doc test2json`.
type event struct {
	Action  string
	Package string
	Test    string
	Output  string
	Elapsed float64 // seconds
	// ImportPath is set instead of Package in what the compiler says.
	ImportPath string
}

// testName is a test, or with an empty Test a package.
type testName struct{ Package, Test string }

// tally counts as events come in.
type tally struct {
	out            io.Writer
	passed, failed int
	said           map[testName]*strings.Builder // output of what has not ended
	broken         map[string]bool               // packages of which a test failed
}

func (t *tally) read(from io.Reader) error {
	lines := bufio.NewScanner(from)
	lines.Buffer(nil, 16<<20)
	for lines.Scan() {
		var e event
		if json.Unmarshal(lines.Bytes(), &e) != nil {
			fmt.Fprintln(t.out, lines.Text()) // not of a test: say it as it is
			continue
		}
		t.take(e)
	}
	return lines.Err()
}

func (t *tally) take(e event) {
	n := testName{e.Package, e.Test}
	switch e.Action {
	case "output":
		if strings.HasPrefix(e.Output, "=== ") {
			return // which test runs when
		}
		if t.said[n] == nil {
			t.said[n] = new(strings.Builder)
		}
		t.said[n].WriteString(e.Output)
		return
	case "build-output":
		fmt.Fprint(t.out, e.Output)
		return
	case "pass", "fail", "skip":
	default:
		return
	}
	switch {
	case e.Test == "" && e.Action == "skip": // a package without tests
	case e.Test == "" && e.Action == "fail" && !t.broken[e.Package]:
		// No test of it failed: it did not build, or it ended in a panic.
		t.fail(n, "FAILED")
	case e.Test == "":
		word := map[string]string{"pass": "ok    ", "fail": "FAILED"}[e.Action]
		fmt.Fprintf(t.out, "%s %s %.1f s\n", word, e.Package, e.Elapsed)
	case e.Action == "pass":
		t.passed++
	case e.Action == "skip":
		t.fail(n, "SKIPPED, which counts as failed:")
	default:
		t.fail(n, "FAILED")
	}
	delete(t.said, n)
}

func (t *tally) fail(n testName, word string) {
	t.failed++
	t.broken[n.Package] = true
	fmt.Fprintf(t.out, "%s %s %s\n", word, n.Package, n.Test)
	if said := t.said[n]; said != nil {
		fmt.Fprint(t.out, said.String())
	}
}
