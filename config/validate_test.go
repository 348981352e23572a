package config

import (
	"strings"
	"testing"
	"time"
)

const hour = Duration(time.Hour)

// login is an endpoint that is right, for tests that spoil one thing.
func login(change func(*Endpoint)) []Endpoint {
	e := Endpoint{AccountFields: []string{"email"}, PasswordFields: []string{"password"}}
	if change != nil {
		change(&e)
	}
	return []Endpoint{e}
}

func TestZeroValuesAreValid(t *testing.T) {
	if err := (&App{}).Validate(); err != nil {
		t.Errorf("App: %v", err)
	}
	if err := (&Site{}).Validate(); err != nil {
		t.Errorf("Site: %v", err)
	}
}

// What the Caddyfile cannot say, JSON and Go code can: these are refused by
// Validate alone. The rest is in caddymodule/testdata/adapt.
func TestSiteValidateRefuses(t *testing.T) {
	for name, test := range map[string]struct {
		site Site
		want string
	}{
		"a negative ask_after":           {Site{AskAfter: -hour}, "ask_after: "},
		"a negative remember":            {Site{Remember: -hour}, "remember: "},
		"a rung below zero":              {Site{Ladder: &Ladder{Slider: -5}}, "ladder slider: -5 is not above 0"},
		"a rung that nothing reaches":    {Site{Ladder: &Ladder{Deny: 101}}, "ladder deny: 101"},
		"two rungs alike":                {Site{Ladder: &Ladder{Slider: 17}}, "ladder: picture 17 is not above slider 17"},
		"an unknown limit":               {Site{Limits: map[string]Limit{"ip": {Burst: 1}}}, `limit: there is no "ip"`},
		"a budget that is off too":       {Site{Limits: map[string]Limit{"pair": {Off: true, Burst: 1}}}, "limit pair: off and a budget"},
		"a negative budget":              {Site{Limits: map[string]Limit{"pair": {Burst: -1, Every: hour}}}, "limit pair: -1 is not between"},
		"a budget beyond a million":      {Site{Limits: map[string]Limit{"pair": {Burst: 1_000_001, Every: 1}}}, "limit pair: 1000001"},
		"a negative pace":                {Site{Limits: map[string]Limit{"pair": {Burst: 1, Every: -1}}}, "limit pair: it has no budget"},
		"logins without a budget":        {Site{Limits: map[string]Limit{"logins": {}}}, "limit logins: it has no budget"},
		"logins without a pace":          {Site{Limits: map[string]Limit{"logins": {Burst: 3}}}, "limit logins: it has no budget"},
		"steps where there are none":     {Site{Limits: map[string]Limit{"pair": {Steps: []int{1}}}}, "limit pair: it takes 0 steps, not 1"},
		"account with a burst":           {Site{Limits: map[string]Limit{"account": {Burst: 3}}}, "limit account: it has three steps"},
		"account steps that stand":       {Site{Limits: map[string]Limit{"account": {Steps: []int{5, 5, 100}}}}, "limit account: 5 is not above 5"},
		"accounts an hour under burst":   {Site{Limits: map[string]Limit{"accounts": {Burst: 30}}}, "limit accounts: 20 is not above 30"},
		"a site name with a slash":       {Site{Site: "a/b"}, "site: "},
		"a negative status":              {Site{ChallengeStatus: -1}, "challenge_status: -1"},
		"a prefix with a star":           {Site{PathPrefix: "/x*/"}, "path_prefix: "},
		"a page name with a line break":  {Site{Page: Page{Name: "a\nb"}}, "page name: "},
		"a long page name":               {Site{Page: Page{Name: strings.Repeat("x", 81)}}, "page name: "},
		"a link with a user":             {Site{Page: Page{Support: "https://shop@evil.example/"}}, "page support: "},
		"a link with a backslash":        {Site{Page: Page{Support: `/\evil.example`}}, "page support: "},
		"a pale short colour":            {Site{Page: Page{Accent: "#fff"}}, "contrast of 1.00:1"},
		"a picture of clouds":            {Site{Page: Page{Picture: "clouds"}}, `page picture: there is no "clouds"`},
		"an endpoint without fields":     {Site{Endpoints: []Endpoint{{}}}, "endpoint login: account_field is missing"},
		"an empty mark":                  {Site{Endpoints: login(func(e *Endpoint) { e.Success = []Mark{{}} })}, "success: a condition is missing"},
		"an unknown body":                {Site{Endpoints: login(func(e *Endpoint) { e.Body = "soap" })}, `body: there is no "soap"`},
		"exempt fields alone":            {Site{Endpoints: login(func(e *Endpoint) { e.ExemptFields = []string{"x"} })}, "belong together"},
		"a field of our own":             {Site{Endpoints: login(func(e *Endpoint) { e.Requires = []string{"Login_Guard_x"} })}, "are our own"},
		"a path with a star inside":      {Site{Endpoints: login(func(e *Endpoint) { e.Paths = []string{"/a/*/b"} })}, "has a * in its middle"},
		"a path with a query":            {Site{Endpoints: login(func(e *Endpoint) { e.Paths = []string{"/a?x=1"} })}, "has a query"},
		"a query without values":         {Site{Endpoints: login(func(e *Endpoint) { e.Query = map[string][]string{"r": nil} })}, `query "r" lacks`},
		"a header that is none":          {Site{Endpoints: login(func(e *Endpoint) { e.Success = []Mark{{Header: "a b"}} })}, "no name of a header"},
		"contains without json":          {Site{Endpoints: login(func(e *Endpoint) { e.Success = []Mark{{JSONContains: "x"}} })}, "contains belongs to json"},
		"a pointer with an empty part":   {Site{Endpoints: login(func(e *Endpoint) { e.Requires = []string{"/x//y"} })}, "empty part"},
		"graphql with fields":            {Site{Endpoints: login(func(e *Endpoint) { e.GraphQL = []GraphQLLogin{{"login", "u", "p"}} })}, "fields belong to another endpoint"},
		"graphql without a name":         {Site{Endpoints: []Endpoint{{GraphQL: []GraphQLLogin{{"login", "in put", "p"}}}}}, "no name of GraphQL"},
		"graphql login without one":      {Site{Endpoints: []Endpoint{{GraphQL: []GraphQLLogin{{"login", "u", ""}}}}}, "lacks the argument with the password"},
		"persisted alone":                {Site{Endpoints: login(func(e *Endpoint) { e.Persisted = []string{"L"} })}, "persisted belongs to graphql"},
		"basic without a path":           {Site{Endpoints: []Endpoint{{Basic: true}}}, "basic needs the paths"},
		"basic with a bare status":       {Site{Endpoints: []Endpoint{{Basic: true, Paths: []string{"/api"}, Success: []Mark{{Status: []string{"200"}}}}}}, "success status 2xx on_path"},
		"a register without fields":      {Site{Endpoints: []Endpoint{{Kind: KindRegister}}}, "account_field, password_field or requires"},
		"on_path alone":                  {Site{Endpoints: login(func(e *Endpoint) { e.Success = []Mark{{OnPath: true}} })}, "says nothing of the answer"},
		"sms to any country":             {Site{SecondFactor: &SecondFactor{Mode: "optional", Codes: []CodeSender{{Kind: "sms", Hook: Hook{URL: "https://sms.example"}}}}}, "needs the countries"},
		"a second factor without a mode": {Site{SecondFactor: &SecondFactor{Mode: "on"}}, "second_factor: there is no"},
	} {
		t.Run(name, func(t *testing.T) {
			if err := test.site.Validate(); err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v, want an error with %q", err, test.want)
			} else if !strings.Contains(err.Error(), "; one that works: ") {
				t.Errorf("%v does not say what works", err)
			}
		})
	}
}

func TestAllProblemsAreReportedAtOnce(t *testing.T) {
	err := (&Site{Mode: "x", Remember: 1, ChallengeStatus: 5}).Validate()
	if err == nil || strings.Count(err.Error(), "one that works") != 3 {
		t.Errorf("got %v, want three problems", err)
	}
}

func TestEveryPresetIsValid(t *testing.T) {
	for _, name := range PresetNames() {
		endpoints, ok := Preset(name)
		if !ok || len(endpoints) == 0 {
			t.Errorf("the preset %s is listed and has no endpoint", name)
		}
		for _, e := range endpoints {
			for _, err := range e.check(name + "/" + e.Name) {
				t.Error(err)
			}
		}
	}
}

func TestKeyIsReadAndNeverRepeated(t *testing.T) {
	for name, key := range map[string]string{
		"base64":          "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHv8=",
		"without padding": "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHv8",
		"base64 for URLs": "__79_Pv6-fj39vX08_Lx8O_u7ezr6uno5-bl5OPi4eA=",
		"hexadecimal":     strings.Repeat("0fA1", 16),
		"a placeholder":   "{file./run/secrets/key}",
		"another":         "{env.LOGIN_GUARD_KEY}",
	} {
		if err := (&App{Key: key}).Validate(); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	for name, key := range map[string]string{
		"too short":     "c2VjcmV0",
		"31 bytes":      strings.Repeat("ab", 31),
		"words":         "correct horse battery staple",
		"stray letters": "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHv8=!",
	} {
		err := (&App{Key: key}).Validate()
		if err == nil || strings.Contains(err.Error(), key) {
			t.Errorf("%s: got %v, want an error without the key", name, err)
		}
	}
}

func TestColoursThatCannotBeReadNameOneThatCan(t *testing.T) {
	for name, test := range map[string]struct {
		page Page
		want string
	}{
		"a pale accent":               {Page{Accent: "#fc0"}, `page accent: white text on #ffcc00 has a contrast of 1.51:1, and 4.5:1 is needed to be read; one that works: accent "#`},
		"a dark accent on dark pages": {Page{AccentDark: "#1558c0"}, `page accent: on dark pages: dark text on #1558c0 has a contrast of 2.76:1, and 4.5:1 is needed to be read; one that works: accent "#1558c0" "#`},
		"a card like its words":       {Page{Card: "#333"}, `one that works: card "#`},
		"no colour":                   {Page{TextDark: "white"}, `page text: on dark pages: "white" is no colour such as #e9ecf0 (in a Caddyfile in quotes); one that works: text "#1a1f26" "#e9ecf0"`},
		"dark, misspelt":              {Page{Dark: "of"}, `page dark: there is no "of": it is auto or off; one that works: dark off`},
	} {
		err := (&Site{Page: test.page}).Validate()
		if err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: %v, want %s", name, err, test.want)
		}
	}
	for _, page := range []Page{{}, {Accent: "#1558C0", AccentDark: "#7fb0ff"}, {Dark: DarkOff, Background: "#000", Card: "#111", Text: "#eee"}} {
		if err := (&Site{Page: page}).Validate(); err != nil {
			t.Errorf("%+v: %v", page, err)
		}
	}
}

func TestNearFindsSlipsAndNothingElse(t *testing.T) {
	names := []string{"mode", "monitor", "password_field", "tor", "vpn"}
	for word, want := range map[string]string{
		"mod": "mode", "moed": "", "mdoe": "", "pasword_feild": "", "pasword_field": "password_field",
		"monitr": "monitor", "monitro": "monitor", "xyz": "", "": "", "vpns": "vpn", "modes": "mode",
	} {
		if got := Near(word, names); got != want {
			t.Errorf("Near(%q) = %q, want %q", word, got, want)
		}
	}
}
