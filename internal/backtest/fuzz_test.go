package backtest

import (
	"bytes"
	"testing"
	"time"
)

// fuzzed reads a log as each format would be read, line after line, and looks
// at what every reader promises: no panic, every line counted once, and no
// event that is not whole.
func fuzzed(t *testing.T, data []byte, format string) {
	l := NewLog(format)
	o := ReadOptions{Paths: []string{"/login", "/a*"}, Latest: time.Unix(1_800_000_000, 0)}
	p, err := l.parser(nil, &o)
	if err != nil {
		t.Fatal(err)
	}
	for line := range bytes.Lines(data) {
		line = bytes.TrimSpace(line)
		if len(line) == 0 || len(line) > maxLine {
			continue
		}
		before, times := len(l.Events), 0
		skip, err := p.line(line, func(e Event) {
			times++
			l.add(e)
		})
		if (skip || err != nil) && times > 0 {
			t.Fatalf("%q is passed over and read", line)
		}
		for _, e := range l.Events[before:] {
			if !e.Address.IsValid() || e.Address.Zone() != "" || e.Address.Is4In6() || e.At < firstTime || e.At >= lastTime {
				t.Fatalf("%q: %+v", line, e)
			}
			if int(e.Account) >= l.Account.Len() || int(e.Client) >= l.Client.Len() || int(e.Label) >= l.Label.Len() || e.Outcome > Unknown {
				t.Fatalf("%q: %+v", line, e)
			}
		}
	}
	p.end(l.add)
	l.Sort()
	for i := 1; i < len(l.Events); i++ {
		if l.Events[i].At < l.Events[i-1].At {
			t.Fatal("out of order")
		}
	}
}

func FuzzCSV(f *testing.F) {
	for _, s := range []string{
		"ts,ip,account,client,outcome,label\n1777900455,192.0.2.1,a,b,failure,x", "2026-05-04T13:14:15Z,::1,\"a,\"\"b\",,success,\n",
		"1777900455.123456789,[::1]:1,a,,1,0", "1e18,192.0.2.1,a,,0,0", ",,,,,", "\"", "a,\"b\"c", "\xff,\xfe,\x00",
		"ip,outcome,ts,cookie,asn,country\n192.0.2.1,ok,9999999999,yes,AS1,de",
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, data []byte) { fuzzed(t, data, FormatCSV) })
}

func FuzzCombined(f *testing.F) {
	for _, s := range []string{
		`192.0.2.1 - - [04/May/2026:13:14:15 +0000] "POST /login HTTP/1.1" 200 512 "-" "x"`,
		`192.0.2.1 - - [04/May/2026:13:14:15 +0000] "POST http://h/a?b HTTP/2.0" 302 - "\"" "\\\""`,
		`{"ts":1777900455,"request":{"remote_ip":"192.0.2.1","method":"POST","uri":"/login"},"status":302}`,
		`x [`, `x [] "`, `192.0.2.1 - [04/May/9999:13:14:15 +0000] "POST /login" 1`, `{"ts":"x"}`, `{`,
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, data []byte) { fuzzed(t, data, FormatCombined) })
}

func FuzzSSHD(f *testing.F) {
	for _, s := range []string{
		"Nov 30 08:42:04 h sshd[1]: Invalid user a from 192.0.2.1 port 2", "Feb 29 08:42:04 h sshd[1]: Failed password for a from ::1 port 2 ssh2\nJan  1 00:00:00 h sshd[1]: x",
		"Nov 30 08:42:04 h sshd[1]: message repeated 3 times: [ Failed password for invalid user a from 192.0.2.1 port 2 ssh2]",
		"2026-05-04T13:14:15Z h sshd: Accepted publickey for a from 192.0.2.1", "Nov 30", "Nov 30 08:42:04 h sshd[1]: Failed x for ", "1 2 sshd[3]: Invalid user  from ",
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		if bytes.Contains(data, []byte("repeated")) && len(data) > 4096 {
			return // ten thousand events a line
		}
		fuzzed(t, data, FormatSSHD)
	})
}

func FuzzEvents(f *testing.F) {
	for _, s := range []string{
		`{"ts":1777900455,"msg":"decision","ref":"A","action":"slider","outcome":"none","account":"a","address":"192.0.2.0/24","host":"x"}` + "\n" +
			`{"ts":1777900456,"msg":"decision","ref":"A","action":"allow","outcome":"success","account":"a","address":"192.0.2.0/24","host":"x"}`,
		`{"at":"2026-05-04T13:14:15Z","action":"deny","outcome":"none","address":"2001:db8::/48","host":"y","reasons":[{"code":"device.known"}]}`,
		`{"time":1,"action":"allow","outcome":"success","address":"::"}`, `[]`, `{"action":"allow","count":2}`, `null`, `{"action":{}}`,
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, data []byte) { fuzzed(t, data, FormatEvents) })
}
