package main

import (
	"strings"
	"testing"
)

func TestTallyCountsWhatTheTestsSay(t *testing.T) {
	tests := map[string]struct {
		events         string
		passed, failed int
		says           string
	}{
		"passed tests and a package": {
			`{"Action":"pass","Package":"a","Test":"T/x"}
{"Action":"pass","Package":"a","Test":"T"}
{"Action":"pass","Package":"a","Elapsed":1.5}`, 2, 0, "ok     a 1.5 s"},
		"a failed test with its output": {
			`{"Action":"output","Package":"a","Test":"T","Output":"got 1\n"}
{"Action":"fail","Package":"a","Test":"T"}
{"Action":"fail","Package":"a"}`, 0, 1, "FAILED a T\ngot 1\n"},
		"a skipped test fails": {
			`{"Action":"skip","Package":"a","Test":"T"}
{"Action":"pass","Package":"a"}`, 0, 1, "SKIPPED"},
		"a package without tests is none": {`{"Action":"skip","Package":"a"}`, 0, 0, ""},
		"a package that does not build": {
			`{"ImportPath":"a","Action":"build-output","Output":"x.go:1: no\n"}
{"Action":"fail","Package":"a"}`, 0, 1, "x.go:1: no"},
		"what is no event is said": {"go: no such module", 0, 0, "go: no such module"},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			var out strings.Builder
			got := tally{out: &out, said: map[testName]*strings.Builder{}, broken: map[string]bool{}}
			if err := got.read(strings.NewReader(tc.events)); err != nil {
				t.Fatal(err)
			}
			if got.passed != tc.passed || got.failed != tc.failed || !strings.Contains(out.String(), tc.says) {
				t.Errorf("%d passed, %d failed, says %q; want %d, %d, %q", got.passed, got.failed, out.String(), tc.passed, tc.failed, tc.says)
			}
		})
	}
}
