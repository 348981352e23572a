package caddymodule

import (
	"errors"
	"sync"

	"github.com/prometheus/client_golang/prometheus"
)

// collectors are the module's metrics. They are made once a process and
// registered anew with each configuration's registry, so that values survive
// a reload. No label has a value that a client chooses.
type collectors struct {
	decisions    *prometheus.CounterVec
	challenges   *prometheus.CounterVec
	solveSeconds prometheus.Histogram
	score        prometheus.Histogram
	logins       *prometheus.CounterVec
	storeErrors  *prometheus.CounterVec
	heldLogins   prometheus.Gauge
	foreignSeals prometheus.Counter
	storeUp      prometheus.Gauge
	evictions    *prometheus.GaugeVec
	unguarded    *prometheus.CounterVec
	attack       *prometheus.GaugeVec
	identities   *prometheus.CounterVec
}

var theCollectors = sync.OnceValue(func() *collectors {
	const ns, sub = "caddy", "login_guard"
	counter := func(name, help string, labels ...string) *prometheus.CounterVec {
		return prometheus.NewCounterVec(prometheus.CounterOpts{Namespace: ns, Subsystem: sub, Name: name, Help: help}, labels)
	}
	return &collectors{
		decisions:  counter("decisions_total", "Decisions on login attempts.", "action", "mode", "site"),
		challenges: counter("challenges_total", "Checks shown and answered.", "kind", "outcome"),
		solveSeconds: prometheus.NewHistogram(prometheus.HistogramOpts{Namespace: ns, Subsystem: sub,
			Name: "challenge_duration_seconds", Help: "Time from a check being shown to its being passed.",
			Buckets: []float64{1, 2, 3, 5, 8, 13, 20, 30, 60, 120, 300, 600}}),
		score: prometheus.NewHistogram(prometheus.HistogramOpts{Namespace: ns, Subsystem: sub,
			Name: "score", Help: "Risk score of login attempts in decibans.",
			Buckets: []float64{-20, -10, 0, 5, 10, 17, 25, 35, 50}}),
		logins:      counter("logins_total", "Login attempts sent to the shop, by its answer.", "outcome"),
		storeErrors: counter("store_errors_total", "Operations that the store did not carry out.", "operation"),
		unguarded:   counter("unguarded_sessions_total", "Sessions and tokens that the shop issued without a guarded login.", "site"),
		identities:  counter("identities_total", "Whether the shop said who signed in, where it was asked.", "outcome", "site"),
		heldLogins: prometheus.NewGauge(prometheus.GaugeOpts{Namespace: ns, Subsystem: sub,
			Name: "held_logins", Help: "Logins and clearances that wait."}),
		foreignSeals: prometheus.NewCounter(prometheus.CounterOpts{Namespace: ns, Subsystem: sub,
			Name: "foreign_seals_total", Help: "Cookies and pages made with a key that this node does not have."}),
		storeUp: prometheus.NewGauge(prometheus.GaugeOpts{Namespace: ns, Subsystem: sub,
			Name: "store_up", Help: "Whether the shared store answers; 0 without one too."}),
		attack: prometheus.NewGaugeVec(prometheus.GaugeOpts{Namespace: ns, Subsystem: sub,
			Name: "attack", Help: "Whether the site is under attack."}, []string{"site"}),
		evictions: prometheus.NewGaugeVec(prometheus.GaugeOpts{Namespace: ns, Subsystem: sub,
			Name: "store_evictions", Help: "Live rows pushed out of this node's tables since the start; those with failures are penalised."}, []string{"rows"}),
	}
})

// register adds the metrics to a configuration's registry.
func (c *collectors) register(reg prometheus.Registerer) error {
	for _, m := range []prometheus.Collector{
		c.decisions, c.challenges, c.solveSeconds, c.score, c.logins, c.storeErrors, c.heldLogins, c.foreignSeals, c.storeUp, c.evictions, c.unguarded, c.attack, c.identities,
	} {
		var already prometheus.AlreadyRegisteredError
		if err := reg.Register(m); err != nil && !errors.As(err, &already) {
			return err
		}
	}
	return nil
}
