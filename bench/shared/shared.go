package shared

import (
	"context"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/login-guard/login-guard/internal/store"
	"github.com/login-guard/login-guard/internal/store/redis"
)

// plain is the yardstick: the generic cell rate algorithm over all keys or
// none, with a GET and a SET that ends by itself for each.
const plain = `
local clock = redis.call('TIME')
local now = clock[1] * 1e6 + clock[2]
local next = {}
for i = 1, #KEYS do
  local every, burst = tonumber(ARGV[i * 2 - 1]), tonumber(ARGV[i * 2])
  local at = math.max(now, tonumber(redis.call('GET', KEYS[i]) or 0)) + every
  if at > now + every * burst then
    return at - now - every * burst
  end
  next[i] = at
end
for i = 1, #KEYS do
  redis.call('SET', KEYS[i], string.format('%.0f', next[i]), 'PX', math.ceil((next[i] - now) / 1000))
end
return 0`

// Cost is what one decision costs Redis.
type Cost struct {
	Keys int
	// Microseconds of Redis's processor: Plain is the plain script in
	// pipelines of 16, which is the least that it can cost; Single is the
	// plain script, one at a time from each of 64 connections; Store is the
	// store, asked by 64 at once.
	Plain, Single, Store float64
	// Again is Plain once more: the noise.
	Again float64
	// Scripts is how many scripts a decision of the store's runs.
	Scripts float64
}

// Shared is all that is measured.
type Shared struct {
	Costs []Cost
	// Denied is how many scripts 1,000 further attempts at a spent budget
	// run.
	Denied int
	// Two gateways asked for one budget as fast as they could. Admitted is
	// how many they let through, and Allowed what the budget allows in that
	// time.
	Admitted, Allowed int
}

const (
	decisions = 6400
	subjects  = 20_000
	workers   = 64
	rounds    = 5
)

// Measure measures with a server of its own.
func Measure() (*Shared, error) {
	server, err := Start()
	if err != nil {
		return nil, err
	}
	defer server.Stop()
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Minute)
	defer cancel()
	out := &Shared{}
	for _, n := range []int{1, 3, 6} {
		c, err := cost(ctx, server, n)
		if err != nil {
			return nil, fmt.Errorf("%d keys: %w", n, err)
		}
		out.Costs = append(out.Costs, c)
	}
	if out.Denied, err = denied(ctx, server); err != nil {
		return nil, err
	}
	out.Admitted, out.Allowed, err = together(ctx, server)
	return out, err
}

func open(s *Server, prefix string) (*redis.Store, error) {
	o, err := redis.Parse("redis://" + s.Addr + "/0")
	if err != nil {
		return nil, err
	}
	// Patience: the machine may be busy, and what is late is no decision.
	o.Prefix, o.Timeout = prefix, 10*time.Second
	return redis.New(o)
}

func charges(r *rand.Rand, n int) []store.Charge {
	out := make([]store.Charge, n)
	subject := r.Uint64N(subjects)
	for i := range out {
		binary.LittleEndian.PutUint64(out[i].Key[:8], subject*0x9e3779b97f4a7c15)
		binary.LittleEndian.PutUint64(out[i].Key[8:], uint64(i+1)*0xbf58476d1ce4e5b9)
		out[i].Burst, out[i].Every = 1_000_000, time.Minute
	}
	return out
}

func cost(ctx context.Context, server *Server, keys int) (Cost, error) {
	sha, err := server.client.ScriptLoad(ctx, plain).Result()
	if err != nil {
		return Cost{}, err
	}
	s, err := open(server, "own:")
	if err != nil {
		return Cost{}, err
	}
	defer s.Close(ctx)
	command := func(r *rand.Rand) []any {
		args := []any{"evalsha", sha, keys}
		var limits []any
		for _, c := range charges(r, keys) {
			args = append(args, "plain:"+string(c.Key[:]))
			limits = append(limits, c.Every.Microseconds(), c.Burst)
		}
		return append(args, limits...)
	}
	pipelined := func(r *rand.Rand) error {
		p := server.client.Pipeline()
		for range 16 {
			p.Do(ctx, command(r)...)
		}
		_, err := p.Exec(ctx)
		return err
	}
	arms := []struct {
		each, workers int // decisions a call
		call          func(*rand.Rand) error
		us            []float64
	}{
		{16, 4, pipelined, nil},
		{1, workers, func(r *rand.Rand) error { return server.client.Do(ctx, command(r)...).Err() }, nil},
		{1, workers, func(r *rand.Rand) error {
			return s.Reserve(ctx, &store.Reserve{Now: time.Now(), Charges: charges(r, keys)}, new(store.Reserved))
		}, nil},
		{16, 4, pipelined, nil},
	}
	c := Cost{Keys: keys}
	for round := range rounds + 1 { // the first warms up
		for i := range arms {
			a := &arms[i]
			ran, err := server.scripts(ctx)
			if err != nil {
				return c, err
			}
			before, err := server.cpu(ctx)
			if err != nil {
				return c, err
			}
			if err := spread(decisions/a.each, a.workers, a.call); err != nil {
				return c, err
			}
			after, err := server.cpu(ctx)
			if err != nil {
				return c, err
			}
			now, err := server.scripts(ctx)
			if err != nil {
				return c, err
			}
			if round > 0 {
				a.us = append(a.us, float64(after-before)/1e3/decisions)
			}
			if i == 2 {
				c.Scripts = float64(now-ran) / decisions
			}
		}
	}
	for i, to := range []*float64{&c.Plain, &c.Single, &c.Store, &c.Again} {
		*to = median(arms[i].us)
	}
	return c, nil
}

// spread makes n calls from g goroutines.
func spread(n, g int, call func(*rand.Rand) error) error {
	var wg sync.WaitGroup
	var first atomic.Pointer[error]
	for i := range g {
		wg.Go(func() {
			r := rand.New(rand.NewPCG(uint64(i), 1))
			for range n / g {
				if err := call(r); err != nil {
					first.CompareAndSwap(nil, &err)
					return
				}
			}
		})
	}
	wg.Wait()
	if err := first.Load(); err != nil {
		return *err
	}
	return nil
}

func median(v []float64) float64 {
	v = slices.Sorted(slices.Values(v))
	return v[len(v)/2]
}

// denied counts the scripts of attempts at a budget that is known to be
// spent.
func denied(ctx context.Context, server *Server) (int, error) {
	s, err := open(server, "denied:")
	if err != nil {
		return 0, err
	}
	defer s.Close(ctx)
	q := store.Reserve{Now: time.Now(), Charges: []store.Charge{{Key: store.Key{1}, Burst: 3, Every: time.Hour}}}
	for range 5 {
		if err := s.Reserve(ctx, &q, new(store.Reserved)); err != nil {
			return 0, err
		}
	}
	before, err := server.scripts(ctx)
	if err != nil {
		return 0, err
	}
	for i := range 1000 {
		var got store.Reserved
		if err := s.Reserve(ctx, &q, &got); err != nil {
			return 0, err
		}
		if got.Over == 0 {
			return 0, fmt.Errorf("attempt %d at a spent budget is let through", i)
		}
	}
	after, err := server.scripts(ctx)
	return after - before, err
}

// together lets two gateways ask for one budget for two seconds.
func together(ctx context.Context, server *Server) (admitted, allowed int, err error) {
	const burst, every = 50, 10 * time.Millisecond
	var gateways [2]*redis.Store
	for i := range gateways {
		if gateways[i], err = open(server, "two:"); err != nil {
			return 0, 0, err
		}
		defer gateways[i].Close(ctx)
	}
	var through atomic.Int64
	var calls atomic.Int64
	began := time.Now()
	err = spread(16, 16, func(*rand.Rand) error {
		for time.Since(began) < 2*time.Second {
			var got store.Reserved
			q := store.Reserve{Now: time.Now(), Charges: []store.Charge{{Key: store.Key{2}, Burst: burst, Every: every}}}
			if err := gateways[calls.Add(1)%2].Reserve(ctx, &q, &got); err != nil {
				return err
			}
			if got.Local {
				return fmt.Errorf("a gateway answered by itself")
			}
			if got.Taken != 0 {
				through.Add(1)
			}
		}
		return nil
	})
	return int(through.Load()), burst + int(time.Since(began)/every), err
}
