package config

// App holds the settings that all sites of one Caddy share. In a Caddyfile
// it is the global option `login_guard { … }`.
type App struct {
	// Where limits, history, held logins and one-time things are kept:
	// `embedded` (this process); `redis URL` is not built yet.
	// Default: embedded
	Store string `json:"store,omitempty"`

	// MaxMind database files (.mmdb) for country and network operator
	// (ASN). A Caddyfile may name them relative to itself. They are opened
	// when the server starts and again when they change; a missing file
	// means that its signal is absent. Default: none
	GeoIP []string `json:"geoip,omitempty"`

	// Lists of addresses and networks that add to a login's risk, reloaded
	// when they change. Default: none
	Lists []List `json:"lists,omitempty"`

	// The master key: 32 bytes in base64 or hexadecimal. To change it put the
	// new one before the old, with a space between: the first seals, all
	// open. Placeholders such
	// as {env.LOGIN_GUARD_KEY} and {file./run/secrets/key} are replaced; a
	// placeholder that yields nothing is an error. Default: made once and
	// kept in Caddy's storage
	Key string `json:"key,omitempty"`
}

// List is one file of addresses, networks or AS numbers, one a line.
type List struct {
	// What being on it says: `tor`, `vpn`, `hosting` or `blocked`.
	Kind string `json:"kind"`
	// The file. A Caddyfile may name it relative to itself.
	File string `json:"file"`
}

// Modes of a site.
const (
	ModeEnforce = "enforce"
	ModeMonitor = "monitor"
)

// What a login meets when the store does not answer.
const (
	OnStoreErrorLocal = "local"
	OnStoreErrorDeny  = "deny"
)

// Site holds the settings of one shop. In a Caddyfile it is the directive
// `login_guard [PRESET …] { … }`.
type Site struct {
	// Name under which counters, keys and devices are kept: up to 100
	// letters, digits, dots, hyphens and underscores. Two site blocks of one
	// shop name the same site. Default: the first host name of the site
	// block, else `default`
	Site string `json:"site,omitempty"`

	// Presets of known shops, looked up in order. Default: the generic
	// endpoint, unless Endpoints is given
	Presets []string `json:"presets,omitempty"`

	// The operator's own endpoints; they come before those of a preset.
	// Default: none
	Endpoints []Endpoint `json:"endpoints,omitempty"`

	// `enforce`, or `monitor`: decide and record, refuse nothing.
	// Default: enforce; a preset that was not verified against the running
	// shop: monitor
	Mode string `json:"mode,omitempty"`

	// Without a success on this device for this account within this time a
	// login meets at least the slider. From 1h to 180d, the time a device is
	// remembered. Default: off
	AskAfter Duration `json:"ask_after,omitempty"`

	// How long a check that was passed and followed by a successful login
	// is good for. From 10m, which a check alone is worth, to 30d.
	// Default: 24h
	Remember Duration `json:"remember,omitempty"`

	// From which score each rung is demanded. Those that are not off rise
	// in this order.
	// Default: slider 10 picture 17 second_factor 25 deny 35
	Ladder *Ladder `json:"ladder,omitempty"`

	// Limits that differ from DefaultLimits, by name. Default: DefaultLimits
	Limits map[string]Limit `json:"limits,omitempty"`

	// Whether accounts may, or must, have a second factor. Default: off
	SecondFactor *SecondFactor `json:"second_factor,omitempty"`

	// What a login meets when the store does not answer: `local` (this
	// node's own counters) or `deny`. Default: local
	OnStoreError string `json:"on_store_error,omitempty"`

	// How the pages that shoppers see look.
	Page Page `json:"page,omitzero"`

	// Status of a check's page for a browser navigation: 200, 401, 403 or
	// 429. Default: 200, as browsers drop the typed password from their
	// offer to save on 4xx
	ChallengeStatus int `json:"challenge_status,omitempty"`

	// Start of the paths that never reach the shop, at least one segment of
	// letters, digits, dots, hyphens and underscores.
	// Default: /.login-guard/
	PathPrefix string `json:"path_prefix,omitempty"`

	// Other origins whose forms and scripts may log in here.
	// Default: none
	Origins []string `json:"origins,omitempty"`

	// `truncated` (/24, /48) or `full` addresses in log lines.
	// Default: truncated
	LogAddresses string `json:"log_addresses,omitempty"`
}

// What a picture shows.
const (
	PictureLetters = "letters"
	PictureDigits  = "digits"
)

// Page says how the pages that shoppers see look.
type Page struct {
	// The shop's name as its customers know it, up to 80 characters.
	// Default: the host name
	Name string `json:"name,omitempty"`
	// Colours as #rgb or #rrggbb, each for light pages and for dark ones:
	// of buttons and the bar, of what is behind the card, of the card, of the
	// words on both. Words need a contrast of 4.5:1, the bar and buttons 3:1.
	// Default: #1558c0, and for dark pages one derived from it; #f3f5f8 and
	// #11151a; #ffffff and #1a1f25; #1a1f26 and #e9ecf0
	Accent         string `json:"accent,omitempty"`
	AccentDark     string `json:"accent_dark,omitempty"`
	Background     string `json:"background,omitempty"`
	BackgroundDark string `json:"background_dark,omitempty"`
	Card           string `json:"card,omitempty"`
	CardDark       string `json:"card_dark,omitempty"`
	Text           string `json:"text,omitempty"`
	TextDark       string `json:"text_dark,omitempty"`
	// `auto`: people who prefer dark pages get the colours for these; `off`:
	// everybody gets the others. Default: auto
	Dark string `json:"dark,omitempty"`
	// Of the card's corners in pixels, 0 to 32; those of buttons and the bar
	// follow. Default: 20
	Radius *int `json:"radius,omitempty"`
	// Families of the font, the first that the customer's system has.
	// Default: that of the system
	Font []string `json:"font,omitempty"`
	// Paths of pictures of this shop that stand in place of its name, 40
	// pixels high: for all pages, and another for dark ones. Default: none
	Logo     string `json:"logo,omitempty"`
	LogoDark string `json:"logo_dark,omitempty"`
	// Where a customer finds help: an http(s) URL or a path of the shop.
	// Default: no link
	Support string `json:"support,omitempty"`
	// Where a customer resets the password: an http(s) URL or a path of the
	// shop. Default: no link
	Reset string `json:"reset,omitempty"`
	// Language when the browser asks for none that we have. Default: en
	Language string `json:"language,omitempty"`
	// Folder with the shop's own wordings and languages, a file TAG.json
	// each, as assets/lang has them; a file need not have every text.
	// Default: none
	Languages string `json:"languages,omitempty"`
	// What a picture shows: `letters` (five letters and digits) or `digits`
	// (six digits). Default: letters
	Picture string `json:"picture,omitempty"`
}
