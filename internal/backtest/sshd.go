package backtest

import (
	"bytes"
	"errors"
	"fmt"
	"strconv"
	"time"
)

// sshdReader reads what OpenSSH's sshd writes by syslog: Failed, Accepted and
// Invalid user.
//
// An unknown user's attempt mostly writes two lines, "Invalid user" and
// "Failed", by the same process: that is one attempt; so are PAM's error and
// the "Failed keyboard-interactive/pam" that follows it. "Failed none" and
// "Failed publickey" are no guesses: with the first a client asks which
// methods there are, with the second it tries one after the other of the keys
// that it has. A user name with a
// blank is not taken: with "from" in it one could write any line, so such
// lines are counted among those that cannot be read.
type sshdReader struct {
	log  *Log
	year int
	last time.Month
	// guessed: the year is not known before the last line.
	guessed bool
	dated   bool // some times had a year
	latest  time.Time
	// invalid has, by process, the unknown user's attempts that no "Failed"
	// line has followed yet.
	invalid map[string]pending
}

type pending struct {
	account uint32
	at      int64
	pam     bool // by PAM's error, not by "Invalid user"
}

// anyYear is where times without a year are put until the last line says
// which it is: a leap year, so that it has every day.
const anyYear = 2000

func newSSHD(l *Log, o *ReadOptions) *sshdReader {
	s := &sshdReader{log: l, year: o.Year, latest: o.Latest, invalid: make(map[string]pending)}
	if s.year == 0 {
		s.year, s.guessed = anyYear, true
	}
	return s
}

// end moves times without a year to the latest years that they can be of.
func (s *sshdReader) end(func(Event)) {
	if !s.guessed || s.dated || s.latest.IsZero() || len(s.log.Events) == 0 {
		return
	}
	last := s.log.Events[len(s.log.Events)-1].Time()
	years := s.latest.Year() - last.Year()
	if last.AddDate(years, 0, 0).After(s.latest.Add(clockSlack)) {
		years--
	}
	for i := range s.log.Events {
		e := &s.log.Events[i]
		e.At = e.Time().AddDate(years, 0, 0).UnixNano()
	}
}

// clockSlack is how far a log's clock and zone may be ahead of ours.
const clockSlack = 24 * time.Hour

var (
	errSyslog  = errors.New("not as: Nov 30 08:42:04 HOST sshd[123]: MESSAGE")
	errSSHUser = errors.New("a user name with a blank: the line can be read in two ways")
)

func (s *sshdReader) line(b []byte, add func(Event)) (bool, error) {
	at, rest, err := s.time(b)
	if err != nil {
		return false, err
	}
	_, rest, ok := bytes.Cut(rest, []byte(" ")) // the host
	if !ok {
		return false, errSyslog
	}
	program, message, ok := bytes.Cut(rest, []byte(": "))
	if !ok || !(bytes.HasPrefix(program, []byte("sshd[")) || bytes.HasPrefix(program, []byte("sshd-session[")) || bytes.Equal(program, []byte("sshd"))) {
		return true, nil
	}
	times := 1
	if again, ok := bytes.CutPrefix(message, []byte("message repeated ")); ok {
		n, text, ok := bytes.Cut(again, []byte(" times: [ "))
		if times, err = strconv.Atoi(string(n)); !ok || err != nil || times < 1 || times > maxRepeated {
			return false, fmt.Errorf("%s is no number of repetitions", shown(n))
		}
		message = bytes.TrimSuffix(bytes.TrimSpace(text), []byte("]"))
	}
	return s.message(string(program), at, times, message, add)
}

// maxRepeated is more than syslog folds into one line.
const maxRepeated = 10_000

// message reads what sshd said.
func (s *sshdReader) message(program string, at int64, times int, message []byte, add func(Event)) (bool, error) {
	e := Event{At: at}
	invalid, pam := false, false
	user, from := message, []byte(nil)
	if rest, ok := bytes.CutPrefix(message, []byte("Invalid user ")); ok {
		invalid, user = true, rest
	} else if rest, ok := cutMethod(message, "Failed "); ok {
		user = rest
	} else if rest, ok := cutMethod(message, "Accepted "); ok {
		user, e.Outcome = rest, Succeeded
	} else if rest, ok := cutPAM(message); ok {
		pam, user = true, rest
	} else {
		return true, nil
	}
	unknown := false
	user, unknown = cutWords(user)
	name, from, ok := bytes.Cut(user, []byte(" from "))
	if !ok || len(name) == 0 || bytes.ContainsAny(name, " \t") || bytes.Contains(from, []byte(" from ")) {
		return false, errSSHUser
	}
	where, _, _ := bytes.Cut(bytes.TrimSpace(from), []byte(" "))
	var err error
	if e.Address, err = parseAddress(string(where)); err != nil {
		return false, err
	}
	e.Account = s.log.Account.put(name)
	switch {
	case invalid:
		s.forget(at)
		s.invalid[program] = pending{e.Account, at, false}
	case pam:
		s.forget(at)
		if p, ok := s.invalid[program]; ok && p.account == e.Account && !p.pam && program != "sshd" {
			times--
		}
		s.invalid[program] = pending{e.Account, at, true}
	case unknown || e.Outcome == Failed:
		if p, ok := s.invalid[program]; ok && p.account == e.Account && program != "sshd" {
			delete(s.invalid, program)
			times--
		}
	}
	for range times {
		add(e)
	}
	return false, nil
}

// cutMethod takes the verb and the method of "Failed password for".
func cutMethod(message []byte, verb string) ([]byte, bool) {
	rest, ok := bytes.CutPrefix(message, []byte(verb))
	if !ok {
		return nil, false
	}
	method, rest, ok := bytes.Cut(rest, []byte(" for "))
	if verb == "Failed " && (string(method) == "none" || string(method) == "publickey") {
		return nil, false
	}
	return rest, ok && !bytes.Contains(method, []byte(" "))
}

// cutPAM takes what sshd says of a login that PAM refused.
func cutPAM(message []byte) ([]byte, bool) {
	rest, ok := bytes.CutPrefix(message, []byte("error: PAM: "))
	if !ok {
		return nil, false
	}
	for _, why := range []string{"Authentication failure for ", "User not known to the underlying authentication module for "} {
		if user, ok := bytes.CutPrefix(rest, []byte(why)); ok {
			return user, true
		}
	}
	return nil, false
}

// cutWords takes what sshd says before an unknown user's name.
func cutWords(user []byte) (rest []byte, unknown bool) {
	for _, words := range []string{"invalid user ", "illegal user "} {
		if rest, ok := bytes.CutPrefix(user, []byte(words)); ok {
			return rest, true
		}
	}
	return user, false
}

// forget drops what is older than an hour: sshd gives a login two minutes.
func (s *sshdReader) forget(now int64) {
	if len(s.invalid) < 1024 {
		return
	}
	for k, p := range s.invalid {
		if now-p.at > int64(time.Hour) {
			delete(s.invalid, k)
		}
	}
}

// time reads a syslog time, with or without a year.
func (s *sshdReader) time(b []byte) (at int64, rest []byte, err error) {
	if len(b) > 0 && b[0] >= '0' && b[0] <= '9' { // RFC 5424 or journalctl -o short-iso
		when, rest, ok := bytes.Cut(b, []byte(" "))
		if !ok {
			return 0, nil, errSyslog
		}
		s.dated = true
		at, err = parseTime(string(when))
		return at, rest, err
	}
	const layout = "Jan _2 15:04:05"
	if len(b) < len(layout)+1 || b[len(layout)] != ' ' {
		return 0, nil, errSyslog
	}
	t, err := time.Parse("2006 "+layout, strconv.Itoa(s.year)+" "+string(b[:len(layout)]))
	if err != nil && s.year%4 != 0 {
		// 29 February: some year has one.
		t, err = time.Parse("2006 "+layout, strconv.Itoa(s.year-s.year%4)+" "+string(b[:len(layout)]))
	}
	if err != nil {
		return 0, nil, errSyslog
	}
	if s.last == time.December && t.Month() == time.January {
		s.year++
		t = t.AddDate(1, 0, 0)
	}
	s.last = t.Month()
	at, err = inTime(t.UnixNano(), string(b[:len(layout)]))
	return at, b[len(layout)+1:], err
}
