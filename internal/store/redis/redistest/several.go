package redistest

import (
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	goredis "github.com/redis/go-redis/v9"
)

// MasterName is what the sentinels call the master.
const MasterName = "shop"

// Trio is a master with a replica, and three sentinels that watch them.
type Trio struct {
	Servers   [2]*Server // the first is the master at the start
	Sentinels [3]*Server
}

// StartTrio starts them and waits until the sentinels know of the replica. A
// fail-over begins a second after the master is gone.
func StartTrio(t testing.TB) *Trio {
	t.Helper()
	s := &Trio{}
	s.Servers[0] = Start(t, "--repl-diskless-sync-delay", "0")
	host, port, _ := net.SplitHostPort(s.Servers[0].Addr)
	s.Servers[1] = Start(t, "--repl-diskless-sync-delay", "0", "--replicaof", host+" "+port)
	s.Servers[1].Eventually("the replica follows", func() bool {
		return s.Servers[1].Info("replication", "master_link_status") == "up"
	})
	for i := range s.Sentinels {
		n := &Server{Addr: freePort(t), t: t, dir: t.TempDir(), env: serverEnv{sentinel: true}}
		_, own, _ := net.SplitHostPort(n.Addr)
		conf := fmt.Sprintf(`port %s
bind 127.0.0.1
dir %s
sentinel monitor %s %s %s 2
sentinel down-after-milliseconds %s 1000
sentinel failover-timeout %s 5000
sentinel parallel-syncs %s 1
`, own, n.dir, MasterName, host, port, MasterName, MasterName, MasterName)
		if err := os.WriteFile(filepath.Join(n.dir, "sentinel.conf"), []byte(conf), 0o600); err != nil {
			t.Fatal(err)
		}
		n.launch()
		t.Cleanup(n.Kill)
		s.Sentinels[i] = n
	}
	for _, n := range s.Sentinels {
		n.Eventually("the sentinels know each other and the replica", func() bool {
			text, _ := n.Do("info", "sentinel").(string)
			return strings.Contains(text, "status=ok") && strings.Contains(text, "slaves=1") && strings.Contains(text, "sentinels=3")
		})
	}
	return s
}

// Addrs are those of the sentinels.
func (s *Trio) Addrs() []string {
	return []string{s.Sentinels[0].Addr, s.Sentinels[1].Addr, s.Sentinels[2].Addr}
}

// URL is what an operator writes.
func (s *Trio) URL() string {
	return "redis-sentinel://" + strings.Join(s.Addrs(), ",") + "/" + MasterName + "/0"
}

// Master is the address that the sentinels give.
func (s *Trio) Master() string {
	a, _ := s.Sentinels[0].Do("sentinel", "get-master-addr-by-name", MasterName).([]any)
	if len(a) != 2 {
		return ""
	}
	return fmt.Sprintf("%v:%v", a[0], a[1])
}

// FailOver makes the replica the master and waits until it is.
func (s *Trio) FailOver() {
	was := s.Master()
	next := s.Servers[0]
	if was == next.Addr {
		next = s.Servers[1]
	}
	sentinel := s.Sentinels[0].Client()
	// It takes no replica of which it has not heard how far it is (NOGOODSLAVE):
	// it knows that there is one before.
	s.Sentinels[0].Eventually("a sentinel begins to fail over", func() bool {
		err := sentinel.Do(context.Background(), "sentinel", "failover", MasterName).Err()
		return err == nil || s.Master() == next.Addr
	})
	s.Sentinels[0].Eventually("the replica is master", func() bool {
		return s.Master() == next.Addr && next.Info("replication", "role") == "master"
	})
}

// Cluster is a cluster of three masters.
type Cluster struct{ Nodes [3]*Server }

// StartCluster starts one and waits until all nodes agree on who has what.
func StartCluster(t testing.TB) *Cluster {
	t.Helper()
	c := &Cluster{}
	args := []string{"--cluster", "create"}
	for i := range c.Nodes {
		c.Nodes[i] = Start(t, "--cluster-enabled", "yes", "--cluster-node-timeout", "3000")
		args = append(args, c.Nodes[i].Addr)
	}
	out, err := exec.Command("redis-cli", append(args, "--cluster-yes")...).CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	for _, n := range c.Nodes {
		n.Eventually("the cluster stands", func() bool {
			text, _ := n.Do("cluster", "info").(string)
			return strings.Contains(text, "cluster_state:ok") && strings.Contains(text, "cluster_slots_ok:16384") && strings.Contains(text, "cluster_known_nodes:3")
		})
	}
	return c
}

// Addrs of all nodes.
func (c *Cluster) Addrs() []string {
	return []string{c.Nodes[0].Addr, c.Nodes[1].Addr, c.Nodes[2].Addr}
}

// URL is what an operator writes.
func (c *Cluster) URL() string { return "redis-cluster://" + strings.Join(c.Addrs(), ",") }

// Flush empties all nodes.
func (c *Cluster) Flush() {
	for _, n := range c.Nodes {
		n.Flush()
	}
}

func (c *Cluster) id(n *Server) string {
	s, _ := n.Do("cluster", "myid").(string)
	return s
}

// Owner is the node that has a slot.
func (c *Cluster) Owner(slot int64) *Server {
	slots, err := c.Nodes[0].Client().ClusterSlots(context.Background()).Result()
	if err != nil {
		c.Nodes[0].t.Fatal(err)
	}
	for _, s := range slots {
		if int64(s.Start) > slot || slot > int64(s.End) {
			continue
		}
		for _, n := range c.Nodes {
			if n.Addr == s.Nodes[0].Addr {
				return n
			}
		}
	}
	c.Nodes[0].t.Fatalf("nobody has slot %d", slot)
	return nil
}

// Moving is a slot on its way from one node to another.
type Moving struct {
	c        *Cluster
	slot     int64
	From, To *Server
	from, to *goredis.Client
}

// Move begins to move a slot: from now on what is not there is asked (ASK) of
// the node it moves to.
func (c *Cluster) Move(slot int64) *Moving {
	m := &Moving{c: c, slot: slot, From: c.Owner(slot)}
	for _, n := range c.Nodes {
		if n != m.From {
			m.To = n
		}
	}
	m.from, m.to = m.From.Client(), m.To.Client()
	m.To.Do("cluster", "setslot", slot, "importing", c.id(m.From))
	m.From.Do("cluster", "setslot", slot, "migrating", c.id(m.To))
	return m
}

// Keys moves at most n keys and returns how many it moved.
func (m *Moving) Keys(n int) int {
	ctx := context.Background()
	host, port, _ := net.SplitHostPort(m.To.Addr)
	keys, err := m.from.ClusterGetKeysInSlot(ctx, int(m.slot), n).Result()
	if err != nil {
		m.From.t.Fatal(err)
	}
	if len(keys) > 0 {
		args := []any{"migrate", host, port, "", 0, 5000, "keys"}
		for _, k := range keys {
			args = append(args, k)
		}
		if err := m.from.Do(ctx, args...).Err(); err != nil {
			m.From.t.Fatal(err)
		}
	}
	return len(keys)
}

// End moves what is left and tells all nodes: from now on the old one answers
// MOVED.
func (m *Moving) End() {
	for m.Keys(100) > 0 {
		continue
	}
	// The one that gets it first, so that it is never nobody's.
	nodes := slices.Clone(m.c.Nodes[:])
	slices.SortFunc(nodes, func(a, b *Server) int {
		if a == m.To {
			return -1
		}
		if b == m.To {
			return 1
		}
		return 0
	})
	for _, n := range nodes {
		n.Do("cluster", "setslot", m.slot, "node", m.c.id(m.To))
	}
}
