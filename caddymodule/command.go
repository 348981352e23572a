package caddymodule

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"sort"
	"strings"
	"syscall"
	"time"

	caddycmd "github.com/caddyserver/caddy/v2/cmd"
	"github.com/spf13/cobra"
)

func init() {
	caddycmd.RegisterCommand(caddycmd.Command{
		Name:  "login-guard",
		Usage: "VERB",
		Short: "Asks and steers the login guard of a running Caddy",
		Long: `Asks and steers the login guard of a running Caddy through its admin API.

  status                       what is guarded, in which mode, what happened
  release --ref REFERENCE      let in whom a reference is about
  release --address ADDRESS    forget what was counted against an address
  release --account NAME       ... or an account, or with both that pair
  revoke --account NAME        forget devices and passed checks of an account
  revoke --all                 ... or of everybody
  mode enforce|monitor|default set the mode until Caddy ends
  rotate-key                   make a new key; the old one opens for 180 days
  learn                        write the endpoint of a shop without a preset
  explain REFERENCE            why a login met what it met; --address, --account
  events [-f]                  list decisions, and go on as they come
  simulate --address ...       what a login would meet now; counts nothing
  erase --account NAME         forget all that is known of an account
  allow SUBJECT --for 4h       let in an address, network, AS or --account
  deny SUBJECT --for 4h        ... or refuse it; list, remove SUBJECT
  factor status|reset ...      second factors of customers
  backtest FILE                what a policy would have done to a log

Each takes --json, --site where there are several, and all but backtest, which
asks no server, --admin ADDRESS.`,
		CobraFunc: func(cmd *cobra.Command) {
			cmd.AddCommand(statusCommand(), releaseCommand(), revokeCommand(), modeCommand(), rotateKeyCommand(), learnCommand(),
				orderCommand("allow", "Let in whom limits and the score would stop"), orderCommand("deny", "Refuse every login"),
				explainCommand(), eventsCommand(), simulateCommand(), eraseCommand(), factorCommand(), backtestCommand())
		},
	})
}

// Verbs are the verbs of `caddy login-guard`, which a binary of our own
// takes directly too.
func Verbs() []string {
	return []string{"status", "release", "revoke", "mode", "rotate-key", "learn", "allow", "deny",
		"explain", "events", "simulate", "erase", "factor", "backtest"}
}

// verb is one verb of the command line.
type verb struct {
	cmd   *cobra.Command
	admin string
	site  string
	json  bool
}

func newVerb(use, short string, run func(*verb, []string) error) *verb {
	v := &verb{cmd: &cobra.Command{Use: use, Short: short}}
	v.cmd.Flags().StringVar(&v.admin, "admin", "", "address of the admin API (default: that of Caddy, localhost:2019)")
	v.cmd.Flags().BoolVar(&v.json, "json", false, "print JSON")
	v.cmd.SilenceUsage = true
	v.cmd.RunE = func(_ *cobra.Command, args []string) error { return run(v, args) }
	return v
}

func (v *verb) withSite() *verb {
	v.cmd.Flags().StringVar(&v.site, "site", "", "the site, where there are several")
	return v
}

// ask calls the admin API and decodes the reply into out; with --json it
// prints it and reports true.
func (v *verb) ask(method, path string, body, out any) (printed bool, err error) {
	var content io.Reader
	header := http.Header{}
	if body != nil {
		b, err := json.Marshal(body)
		if err != nil {
			return false, err
		}
		content = bytes.NewReader(b)
		header.Set("Content-Type", "application/json")
	}
	resp, err := v.request(method, path, header, content)
	if err != nil {
		return false, err
	}
	defer resp.Body.Close()
	if v.json {
		_, err := io.Copy(v.cmd.OutOrStdout(), resp.Body)
		return true, err
	}
	return false, json.NewDecoder(resp.Body).Decode(out)
}

// request asks the gateway's admin API. path is below /login_guard/.
func (v *verb) request(method, path string, header http.Header, content io.Reader) (*http.Response, error) {
	admin, err := caddycmd.DetermineAdminAPIAddress(v.admin, nil, "", "")
	if err != nil {
		return nil, fmt.Errorf("finding the admin API: %w", err)
	}
	resp, err := caddycmd.AdminAPIRequest(admin, method, "/login_guard/"+path, header, content)
	if err != nil && strings.Contains(err.Error(), syscall.ECONNREFUSED.Error()) { // Caddy does not wrap it
		return nil, fmt.Errorf("no gateway answers at %s: start it, or name its admin API, as in --admin localhost:2019", admin)
	}
	if err != nil {
		return nil, inPlainWords(err)
	}
	return resp, nil
}

// inPlainWords takes what the admin API says of an error out of what Caddy
// makes of it.
func inPlainWords(err error) error {
	text := err.Error()
	var says struct{ Error string }
	if i := strings.Index(text, `{"error":`); i >= 0 && json.Unmarshal([]byte(strings.TrimSpace(text[i:])), &says) == nil && says.Error != "" {
		return errors.New(says.Error)
	}
	return err
}

func statusCommand() *cobra.Command {
	return newVerb("status", "What is guarded, in which mode, and what happened", func(v *verb, _ []string) error {
		var s statusReply
		if printed, err := v.ask(http.MethodGet, "status", nil, &s); printed || err != nil {
			return err
		}
		printStatus(v.cmd.OutOrStdout(), s)
		return nil
	}).cmd
}

func printStatus(w io.Writer, s statusReply) {
	for _, site := range s.Sites {
		fmt.Fprintf(w, "%s: %s (%s)\n", site.Site, site.Mode, site.Why)
		fmt.Fprintf(w, "  endpoints  %s\n", strings.Join(site.Endpoints, ", "))
		fmt.Fprintf(w, "  ladder     slider %s, picture %s, second factor %s, deny %s\n",
			site.Ladder.Slider, site.Ladder.Picture, site.Ladder.SecondFactor, site.Ladder.Deny)
		fmt.Fprintf(w, "  ask after  %s, remember %s\n", site.AskAfter, site.Remember)
		fmt.Fprintf(w, "  attempts   %d since the start: %s; at the shop: %s\n",
			site.Since.Attempts, counts(site.Since.Actions), counts(site.Since.Outcomes))
		printAttack(w, site.Attack, site.Mode)
		for _, warning := range site.Warnings {
			fmt.Fprintf(w, "  warning    %s\n", warning)
		}
		printUnguarded(w, site.Unguarded)
	}
	printStore(w, s.Store)
	for _, f := range s.Files {
		if f.Error == "" {
			f.Error = "read"
		}
		fmt.Fprintf(w, "file: %s: %s\n", f.File, f.Error)
	}
}

func printStore(w io.Writer, s storeStatus) {
	fmt.Fprintf(w, "store: %s, %d logins and clearances wait (%d bytes), %d live rows pushed out",
		strings.TrimSpace(s.Kind+" "+s.Name), s.Kept, s.KeptBytes, s.Evictions)
	if s.EvictedPenalised > 0 {
		fmt.Fprintf(w, ", %d of them with failures: the tables are too small for this attack", s.EvictedPenalised)
	}
	fmt.Fprintln(w)
	if s.DownSince != nil {
		fmt.Fprintf(w, "  does not answer since %s: %s\n", s.DownSince.Format(time.DateTime), s.Error)
	}
	if s.OtherKey {
		fmt.Fprintln(w, "  the other nodes have another key: set the same key on each")
	}
	if s.Problem != "" {
		what := "nothing is kept on disk"
		if s.Durable {
			what = "needs an operator"
		}
		fmt.Fprintf(w, "  %s: %s\n", what, s.Problem)
	}
	if s.Rows > 0 {
		fmt.Fprintf(w, "  %d durable rows (second factors, held sessions) are known here, %d of them are lost\n", s.Rows, s.RowsLost)
	}
	if s.PutAside != "" {
		fmt.Fprintf(w, "  a damaged file was put aside: %s\n", s.PutAside)
	}
}

func counts(m map[string]int64) string {
	if len(m) == 0 {
		return "none"
	}
	names := make([]string, 0, len(m))
	for name := range m {
		names = append(names, name)
	}
	sort.Strings(names)
	for i, name := range names {
		names[i] = fmt.Sprintf("%s %d", name, m[name])
	}
	return strings.Join(names, ", ")
}

func releaseCommand() *cobra.Command {
	var q releaseAsk
	v := newVerb("release", "Forget what was counted against an address or account", func(v *verb, _ []string) error {
		q.Site = v.site
		var out struct{ Released []string }
		if printed, err := v.ask(http.MethodPost, "release", q, &out); printed || err != nil {
			return err
		}
		fmt.Fprintf(v.cmd.OutOrStdout(), "released %s\n", strings.Join(out.Released, " and "))
		if q.Ref == "" && (q.Address == "" || q.Account == "") {
			fmt.Fprintln(v.cmd.OutOrStdout(), "A limit of an account together with one address (limit.pair) comes back by itself, one try each two minutes; name both --account and --address, or --ref, to lift it now.")
		}
		return nil
	}).withSite()
	v.cmd.Flags().StringVar(&q.Ref, "ref", "", "reference that the customer's page shows")
	v.cmd.Flags().StringVar(&q.Address, "address", "", "IP address")
	v.cmd.Flags().StringVar(&q.Account, "account", "", "account as it is typed at the login")
	return v.cmd
}

func revokeCommand() *cobra.Command {
	var q revokeAsk
	v := newVerb("revoke", "Forget devices and passed checks of an account or of everybody", func(v *verb, _ []string) error {
		q.Site = v.site
		var out struct{ Revoked string }
		if printed, err := v.ask(http.MethodPost, "revoke", q, &out); printed || err != nil {
			return err
		}
		fmt.Fprintf(v.cmd.OutOrStdout(), "revoked %s\n", out.Revoked)
		return nil
	}).withSite()
	v.cmd.Flags().StringVar(&q.Account, "account", "", "account as it is typed at the login")
	v.cmd.Flags().BoolVar(&q.All, "all", false, "all accounts")
	return v.cmd
}

func modeCommand() *cobra.Command {
	return newVerb("mode enforce|monitor|default", "Set the mode until Caddy ends", func(v *verb, args []string) error {
		if len(args) != 1 {
			return errors.New("want one of enforce, monitor, default")
		}
		var out struct{ Site, Mode, Why string }
		if printed, err := v.ask(http.MethodPost, "mode", modeAsk{Site: v.site, Mode: args[0]}, &out); printed || err != nil {
			return err
		}
		fmt.Fprintf(v.cmd.OutOrStdout(), "%s: %s (%s)\n", out.Site, out.Mode, out.Why)
		return nil
	}).withSite().cmd
}

func rotateKeyCommand() *cobra.Command {
	return newVerb("rotate-key", "Make a new key that seals cookies and held logins from now on", func(v *verb, _ []string) error {
		var out struct{ Rotated bool }
		if printed, err := v.ask(http.MethodPost, "rotate-key", struct{}{}, &out); printed || err != nil {
			return err
		}
		fmt.Fprintln(v.cmd.OutOrStdout(), "A new key seals from now on. The old one opens what it sealed for 180 days; nobody is asked again.")
		return nil
	}).cmd
}
