package backtest

import "context"

// Run replays a log under a policy and reports.
func Run(ctx context.Context, l *Log, p Policy, o Options) (*Report, error) {
	t := newTally(l)
	each := o.Each
	o.Each = func(s *Step) {
		t.add(s)
		if each != nil {
			each(s)
		}
	}
	r, err := newReplay(l, &p, &o)
	if err != nil {
		return nil, err
	}
	if err := r.run(ctx); err != nil {
		return nil, err
	}
	report := t.end()
	report.Policy = p.Name
	report.Evicted = r.store.Stats().Evictions
	return report, nil
}
