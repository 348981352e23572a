package backtest

import "time"

// Report is what came of a replay. Its JSON is meant to be read by programs:
// names stay as they are.
type Report struct {
	// UnchallengedShare is the share of all failed attempts that met no
	// check, limit or denial.
	UnchallengedShare float64 `json:"unchallenged_share"`
	Unchallenged      int     `json:"unchallenged"`
	Failed            int     `json:"failed"`
	Succeeded         int     `json:"succeeded"`
	Unknown           int     `json:"unknown"`
	Attempts          int     `json:"attempts"`
	Addresses         int     `json:"addresses"`
	Accounts          int     `json:"accounts"`

	Policy string    `json:"policy"`
	Format string    `json:"format"`
	From   time.Time `json:"from"`
	To     time.Time `json:"to"`
	// Lines of the log, those that could not be read, and the first of them.
	Lines    int       `json:"lines"`
	BadLines int       `json:"bad_lines"`
	Skipped  int       `json:"skipped_lines"`
	Samples  []BadLine `json:"bad_line_samples,omitempty"`
	Notes    []string  `json:"notes,omitempty"`

	// FailedByRung is what failed attempts met, AllByRung what all did.
	FailedByRung ByRung `json:"failed_by_rung"`
	AllByRung    ByRung `json:"all_by_rung"`
	// FirstAction is when something first stood in the way of attempts that
	// are not people's.
	FirstAction struct {
		Address   First      `json:"address"`
		Account   First      `json:"account"`
		Campaign  First      `json:"campaign"`
		Campaigns []Campaign `json:"campaigns"`
	} `json:"first_action"`

	// Legitimate are the attempts of people: labelled so, or without labels
	// all that succeeded.
	Legitimate Group `json:"legitimate"`
	// Hits are attacks' attempts with the right password.
	Hits struct {
		All        int   `json:"all"`
		Challenged Share `json:"challenged"`
		Reached    int   `json:"reached_the_shop"`
	} `json:"attack_hits"`
	// Groups are the same by label, in order of their names.
	Groups []Group `json:"groups,omitempty"`

	Reasons struct {
		Attack     []ReasonCount `json:"attack"`
		Legitimate []ReasonCount `json:"legitimate"`
	} `json:"reasons"`

	Peers     map[string]PeerReport `json:"peers"`
	PeersNote string                `json:"peers_note"`

	// Evicted are rows that the replay's tables pushed out while they
	// counted: above zero, some counts are too low.
	Evicted int64   `json:"evicted"`
	Seconds float64 `json:"seconds"`
}

// Campaign is one attack by its label.
type Campaign struct {
	Name     string `json:"name"`
	Attempts int    `json:"attempts"`
	// FirstAction is the number of its first attempt that met something, 0
	// if none did.
	FirstAction int `json:"first_action"`
}

// Group are the attempts of one label, or of all people.
type Group struct {
	Name     string `json:"name"`
	Person   bool   `json:"legitimate"`
	Attempts int    `json:"attempts"`
	Failed   int    `json:"failed"`
	ByRung   ByRung `json:"by_rung"`
	// Challenged met anything at all, Picture the picture, Denied a denial.
	Challenged Share `json:"challenged"`
	Slider     Share `json:"slider"`
	Picture    Share `json:"picture"`
	Denied     Share `json:"denied"`
}

// ReasonCount is how many of the attempts that met something had a reason.
type ReasonCount struct {
	Code  string  `json:"code"`
	Count int     `json:"count"`
	Share float64 `json:"share"`
}

// PeerReport is what the default rules of another tool would have done.
type PeerReport struct {
	Name  string `json:"name"`
	Rules string `json:"rules"`
	// UnchallengedShare as in Report; a ban is all that a peer does.
	UnchallengedShare float64 `json:"unchallenged_share"`
	Unchallenged      int     `json:"unchallenged"`
	LegitimateDenied  Share   `json:"legitimate_denied"`
	Banned            int     `json:"banned_addresses"`
}
