package backtest

import (
	"bufio"
	"encoding/csv"
	"io"
	"strconv"
	"time"
)

var (
	outcomeWords = [...]string{Failed: "failure", Succeeded: "success", Unknown: "unknown"}
	cookieWords  = [...]string{CookieAssumed: "", CookieBrought: "yes", CookieAbsent: "no"}
)

// WriteCSV writes a log as Read reads it, with a header and the optional
// columns. How many checks an attack passes is not in it.
func (l *Log) WriteCSV(w io.Writer) error {
	b := bufio.NewWriter(w)
	c := csv.NewWriter(b)
	if err := c.Write(append(csvColumns[:len(csvColumns):len(csvColumns)], csvOptional...)); err != nil {
		return err
	}
	for i := range l.Events {
		e := &l.Events[i]
		country, asn := "", ""
		if e.Country != [2]byte{} {
			country = string(e.Country[:])
		}
		if e.ASN != 0 {
			asn = strconv.FormatUint(uint64(e.ASN), 10)
		}
		if err := c.Write([]string{e.Time().Format(time.RFC3339Nano), e.Address.String(), l.Account.Get(e.Account), l.Client.Get(e.Client),
			outcomeWords[e.Outcome], l.Label.Get(e.Label), country, asn, cookieWords[e.Cookie]}); err != nil {
			return err
		}
	}
	c.Flush()
	if err := c.Error(); err != nil {
		return err
	}
	return b.Flush()
}
