package config

import "time"

// Limit is one budget. Burst units may be spent at once; each Every gives
// one back (the generic cell rate algorithm of ITU-T I.371).
type Limit struct {
	// How many may be spent at once, 1 to 1,000,000. Default: the limit's
	Burst int `json:"burst,omitempty"`
	// The time after which one comes back; all of Burst within 30 days.
	// Default: the time in which the limit's default gives back a full
	// budget, shared out over Burst
	Every Duration `json:"every,omitempty"`
	// The further steps of limits that have several: of `account` the
	// failures from which every login from an unknown device meets the
	// slider, from which it waits a growing gap, and from which the gap is
	// the longest; of `accounts` the second budget, per hour. They rise.
	// Default: the limit's
	Steps []int `json:"steps,omitempty"`
	// Off takes the limit away; nothing else is given with it.
	Off bool `json:"off,omitempty"`
}

// Names of the limits.
const (
	LimitPair       = "pair"       // failures, address × account
	LimitAddress    = "address"    // failures, IPv4 address or IPv6 /64
	LimitAttempts   = "attempts"   // failed, retried, unreadable, abandoned, an address
	LimitNetwork    = "network"    // failures, /24 or /48
	LimitAccount    = "account"    // failures from unknown devices, an account
	LimitDevice     = "device"     // failures, a known device
	LimitAccounts   = "accounts"   // distinct failed accounts, an address
	LimitChallenges = "challenges" // challenges issued, an address
	LimitRegister   = "register"   // registrations, an address
	LimitReset      = "reset"      // resets asked for, an address; half of it an account
	LimitCode       = "code"       // codes tried, an address; half of it an account
	LimitChange     = "change"     // passwords and addresses changed, an address
	LimitLogins     = "logins"     // logins a second to the shop, the site
	LimitPictures   = "pictures"   // pictures drawn a second, the site
)

// sideLimits are the limits of side ways for which the operator wrote an
// endpoint of his own. Those of presets are counted when their limit is set.
func sideLimits() map[string]Limit {
	per := func(n int, d time.Duration) Limit {
		return Limit{Burst: n, Every: Duration(d / time.Duration(n))}
	}
	return map[string]Limit{
		LimitRegister: per(20, time.Hour),
		LimitReset:    per(10, time.Hour),
		LimitCode:     per(10, 10*time.Minute),
		LimitChange:   per(10, 10*time.Minute),
	}
}

// DefaultLimits returns every limit with its default.
func DefaultLimits() map[string]Limit {
	per := func(n int, d time.Duration) Limit {
		return Limit{Burst: n, Every: Duration(d / time.Duration(n))}
	}
	return map[string]Limit{
		LimitPair:       per(5, 10*time.Minute),
		LimitAddress:    {Burst: 10, Every: Duration(time.Minute)},
		LimitAttempts:   per(60, 10*time.Minute),
		LimitNetwork:    {Burst: 40, Every: Duration(15 * time.Second)},
		LimitAccount:    {Steps: []int{5, 20, 100}},
		LimitDevice:     {Burst: 10, Every: Duration(time.Minute)},
		LimitAccounts:   {Burst: 5, Every: Duration(2 * time.Minute), Steps: []int{20}},
		LimitChallenges: per(20, 10*time.Minute),
		LimitRegister:   {Off: true},
		LimitReset:      {Off: true},
		LimitCode:       {Off: true},
		LimitChange:     {Off: true},
		LimitLogins:     {Off: true},
		LimitPictures:   {Burst: 50, Every: Duration(20 * time.Millisecond)},
	}
}
