package report

import (
	"strings"
	"testing"
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
