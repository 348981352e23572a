// Package callgrind counts the instructions of a part of a program that runs
// under `valgrind --tool=callgrind --instr-atstart=no`. On a processor of its
// own its requests do nothing.
//
// The way in is the one of valgrind.h (valgrind's manual, 3.1 "The Client
// Request mechanism"), whose numbers are an interface that does not change.
package callgrind

import (
	"bufio"
	"fmt"
	"io"
	"strconv"
	"strings"
)

// The requests of callgrind.h: 'C', 'T' and a number.
const (
	base       = 'C'<<24 | 'T'<<16
	zeroStats  = base + 1
	dumpStats  = base + 3 // with a name
	startCount = base + 4
	stopCount  = base + 5

	runningOnValgrind = 0x1001
)

// Running reports whether valgrind runs this program.
func Running() bool { return request(&[6]uint64{runningOnValgrind}) != 0 }

// Start begins to count; what comes before is not slowed down as much.
func Start() { request(&[6]uint64{startCount}) }

// Stop ends counting.
func Stop() { request(&[6]uint64{stopCount}) }

// Zero sets all counters to nothing.
func Zero() { request(&[6]uint64{zeroStats}) }

// Total reads how many instructions a file of callgrind's has in all, and
// the name with which it was written.
func Total(r io.Reader) (name string, instructions int64, err error) {
	lines := bufio.NewScanner(r)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		if trigger, ok := strings.CutPrefix(lines.Text(), "desc: Trigger: Client Request: "); ok {
			name = trigger
		}
		if total, ok := strings.CutPrefix(lines.Text(), "totals: "); ok {
			instructions, err = strconv.ParseInt(total, 10, 64)
			return name, instructions, err
		}
	}
	return name, 0, fmt.Errorf("reading callgrind's file: there is no total: %w", io.ErrUnexpectedEOF)
}
