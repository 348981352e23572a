package backtest

import (
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// row is an event with its texts.
type row struct {
	At, Address, Account, Client, Label string
	Outcome                             Outcome
	Country                             string
	ASN                                 uint32
	Cookie                              Cookie
	HTTP                                uint8
}

func rows(l *Log) (out []row) {
	for _, e := range l.Events {
		r := row{e.Time().Format(time.RFC3339Nano), e.Address.String(), l.Account.Get(e.Account), l.Client.Get(e.Client),
			l.Label.Get(e.Label), e.Outcome, "", e.ASN, e.Cookie, e.HTTP}
		if e.Country != [2]byte{} {
			r.Country = string(e.Country[:])
		}
		out = append(out, r)
	}
	return out
}

// file writes a log and returns its name.
func file(t testing.TB, lines ...string) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "log")
	if err := os.WriteFile(name, []byte(strings.Join(lines, "\n")), 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}

func read(t testing.TB, o ReadOptions, lines ...string) *Log {
	t.Helper()
	l, err := Read([]string{file(t, lines...)}, nil, o)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func TestCSVIsReadWithAndWithoutAHeader(t *testing.T) {
	want := []row{
		{At: "2026-05-04T13:14:15Z", Address: "192.0.2.7", Account: "anna", Client: "phone 1", Outcome: Failed, Label: "legit"},
		{At: "2026-05-04T13:14:20.5Z", Address: "2001:db8::7", Account: "a,b\"c", Client: "", Outcome: Succeeded, Label: "attack"},
	}
	for name, lines := range map[string][]string{
		"without a header":       {`2026-05-04T13:14:15Z,192.0.2.7,anna,phone 1,failure,legit`, `1777900460.5,2001:db8::7,"a,b""c",,success,attack`},
		"with one":               {`ts,ip,account,client,outcome,label`, `1777900455,192.0.2.7,anna,phone 1,failed,legit`, `1777900460.500,2001:db8::7,"a,b""c",,SUCCESS,attack`},
		"in another order":       {`label,outcome,extra,client,user,Source IP,ip,time`, `legit,0,x,phone 1,anna,?,192.0.2.7,1777900455000`, `attack,1,x,,"a,b""c",?,2001:db8::7,1777900460500`},
		"with a byte order mark": {"\xef\xbb\xbfts,ip,account,client,outcome,label", `1777900455,192.0.2.7:443,anna,phone 1,bad,legit`, `1777900460.5,[2001:db8::7]:1,"a,b""c",,accepted,attack`},
		"with blank lines and a comment": {``, `# made by hand`, `2026-05-04T15:14:15+02:00,::ffff:192.0.2.7,anna,phone 1,false,legit`, ``,
			`2026-05-04 13:14:20.5,2001:db8::7,"a,b""c",,true,attack`},
		"out of order": {`1777900460.5,2001:db8::7,"a,b""c",,ok,attack`, `1777900455,192.0.2.7,anna,phone 1,no,legit`},
	} {
		t.Run(name, func(t *testing.T) {
			l := read(t, ReadOptions{}, lines...)
			if diff := cmp.Diff(want, rows(l)); diff != "" || l.Format != FormatCSV || l.Bad != 0 {
				t.Errorf("format %s, %d bad %v (-want +got):\n%s", l.Format, l.Bad, l.Samples, diff)
			}
		})
	}
}

func TestCSVHasOptionalColumns(t *testing.T) {
	l := read(t, ReadOptions{}, `ts,ip,account,client,outcome,label,country,asn,cookie`,
		`1777900455,192.0.2.7,anna,,failure,,de,AS64500,yes`, `1777900456,192.0.2.7,anna,,unknown,,-,x,no`, `1777900457,192.0.2.7,anna,,failure,,,,`)
	want := []row{
		{At: "2026-05-04T13:14:15Z", Address: "192.0.2.7", Account: "anna", Country: "DE", ASN: 64500, Cookie: CookieBrought},
		{At: "2026-05-04T13:14:16Z", Address: "192.0.2.7", Account: "anna", Outcome: Unknown, Cookie: CookieAbsent},
		{At: "2026-05-04T13:14:17Z", Address: "192.0.2.7", Account: "anna"},
	}
	if diff := cmp.Diff(want, rows(l)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestAttemptsWithoutAnAccountAreOneAnAddressAndClient(t *testing.T) {
	l := read(t, ReadOptions{}, `1777900455,192.0.2.7,,a,failure,`, `1777900456,192.0.2.7,,b,failure,`, `1777900457,192.0.2.7,,a,failure,`, `1777900458,192.0.2.8,anna,a,failure,`)
	var got []string
	for _, r := range rows(l) {
		got = append(got, r.Account)
	}
	if diff := cmp.Diff([]string{"192.0.2.7 client 1", "192.0.2.7 client 2", "192.0.2.7 client 1", "anna"}, got); diff != "" || len(l.Notes) != 1 {
		t.Errorf("notes %q (-want +got):\n%s", l.Notes, diff)
	}
}

func TestALogThatWasWrittenReadsTheSame(t *testing.T) {
	first := read(t, ReadOptions{}, `ts,ip,account,client,outcome,label,country,asn,cookie`,
		`1777900455.25,192.0.2.7,"a""b,c",Mozilla/5.0 (X11; Linux),failure,legit,de,64500,yes`, `1777900456,2001:db8::1, spaced ,,unknown,,,,no`)
	var b bytes.Buffer
	if err := first.WriteCSV(&b); err != nil {
		t.Fatal(err)
	}
	again := read(t, ReadOptions{}, b.String())
	if diff := cmp.Diff(rows(first), rows(again)); diff != "" || again.Bad != 0 {
		t.Errorf("%v (-first +again):\n%s", again.Samples, diff)
	}
}

func TestLinesThatCannotBeReadAreCountedAndTheFirstOnesTold(t *testing.T) {
	good := `1777900455,192.0.2.7,anna,,failure,`
	l := read(t, ReadOptions{Format: FormatCSV}, good,
		`yesterday,192.0.2.7,anna,,failure,`, `1777900455,host,anna,,failure,`, `1777900455,192.0.2.7,anna,,perhaps,`,
		`1777900455,192.0.2.7`, `1777900455,192.0.2.7,"anna,,failure,`, `99,192.0.2.7,anna,,failure,`,
		`1777900455,192.0.2.7,"anna"x,,failure,`, strings.Repeat("x", maxLine+10), good)
	if len(l.Events) != 2 || l.Bad != 8 || l.Lines != 10 || len(l.Samples) != maxSamples {
		t.Errorf("%d events, %d of %d lines bad, %d told", len(l.Events), l.Bad, l.Lines, len(l.Samples))
	}
	for i, want := range []string{"RFC 3339", "no IP address", "neither success nor failure", "want ts,ip,account,client,outcome,label", "quotation mark"} {
		if s := l.Samples[i]; s.Line != i+2 || !strings.Contains(s.Why, want) {
			t.Errorf("%+v, want line %d and %q", s, i+2, want)
		}
	}
}

func TestALogWithoutAnAttemptIsAnErrorThatSaysWhy(t *testing.T) {
	for name, test := range map[string]struct {
		lines []string
		o     ReadOptions
		want  string
	}{
		"all bad":              {[]string{"a,b,c", "d,e,f"}, ReadOptions{}, "2 of them could not be read"},
		"no login":             {[]string{`192.0.2.1 - - [04/May/2026:13:14:15 +0000] "GET / HTTP/1.1" 200 1 "-" "x"`}, ReadOptions{Paths: []string{"/login"}}, "1 are something else"},
		"empty":                {[]string{""}, ReadOptions{Format: FormatCSV}, "no login attempt"},
		"of no known format":   {[]string{"what is this"}, ReadOptions{}, "--format csv|combined|sshd|events"},
		"combined, no path":    {[]string{`192.0.2.1 - - [04/May/2026:13:14:15 +0000] "GET / HTTP/1.1" 200 1`}, ReadOptions{}, "--path /my-account/"},
		"of an unknown format": {[]string{"x"}, ReadOptions{Format: "xml"}, "--format xml is unknown; one of csv, combined, sshd, events"},
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := Read([]string{file(t, test.lines...)}, nil, test.o); err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v, want %q", err, test.want)
			}
		})
	}
	if _, err := Read([]string{filepath.Join(t.TempDir(), "none")}, nil, ReadOptions{}); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("no file: %v", err)
	}
}

func TestSeveralFilesCompressedOrNotAndStandardInputAreOneLog(t *testing.T) {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	fmt.Fprintln(z, "1777900455,192.0.2.1,a,,failure,")
	z.Close()
	zipped := filepath.Join(t.TempDir(), "log.gz")
	if err := os.WriteFile(zipped, b.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	l, err := Read([]string{file(t, "1777900456,192.0.2.2,a,,failure,"), zipped, "-"}, strings.NewReader("1777900454,192.0.2.3,b,,failure,"), ReadOptions{})
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, r := range rows(l) {
		got = append(got, r.Address)
	}
	if diff := cmp.Diff([]string{"192.0.2.3", "192.0.2.1", "192.0.2.2"}, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if err := os.WriteFile(zipped, b.Bytes()[:12], 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Read([]string{zipped}, nil, ReadOptions{Format: FormatCSV}); err == nil || !strings.Contains(err.Error(), "log.gz") {
		t.Errorf("half a file: %v", err)
	}
}

func TestReadingTellsHowFarItIs(t *testing.T) {
	var b strings.Builder
	for i := range 60_000 {
		fmt.Fprintf(&b, "%d,192.0.2.1,account %d,,failure,\n", 1777900455+i, i)
	}
	var told []int64
	l, err := Read([]string{file(t, b.String())}, nil, ReadOptions{Progress: func(done, all int64) {
		if all != int64(b.Len()) || done > all {
			t.Fatalf("%d of %d, want of %d", done, all, b.Len())
		}
		told = append(told, done)
	}})
	if err != nil || len(l.Events) != 60_000 || len(told) == 0 {
		t.Errorf("%v, told %v", err, told)
	}
}
