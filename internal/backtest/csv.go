package backtest

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// Columns of a CSV log, in the order that holds without a header. With a
// header any order will do, further columns are passed over, and the optional
// ones may be there.
var (
	csvColumns  = []string{"ts", "ip", "account", "client", "outcome", "label"}
	csvOptional = []string{"country", "asn", "cookie"}
)

// csvNames are other names that headers use.
var csvNames = map[string]string{
	"time": "ts", "timestamp": "ts", "@timestamp": "ts", "date": "ts", "datetime": "ts",
	"address": "ip", "source.ip": "ip", "remote_ip": "ip", "src_ip": "ip", "client_ip": "ip", "ip_address": "ip",
	"user": "account", "username": "account", "user_id": "account", "user.name": "account", "login": "account", "email": "account",
	"user_agent": "client", "useragent": "client", "ua": "client", "agent": "client", "device": "client",
	"result": "outcome", "status": "outcome", "event.outcome": "outcome", "success": "outcome",
	"class": "label", "tag": "label", "campaign": "label",
}

// csvReader reads `ts,ip,account,client,outcome,label`.
type csvReader struct {
	log    *Log
	at     map[string]int // column → place
	fields []string
	room   []byte
	names  nameless
}

func newCSV(l *Log) *csvReader {
	c := &csvReader{log: l, at: make(map[string]int), names: newNameless()}
	for i, name := range csvColumns {
		c.at[name] = i
	}
	return c
}

func (c *csvReader) end(func(Event)) {}

func (c *csvReader) line(b []byte, add func(Event)) (bool, error) {
	if b[0] == '#' {
		return true, nil
	}
	if err := c.split(bytes.TrimPrefix(b, []byte("\xef\xbb\xbf"))); err != nil {
		return false, err
	}
	if c.isHeader() {
		return true, c.header()
	}
	e, err := c.event()
	if err == nil {
		add(e)
	}
	return false, err
}

// isHeader reports whether the fields are names of columns: in the first
// line, or repeated where files were put together.
func (c *csvReader) isHeader() bool {
	has := func(want string) bool {
		return slices.ContainsFunc(c.fields, func(f string) bool { return columnName(f) == want })
	}
	return has("ts") && has("ip") && has("outcome")
}

func columnName(s string) string {
	s = strings.ReplaceAll(strings.ToLower(strings.TrimSpace(s)), " ", "_")
	if other, ok := csvNames[s]; ok {
		return other
	}
	return s
}

func (c *csvReader) header() error {
	clear(c.at)
	for i, f := range c.fields {
		name := columnName(f)
		if _, twice := c.at[name]; twice && (slices.Contains(csvColumns, name) || slices.Contains(csvOptional, name)) {
			return fmt.Errorf("the header has %q twice", name)
		}
		c.at[name] = i
	}
	return nil
}

func (c *csvReader) field(name string) string {
	if i, ok := c.at[name]; ok && i < len(c.fields) {
		return c.fields[i]
	}
	return ""
}

func (c *csvReader) event() (e Event, err error) {
	if len(c.fields) < 3 {
		return e, fmt.Errorf("%d fields; want %s", len(c.fields), strings.Join(csvColumns, ","))
	}
	if e.At, err = parseTime(strings.TrimSpace(c.field("ts"))); err != nil {
		return e, err
	}
	if e.Address, err = parseAddress(strings.TrimSpace(c.field("ip"))); err != nil {
		return e, err
	}
	if e.Outcome, err = parseOutcome(c.field("outcome")); err != nil {
		return e, err
	}
	switch cookie := strings.ToLower(strings.TrimSpace(c.field("cookie"))); cookie {
	case "":
	case "yes", "1", "true", "known":
		e.Cookie = CookieBrought
	case "no", "0", "false":
		e.Cookie = CookieAbsent
	default:
		return e, fmt.Errorf("cookie %s is neither yes nor no", shown([]byte(cookie)))
	}
	e.Country, e.ASN = parseCountry(c.field("country")), parseASN(c.field("asn"))
	l := c.log
	e.Client = l.Client.Put(strings.TrimSpace(c.field("client")))
	if e.Account = l.Account.Put(c.field("account")); e.Account == 0 {
		e.Account = c.names.account(l, &e)
	}
	e.Label = l.Label.Put(strings.TrimSpace(c.field("label")))
	return e, nil
}

var errQuote = errors.New("a quotation mark is open at the end of the line")

// split cuts a line at its commas; a field in quotation marks may have some,
// and a mark of its own doubled (RFC 4180, but for line ends in a field).
func (c *csvReader) split(b []byte) error {
	c.fields, c.room = c.fields[:0], c.room[:0]
	text := string(b) // one copy, of which the fields are parts
	for at := 0; ; {
		if at < len(text) && text[at] == '"' {
			start := len(c.room)
			for at++; ; at++ {
				if at >= len(text) {
					return errQuote
				}
				if text[at] == '"' {
					if at+1 >= len(text) || text[at+1] != '"' {
						break
					}
					at++
				}
				c.room = append(c.room, text[at])
			}
			c.fields = append(c.fields, string(c.room[start:]))
			if at++; at >= len(text) {
				return nil
			}
			if text[at] != ',' {
				return fmt.Errorf("%s follows a quoted field", shown(b[at:at+1]))
			}
			at++
			continue
		}
		i := strings.IndexByte(text[at:], ',')
		if i < 0 {
			c.fields = append(c.fields, text[at:])
			return nil
		}
		c.fields = append(c.fields, text[at:at+i])
		at += i + 1
	}
}
