package backtest

import "context"

// Run replays a log under a policy and reports.
func Run(ctx context.Context, l *Log, p Policy, o Options) (*Report, error) {
	reports, err := run(ctx, l, []Policy{p}, &o, func(s []Step) {
		if o.Each != nil {
			o.Each(&s[0])
		}
	})
	if err != nil {
		return nil, err
	}
	return reports[0], nil
}

// run replays a log under some policies at once and reports on each.
func run(ctx context.Context, l *Log, policies []Policy, o *Options, each func([]Step)) ([]*Report, error) {
	var replays []*replay
	var tallies []*tally
	for i := range policies {
		r, err := newReplay(l, &policies[i], o)
		if err != nil {
			return nil, err
		}
		replays, tallies = append(replays, r), append(tallies, newTally(l))
	}
	if err := together(ctx, l, o, replays, func(steps []Step) {
		for i := range steps {
			tallies[i].add(&steps[i])
		}
		each(steps)
	}); err != nil {
		return nil, err
	}
	var reports []*Report
	for i, t := range tallies {
		report := t.end()
		report.Policy = policies[i].Name
		report.Evicted = replays[i].store.Stats().Evictions
		reports = append(reports, report)
	}
	return reports, nil
}
