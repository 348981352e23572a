package callgrind

import (
	"strings"
	"testing"
)

const file = `# callgrind format
version: 1
part: 2

desc: Timerange: Basic block 20037255 - 98627389
desc: Trigger: Client Request: Login Guard/0

positions: line
events: Ir
summary: 430494918

fn=(670) mmap
47 1

totals: 425248918
`

func TestTotalIsTheSumOfLinesAndNotTheSummary(t *testing.T) {
	name, n, err := Total(strings.NewReader(file))
	if err != nil || name != "Login Guard/0" || n != 425248918 {
		t.Errorf("%q, %d, %v", name, n, err)
	}
}

func TestTotalOfAFileThatWasCutIsAnError(t *testing.T) {
	cut, _, _ := strings.Cut(file, "totals")
	if _, _, err := Total(strings.NewReader(cut)); err == nil {
		t.Error("no error")
	}
}

func TestRequestsDoNothingWithoutValgrind(t *testing.T) {
	if Running() {
		t.Fatal("these tests run under valgrind")
	}
	Start()
	Zero()
	Dump("nothing")
	Stop()
}
