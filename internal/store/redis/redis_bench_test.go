package redis_test

import (
	"fmt"
	"math/rand/v2"
	"strconv"
	"sync"
	"testing"
	"time"

	goredis "github.com/redis/go-redis/v9"

	"github.com/login-guard/login-guard/internal/store"
	"github.com/login-guard/login-guard/internal/store/redis"
	"github.com/login-guard/login-guard/internal/store/redis/redistest"
	"github.com/login-guard/login-guard/internal/store/storetest"
)

// rawScript is the yardstick: the plain way to take a unit of several budgets
// at once, a GET and a SET with its end for each key.
const rawScript = `
local t = redis.call('TIME')
local now = t[1] * 1000000 + t[2]
local tats = {}
for i, key in ipairs(KEYS) do
  local every, burst = tonumber(ARGV[2 * i - 1]), tonumber(ARGV[2 * i])
  local tat = tonumber(redis.call('GET', key) or now)
  if tat < now then tat = now end
  tat = tat + every
  if tat - now > burst * every then
    return { 0, i, string.format('%.0f', tat - now - burst * every) }
  end
  tats[i] = tat
end
for i, key in ipairs(KEYS) do
  redis.call('SET', key, string.format('%.0f', tats[i]), 'PX', string.format('%.0f', math.ceil((tats[i] - now) / 1000)))
end
return { 1 }
`

const benchKeys = 20_000

// cpu is what the server's process used so far.
func cpu(t testing.TB, r *redistest.Server) time.Duration {
	t.Helper()
	var sum float64
	for _, f := range []string{"used_cpu_user", "used_cpu_sys"} {
		v, err := strconv.ParseFloat(r.Info("cpu", f), 64)
		if err != nil {
			t.Fatal(err)
		}
		sum += v
	}
	return time.Duration(sum * float64(time.Second))
}

// perDecision runs work and reports Redis's CPU for each of b.N decisions.
func perDecision(b *testing.B, r *redistest.Server, work func()) {
	b.Helper()
	before := cpu(b, r)
	b.ResetTimer()
	work()
	b.StopTimer()
	b.ReportMetric(float64(cpu(b, r)-before)/1e3/float64(b.N), "redis-us/op")
}

// spread calls f n times from g goroutines.
func spread(n, g int, f func(*rand.Rand)) {
	var wg sync.WaitGroup
	for i := range g {
		wg.Go(func() {
			rnd := rand.New(rand.NewPCG(uint64(i), 1))
			for range n / g {
				f(rnd)
			}
			if i < n%g {
				f(rnd)
			}
		})
	}
	wg.Wait()
}

// budgets are n charges of random subjects that are never spent.
func budgets(rnd *rand.Rand, keys []store.Key, n int) []store.Charge {
	out := make([]store.Charge, n)
	for i := range out {
		out[i] = store.Charge{Key: keys[rnd.IntN(len(keys))], Burst: 1_000_000, Every: time.Minute}
	}
	return out
}

func benchNames() []store.Key {
	keys := make([]store.Key, benchKeys)
	for i := range keys {
		keys[i] = storetest.Key(fmt.Sprint(i))
	}
	return keys
}

// BenchmarkRedisCPU is Redis's CPU for a decision over 1, 3 and 6 budgets:
// the yardstick in pipelines of 16, which is the least that it can cost, and
// one by one from 64 connections; our script in the same two ways; and the
// store as it is, asked by 64 at once.
func BenchmarkRedisCPU(b *testing.B) {
	r := redistest.Start(b)
	client := goredis.NewClient(&goredis.Options{Addr: r.Addr, PoolSize: 64, Protocol: 2, MaxRetries: -1})
	defer client.Close()
	sha, err := client.ScriptLoad(ctx, rawScript).Result()
	if err != nil {
		b.Fatal(err)
	}
	s := open(b, "redis://"+r.Addr, func(o *redis.Options) { o.Prefix = "own:" })
	if err := s.Reserve(ctx, &store.Reserve{Charges: []store.Charge{{Key: storetest.Key("x"), Burst: 1, Every: time.Second}}}, new(store.Reserved)); err != nil {
		b.Fatal(err)
	}
	names := benchNames()
	raw := func(rnd *rand.Rand, n int) []any {
		args := []any{"evalsha", sha, n}
		var limits []any
		for _, c := range budgets(rnd, names, n) {
			args = append(args, "raw:"+string(c.Key[:]))
			limits = append(limits, c.Every.Microseconds(), c.Burst)
		}
		return append(args, limits...)
	}
	own := func(rnd *rand.Rand, n int) []any { return s.Command(&store.Reserve{Charges: budgets(rnd, names, n)}) }
	for _, n := range []int{1, 3, 6} {
		for _, way := range []struct {
			name    string
			command func(*rand.Rand, int) []any
		}{{"raw", raw}, {"own", own}} {
			b.Run(fmt.Sprintf("keys=%d/%s/pipelines-of-16", n, way.name), func(b *testing.B) {
				perDecision(b, r, func() {
					spread((b.N+15)/16, 4, func(rnd *rand.Rand) {
						p := client.Pipeline()
						for range 16 {
							p.Do(ctx, way.command(rnd, n)...)
						}
						if _, err := p.Exec(ctx); err != nil {
							b.Error(err)
						}
					})
				})
			})
			b.Run(fmt.Sprintf("keys=%d/%s/one-by-one", n, way.name), func(b *testing.B) {
				perDecision(b, r, func() {
					spread(b.N, 64, func(rnd *rand.Rand) {
						if err := client.Do(ctx, way.command(rnd, n)...).Err(); err != nil {
							b.Error(err)
						}
					})
				})
			})
		}
		b.Run(fmt.Sprintf("keys=%d/store", n), func(b *testing.B) {
			perDecision(b, r, func() {
				spread(b.N, 64, func(rnd *rand.Rand) {
					if err := s.Reserve(ctx, &store.Reserve{Charges: budgets(rnd, names, n)}, new(store.Reserved)); err != nil {
						b.Error(err)
					}
				})
			})
		})
	}
}

// rawLogin is the yardstick over the rows of a whole login: a GET for each of
// nineteen, and a SET with its end for the ten that a first attempt changes.
const rawLogin = `
local now = redis.call('TIME')[1] * 1000000
local rows = {}
for i, key in ipairs(KEYS) do
  rows[i] = redis.call('GET', key)
end
for i = 1, 10 do
  redis.call('SET', KEYS[i], string.format('%.0f', tonumber(ARGV[i]) + now), 'PX', '600000')
end
return rows
`

// BenchmarkRedisCPUOfALogin is the same for all that package ledger asks of a
// login: six budgets, three once markers, six tallies, wall, profile, marks.
func BenchmarkRedisCPUOfALogin(b *testing.B) {
	r := redistest.Start(b)
	client := goredis.NewClient(&goredis.Options{Addr: r.Addr, PoolSize: 64, Protocol: 2, MaxRetries: -1})
	defer client.Close()
	sha, err := client.ScriptLoad(ctx, rawLogin).Result()
	if err != nil {
		b.Fatal(err)
	}
	s := open(b, "redis://"+r.Addr, func(o *redis.Options) { o.Prefix = "own:" })
	q := login("198.51.100.1", "somebody", 0)
	got, err := storetest.Reserve(s, q)
	if err != nil {
		b.Fatal(err)
	}
	if err := s.Settle(ctx, succeeded(&q, &got)); err != nil { // so that the site's rows are there
		b.Fatal(err)
	}
	next := func(rnd *rand.Rand) store.Reserve {
		q := login(fmt.Sprint("address ", rnd.IntN(benchKeys)), fmt.Sprint("account ", rnd.IntN(benchKeys)), rnd.Int())
		for i := range q.Charges {
			q.Charges[i].Burst = 1_000_000
		}
		q.Wall.GapFrom, q.Wall.RowFrom = 1_000_000, 1_000_000
		return q
	}
	raw := func(rnd *rand.Rand) []any {
		q := next(rnd)
		command := s.Command(&q)
		keys := command[2].(int)
		args := append([]any{"evalsha", sha}, command[2:3+keys]...)
		for i := 3; i < 3+keys; i++ {
			args[i] = "raw" + args[i].(string)
		}
		for range 10 {
			args = append(args, "60000000")
		}
		return args
	}
	own := func(rnd *rand.Rand) []any { q := next(rnd); return s.Command(&q) }
	for _, way := range []struct {
		name    string
		command func(*rand.Rand) []any
	}{{"raw", raw}, {"own", own}} {
		b.Run(way.name+"/pipelines-of-16", func(b *testing.B) {
			perDecision(b, r, func() {
				spread((b.N+15)/16, 4, func(rnd *rand.Rand) {
					p := client.Pipeline()
					for range 16 {
						p.Do(ctx, way.command(rnd)...)
					}
					if _, err := p.Exec(ctx); err != nil {
						b.Error(err)
					}
				})
			})
		})
		b.Run(way.name+"/one-by-one", func(b *testing.B) {
			perDecision(b, r, func() {
				spread(b.N, 64, func(rnd *rand.Rand) {
					if err := client.Do(ctx, way.command(rnd)...).Err(); err != nil {
						b.Error(err)
					}
				})
			})
		})
	}
	b.Run("store", func(b *testing.B) {
		perDecision(b, r, func() {
			spread(b.N, 64, func(rnd *rand.Rand) {
				q := next(rnd)
				if err := s.Reserve(ctx, &q, new(store.Reserved)); err != nil {
					b.Error(err)
				}
			})
		})
	})
	b.Run("store/one-at-a-time", func(b *testing.B) {
		b.ReportAllocs()
		perDecision(b, r, func() {
			spread(b.N, 1, func(rnd *rand.Rand) {
				q := next(rnd)
				if err := s.Reserve(ctx, &q, new(store.Reserved)); err != nil {
					b.Error(err)
				}
			})
		})
	})
	b.Run("settle", func(b *testing.B) {
		perDecision(b, r, func() {
			spread(b.N, 64, func(rnd *rand.Rand) {
				q := next(rnd)
				if err := s.Settle(ctx, failed(&q)); err != nil {
					b.Error(err)
				}
				if _, err := s.Flagged(ctx, q.Profile); err != nil { // until it is done
					b.Error(err)
				}
			})
		})
	})
}
