package caddymodule

import (
	"errors"
	"fmt"
	"net/http"
	"os/user"
	"time"

	"github.com/spf13/cobra"

	"github.com/login-guard/login-guard/internal/override"
)

// orderCommand is the verb `allow` or `deny`: with a subject it orders, with
// `list` it lists and with `remove` it takes back.
func orderCommand(do, short string) *cobra.Command {
	q := orderAsk{Do: do}
	v := newVerb(do+" [add|remove] ADDRESS|NETWORK|AS", short, func(v *verb, args []string) error {
		if len(args) > 0 && args[0] == "list" {
			return v.listOrders(do)
		}
		if len(args) > 0 && (args[0] == "remove" || args[0] == "add") {
			q.Remove, args = args[0] == "remove", args[1:]
		}
		switch {
		case len(args) > 1:
			return errors.New("want one address, network or AS at a time")
		case len(args) == 1:
			q.Subject = args[0]
		}
		q.Site = v.site
		if q.By == "" {
			if u, err := user.Current(); err == nil {
				q.By = u.Username
			}
		}
		var out orderReply
		if printed, err := v.ask(http.MethodPost, "orders", q, &out); printed || err != nil {
			return err
		}
		if out.Removed {
			fmt.Fprintf(v.cmd.OutOrStdout(), "%s: nothing is ordered about %s any more\n", out.Site, out.Subject)
			return nil
		}
		printOrder(v, out.Order)
		return nil
	}).withSite()
	v.cmd.Long = short + `.

  ` + do + ` 203.0.113.7 --for 4h --reason "office of our partner"
  ` + do + ` 203.0.113.0/24 --for 24h --reason "..."
  ` + do + ` AS64500 --for 24h --reason "..."
  ` + do + ` --account anna@example.org --for 1h --reason "..."
  ` + do + ` --ref 7KQ2-M4XD --for 1h --reason "..."
  ` + do + ` remove 203.0.113.7
  ` + do + ` list`
	v.cmd.Flags().StringVar(&q.Account, "account", "", "account as it is typed at the login")
	v.cmd.Flags().StringVar(&q.Ref, "ref", "", "the account that a reference of a customer's page is about")
	v.cmd.Flags().StringVar(&q.For, "for", "4h", "how long, such as 4h")
	v.cmd.Flags().StringVar(&q.Reason, "reason", "", "why, for those who look at it later")
	v.cmd.Flags().StringVar(&q.By, "by", "", "who orders it (default: the user who runs the command)")
	return v.cmd
}

func (v *verb) listOrders(do string) error {
	var out struct{ Orders []override.Order }
	if printed, err := v.ask(http.MethodGet, "orders/list", nil, &out); printed || err != nil {
		return err
	}
	n := 0
	for _, o := range out.Orders {
		if o.Do == do && (v.site == "" || v.site == o.Site) {
			printOrder(v, o)
			n++
		}
	}
	if n == 0 {
		fmt.Fprintf(v.cmd.OutOrStdout(), "nothing is ordered to %s\n", do)
	}
	return nil
}

func printOrder(v *verb, o override.Order) {
	fmt.Fprintf(v.cmd.OutOrStdout(), "%s: %s %s until %s, by %s: %s\n", o.Site, o.Do, o.Subject, o.Until.Local().Format(time.DateTime), o.By, o.Reason)
}
