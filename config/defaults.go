package config

import (
	"fmt"
	"path"
	"time"
)

// Defaults of a site.
const (
	DefaultRemember        = Duration(24 * time.Hour)
	DefaultChallengeStatus = 200
	DefaultPathPrefix      = "/.login-guard/"
	DefaultLanguage        = "en"
	DefaultPicture         = PictureLetters
)

// EffectiveMode is the mode that holds, and why, for the operator.
func (s *Site) EffectiveMode() (mode, why string) {
	if s.Mode != "" {
		return s.Mode, "mode " + s.Mode + " is written"
	}
	for _, name := range s.Presets {
		if !Verified(name) {
			return ModeMonitor, fmt.Sprintf("the preset %s was not verified against the running shop; "+
				"it enforces once mode enforce is written", name)
		}
	}
	return ModeEnforce, "default"
}

// EffectiveLadder is the ladder with the defaults filled in.
func (s *Site) EffectiveLadder() Ladder {
	l := DefaultLadder
	if s.Ladder == nil {
		return l
	}
	fill := func(to *Rung, v Rung) {
		if v != 0 {
			*to = v
		}
	}
	fill(&l.Slider, s.Ladder.Slider)
	fill(&l.Picture, s.Ladder.Picture)
	fill(&l.SecondFactor, s.Ladder.SecondFactor)
	fill(&l.Deny, s.Ladder.Deny)
	return l
}

// EffectiveLimits are all limits, with the defaults filled in.
func (s *Site) EffectiveLimits() map[string]Limit {
	all := DefaultLimits()
	for _, e := range s.Endpoints {
		if l, ok := sideLimits()[e.Kind]; ok {
			all[e.Kind] = l
		}
	}
	for name, l := range s.Limits {
		if l.Off {
			all[name] = Limit{Off: true}
			continue
		}
		all[name] = l.over(all[name])
	}
	return all
}

// over fills what l does not say from the default.
func (l Limit) over(def Limit) Limit {
	if l.Burst == 0 {
		l.Burst = def.Burst
	}
	if l.Every == 0 && l.Burst > 0 {
		l.Every = Duration(def.Burst) * def.Every / Duration(l.Burst)
	}
	if len(l.Steps) == 0 {
		l.Steps = def.Steps
	}
	return l
}

// EffectiveEndpoints are the endpoints in the order in which they are
// tried: the operator's own, then those of the presets, or the generic one
// when there are neither. Names and kinds are filled in.
func (s *Site) EffectiveEndpoints() []Endpoint {
	var all []Endpoint
	for _, e := range s.Endpoints {
		if e.Kind == "" {
			e.Kind = KindLogin
		}
		if e.Name == "" {
			e.Name = e.Kind
		}
		all = append(all, e)
	}
	presets := s.Presets
	if len(all) == 0 && len(presets) == 0 {
		presets = []string{GenericPreset}
	}
	for _, name := range presets {
		endpoints, _ := Preset(name)
		for _, e := range endpoints {
			if e.Kind == "" {
				e.Kind = KindLogin
			}
			if e.Name == "" {
				e.Name = name
			}
			all = append(all, e)
		}
	}
	return all
}

// EffectiveRemember is how long a check that was passed is good for.
func (s *Site) EffectiveRemember() time.Duration {
	if s.Remember == 0 {
		return time.Duration(DefaultRemember)
	}
	return time.Duration(s.Remember)
}

// EffectiveChallengeStatus is the status of a check's page.
func (s *Site) EffectiveChallengeStatus() int {
	if s.ChallengeStatus == 0 {
		return DefaultChallengeStatus
	}
	return s.ChallengeStatus
}

// DeniesOnStoreError reports whether a login is refused while the store does
// not answer; otherwise this node's own counters decide.
func (s *Site) DeniesOnStoreError() bool { return s.OnStoreError == OnStoreErrorDeny }

// LogsFullAddresses reports whether log lines have whole addresses.
func (s *Site) LogsFullAddresses() bool { return s.LogAddresses == LogAddressesFull }

// Prefix is the start of the reserved paths; it starts and ends with `/`.
func (s *Site) Prefix() string {
	if s.PathPrefix == "" {
		return DefaultPathPrefix
	}
	p := path.Clean("/" + s.PathPrefix)
	if p == "/" { // refused by Validate; never take the whole shop
		return DefaultPathPrefix
	}
	return p + "/"
}

// WithDefaults fills in what a page must have. The name stays empty where
// none is given: it is then the host name of the request.
func (p Page) WithDefaults() Page {
	if p.Language == "" {
		p.Language = DefaultLanguage
	}
	if p.Picture == "" {
		p.Picture = DefaultPicture
	}
	return p
}
