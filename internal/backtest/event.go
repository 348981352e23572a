package backtest

import (
	"net/netip"
	"slices"
	"time"
)

// Outcome is what came of an attempt at the shop, by the log.
type Outcome uint8

// Outcomes.
const (
	Failed    Outcome = iota
	Succeeded         // the password was right
	Unknown           // the log does not say
)

// Cookie is what the log says about the device cookie of an attempt.
type Cookie uint8

// Cookies.
const (
	CookieAssumed Cookie = iota // nothing; see Assumptions
	CookieBrought               // the device was known for the account
	CookieAbsent                // it was not
)

// Event is one login attempt of a log.
type Event struct {
	At      int64 // unix nanoseconds
	Address netip.Addr
	// Account, Client and Label are places in the log's tables of texts; 0 is
	// the empty text: the log does not say.
	Account, Client, Label uint32
	ASN                    uint32
	Country                [2]byte // zero: not given
	Outcome                Outcome
	Cookie                 Cookie
	HTTP                   uint8 // major version, 0 unknown
	// Solves is how many of a hundred checks the client of an attack passes.
	Solves uint8
}

// Time is when the attempt came.
func (e *Event) Time() time.Time { return time.Unix(0, e.At).UTC() }

// Log is a log that was read.
type Log struct {
	Format  string
	Events  []Event // by time
	Account Texts
	Client  Texts
	Label   Texts
	// Lines were read, Bad of them could not be; Samples are the first few
	// of those with what is wrong. Skipped are no login attempts.
	Lines, Bad, Skipped int
	Samples             []BadLine
	// Notes are for the reader of the report.
	Notes []string

	numbers []uint32 // of the events' addresses, see number
	several int      // how many addresses there are
}

// number gives each address a number, by event, and says how many there are:
// what counts by address then needs no map.
func (l *Log) number() ([]uint32, int) {
	if len(l.numbers) != len(l.Events) {
		l.numbers = make([]uint32, len(l.Events))
		of := make(map[[16]byte]uint32, len(l.Events)/8)
		for i := range l.Events {
			a := l.Events[i].Address.As16()
			n, ok := of[a]
			if !ok {
				n = uint32(len(of))
				of[a] = n
			}
			l.numbers[i] = n
		}
		l.several = len(of)
	}
	return l.numbers, l.several
}

// BadLine is a line that could not be read.
type BadLine struct {
	File string `json:"file"`
	Line int    `json:"line"`
	Why  string `json:"why"`
}

// maxSamples is how many bad lines are shown.
const maxSamples = 5

// NewLog is an empty log.
func NewLog(format string) *Log {
	return &Log{Format: format, Account: newTexts(), Client: newTexts(), Label: newTexts()}
}

// Sort puts the events in order of time; those of one moment stay as they
// were read.
func (l *Log) Sort() {
	l.numbers = nil
	byTime := func(a, b Event) int {
		switch {
		case a.At < b.At:
			return -1
		case a.At > b.At:
			return 1
		}
		return 0
	}
	if !slices.IsSortedFunc(l.Events, byTime) {
		slices.SortStableFunc(l.Events, byTime)
	}
}

// Texts keeps each of many texts once, under a number. 0 is the empty text.
type Texts struct {
	list []string
	of   map[string]uint32
}

func newTexts() Texts { return Texts{list: []string{""}, of: map[string]uint32{"": 0}} }

// Put returns the number of a text.
func (t *Texts) Put(s string) uint32 {
	if n, ok := t.of[s]; ok {
		return n
	}
	n := uint32(len(t.list))
	t.list = append(t.list, s)
	t.of[s] = n
	return n
}

// put is Put without making a string of a text that is there.
func (t *Texts) put(b []byte) uint32 {
	if n, ok := t.of[string(b)]; ok {
		return n
	}
	return t.Put(string(b))
}

// Get returns the text of a number.
func (t *Texts) Get(n uint32) string {
	if int(n) < len(t.list) {
		return t.list[n]
	}
	return ""
}

// Len is how many texts there are, the empty one too.
func (t *Texts) Len() int { return len(t.list) }
