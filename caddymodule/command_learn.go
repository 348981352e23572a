package caddymodule

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"os"
	"os/signal"
	"slices"
	"strings"
	"syscall"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/login-guard/login-guard/internal/learn"
)

// learnPoll is how often the verb asks how far the run is.
const learnPoll = time.Second

func learnCommand() *cobra.Command {
	var q learnAsk
	v := newVerb("learn", "Find out how a shop's login looks, and write its endpoint", func(v *verb, args []string) error {
		if len(args) > 0 {
			return fmt.Errorf("learn takes no %q; name a customer with --account", args[0])
		}
		if q.Minutes == 0 { // which the server takes for the default
			return errors.New("--minutes 0 is not from 1 to 60, such as --minutes 10")
		}
		q.Site = v.site
		ctx, stop := signal.NotifyContext(v.cmd.Context(), os.Interrupt, syscall.SIGTERM)
		defer stop()
		return v.learn(ctx, q)
	}).withSite()
	v.cmd.Long = `Finds out how a shop's login looks and what the shop answers to a right and a
wrong password, from one wrong and one right login that you make in a browser,
and prints the endpoint block for it.

The guard only looks on: limits count and checks are asked for as ever. What
it keeps for these minutes are names of fields and cookies, statuses and
addresses; neither the passwords nor the account are kept or printed.`
	v.cmd.Flags().StringVar(&q.Account, "account", "", "the test customer's account as you will type it (default: what looks like one)")
	v.cmd.Flags().IntVar(&q.Minutes, "minutes", int(defaultLearn/time.Minute), "how long to wait for the two logins")
	return v.cmd
}

// learn starts a run, tells the operator what to do, and prints what came of
// it. With --json only that is on standard output.
func (v *verb) learn(ctx context.Context, q learnAsk) error {
	asJSON := v.json
	v.json = false // the run is asked for many times, the last is printed
	say := v.cmd.OutOrStdout()
	if asJSON {
		say = v.cmd.ErrOrStderr()
	}
	var s learnReply
	if _, err := v.ask(http.MethodPost, "learn", q, &s); err != nil {
		return err
	}
	at := "learn?site=" + url.QueryEscape(s.Site)
	word := s.Word
	defer func() {
		var out learnReply
		// Another run may have taken this one's place.
		if _, err := v.ask(http.MethodGet, at, nil, &out); err == nil && out.Word == word {
			_, _ = v.ask(http.MethodDelete, at, nil, &out)
		}
	}()
	fmt.Fprintf(say, `Learning the login of %s until %s.

1. Open the login page in a browser and log in as your test customer with
   this wrong password:

       %s

`, s.Site, s.Until.Local().Format("15:04:05"), word)
	told := 0
	for step := s.Step; ; {
		for _, note := range s.Notes[min(told, len(s.Notes)):] {
			fmt.Fprintf(say, "note: %s\n", note)
		}
		told = len(s.Notes)
		if s.Word != word {
			return errors.New("another run of learn has begun at this site")
		}
		if s.Step != step && s.Step == learn.StepRight {
			fmt.Fprintf(say, "Seen: %s.\n\n2. Now log in with the right password, in the same browser.\n\n", loginText(s.Login))
		}
		if step = s.Step; step == learn.StepDone {
			break
		}
		if s.Ended {
			return errors.New(notLearnt(&s))
		}
		select {
		case <-ctx.Done():
			return errors.New("stopped; nothing is being learnt any more")
		case <-time.After(learnPoll):
		}
		// A server that is just reloading answers again in a moment.
		next := learnReply{}
		if _, err := v.ask(http.MethodGet, at, nil, &next); err != nil {
			if time.Now().After(s.Until) || strings.Contains(err.Error(), "nothing is being learnt") {
				return err
			}
			continue
		}
		s = next
	}
	if asJSON {
		e := json.NewEncoder(v.cmd.OutOrStdout())
		e.SetIndent("", "  ")
		e.SetEscapeHTML(false)
		return e.Encode(struct {
			Site string `json:"site"`
			*learn.Result
		}{s.Site, s.Result})
	}
	printLearnt(v.cmd.OutOrStdout(), s.Result)
	return nil
}

// loginText says how a login looked.
func loginText(f *learn.Found) string {
	if f == nil {
		return "a login"
	}
	text := f.Method + " " + f.Path
	if f.Path == "" {
		text = f.Method
	}
	if len(f.Route) == 2 {
		text += "?" + f.Route[0] + "=" + f.Route[1]
	}
	switch {
	case f.GraphQL != nil:
		text += fmt.Sprintf(", GraphQL field %s with %s and %s", f.GraphQL.Field, f.GraphQL.Account, f.GraphQL.Password)
	case f.Kind == "basic":
		text += ", HTTP Basic"
	default:
		text += fmt.Sprintf(", %s with %s and %s", f.Kind, f.Account, f.Password)
	}
	if f.Script {
		text += ", sent by a script"
	}
	return text
}

// notLearnt says why a run ended without a result, as far as it is known.
func notLearnt(s *learnReply) string {
	var b strings.Builder
	if s.Step == learn.StepWrong {
		fmt.Fprintf(&b, "no login with the word came: %d requests with a body or a query were looked at.", s.Searched)
		b.WriteString(" Is it this shop's address, and this site of Login Guard? A script that changes the password before it sends it (a hash, encryption) hides the word: such a login is for `always` with its `path`.")
	} else {
		b.WriteString("the login with the right password did not come: it has to be the same account, browser and address as the wrong one.")
	}
	for _, kind := range slices.Sorted(maps.Keys(s.Own)) {
		fmt.Fprintf(&b, " Meanwhile the guard itself answered %s %d times.", kind, s.Own[kind])
	}
	if len(s.Own) > 0 {
		b.WriteString(" Pass the check that it shows; where a login is refused or a script cannot show the check, say `login-guard mode monitor`, learn, and then `login-guard mode default`.")
	}
	return b.String()
}

// printLearnt prints what was learnt.
func printLearnt(w io.Writer, r *learn.Result) {
	fmt.Fprintf(w, "The login: %s.\n\n", loginText(&r.Found))
	if len(r.Differences) > 0 {
		t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
		fmt.Fprintln(t, "what differs\twrong password\tright password\tused for")
		for _, d := range r.Differences {
			fmt.Fprintf(t, "%s\t%s\t%s\t%s\n", d.What, d.Wrong, d.Right, d.Use)
		}
		_ = t.Flush() // what it writes to says so itself
		fmt.Fprintln(w)
	}
	if r.Why != "" {
		fmt.Fprintf(w, "The sign of a right password is %s: %s.\n", r.Strength, r.Why)
	} else {
		fmt.Fprintln(w, "No sign of a right password was found.")
	}
	if named := realPresets(r.Presets); len(named) > 0 {
		fmt.Fprintf(w, "These presets read both answers right: %s. If one is your shop's, take it instead: it knows more than two answers can show.\n", strings.Join(named, ", "))
	}
	for _, text := range r.Warnings {
		fmt.Fprintf(w, "warning: %s.\n", text)
	}
	fmt.Fprintln(w, "\nIn the block of login_guard:")
	fmt.Fprintln(w)
	for line := range strings.SplitSeq(strings.TrimSuffix(r.Block, "\n"), "\n") {
		fmt.Fprintln(w, "\t"+line)
	}
	fmt.Fprintln(w, "\nTry it with `mode monitor` first, and look at `outcome` in the log: success for right passwords, failure for wrong ones.")
}

// realPresets leaves out the one that is used anyway.
func realPresets(names []string) (out []string) {
	for _, name := range names {
		if name != "generic" {
			out = append(out, name)
		}
	}
	return out
}
