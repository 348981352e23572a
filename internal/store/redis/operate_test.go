package redis_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	goredis "github.com/redis/go-redis/v9"

	"github.com/login-guard/login-guard/internal/store"
	"github.com/login-guard/login-guard/internal/store/redis"
	"github.com/login-guard/login-guard/internal/store/redis/redistest"
	"github.com/login-guard/login-guard/internal/store/storetest"
)

func TestEveryKeyEndsAndIsNamedAsDocumented(t *testing.T) {
	r := redistest.Start(t)
	s := open(t, "redis://"+r.Addr+"?prefix=shop1:", nil)
	mixed(t, s, 200)
	named := regexp.MustCompile(`^shop1:\{([A-Za-z0-9_-]{11}|room|rows)\}([ctwpmkgsrhil])`)
	kinds := map[string]int{}
	lasting := 0
	for _, k := range keysOf(t, r) {
		m := named.FindStringSubmatch(k)
		rest := 8
		if m != nil && (m[1] == "room" || m[1] == "rows") {
			rest = 0
		}
		if m == nil || len(k) != len(m[0])+rest {
			t.Errorf("%q is named like nothing in docs/redis.md", k)
			continue
		}
		kinds[m[2]]++
		ttl, _ := r.Do("pttl", k).(int64)
		if m[1] == "rows" || m[2] == "r" && ttl == -1 {
			lasting++
			continue // what lasts for ever, and the list of it
		}
		if ttl <= 0 || ttl > 181*24*3600*1000 {
			t.Errorf("%q ends in %d ms", k, ttl)
		}
	}
	if lasting != 5+3 {
		t.Errorf("%d keys last for ever, want 5 rows, and the list's hash, index and log", lasting)
	}
	for _, kind := range "ctwpmkgsrhil" {
		if kinds[string(kind)] == 0 {
			t.Errorf("no key of kind %c was written", kind)
		}
	}
}

// mixed does a bit of everything.
func mixed(t testing.TB, s *redis.Store, n int) {
	t.Helper()
	check := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	for i := range n {
		q := login(fmt.Sprint("203.0.113.", i%50), fmt.Sprint("account ", i%70), i)
		got, err := storetest.Reserve(s, q)
		check(err)
		if i%3 == 0 {
			check(s.Settle(ctx, succeeded(&q, &got)))
		} else {
			check(s.Settle(ctx, failed(&q)))
		}
		key := storetest.Key(fmt.Sprint("kept ", i))
		check(s.Keep(ctx, key, make([]byte, 500), time.Minute, store.Group{Key: keyed("same", fmt.Sprint(i%90)), Max: 2, Replace: true}, store.Group{Key: keyed("host", fmt.Sprint(i%50)), Max: 50}))
		if i%4 == 0 {
			_, err := s.Take(ctx, key)
			check(err)
		} else if i%4 == 1 {
			_, err := s.Extend(ctx, key, 2*time.Minute)
			check(err)
		}
		_, err = s.Spend(ctx, key, time.Minute)
		check(err)
		check(s.Flag(ctx, time.Hour, keyed("session", fmt.Sprint(i))))
	}
	_, err := s.Flagged(ctx, keyed("session", "1"), keyed("other", "1"))
	check(err)
	_, err = s.Peek(ctx, storetest.Key(fmt.Sprint("kept ", n-1)))
	check(err)
	check(s.Mark(ctx, keyed("site", "revoked"), time.Now(), 180*24*time.Hour))
	check(s.Forget(ctx, keyed("203.0.113.1", "address")))
	for i := range 10 {
		key := storetest.Key(fmt.Sprint("row ", i))
		v, err := s.SwapRow(ctx, key, 0, []byte("x"), 0)
		check(err)
		switch i % 4 {
		case 1:
			_, err = s.SwapRow(ctx, key, v, []byte("y"), time.Hour)
		case 2:
			_, err = s.SwapRow(ctx, key, v, nil, 0)
		}
		check(err)
	}
	_, err = s.LoadRow(ctx, storetest.Key("row 0"))
	check(err)
	_, err = s.AcceptLoss(ctx)
	check(err)
	seen := 0
	check(s.EachRow(ctx, 0, func(store.Key, store.Row) error { seen++; return nil }))
	if seen != 8 {
		t.Fatalf("%d rows", seen)
	}
	s.CheckPolicy(ctx)
	if p := s.Stats().Problem; p != "" {
		t.Fatal(p)
	}
	check(s.Ping(ctx))
	eventually(t, "all is sent", func() bool { return s.Status().Waiting == 0 })
	_, err = s.Flagged(ctx, keyed("session", "1")) // after all that
	check(err)
	if n := s.Stats().Errors; n != 0 {
		t.Fatalf("%d errors", n)
	}
}

// aclUser is the line of docs/redis.md.
func aclUser(t *testing.T) string {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("..", "..", "..", "docs", "redis.md"))
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(b)) {
		if strings.HasPrefix(line, "user loginguard ") {
			return strings.TrimSpace(line)
		}
	}
	t.Fatal("docs/redis.md has no ACL line")
	return ""
}

func TestTheDocumentedUserMayDoWhatIsNeededAndNoMore(t *testing.T) {
	line := strings.Replace(aclUser(t), "PASSWORD", "secret", 1)
	r, c := redistest.Start(t), redistest.StartCluster(t)
	for _, n := range append(c.Nodes[:], r) {
		args := []any{"acl", "setuser"}
		for _, f := range strings.Fields(line)[1:] {
			args = append(args, f)
		}
		n.Do(args...)
	}
	for _, url := range []string{"redis://loginguard:secret@" + r.Addr, "redis://loginguard:secret@" + r.Addr + "/1", strings.Replace(c.URL(), "://", "://loginguard:secret@", 1)} {
		s := open(t, url, nil)
		mixed(t, s, 200)
		eventually(t, "it listens", func() bool { return s.Status().Live })
	}
	// A slot on its way: ASK.
	c.Flush()
	s := open(t, strings.Replace(c.URL(), "://", "://loginguard:secret@", 1), nil)
	must(t, s, budget("moves", 10))
	slot, _ := c.Nodes[0].Do("cluster", "keyslot", keysOf(t, c.Nodes[:]...)[0]).(int64)
	m := c.Move(slot)
	m.Keys(100)
	if got := must(t, s, budget("moves", 10)); got.Taken != 1 {
		t.Errorf("%+v", got)
	}
	m.End()

	used := map[string]bool{}
	for _, n := range append(c.Nodes[:], r) {
		if log, _ := n.Do("acl", "log").([]any); len(log) > 0 {
			t.Errorf("refused: %v", log)
		}
		text, _ := n.Do("info", "commandstats").(string)
		for _, m := range regexp.MustCompile(`cmdstat_([^:]+):`).FindAllStringSubmatch(text, -1) {
			used[m[1]] = true
		}
	}
	for _, f := range strings.Fields(line) {
		if f, ok := strings.CutPrefix(f, "+"); ok && !used[f] {
			t.Errorf("%s is not needed", f)
		}
	}
	user := goredis.NewClient(&goredis.Options{Addr: r.Addr, Username: "loginguard", Password: "secret", Protocol: 2, DisableIdentity: true})
	defer user.Close()
	for _, args := range [][]any{{"flushall"}, {"keys", "*"}, {"config", "get", "*"}, {"get", "other"}, {"set", "other", "1"}, {"publish", "other", "x"}, {"script", "flush"}, {"acl", "list"}} {
		if err := user.Do(ctx, args...).Err(); err == nil || !strings.Contains(err.Error(), "NOPERM") {
			t.Errorf("%v: %v", args, err)
		}
	}
}

func TestTheDocumentedUserOfTheSentinelsSuffices(t *testing.T) {
	b, err := os.ReadFile(filepath.Join("..", "..", "..", "docs", "redis.md"))
	if err != nil {
		t.Fatal(err)
	}
	flat := strings.Join(strings.Fields(strings.ReplaceAll(string(b), "`", " ")), " ")
	_, flat, ok := strings.Cut(flat, "Sentinels want of their user ")
	may, _, ok2 := strings.Cut(flat, ".")
	if !ok || !ok2 {
		t.Fatal("docs/redis.md says nothing of it")
	}
	may = strings.ReplaceAll(may, "and the channels ", "")
	r := redistest.StartTrio(t)
	for _, n := range r.Sentinels {
		args := []any{"acl", "setuser", "watcher", "on", ">secret", "resetkeys", "resetchannels", "-@all"}
		for _, f := range strings.Fields(may) {
			args = append(args, f)
		}
		n.Do(args...)
	}
	s := open(t, r.URL(), func(o *redis.Options) { o.SentinelUsername, o.SentinelPassword = "watcher", "secret" })
	must(t, s, budget("a", 10))
	r.FailOver()
	eventually(t, "it goes on", func() bool { _, err := one(s, budget("a", 10)); return err == nil })
	for _, n := range r.Sentinels {
		if log, _ := n.Do("acl", "log").([]any); len(log) > 0 {
			t.Errorf("refused: %v", log)
		}
	}
	wrong := open(t, r.URL(), func(o *redis.Options) {
		o.SentinelUsername, o.SentinelPassword, o.Timeout = "watcher", "hunter2", time.Second
	})
	if _, err := one(wrong, budget("a", 10)); err == nil || strings.Contains(err.Error(), "hunter2") {
		t.Errorf("with a wrong password: %v", err)
	}
}

func TestTLSIsSpokenAndChecked(t *testing.T) {
	c := redistest.MakeCertificates(t)
	r := redistest.StartTLS(t, c)
	mixed(t, open(t, "rediss://"+r.Addr+"?ca="+c.CA, nil), 8)
	other := redistest.MakeCertificates(t)
	for name, url := range map[string]string{
		"another's certificate": "rediss://" + r.Addr + "?ca=" + other.CA,
		"the system's":          "rediss://" + r.Addr,
		"another name":          "rediss://" + r.Addr + "?server_name=redis.example&ca=" + c.CA,
		"none":                  "redis://" + r.Addr,
	} {
		if _, err := one(open(t, url, func(o *redis.Options) { o.Timeout = 2 * time.Second }), budget("a", 1)); err == nil {
			t.Errorf("%s: it was trusted", name)
		}
	}
}

func TestCloseSendsWhatWaits(t *testing.T) {
	r := redistest.Start(t)
	s := open(t, "redis://"+r.Addr, nil)
	ask := store.Ask{Key: storetest.Key("x"), HalfLife: time.Hour}
	for range 500 {
		if err := s.Settle(ctx, &store.Settle{Counts: []store.Count{{Ask: ask, Failures: 1}}}); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Close(ctx); err != nil {
		t.Fatal(err)
	}
	got, err := storetest.Reserve(open(t, "redis://"+r.Addr, nil), store.Reserve{Tallies: []store.Ask{ask}})
	if err != nil || got.Tallies[0].Failures < 499 {
		t.Errorf("%v failures of 500, %v", got.Tallies[0].Failures, err)
	}
	if _, err := one(s, budget("a", 1)); err == nil {
		t.Error("a closed store answers")
	}
}

func TestCloseDoesNotWaitForARedisThatHangs(t *testing.T) {
	r := redistest.Start(t)
	s := open(t, "redis://"+r.Addr, nil)
	must(t, s, budget("a", 1))
	r.Pause()
	defer r.Resume()
	if err := s.Settle(ctx, &store.Settle{Refund: []store.Charge{budget("a", 1)}}); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(ctx, 50*time.Millisecond)
	defer cancel()
	from := time.Now()
	_ = s.Close(ctx)
	if took := time.Since(from); took > patient/2 {
		t.Errorf("took %v", took)
	}
}

func TestKeptThingsAndMarkersAreBounded(t *testing.T) {
	r := redistest.Start(t)
	c := storetest.NewClock()
	s := open(t, "redis://"+r.Addr, func(o *redis.Options) {
		o.Clock, o.KeptBytes, o.Kept, o.Spent = c.Now, 1000, 50, 5
	})
	kept := 0
	for i := range 20 {
		if s.Keep(ctx, storetest.Key(fmt.Sprint(i)), make([]byte, 100), time.Minute) == nil {
			kept++
		}
	}
	if n := s.Stats(); kept != 10 || n.Kept != 10 || n.KeptBytes != 1000 {
		t.Errorf("kept %d of 100 bytes in 1000, and says %+v", kept, n)
	}
	if _, err := s.Take(ctx, storetest.Key("0")); err != nil {
		t.Fatal(err)
	}
	if err := s.Keep(ctx, storetest.Key("again"), make([]byte, 100), time.Minute); err != nil {
		t.Errorf("one was taken, there is room again: %v", err)
	}
	c.Move(time.Hour)
	if err := s.Keep(ctx, storetest.Key("later"), make([]byte, 1000), time.Minute); err != nil {
		t.Errorf("what expired still takes room: %v", err)
	}
	for range 20 { // the same thing again and again takes the room of one
		for i := range 3 {
			if _, err := s.Spend(ctx, storetest.Key(fmt.Sprint(i)), time.Hour); err != nil {
				t.Fatal(err)
			}
		}
	}
	for i, want := range []bool{true, true, false} {
		if ok, err := s.Spend(ctx, storetest.Key(fmt.Sprint("more ", i)), time.Hour); ok != want || err != nil {
			t.Errorf("marker %d of 5: first %v, %v", i+4, ok, err)
		}
	}
	c.Move(3 * time.Hour)
	if ok, err := s.Spend(ctx, storetest.Key("5"), time.Hour); !ok || err != nil {
		t.Errorf("room again: first %v, %v", ok, err)
	}
}

func TestMemoryOfAKeyIsBounded(t *testing.T) {
	r := redistest.Start(t)
	s := open(t, "redis://"+r.Addr, nil)
	memory := func() int {
		n, err := strconv.Atoi(r.Info("memory", "used_memory"))
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	must(t, s, budget("warm", 1))
	for _, test := range []struct {
		name string
		most int
		one  func(k store.Key) error
	}{
		{"budget", 170, func(k store.Key) error {
			_, err := one(s, store.Charge{Key: k, Burst: 5, Every: time.Hour})
			return err
		}},
		{"tally", 230, func(k store.Key) error {
			return s.Settle(ctx, &store.Settle{Counts: []store.Count{{Ask: store.Ask{Key: k, HalfLife: time.Hour, Window: time.Hour}, Failures: 1, FailedOf: 1 << 63}}})
		}},
		{"wall", 190, func(k store.Key) error {
			_, err := storetest.Reserve(s, store.Reserve{Wall: store.Wall{Key: k, GapFrom: 20, RowFrom: 100}})
			return err
		}},
		{"profile", 290, func(k store.Key) error {
			return s.Settle(ctx, &store.Settle{Visit: store.Visit{Key: k, Country: 1, ASN: 2, Family: 3, Address: 4}})
		}},
		{"failed login of an address and a name never seen", 2200, func(k store.Key) error {
			q := login(string(k[:8]), string(k[8:]), 0)
			if _, err := storetest.Reserve(s, q); err != nil {
				return err
			}
			return s.Settle(ctx, failed(&q))
		}},
	} {
		const n = 8192 // a full hash table of Redis's
		r.Flush()
		before := memory()
		const hands = 8 // one alone would wait for an answer after the other
		done := make(chan error, hands)
		for hand := range hands {
			go func() {
				for i := hand; i < n; i += hands {
					if err := test.one(storetest.Key(fmt.Sprint(test.name, i))); err != nil {
						done <- err
						return
					}
				}
				done <- nil
			}()
		}
		for range hands {
			if err := <-done; err != nil {
				t.Fatal(err)
			}
		}
		eventually(t, "all is sent", func() bool { return s.Status().Waiting == 0 })
		if _, err := s.Flagged(ctx, storetest.Key("x")); err != nil {
			t.Fatal(err)
		}
		each := (memory() - before) / n
		t.Logf("%s: %d bytes", test.name, each)
		if each > test.most {
			t.Errorf("%s: %d bytes, want %d at most", test.name, each, test.most)
		}
	}
}
