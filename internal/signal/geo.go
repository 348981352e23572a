package signal

import (
	"errors"
	"fmt"
	"net/netip"

	"github.com/oschwald/geoip2-golang/v2"
	"github.com/oschwald/maxminddb-golang/v2"
)

// geoFile answers from one MaxMind database: place, AS number, or the flags
// of an Anonymous-IP database. Which of them it knows was found out when it
// was opened.
//
// Two readers share the file's bytes. geoip2 knows the published types and
// answers ASN and Anonymous-IP lookups, whose records are small (150 ns, one
// allocation). Countries are read by path: geoip2's Country decodes the
// names of continent and country in every language with it, four times the
// work for two letters. Files of other types, such as the flat "country
// ipvAll", which geoip2 refuses, are read by path alone.
type geoFile struct {
	typed  *geoip2.Reader // nil for a type that geoip2 refuses
	raw    *maxminddb.Reader
	kind   string // the database's type, for reports
	answer answers
	// Paths, for a file read by path.
	country []any
	asn     []any
}

// answers says which questions a file answers.
type answers uint8

const (
	answersCountry answers = 1 << iota
	answersASN
	answersAnonymousIP
	answersAnonymousPlus
)

// Places of the fields in files of either shape. They are never written to.
var (
	nestedCountry = []any{"country", "iso_code"}
	flatCountry   = []any{"country_code"}
	flatASN       = []any{"autonomous_system_number"}
)

// probes is how many networks of a file of unknown type are looked at to
// find its fields; flat files have the same fields in nearly every record.
const probes = 1000

// errNoAnswer: a database that knows nothing of use here.
var errNoAnswer = errors.New("holds neither country, AS number nor anonymous networks")

// openGeo reads a database from its bytes, which must not change any more.
// They are the file's content and no memory map: a map of a file that is
// then cut short in place ends the process with SIGBUS.
func openGeo(data []byte) (*geoFile, error) {
	typed, err := geoip2.OpenBytes(data)
	var unknown geoip2.UnknownDatabaseTypeError
	if err != nil && !errors.As(err, &unknown) {
		return nil, fmt.Errorf("opening MaxMind database: %w", err)
	}
	raw, rawErr := maxminddb.OpenBytes(data)
	if rawErr != nil {
		return nil, fmt.Errorf("opening MaxMind database: %w", rawErr)
	}
	g := &geoFile{raw: raw, kind: raw.Metadata.DatabaseType}
	if err == nil {
		g.typed = typed
		g.answer = typedAnswers(typed)
		g.country = nestedCountry
	} else {
		g.probe()
	}
	if g.answer == 0 {
		return nil, fmt.Errorf("database type %q %w", g.kind, errNoAnswer)
	}
	if err := g.check(); err != nil {
		return nil, fmt.Errorf("database is damaged: %w", err)
	}
	return g, nil
}

// check looks 4,096 addresses up, spread evenly over IPv4, so that a file
// that was written in part does not take the place of a whole one. The
// reader's own Verify is not used: it refuses files for metadata that
// nobody needs, such as an empty description.
func (g *geoFile) check() error {
	for i := range uint32(4096) {
		n := i << 20
		a := netip.AddrFrom4([4]byte{byte(n >> 24), byte(n >> 16), byte(n >> 8), byte(n)})
		result := g.raw.Lookup(a)
		if err := result.Err(); err != nil {
			return err
		}
		var code string
		if g.answer&answersCountry != 0 {
			if err := result.DecodePath(&code, g.country...); err != nil {
				return err
			}
		}
		var asn uint32
		if g.answer&answersASN != 0 {
			if err := result.DecodePath(&asn, flatASN...); err != nil {
				return err
			}
		}
	}
	return nil
}

// typedAnswers asks the reader itself which methods its type has: one that
// has not answers with InvalidMethodError whatever the address.
func typedAnswers(r *geoip2.Reader) answers {
	var a answers
	has := func(err error) bool {
		var invalid geoip2.InvalidMethodError
		return !errors.As(err, &invalid)
	}
	probe := netip.IPv4Unspecified()
	if _, err := r.Country(probe); has(err) {
		a |= answersCountry
	}
	if _, err := r.ASN(probe); has(err) {
		a |= answersASN
	}
	if _, err := r.AnonymousIP(probe); has(err) {
		a |= answersAnonymousIP
	}
	if _, err := r.AnonymousPlus(probe); has(err) {
		a |= answersAnonymousPlus
	}
	return a
}

// probe finds out which fields a file of unknown type has.
func (g *geoFile) probe() {
	n := 0
	for result := range g.raw.Networks() {
		if n++; n > probes || result.Err() != nil {
			return
		}
		for _, path := range [][]any{flatCountry, nestedCountry} {
			var code string
			if g.country == nil && result.DecodePath(&code, path...) == nil && code != "" {
				g.country, g.answer = path, g.answer|answersCountry
			}
		}
		var asn uint32
		if g.asn == nil && result.DecodePath(&asn, flatASN...) == nil && asn != 0 {
			g.asn, g.answer = flatASN, g.answer|answersASN
		}
		if g.country != nil && g.asn != nil {
			return
		}
	}
}

// lookup adds what the file knows of s.Address. What an earlier file said of
// place stays; flags add up. An error in a record is an absent signal.
func (g *geoFile) lookup(s *Signals) {
	if g.answer&answersCountry != 0 && s.Country == "" {
		var code string
		if g.raw.Lookup(s.Address).DecodePath(&code, g.country...) == nil && isCountryCode(code) {
			s.Country = code
		}
	}
	if g.answer&answersASN != 0 && s.ASN == 0 {
		s.ASN = g.lookupASN(s.Address)
	}
	if g.answer&answersAnonymousIP != 0 {
		if r, err := g.typed.AnonymousIP(s.Address); err == nil {
			s.Tor = s.Tor || r.IsTorExitNode
			s.VPN = s.VPN || r.IsAnonymousVPN
			s.Hosting = s.Hosting || r.IsHostingProvider
		}
	}
	if g.answer&answersAnonymousPlus != 0 {
		if r, err := g.typed.AnonymousPlus(s.Address); err == nil {
			s.Tor = s.Tor || r.IsTorExitNode
			s.VPN = s.VPN || r.IsAnonymousVPN
			s.Hosting = s.Hosting || r.IsHostingProvider
		}
	}
}

func (g *geoFile) lookupASN(a netip.Addr) uint32 {
	if g.typed != nil {
		r, err := g.typed.ASN(a)
		if err != nil || uint64(r.AutonomousSystemNumber) > 1<<32-1 {
			return 0
		}
		return uint32(r.AutonomousSystemNumber)
	}
	var asn uint32
	if g.raw.Lookup(a).DecodePath(&asn, g.asn...) != nil {
		return 0
	}
	return asn
}

// isCountryCode keeps "None", "-" and the like of free databases out.
func isCountryCode(s string) bool {
	return len(s) == 2 && 'A' <= s[0] && s[0] <= 'Z' && 'A' <= s[1] && s[1] <= 'Z'
}
