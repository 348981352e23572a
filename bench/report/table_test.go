package report

import (
	"slices"
	"strings"
	"testing"

	"github.com/login-guard/login-guard/bench/inproc"
	"github.com/login-guard/login-guard/bench/work"
)

func TestColumnsAlign(t *testing.T) {
	tb := &table{}
	tb.line("A LINE GOES ACROSS ALL COLUMNS")
	tb.row("name", "1", "22")
	tb.row("a longer name", "333")
	var b strings.Builder
	tb.write(&b)
	want := "A LINE GOES ACROSS ALL COLUMNS\n" +
		"name             1  22\n" +
		"a longer name  333\n"
	if b.String() != want {
		t.Errorf("\n%s, want\n%s", b.String(), want)
	}
}

func TestThousandsAreSetApart(t *testing.T) {
	for v, want := range map[float64]string{0: "0", 999: "999", 1000: "1,000", -1234567: "-1,234,567", 12345.6: "12,346", -123: "-123"} {
		if got := whole(v); got != want {
			t.Errorf("%v is written %q, want %q", v, got, want)
		}
	}
}

func TestMedianIsTheMiddleOne(t *testing.T) {
	if got := median([]float64{9, 1, 5}); got != 5 {
		t.Errorf("%v", got)
	}
}

func TestInstructionsAreTheDifferenceOfTwoCounts(t *testing.T) {
	c := work.Case{Sites: []inproc.Site{{Name: "a"}, {Name: "b"}}}
	got := perUnit(c, map[string]int64{
		// 500 once and 10 a unit; in the second round 12.
		"a/0/1000": 10_500, "a/0/250": 3_000, "a/1/1000": 12_500, "a/1/250": 3_500,
		"b/0/1000": 7_000, // its other half is missing
	}, 1000)
	if !slices.Equal(got["a"], []float64{10, 12}) || len(got["b"]) != 0 {
		t.Errorf("%v", got)
	}
}
