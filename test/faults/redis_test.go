package faults_test

import (
	"context"
	"strings"
	"testing"
	"time"

	goredis "github.com/redis/go-redis/v9"

	"github.com/login-guard/login-guard/internal/store/redis/redistest"
)

// fault is something that happens to the Redis of two gateways.
type fault struct {
	// begin breaks it and end mends it.
	begin, end func(*redistest.Server)
	// fromStart: it is broken when the gateways start.
	fromStart bool
	// forgets: the budgets in Redis are whole again afterwards.
	forgets bool
}

var redisFaults = map[string]fault{
	"down": {begin: (*redistest.Server).Kill, end: (*redistest.Server).Restart, forgets: true},
	"down at the start": {begin: (*redistest.Server).Kill, end: (*redistest.Server).Restart,
		fromStart: true, forgets: true},
	"hangs": {begin: (*redistest.Server).Pause, end: (*redistest.Server).Resume},
	"without memory": {
		begin: func(s *redistest.Server) { s.Do("config", "set", "maxmemory", "1") },
		end:   func(s *redistest.Server) { s.Do("config", "set", "maxmemory", "0") },
	},
	"a replica that only reads": {
		begin: func(s *redistest.Server) { s.Do("replicaof", "127.0.0.1", "1") },
		end:   func(s *redistest.Server) { s.Do("replicaof", "no", "one") },
	},
	"another password": {begin: changePassword, end: func(s *redistest.Server) {
		c := goredis.NewClient(&goredis.Options{Addr: s.Addr, Password: "another", MaxRetries: -1})
		defer c.Close()
		if err := c.ConfigSet(context.Background(), "requirepass", "").Err(); err != nil {
			panic(err)
		}
	}},
}

func changePassword(s *redistest.Server) {
	c := s.Client()
	ctx := context.Background()
	p := c.TxPipeline() // the connection that changes it stays
	p.ConfigSet(ctx, "requirepass", "another")
	p.ClientKillByFilter(ctx, "type", "normal", "skipme", "yes")
	p.ClientKillByFilter(ctx, "type", "pubsub")
	if _, err := p.Exec(ctx); err != nil {
		panic(err)
	}
}

func TestRedisThatCannotBeUsed(t *testing.T) {
	t.Parallel()
	for name, is := range redisFaults {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := redistest.Start(t)
			if is.fromStart {
				is.begin(r)
			}
			f := newFleet(t, []string{whose(r.Addr), whose(r.Addr)})
			var total, gained guesses
			var held *heldLogin
			most := once.times(len(f.gates)) // each gateway counts by itself
			if !is.fromStart {
				f.await(true, f.gates...)
				most = most.plus(once)
				total = f.spend()
				held = f.hold(0)
				is.begin(r)
			}
			f.shops(0)
			f.shops(1)
			if held != nil {
				held.pass() // it was in Redis; this gateway has a copy
			}
			gained = f.guess()
			total = total.plus(gained)
			seen := f.await(false, f.gates...)
			before := 0
			for _, g := range f.gates {
				says(t, g, saysDown)
				before += strings.Count(g.Log(), saysUp)
			}
			during := f.hold(0)
			time.Sleep(2500 * time.Millisecond) // some probes: a Redis that answers is not one that can be used
			for _, g := range f.gates {
				before -= strings.Count(g.Log(), saysUp)
			}
			if before != 0 {
				t.Errorf("%d times a gateway says %q while it lasts", -before, saysUp)
			}
			is.end(r)
			healed := f.await(true, f.gates...)
			for _, g := range f.gates {
				says(t, g, saysUp)
			}
			during.pass()
			after := f.guess()
			total = total.plus(after)
			if is.forgets {
				most = most.plus(once)
			}
			if is.fromStart { // there was no before
				held = f.hold(1)
				held.pass()
			}
			f.shops(0)
			t.Logf("guesses while it lasts %+v, after it %+v, in all %+v of at most %+v; seen after %v, healed %v; slowest answer %v",
				gained, after, total, most, seen, healed, f.slow.took)
			if !total.within(most) {
				t.Errorf("%+v guesses reached the shop, want at most %+v", total, most)
			}
		})
	}
}

// What Redis loses without being away: no gateway has an outage.
func TestRedisThatIsEmptied(t *testing.T) {
	t.Parallel()
	for name, is := range map[string]fault{
		"scripts": {begin: func(s *redistest.Server) { s.Do("script", "flush") }},
		"all":     {begin: (*redistest.Server).Flush, forgets: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := redistest.Start(t)
			url := "redis://" + r.Addr + "?timeout=5s" // a slow machine is no outage
			f := newFleet(t, []string{url, url})
			f.await(true, f.gates...)
			f.spend()
			held := f.hold(0)
			is.begin(r)
			held.pass()
			f.shops(0)
			f.shops(1)
			after := f.guess()
			most := guesses{}
			if is.forgets {
				most = once
			}
			t.Logf("guesses after it %+v of at most %+v", after, most)
			if !after.within(most) {
				t.Errorf("%+v guesses more, want at most %+v", after, most)
			}
			f.hold(1).pass()
			for _, g := range f.gates {
				if s := status(t, g); s.Outages != 0 || s.Up == nil || !*s.Up {
					t.Errorf("%+v", s)
				}
			}
		})
	}
}
