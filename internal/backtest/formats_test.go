package backtest

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestCombinedLogsHaveLoginsAmongMuchElse(t *testing.T) {
	l := read(t, ReadOptions{Paths: []string{"/login", "/wp-*"}},
		`192.0.2.1 - - [04/May/2026:13:14:15 +0000] "GET /login HTTP/1.1" 200 512 "-" "Firefox/139"`,
		`192.0.2.1 - - [04/May/2026:13:14:16 +0000] "POST /login?next=/ HTTP/1.1" 200 512 "https://shop.example/login" "Mozilla/5.0 \"x\" Firefox/139"`,
		`192.0.2.1 - anna [04/May/2026:15:14:17 +0200] "POST /login/ HTTP/2.0" 302 0 "-" "Mozilla/5.0 \"x\" Firefox/139"`,
		`2001:db8::1 - - [04/May/2026:13:14:18 +0000] "POST /wp-login.php HTTP/1.0" 303 0 "-" "-"`,
		`192.0.2.1 - - [04/May/2026:13:14:19 +0000] "POST /log HTTP/1.1" 302 0 "-" "x"`,
		`192.0.2.9 - - [04/May/2026:13:14:20 +0000] "POST /login HTTP/1.1" 403 0`,
		`192.0.2.9 - - [yesterday] "POST /login HTTP/1.1" 403 0`,
		`192.0.2.9 - - [04/May/2026:13:14:20 +0000] "POST /login HTTP/1.1" ok 0`,
		`{"level":"info","ts":1777900461.5,"logger":"http.log.access","request":{"remote_ip":"10.0.0.1","client_ip":"192.0.2.4","proto":"HTTP/3.0","method":"POST","uri":"/login","headers":{"User-Agent":["curl/8"]}},"status":302}`,
		`{"ts":1777900461.5,"request":{"remote_ip":"192.0.2.4","method":"GET","uri":"/login"},"status":200}`,
	)
	ua := `Mozilla/5.0 \"x\" Firefox/139`
	want := []row{
		{At: "2026-05-04T13:14:16Z", Address: "192.0.2.1", Account: "192.0.2.1 client 1", Client: ua, Outcome: Failed, HTTP: 1},
		{At: "2026-05-04T13:14:17Z", Address: "192.0.2.1", Account: "192.0.2.1 client 1", Client: ua, Outcome: Succeeded, HTTP: 2},
		{At: "2026-05-04T13:14:18Z", Address: "2001:db8::1", Account: "2001:db8::1 client 1", Outcome: Succeeded, HTTP: 1},
		{At: "2026-05-04T13:14:20Z", Address: "192.0.2.9", Account: "192.0.2.9 client 1", Outcome: Failed, HTTP: 1},
		{At: "2026-05-04T13:14:21.5Z", Address: "192.0.2.4", Account: "192.0.2.4 client 1", Client: "curl/8", Outcome: Succeeded, HTTP: 3},
	}
	if diff := cmp.Diff(want, rows(l)); diff != "" || l.Format != FormatCombined || l.Bad != 2 || l.Skipped != 3 {
		t.Errorf("%s, %d bad %v, %d skipped (-want +got):\n%s", l.Format, l.Bad, l.Samples, l.Skipped, diff)
	}
	if len(l.Notes) != 1 {
		t.Errorf("notes %q", l.Notes)
	}
}

func TestEachAddressAndClientOfACombinedLogIsAnAccount(t *testing.T) {
	line := `%s - - [04/May/2026:13:14:16 +0000] "POST /login HTTP/1.1" 200 512 "-" "%s"`
	l := read(t, ReadOptions{Paths: []string{"/login"}}, fmt.Sprintf(line, "192.0.2.1", "a/1"), fmt.Sprintf(line, "192.0.2.1", "b/1"),
		fmt.Sprintf(line, "192.0.2.1", "a/1"), fmt.Sprintf(line, "192.0.2.2", "a/1"))
	var got []uint32
	for _, e := range l.Events {
		got = append(got, e.Account)
	}
	if diff := cmp.Diff([]uint32{1, 2, 1, 3}, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestTheStatusOfARightPasswordCanBeNamed(t *testing.T) {
	line := `192.0.2.1 - - [04/May/2026:13:14:16 +0000] "POST /login HTTP/1.1" %d 512 "-" "a"`
	for _, test := range []struct {
		statuses []int
		want     []Outcome
	}{
		{nil, []Outcome{Failed, Succeeded, Succeeded, Failed}},
		{[]int{200}, []Outcome{Succeeded, Failed, Failed, Failed}},
		{[]int{}, []Outcome{Failed, Failed, Failed, Failed}},
	} {
		l := read(t, ReadOptions{Paths: []string{"/login"}, SuccessStatus: test.statuses},
			fmt.Sprintf(line, 200), fmt.Sprintf(line, 302), fmt.Sprintf(line, 303), fmt.Sprintf(line, 403))
		var got []Outcome
		for _, e := range l.Events {
			got = append(got, e.Outcome)
		}
		if diff := cmp.Diff(test.want, got); diff != "" {
			t.Errorf("%v (-want +got):\n%s", test.statuses, diff)
		}
	}
}

func TestSSHDIsReadAsItIsWritten(t *testing.T) {
	l := read(t, ReadOptions{Year: 2026},
		"Nov 30 06:47:01 host CRON[1]: pam_unix(cron:session): session opened for user root by (uid=0)",
		"Nov 30 08:42:04 host sshd[10]: Invalid user admin from 203.0.113.7",
		"Nov 30 08:42:04 host sshd[10]: input_userauth_request: invalid user admin [preauth]",
		// The same attempt told twice, and then another of the same connection.
		"Nov 30 08:43:00 host sshd[11]: Invalid user test from 203.0.113.7 port 4711",
		"Nov 30 08:43:02 host sshd[11]: Failed password for invalid user test from 203.0.113.7 port 4711 ssh2",
		"Nov 30 08:43:04 host sshd[11]: Failed password for invalid user test from 203.0.113.7 port 4711 ssh2",
		"Nov 30 08:44:00 host sshd[12]: Failed password for root from 203.0.113.8 port 1 ssh2",
		"Nov 30 08:44:09 host sshd[12]: message repeated 2 times: [ Failed password for root from 203.0.113.8 port 1 ssh2]",
		"Dec  1 09:00:00 host sshd[13]: Accepted publickey for anna from 2001:db8::1 port 2 ssh2: ED25519 SHA256:x",
		"Jan  1 00:00:01 host sshd-session[14]: Accepted password for anna from 203.0.113.9 port 2 ssh2",
		"2027-01-01T00:00:02.5+01:00 host sshd[15]: error: PAM: Authentication failure for ben from 203.0.113.9",
		"Jan  1 00:00:03 host sshd[16]: Connection closed by 203.0.113.9 [preauth]",
		// Whoever chooses the name must not choose the address.
		"Jan  1 00:00:04 host sshd[17]: Invalid user x from 192.0.2.1 from 203.0.113.10",
		"Jan  1 00:00:05 host sshd[17]: Invalid user  from 203.0.113.10",
		"Jan  1 00:00:05 host sshd[17]: Failed password for a b from 203.0.113.10 port 1 ssh2",
		"Jan  1 00:00:05 host sshd[17]: message repeated 99999999 times: [ Failed password for root from 203.0.113.8 port 1 ssh2]",
		"Jan  1 00:00:06 host sshd[18]: Failed password for root from nowhere port 1 ssh2",
		"no syslog",
	)
	want := []row{
		{At: "2026-11-30T08:42:04Z", Address: "203.0.113.7", Account: "admin"},
		{At: "2026-11-30T08:43:00Z", Address: "203.0.113.7", Account: "test"},
		{At: "2026-11-30T08:43:04Z", Address: "203.0.113.7", Account: "test"},
		{At: "2026-11-30T08:44:00Z", Address: "203.0.113.8", Account: "root"},
		{At: "2026-11-30T08:44:09Z", Address: "203.0.113.8", Account: "root"},
		{At: "2026-11-30T08:44:09Z", Address: "203.0.113.8", Account: "root"},
		{At: "2026-12-01T09:00:00Z", Address: "2001:db8::1", Account: "anna", Outcome: Succeeded},
		{At: "2026-12-31T23:00:02.5Z", Address: "203.0.113.9", Account: "ben"},
		{At: "2027-01-01T00:00:01Z", Address: "203.0.113.9", Account: "anna", Outcome: Succeeded},
	}
	if diff := cmp.Diff(want, rows(l)); diff != "" || l.Format != FormatSSHD || l.Bad != 6 || l.Skipped != 3 {
		t.Errorf("%s, %d bad %v, %d skipped (-want +got):\n%s", l.Format, l.Bad, l.Samples, l.Skipped, diff)
	}
}

// The lines are of OpenSSH on Debian and RHEL with PAM.
func TestAServerOnWhichPeopleSignInIsReadAsItHappened(t *testing.T) {
	l := read(t, ReadOptions{Year: 2026},
		// Somebody errs once and signs in, by password.
		"Dec 31 23:58:00 host sshd[20]: pam_unix(sshd:auth): authentication failure; logname= uid=0 euid=0 tty=ssh ruser= rhost=198.51.100.7  user=anna",
		"Dec 31 23:58:02 host sshd[20]: Failed password for anna from 198.51.100.7 port 50122 ssh2",
		"Dec 31 23:58:09 host sshd[20]: Accepted password for anna from 198.51.100.7 port 50122 ssh2",
		"Dec 31 23:58:09 host sshd[20]: pam_unix(sshd:session): session opened for user anna(uid=1000) by (uid=0)",
		// Three keys are offered, and the third fits: nobody guessed.
		"Dec 31 23:59:00 host sshd[21]: Failed none for ben from 2001:db8::7 port 4 ssh2",
		"Dec 31 23:59:00 host sshd[21]: Failed publickey for ben from 2001:db8::7 port 4 ssh2: RSA SHA256:aaa",
		"Dec 31 23:59:00 host sshd[21]: Failed publickey for ben from 2001:db8::7 port 4 ssh2: ECDSA SHA256:bbb",
		"Dec 31 23:59:00 host sshd[21]: Accepted publickey for ben from 2001:db8::7 port 4 ssh2: ED25519 SHA256:ccc",
		// PAM's error and sshd's line are one attempt, and so are the three
		// lines of an unknown user.
		"Jan  1 00:00:10 host sshd[22]: error: PAM: Authentication failure for root from 203.0.113.9",
		"Jan  1 00:00:10 host sshd[22]: Failed keyboard-interactive/pam for root from 203.0.113.9 port 1 ssh2",
		"Jan  1 00:00:12 host sshd[22]: error: PAM: Authentication failure for root from 203.0.113.9",
		"Jan  1 00:00:12 host sshd[22]: Failed keyboard-interactive/pam for root from 203.0.113.9 port 1 ssh2",
		"Jan  1 00:00:20 host sshd[23]: Invalid user oracle from 203.0.113.9 port 2",
		"Jan  1 00:00:21 host sshd[23]: pam_unix(sshd:auth): check pass; user unknown",
		"Jan  1 00:00:22 host sshd[23]: error: PAM: User not known to the underlying authentication module for illegal user oracle from 203.0.113.9",
		"Jan  1 00:00:22 host sshd[23]: Failed keyboard-interactive/pam for invalid user oracle from 203.0.113.9 port 2 ssh2",
		"Jan  1 00:00:30 host sshd[24]: Invalid user 0 from 203.0.113.9 port 3",
		"Jan  1 00:00:30 host sshd[24]: Failed none for invalid user 0 from 203.0.113.9 port 3 ssh2",
		"Jan  1 00:00:31 host sshd[24]: Failed password for invalid user 0 from 203.0.113.9 port 3 ssh2",
		"Jan  1 00:00:40 host sshd[25]: Failed password for root from 203.0.113.9 port 4 ssh2",
		"Jan  1 00:00:50 host sshd[25]: message repeated 2 times: [ Failed password for root from 203.0.113.9 port 4 ssh2]",
		"Jan  1 00:00:51 host sshd[25]: error: maximum authentication attempts exceeded for root from 203.0.113.9 port 4 ssh2 [preauth]",
		"Jan  1 00:00:51 host sshd[25]: PAM 2 more authentication failures; logname= uid=0 euid=0 tty=ssh ruser= rhost=203.0.113.9  user=root",
		"Jan  1 00:01:00 host sshd[26]: Accepted keyboard-interactive/pam for carl from 198.51.100.8 port 5 ssh2",
		"Jan  1 00:01:00 host sshd[26]: Connection closed by authenticating user root 203.0.113.9 port 4 [preauth]",
	)
	year := func(at string) string {
		return map[bool]string{true: "2026-", false: "2027-"}[at[:2] == "12"] + at + "Z"
	}
	row := func(at, address, account string, o Outcome) row {
		return row{At: year(at), Address: address, Account: account, Outcome: o}
	}
	want := []struct {
		at, address, account string
		outcome              Outcome
	}{
		{"12-31T23:58:02", "198.51.100.7", "anna", Failed}, {"12-31T23:58:09", "198.51.100.7", "anna", Succeeded},
		{"12-31T23:59:00", "2001:db8::7", "ben", Succeeded},
		{"01-01T00:00:10", "203.0.113.9", "root", Failed}, {"01-01T00:00:12", "203.0.113.9", "root", Failed},
		{"01-01T00:00:20", "203.0.113.9", "oracle", Failed}, {"01-01T00:00:30", "203.0.113.9", "0", Failed},
		{"01-01T00:00:40", "203.0.113.9", "root", Failed}, {"01-01T00:00:50", "203.0.113.9", "root", Failed}, {"01-01T00:00:50", "203.0.113.9", "root", Failed},
		{"01-01T00:01:00", "198.51.100.8", "carl", Succeeded},
	}
	got := rows(l)
	if len(got) != len(want) {
		t.Fatalf("%d attempts, want %d: %+v", len(got), len(want), got)
	}
	for i, w := range want {
		if diff := cmp.Diff(row(w.at, w.address, w.account, w.outcome), got[i]); diff != "" {
			t.Errorf("attempt %d (-want +got):\n%s", i+1, diff)
		}
	}
	if l.Bad != 0 {
		t.Errorf("%d lines could not be read: %v", l.Bad, l.Samples)
	}
}

func TestAYearThatIsNotThereIsTheLatestThatCanBe(t *testing.T) {
	for _, test := range []struct {
		latest string
		lines  []string
		want   string // of the first
	}{
		{"2026-12-31", []string{"Nov 30 08:42:04 h sshd[1]: Invalid user a from 192.0.2.1"}, "2026-11-30T08:42:04Z"},
		{"2026-06-30", []string{"Nov 30 08:42:04 h sshd[1]: Invalid user a from 192.0.2.1"}, "2025-11-30T08:42:04Z"},
		{"2026-06-30", []string{"Dec 30 08:42:04 h sshd[1]: Invalid user a from 192.0.2.1", "Jan  2 08:42:04 h sshd[1]: Invalid user a from 192.0.2.1"}, "2025-12-30T08:42:04Z"},
		{"2028-06-30", []string{"Feb 29 08:42:04 h sshd[1]: Invalid user a from 192.0.2.1"}, "2028-02-29T08:42:04Z"},
	} {
		latest, err := time.Parse(time.DateOnly, test.latest)
		if err != nil {
			t.Fatal(err)
		}
		l := read(t, ReadOptions{Latest: latest}, test.lines...)
		if got := rows(l)[0].At; got != test.want {
			t.Errorf("before %s: %s, want %s", test.latest, got, test.want)
		}
	}
}

func TestDecisionsOfOurOwnAreReadFromTheLogAndFromTheJournal(t *testing.T) {
	l := read(t, ReadOptions{},
		`{"level":"info","ts":1777900455.5,"logger":"http.handlers.login_guard","msg":"decision","ref":"AAAA-0001","site":"s","action":"allow","would":"allow","reasons":["device.known"],"outcome":"success","account":"0a","address":"192.0.2.0/24","country":"DE","asn":64500}`,
		`{"level":"info","ts":1777900456,"msg":"handled request"}`,
		// Held, and gone on after a check.
		`{"ts":1777900457,"msg":"decision","ref":"AAAA-0002","action":"slider","reasons":[],"outcome":"none","account":"0b","address":"198.51.100.7"}`,
		`{"ts":1777900458,"msg":"decision","ref":"AAAA-0003","action":"picture","reasons":[],"outcome":"none","account":"0c","address":"198.51.100.7"}`,
		`{"ts":1777900459,"msg":"decision","ref":"AAAA-0002","action":"picture","reasons":[],"outcome":"none","account":"0b","address":"198.51.100.7"}`,
		`{"ts":1777900460,"msg":"decision","ref":"AAAA-0002","action":"allow","reasons":["check.satisfied"],"outcome":"success","account":"0b","address":"198.51.100.7"}`,
		// The journal.
		`{"at":"2026-05-04T13:14:21Z","ref":"AAAA-0004","action":"deny","would":"deny","reasons":[{"code":"limit.pair","points":0}],"outcome":"none","account":"0d","host":"aa","address":"203.0.113.0/24","basis":{"facts":{"Family":"chrome-mobile"}}}`,
		`{"at":"2026-05-04T13:14:22Z","ref":"AAAA-0005","action":"allow","reasons":[{"code":"device.known","points":-20}],"outcome":"retry","account":"0d","host":"bb","address":"203.0.113.0/24"}`,
		`{"at":"2026-05-04T13:14:23Z","ref":"AAAA-0006","action":"allow","outcome":"failure","account":"0d","host":"aa","address":"203.0.113.0/24"}`,
		`{"at":"2026-05-04T13:14:23Z","ref":"AAAA-0007","action":"allow","outcome":"failure","account":"0e","host":"cc","address":"2001:db8:1::/48"}`,
		`{"at":"2026-05-04T13:14:24Z","ref":"","action":"deny","outcome":"none","count":40}`,
		`{"at":"2026-05-04T13:14:24Z","ref":"x","action":"unreadable","outcome":"none"}`,
		`{"ref":"AAAA-0008","action":"allow","outcome":"failure","address":"192.0.2.1"}`,
		`{`,
	)
	no, yes := CookieAbsent, CookieBrought
	want := []row{
		{At: "2026-05-04T13:14:15.5Z", Address: "192.0.2.0", Account: "0a", Outcome: Succeeded, Country: "DE", ASN: 64500, Cookie: yes},
		{At: "2026-05-04T13:14:17Z", Address: "198.51.100.7", Account: "0b", Outcome: Succeeded, Cookie: no},
		{At: "2026-05-04T13:14:18Z", Address: "198.51.100.7", Account: "0c", Outcome: Failed, Cookie: no},
		{At: "2026-05-04T13:14:21Z", Address: "203.0.113.1", Account: "0d", Client: "chrome-mobile", Outcome: Failed, Cookie: no},
		{At: "2026-05-04T13:14:22Z", Address: "203.0.113.2", Account: "0d", Outcome: Unknown, Cookie: yes},
		{At: "2026-05-04T13:14:23Z", Address: "203.0.113.1", Account: "0d", Outcome: Failed, Cookie: no},
		{At: "2026-05-04T13:14:23Z", Address: "2001:db8:1:2::", Account: "0e", Outcome: Failed, Cookie: no},
	}
	if diff := cmp.Diff(want, rows(l)); diff != "" || l.Format != FormatEvents || l.Bad != 3 || l.Skipped != 4 {
		t.Errorf("%s, %d bad %v, %d skipped (-want +got):\n%s", l.Format, l.Bad, l.Samples, l.Skipped, diff)
	}
	if len(l.Notes) != 1 || !strings.Contains(l.Notes[0], "log_addresses full") {
		t.Errorf("notes %q", l.Notes)
	}
}

func TestLabelsOfPeople(t *testing.T) {
	for label, want := range map[string]bool{
		"legit": true, "Legit:office": true, "legit_cgnat": true, "legitimate": true, "benign": true, "normal user": true, "human": true,
		"0": true, "false": true, "owner": true, "user": true, "user/known": true,
		"attack": false, "1": false, "stuffing": false, "user_enumeration": false, "nobody": false, "goodguess": false, "legitx": false,
		"": false, "credential-stuffing": false, "bot": false, "true": false,
	} {
		if got := Legitimate(label, nil); got != want {
			t.Errorf("%q: %v, want %v", label, got, want)
		}
	}
	if !Legitimate("Traveller", []string{"traveller"}) {
		t.Error("a label that was named is not taken")
	}
}
