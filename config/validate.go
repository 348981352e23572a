package config

import (
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"time"
)

// Bounds of a site's times: a device is remembered for 180 days, so a longer
// ask_after would ask nobody twice; a check alone is worth ten minutes.
const (
	minAskAfter = Duration(time.Hour)
	maxAskAfter = Duration(180 * 24 * time.Hour)
	minRemember = Duration(10 * time.Minute)
	maxRemember = Duration(30 * 24 * time.Hour)
)

// LogAddresses values.
const (
	LogAddressesTruncated = "truncated"
	LogAddressesFull      = "full"
)

// ListKinds are what a list may say of an address.
func ListKinds() []string { return []string{"tor", "vpn", "hosting", "blocked"} }

var (
	siteName    = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$`)
	prefixPath  = regexp.MustCompile(`^/?[A-Za-z0-9._-]+(/[A-Za-z0-9._-]+)*/?$`)
	redisURL    = regexp.MustCompile(`^redis(s|-sentinels?|-clusters?)?://[^/]+`)
	placeholder = regexp.MustCompile(`\{[a-zA-Z_]+[.:][^{}]*\}|\{[a-zA-Z_]+\}`)
)

// Validate checks the settings that all sites share. All that is wrong is in
// the error, an option a line; a key never is.
func (a *App) Validate() error {
	var errs []error
	switch kind, address, _ := strings.Cut(a.Store, " "); {
	case a.Store == "" || a.Store == "embedded":
	case kind == "redis":
		// The whole of it is read when the store is made.
		if !placeholder.MatchString(address) && !redisURL.MatchString(address) {
			errs = append(errs, wrong("store", "redis needs an address", "store redis redis://10.0.0.5:6379"))
		}
	case strings.Contains(a.Store, "://"):
		// It is not repeated: a password stands in it.
		errs = append(errs, wrong("store", "redis stands before the address", "store redis redis://10.0.0.5:6379"))
	case kind == "embedded":
		errs = append(errs, wrong("store", "embedded takes no address", "store embedded"))
	default:
		errs = append(errs, wrong("store", unknownValue(kind, "embedded", "redis"), "store embedded"))
	}
	for i, f := range a.GeoIP {
		errs = append(errs, checkFile("geoip", f, "geoip GeoLite2-City.mmdb")...)
		if slices.Contains(a.GeoIP[:i], f) {
			errs = append(errs, wrong("geoip", fmt.Sprintf("%q is given twice", f), "each file once"))
		}
	}
	for i, l := range a.Lists {
		if !slices.Contains(ListKinds(), l.Kind) {
			errs = append(errs, wrong("list", unknownValue(l.Kind, ListKinds()...), "list tor tor.txt"))
		}
		errs = append(errs, checkFile("list", l.File, "list tor tor.txt")...)
		if slices.Contains(a.Lists[:i], l) {
			errs = append(errs, wrong("list", fmt.Sprintf("%s %q is given twice", l.Kind, l.File), "each file once"))
		}
	}
	if a.Key != "" && !placeholder.MatchString(a.Key) {
		for _, k := range strings.Fields(a.Key) {
			if err := checkKey(k); err != nil {
				errs = append(errs, err)
			}
		}
	}
	return errors.Join(append(errs, missingParts(appParts, a)...)...)
}

// DecodeKey reads a master key: 32 bytes in base64 (standard or for URLs,
// padded or not) or hexadecimal. ok is false for anything else.
func DecodeKey(s string) (key []byte, ok bool) {
	for _, decode := range []func(string) ([]byte, error){
		hex.DecodeString,
		base64.StdEncoding.DecodeString, base64.RawStdEncoding.DecodeString,
		base64.URLEncoding.DecodeString, base64.RawURLEncoding.DecodeString,
	} {
		if b, err := decode(s); err == nil && len(b) == 32 {
			return b, true
		}
	}
	return nil, false
}

// checkKey refuses what DecodeKey does. The error does not repeat the key.
func checkKey(s string) error {
	if _, ok := DecodeKey(s); ok {
		return nil
	}
	return wrong("key", "it is not 32 bytes in base64 or hexadecimal", "what `openssl rand -base64 32` prints")
}

// Validate checks one site's settings. All that is wrong is in the error,
// an option a line.
func (s *Site) Validate() error {
	var errs []error
	add := func(e ...error) { errs = append(errs, e...) }
	for i, name := range s.Presets {
		if _, ok := Preset(name); !ok {
			add(wrong("preset", unknownValue(name, PresetNames()...), "login_guard woocommerce; a shop without a preset has endpoint"))
		}
		if slices.Contains(s.Presets[:i], name) {
			add(wrong("preset", fmt.Sprintf("%q is given twice", name), "each preset once"))
		}
	}
	add(checkEndpoints(s.Endpoints)...)
	add(oneOf("mode", s.Mode, ModeEnforce, ModeMonitor)...)
	add(within("ask_after", s.AskAfter, minAskAfter, maxAskAfter, "3d")...)
	add(within("remember", s.Remember, minRemember, maxRemember, "24h")...)
	add(s.EffectiveLadder().check()...)
	add(checkLimits(s.Limits)...)
	add(s.SecondFactor.check()...)
	add(oneOf("on_store_error", s.OnStoreError, OnStoreErrorLocal, OnStoreErrorDeny)...)
	add(oneOf("log_addresses", s.LogAddresses, LogAddressesTruncated, LogAddressesFull)...)
	if s.Site != "" && !siteName.MatchString(s.Site) {
		add(wrong("site", fmt.Sprintf("%q is not made of letters, digits, dots, hyphens and underscores", s.Site), "site shop"))
	}
	add(s.Page.check()...)
	if !slices.Contains([]int{0, 200, 401, 403, 429}, s.ChallengeStatus) {
		add(wrong("challenge_status", fmt.Sprintf("%d is none of 200, 401, 403 and 429", s.ChallengeStatus), "challenge_status 200"))
	}
	if p := s.PathPrefix; p != "" && (!prefixPath.MatchString(p) || slices.ContainsFunc(strings.Split(p, "/"), onlyDots)) {
		add(wrong("path_prefix", fmt.Sprintf("%q is no path of letters, digits, dots, hyphens and underscores", p), "path_prefix "+DefaultPathPrefix))
	}
	add(missingParts(siteParts, s)...)
	return errors.Join(errs...)
}

// onlyDots finds `.` and `..`, which browsers and servers resolve away.
func onlyDots(segment string) bool {
	return segment != "" && strings.Trim(segment, ".") == ""
}

// wrong is an error that names the option and what would work.
func wrong(option, what, works string) error {
	return fmt.Errorf("%s: %s; one that works: %s", option, what, works)
}

// oneOf refuses a value that is given and none of the known ones.
func oneOf(option, value string, known ...string) []error {
	if value == "" || slices.Contains(known, value) {
		return nil
	}
	// What was likely meant is what to propose: enforce for a misspelt
	// monitor would be no help.
	works := known[0]
	for _, k := range known {
		if strings.HasPrefix(value, k) || strings.HasPrefix(k, value) {
			works = k
		}
	}
	if near := Near(value, known); near != "" {
		works = near
	}
	return []error{wrong(option, unknownValue(value, known...), option+" "+works)}
}

// unknownValue says what there is, nearest first if one is near.
func unknownValue(value string, known ...string) string {
	if near := Near(value, known); near != "" {
		return fmt.Sprintf("there is no %q; did you mean %q", value, near)
	}
	return fmt.Sprintf("there is no %q, only %s", value, strings.Join(known, ", "))
}

// within refuses a duration that is given and out of bounds.
func within(option string, d, least, most Duration, works string) []error {
	if d == 0 || (d >= least && d <= most) {
		return nil
	}
	return []error{wrong(option, fmt.Sprintf("%s is not between %s and %s", d, least, most), option+" "+works)}
}

// unreplaced says that a placeholder stays as it is.
func unreplaced(value string) string {
	return fmt.Sprintf("%q has a placeholder, which is not replaced here; in a Caddyfile {$NAME} is", value)
}

// checkFile refuses a file without a name, and one whose name would only be
// known later: it would be missed without a word.
func checkFile(option, file, works string) []error {
	if placeholder.MatchString(file) {
		return []error{wrong(option, unreplaced(file), works)}
	}
	if strings.TrimSpace(file) == "" || strings.ContainsRune(file, 0) {
		return []error{wrong(option, "a file has no name", works)}
	}
	return nil
}

// checkLimits refuses limits that do not exist or cannot hold.
func checkLimits(limits map[string]Limit) (errs []error) {
	defaults := DefaultLimits()
	for _, name := range slices.Sorted(maps.Keys(limits)) {
		def, ok := defaults[name]
		if !ok {
			errs = append(errs, wrong("limit", unknownValue(name, slices.Sorted(maps.Keys(defaults))...), "limit address 10 refill 1/m"))
			continue
		}
		if what, works := limits[name].problem(name, def); what != "" {
			errs = append(errs, wrong("limit "+name, what, works))
		}
	}
	return errs
}

const (
	maxBurst    = 1_000_000
	maxRecovery = 30 * 24 * time.Hour // of a full budget
)

// problem says what is wrong with one limit and what would work.
func (l Limit) problem(name string, def Limit) (what, works string) {
	works = "limit " + name + " 10 refill 1/m"
	switch name {
	case LimitAccount:
		works = "limit account 5 20 100"
	case LimitAccounts:
		works = "limit accounts 5 20"
	}
	if l.Off {
		if l.Burst != 0 || l.Every != 0 || len(l.Steps) > 0 {
			return "off and a budget are both given", works
		}
		return "", ""
	}
	if len(l.Steps) > 0 && len(l.Steps) != len(def.Steps) {
		return fmt.Sprintf("it takes %d steps, not %d", len(def.Steps), len(l.Steps)), works
	}
	if name == LimitAccount && (l.Burst != 0 || l.Every != 0) {
		return "it has three steps and no burst", works
	}
	l = l.over(def)
	rising := l.Steps
	if l.Burst != 0 {
		rising = append([]int{l.Burst}, rising...)
	}
	for i, n := range rising {
		if n < 1 || n > maxBurst {
			return fmt.Sprintf("%d is not between 1 and %d", n, maxBurst), works
		}
		if i > 0 && n <= rising[i-1] {
			return fmt.Sprintf("%d is not above %d", n, rising[i-1]), works
		}
	}
	if name == LimitAccount {
		return "", ""
	}
	if l.Burst == 0 || l.Every <= 0 {
		return "it has no budget or no time in which it comes back", works
	}
	if time.Duration(l.Every) > maxRecovery/time.Duration(l.Burst) {
		return fmt.Sprintf("a full budget would take longer than %s to come back", Duration(maxRecovery)), works
	}
	return "", ""
}
