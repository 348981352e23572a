// Package redis is a store that several gateways share: a Redis server, alone,
// behind sentinels or in a cluster.
//
// A reservation is one round trip. On one server it is one script, in a
// cluster one script for each subject (an address, an account, the site), all
// in one pipeline. If one of them says stop, what the others took is given
// back right after: for that moment a budget may look fuller than it is, and
// it never looks emptier. The clock is Redis's own.
//
// What cannot be known to have failed is never sent again: a reservation that
// was sent and not answered in time may have been taken, and stays so until
// its budget refills. Only answers that say that nothing was done (NOSCRIPT,
// MOVED, ASK, TRYAGAIN) lead to another try.
//
// Everything written has an end (TTL), rows for ever and their list aside. Redis sees keyed hashes, times, counts
// and sealed values. docs/redis.md names the keys.
package redis

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	goredis "github.com/redis/go-redis/v9"

	"github.com/login-guard/login-guard/internal/store"
)

// Topology is how Redis is set up.
type Topology int

const (
	Single Topology = iota
	Sentinel
	Cluster
)

// Options say where Redis is and bound the store. Parse makes them from a
// URL. The zero value of a field means its default.
type Options struct {
	Topology Topology
	// Addrs are host:port: the server, the sentinels, or some nodes of the
	// cluster. Default: 127.0.0.1:6379
	Addrs  []string
	Master string // the name that the sentinels know it by
	DB     int    // number of the database; a cluster has only 0

	Username, Password                 string
	SentinelUsername, SentinelPassword string
	TLS                                *tls.Config // nil: without

	// Prefix begins every key and the channel. Shops that share a Redis and
	// nothing else have one each. Default: lg:
	Prefix string
	// Timeout is the longest that any call takes. Default: 250 ms
	Timeout time.Duration
	// PoolSize bounds the connections to one server. Default: 4; one is
	// used by what is asked of Redis, one listens, and more are needed only
	// while one that hangs is given up
	PoolSize int

	KeptBytes int64 // values of kept things, over all gateways. Default: 32 MiB
	Kept      int   // kept things. Default: 20,000
	Spent     int   // spent markers. Default: 200,000
	Denied    int   // budgets known here to be spent. Default: 65,536

	// Clock stands in for Redis's clock, for tests that move it. Default: nil
	Clock func() time.Time
}

const (
	defaultTimeout = 250 * time.Millisecond
	// queued bounds what waits to be sent: about 2 s of a busy Redis.
	maxQueued = 8192
)

// Store is a store in Redis. New makes one.
type Store struct {
	o      Options
	name   string
	client goredis.UniversalClient
	lane   *lane
	denied *denied
	book   *book

	errs      atomic.Int64
	brief     atomic.Int64
	kept      atomic.Int64
	keptBytes atomic.Int64

	listening sync.Once
	following sync.Once
	stop      context.CancelFunc
	ctx       context.Context
	done      sync.WaitGroup
}

// silence takes what go-redis prints to stderr by itself: every sentinel that
// answers, every connection that breaks. What matters of it is in the errors
// that callers get.
type silence struct{}

func (silence) Printf(context.Context, string, ...any) {}

func init() { goredis.SetLogger(silence{}) }

// New makes a store. It dials nothing: the first call does.
func New(o Options) (*Store, error) {
	if err := o.fill(); err != nil {
		return nil, err
	}
	s := &Store{o: o, name: o.name(), denied: newDenied(o.Denied), book: newBook()}
	s.ctx, s.stop = context.WithCancel(context.Background())
	s.client = o.client()
	s.lane = newLane(s.client, o.Timeout, func() { s.errs.Add(1) })
	s.done.Go(s.lane.run)
	return s, nil
}

// fill checks options and sets defaults.
func (o *Options) fill() error {
	if len(o.Addrs) == 0 {
		o.Addrs = []string{"127.0.0.1:6379"}
	}
	switch o.Topology {
	case Single:
		if len(o.Addrs) != 1 {
			return fmt.Errorf("redis: one server has one address, got %d; a cluster is redis-cluster://host1,host2,host3", len(o.Addrs))
		}
	case Sentinel:
		if o.Master == "" {
			return errors.New("redis: the sentinels' name of the master is missing: redis-sentinel://host1:26379,host2:26379/mymaster/0")
		}
	case Cluster:
		if o.DB != 0 {
			return fmt.Errorf("redis: a cluster has only database 0, got %d", o.DB)
		}
	default:
		return fmt.Errorf("redis: unknown topology %d", o.Topology)
	}
	if o.Prefix == "" {
		o.Prefix = "lg:"
	}
	if strings.ContainsAny(o.Prefix, "{}") || len(o.Prefix) > 64 {
		return errors.New("redis: prefix is at most 64 characters without { and }, for example shop1:")
	}
	if o.Timeout == 0 {
		o.Timeout = defaultTimeout
	}
	if o.Timeout < time.Millisecond || o.Timeout > 10*time.Second {
		return fmt.Errorf("redis: timeout %v is not within 1ms and 10s; 250ms is the default", o.Timeout)
	}
	or := func(v *int, d int) {
		if *v <= 0 {
			*v = d
		}
	}
	or(&o.PoolSize, 4)
	or(&o.Kept, 20_000)
	or(&o.Spent, 200_000)
	or(&o.Denied, 1<<16)
	if o.KeptBytes <= 0 {
		o.KeptBytes = 32 << 20
	}
	return nil
}

// Name says which Redis this is, without user and password.
func (s *Store) Name() string { return s.name }

// Ping asks Redis for a sign of life; in a cluster every master.
func (s *Store) Ping(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, s.o.Timeout)
	defer cancel()
	var err error
	if c, ok := s.client.(*goredis.ClusterClient); ok {
		err = c.ForEachMaster(ctx, func(ctx context.Context, n *goredis.Client) error { return n.Ping(ctx).Err() })
	} else {
		err = s.client.Ping(ctx).Err()
	}
	return s.explain(err)
}

// Stats implements store.Store. Kept and KeptBytes are as of the last thing
// this node kept, over all gateways. Problem is of rows only, once there are
// any; what of this node's own files is wrong, their store says.
func (s *Store) Stats() store.Stats {
	out := store.Stats{Kept: int(s.kept.Load()), KeptBytes: s.keptBytes.Load(), Errors: s.errs.Load()}
	b := s.book
	b.mu.RLock()
	defer b.mu.RUnlock()
	out.KnownRows, out.LostRows = len(b.known), b.lost
	switch {
	case b.lost > 0:
		out.Problem = fmt.Sprintf("%d durable rows (second factors) or more are gone from %s; who had one is refused. Restore its data, or accept the loss.", b.lost, s.name)
	case b.problem != "":
		out.Problem = b.problem
	default:
		out.Problem = b.policy
	}
	return out
}

// Status is what Stats has no room for.
type Status struct {
	// Connections to Redis, and of those the idle ones.
	Connections, Idle int
	// DeniedHere counts reservations that were answered without Redis, and
	// Denied budgets known to be spent.
	DeniedHere int64
	Denied     int
	// Live: this node hears of budgets that others give back.
	Live bool
	// Waiting is how much waits to be sent. RoundTrips counts pipelines.
	Waiting    int
	RoundTrips int64
}

// Status for status and metrics.
func (s *Store) Status() Status {
	p := s.client.PoolStats()
	return Status{
		Connections: int(p.TotalConns), Idle: int(p.IdleConns),
		DeniedHere: s.brief.Load(), Denied: s.denied.len(), Live: s.denied.live.Load(),
		Waiting: s.lane.waiting(), RoundTrips: s.lane.trips.Load(),
	}
}

// Close sends what waits, until ctx ends, and hangs up. The store is not used
// after.
func (s *Store) Close(ctx context.Context) error {
	s.lane.close(ctx)
	s.stop()
	err := s.client.Close()
	ended := make(chan struct{})
	go func() { // ends with the goroutines that it waits for
		s.done.Wait()
		close(ended)
	}()
	select {
	case <-ended:
	case <-ctx.Done(): // a Redis that hangs; nothing is asked of it any more
	}
	return err
}

// explain names Redis in an error. go-redis' errors hold no password; its
// command texts are never part of them.
func (s *Store) explain(err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s: %w", s.name, err)
}

// clock is now for what is remembered here.
func (s *Store) clock() time.Time {
	if s.o.Clock != nil {
		return s.o.Clock()
	}
	return time.Now()
}

// now is what scripts are told: microseconds, 0 for Redis's own clock.
func (s *Store) now() float64 {
	if s.o.Clock == nil {
		return 0
	}
	return float64(s.o.Clock().UnixMicro())
}
