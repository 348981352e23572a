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

	"github.com/login-guard/login-guard/internal/record"
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
		var out struct {
			Node      string
			Decisions []record.Explanation
		}
		if printed, err := v.ask(http.MethodPost, "explain", q, &out); printed || err != nil {
			return err
		}
		for _, e := range out.Decisions {
			printExplanation(v.cmd.OutOrStdout(), e, met)
			fmt.Fprintln(v.cmd.OutOrStdout())
		}
		fmt.Fprintf(v.cmd.OutOrStdout(), "%d of the decisions that the gateway %s keeps; others keep their own.\n", len(out.Decisions), out.Node)
		return nil
	}).withSite()
	v.cmd.Flags().StringVar(&q.Address, "address", "", "all logins from an IP address")
	v.cmd.Flags().StringVar(&q.Account, "account", "", "all logins to an account, as it is typed at the login")
	v.cmd.Flags().IntVar(&q.Limit, "limit", 10, "how many at most, the newest first")
	return v.cmd
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
		printExplanation(v.cmd.OutOrStdout(), out, wouldMeet)
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

// eventColumns are the columns of decisions in a list.
const eventColumns = "%-19s  %-9s  %-12s  %-14s  %-9s  %7s  %-12s  %-18s  %s\n"

func orDash(s string) string {
	if s == "" {
		return "-"
	}
	return s
}

func (v *verb) events(q url.Values) error {
	resp, err := v.request(http.MethodGet, "events?"+q.Encode(), nil, nil)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if v.json {
		_, err := io.Copy(v.cmd.OutOrStdout(), resp.Body)
		return err
	}
	fmt.Fprintf(v.cmd.OutOrStdout(), eventColumns, "time", "reference", "site", "what it met", "shop said", "score", "account", "network", "because of")
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
			action = "would " + e.Would
		}
		if e.Count > 1 {
			action += fmt.Sprintf(" ×%d", e.Count)
		}
		answer := e.Outcome
		if answer == "none" {
			answer = "not asked"
		}
		fmt.Fprintf(v.cmd.OutOrStdout(), eventColumns, e.At.Local().Format(time.DateTime), e.Ref, e.Site, action, answer,
			number(e.Score), orDash(e.Account), orDash(e.Address), strings.Join(codes, " "))
	}
}
