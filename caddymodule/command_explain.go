package caddymodule

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	caddycmd "github.com/caddyserver/caddy/v2/cmd"

	"github.com/login-guard/login-guard/config"
	"github.com/login-guard/login-guard/docs"
	"github.com/login-guard/login-guard/internal/record"
	"github.com/login-guard/login-guard/internal/risk"
)

func explainCommand() *cobra.Command {
	var q explainAsk
	v := newVerb("explain [REFERENCE]", "Say why a login met what it met", func(v *verb, args []string) error {
		if len(args) > 1 || len(args) == 1 && q.Address+q.Account != "" {
			return errors.New("want one reference, or --address, or --account")
		}
		if q.Site = v.site; len(args) == 1 {
			q.Ref = args[0]
		}
		var out struct{ Decisions []record.Explanation }
		if printed, err := v.ask(http.MethodPost, "explain", q, &out); printed || err != nil {
			return err
		}
		for i, e := range out.Decisions {
			if i > 0 {
				fmt.Fprintln(v.cmd.OutOrStdout())
			}
			printExplanation(v.cmd.OutOrStdout(), e)
		}
		return nil
	}).withSite()
	v.cmd.Flags().StringVar(&q.Address, "address", "", "all logins from an IP address")
	v.cmd.Flags().StringVar(&q.Account, "account", "", "all logins to an account, as it is typed at the login")
	v.cmd.Flags().IntVar(&q.Limit, "limit", 10, "how many at most, the newest first")
	return v.cmd
}

// met are actions in words.
var met = map[string]string{
	string(risk.Allow): "let through", string(risk.Slider): "asked for the slider", string(risk.Picture): "asked for the picture",
	string(risk.SecondFactor): "asked for a second factor", string(risk.Deny): "refused", string(risk.Unreadable): "refused as unreadable",
}

func inWords(action string) string {
	if words := met[action]; words != "" {
		return words
	}
	return action
}

func printExplanation(w io.Writer, e record.Explanation) {
	fmt.Fprintf(w, "%s  %s  %s %s\n", e.Ref, e.At.Local().Format(time.DateTime), e.Site, e.Endpoint)
	line := "  what       " + inWords(e.Action)
	if e.Would != e.Action {
		line += " (monitoring; enforcing it would have been " + inWords(e.Would) + ")"
	}
	if e.Outcome == "none" {
		line += "; the shop was not asked"
	} else {
		line += "; the shop's answer: " + e.Outcome
	}
	fmt.Fprintln(w, line)
	if e.RetryAfter > 0 {
		fmt.Fprintf(w, "             for %s\n", e.RetryAfter.Round(time.Second))
	}
	who := []string{}
	for _, part := range []struct{ name, value string }{{"account", e.Account}, {"address", e.Address}, {"", e.Country}} {
		if part.value != "" {
			who = append(who, strings.TrimSpace(part.name+" "+part.value))
		}
	}
	if e.ASN != 0 {
		who = append(who, "AS"+strconv.FormatUint(uint64(e.ASN), 10))
	}
	fmt.Fprintf(w, "  who        %s\n", strings.Join(who, ", "))
	if e.Override != "" {
		fmt.Fprintf(w, "  ordered    %s\n", e.Override)
	}
	fmt.Fprintf(w, "  score      %s\n", number(e.Score))
	for _, r := range e.Reasons {
		points := ""
		if r.Points != 0 {
			points = fmt.Sprintf("%+g", r.Points)
		}
		fmt.Fprintf(w, "    %6s  %-22s %s\n", points, r.Code, docs.Reason(r.Code))
	}
	if e.Basis == nil {
		return
	}
	fmt.Fprintf(w, "  ladder     %s\n", ladder(e.Basis.Ladder))
	for _, o := range e.Basis.Situation.Over {
		fmt.Fprintf(w, "  over       limit %s, which asks for: %s; one more in %s\n", o.Limit, o.Demands, o.RetryAfter.Round(time.Second))
	}
	for _, c := range e.Changes {
		fmt.Fprintf(w, "  if         %s: %s\n", change(c), inWords(c.Action))
	}
	if e.Recomputed {
		fmt.Fprintln(w, "  checked    worked out again from its record: the same")
	} else {
		fmt.Fprintln(w, "  checked    this version's weights would decide otherwise than the one that did")
	}
	if record.IsRef(e.Ref) && e.Action != string(risk.Allow) {
		fmt.Fprintf(w, "  let in     login-guard release --ref %s\n", e.Ref)
	}
}

func number(x float64) string { return strconv.FormatFloat(x, 'f', -1, 64) }

func ladder(l config.Ladder) string {
	return fmt.Sprintf("slider from %s, picture %s, second factor %s, deny %s", l.Slider, l.Picture, l.SecondFactor, l.Deny)
}

func change(c record.Change) string {
	switch c.With {
	case record.WithKnownDevice:
		return "on a device that has signed in to this account before"
	case record.WithSlider:
		return "after a slider"
	case record.WithPicture:
		return "after a picture"
	}
	return "without " + c.Without
}

func simulateCommand() *cobra.Command {
	var q simulateAsk
	v := newVerb("simulate", "Say what a login would meet now, and count nothing", func(v *verb, _ []string) error {
		q.Site = v.site
		var out record.Explanation
		if printed, err := v.ask(http.MethodPost, "simulate", q, &out); printed || err != nil {
			return err
		}
		out.Ref = "simulated"
		printExplanation(v.cmd.OutOrStdout(), out)
		return nil
	}).withSite()
	f := v.cmd.Flags()
	f.StringVar(&q.Address, "address", "", "IP address")
	f.StringVar(&q.Account, "account", "", "account as it is typed at the login")
	f.BoolVar(&q.Known, "known-device", false, "on a device that has signed in to the account before")
	f.StringVar(&q.Passed, "passed", "", "with a check passed: slider or picture")
	f.StringVar(&q.UserAgent, "user-agent", "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0", "User-Agent of the browser")
	f.StringVar(&q.Language, "language", "en", "Accept-Language of the browser")
	return v.cmd
}

func eraseCommand() *cobra.Command {
	var q eraseAsk
	v := newVerb("erase --account NAME", "Forget all that is known of an account", func(v *verb, _ []string) error {
		q.Site = v.site
		var out struct{ Decisions int }
		if printed, err := v.ask(http.MethodPost, "erase", q, &out); printed || err != nil {
			return err
		}
		fmt.Fprintf(v.cmd.OutOrStdout(), "The account's counts, places, devices, passes and orders are forgotten, and %d decisions of this node. With several gateways run it on each.\n", out.Decisions)
		return nil
	}).withSite()
	v.cmd.Flags().StringVar(&q.Account, "account", "", "account as it is typed at the login")
	return v.cmd
}

func eventsCommand() *cobra.Command {
	var follow bool
	var since, action string
	var limit int
	v := newVerb("events", "List decisions, the newest last", func(v *verb, _ []string) error {
		q := url.Values{"limit": {strconv.Itoa(limit)}}
		for name, value := range map[string]string{"since": since, "action": action, "site": v.site} {
			if value != "" {
				q.Set(name, value)
			}
		}
		if follow {
			q.Set("follow", "1")
		}
		return v.events(q)
	}).withSite()
	f := v.cmd.Flags()
	f.BoolVarP(&follow, "follow", "f", false, "go on as they come")
	f.StringVar(&since, "since", "", "not older than, such as 1h")
	f.StringVar(&action, "action", "", "only allow, slider, picture, second_factor, deny or unreadable")
	f.IntVar(&limit, "limit", 50, "how many of the past at most")
	return v.cmd
}

func (v *verb) events(q url.Values) error {
	admin, err := caddycmd.DetermineAdminAPIAddress(v.admin, nil, "", "")
	if err != nil {
		return fmt.Errorf("finding the admin API: %w", err)
	}
	resp, err := caddycmd.AdminAPIRequest(admin, http.MethodGet, "/login_guard/events?"+q.Encode(), nil, nil)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if v.json {
		_, err := io.Copy(v.cmd.OutOrStdout(), resp.Body)
		return err
	}
	lines := bufio.NewReader(resp.Body)
	for {
		line, err := lines.ReadBytes('\n')
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		var e record.Entry
		if err := json.Unmarshal(line, &e); err != nil {
			return err
		}
		codes := make([]string, len(e.Reasons))
		for i, r := range e.Reasons {
			codes[i] = r.Code
		}
		action := e.Action
		if e.Would != e.Action {
			action += " (would " + e.Would + ")"
		}
		if e.Count > 1 {
			action += fmt.Sprintf(" ×%d", e.Count)
		}
		fmt.Fprintf(v.cmd.OutOrStdout(), "%s  %-9s  %-10s %-8s %5s  %s  %s  %s\n", e.At.Local().Format(time.DateTime), e.Ref, action, e.Outcome,
			number(e.Score), e.Account, e.Address, strings.Join(codes, " "))
	}
}
