package caddymodule

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/caddyserver/certmagic"

	"github.com/login-guard/login-guard/internal/keys"
)

// keyNode is the keyring of one node on a folder that nodes share.
func keyNode(folder string, now *time.Time) *keyring {
	return &keyring{storage: &certmagic.FileStorage{Path: folder}, now: func() time.Time { return *now }}
}

func mustRing(t *testing.T, k *keyring) *keys.Ring {
	t.Helper()
	r, err := k.load()
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestNodesThatStartAtOnceMakeOneKey(t *testing.T) {
	folder, now := t.TempDir(), time.Unix(1_800_000_000, 0)
	nodes := make([]*keyring, 8)
	var wg sync.WaitGroup
	for i := range nodes {
		nodes[i] = keyNode(folder, &now)
		wg.Go(func() { _, _ = nodes[i].load() })
	}
	wg.Wait()
	sealed := mustRing(t, nodes[0]).Seal(keys.Device, []byte("x"), nil)
	for i, n := range nodes {
		if _, err := mustRing(t, n).Open(keys.Device, sealed, nil); err != nil {
			t.Errorf("node %d has another key", i)
		}
	}
	f, err := os.Stat(filepath.Join(folder, "login_guard", "key"))
	if err != nil || f.Mode().Perm()&0o077 != 0 {
		t.Errorf("the key's file: %v, %v", f.Mode(), err)
	}
}

func TestANodeFollowsAKeyThatAnotherMade(t *testing.T) {
	folder, now := t.TempDir(), time.Unix(1_800_000_000, 0)
	a, b := keyNode(folder, &now), keyNode(folder, &now)
	old := mustRing(t, a).Seal(keys.Device, []byte("x"), nil)
	mustRing(t, b)
	if err := a.rotate(context.Background()); err != nil {
		t.Fatal(err)
	}
	fresh := mustRing(t, a).Seal(keys.Device, []byte("x"), nil)
	if mustRing(t, b).Knows(fresh) {
		t.Fatal("the test needs two keys")
	}
	if b.foreign(now) {
		t.Error("the operator is told of what mends itself")
	}
	for name, sealed := range map[string][]byte{"old": old, "new": fresh} {
		if _, err := mustRing(t, b).Open(keys.Device, sealed, nil); err != nil {
			t.Errorf("the other node does not open what the %s key sealed", name)
		}
	}
	// Made-up values cost a look once a minute at most.
	if b.foreign(now.Add(30 * time.Second)) {
		t.Error("looked again within a minute")
	}
	if !b.foreign(now.Add(61 * time.Second)) {
		t.Error("the operator is not told of a key that is nowhere")
	}
}

func TestARotationOutlivesARestartAndKeepsNames(t *testing.T) {
	folder, now := t.TempDir(), time.Unix(1_800_000_000, 0)
	first := keyNode(folder, &now)
	name := mustRing(t, first).Sum(keys.Pseudonym, []byte("alice"))
	for range 5 {
		if err := first.rotate(context.Background()); err != nil {
			t.Fatal(err)
		}
	}
	sealed := mustRing(t, first).Seal(keys.Device, []byte("x"), nil)
	again := mustRing(t, keyNode(folder, &now))
	if _, err := again.Open(keys.Device, sealed, nil); err != nil {
		t.Error(err)
	}
	if again.Sum(keys.Pseudonym, []byte("alice")) != name {
		t.Error("names changed")
	}
}

func TestAKeyThatIsSetIsChangedBySettingTwo(t *testing.T) {
	oldKey, newKey := strings.Repeat("11", 32), strings.Repeat("22", 32)
	now := time.Unix(1_800_000_000, 0)
	set := func(text string) *keyring { return &keyring{setting: text, now: func() time.Time { return now }} }
	before, both := mustRing(t, set(oldKey)), mustRing(t, set(newKey+" "+oldKey))
	if _, err := both.Open(keys.Device, before.Seal(keys.Device, nil, nil), nil); err != nil {
		t.Error("the old key does not open")
	}
	if before.Knows(both.Seal(keys.Device, nil, nil)) {
		t.Error("the old key still seals")
	}
	if both.Sum(keys.Pseudonym, []byte("a")) != before.Sum(keys.Pseudonym, []byte("a")) {
		t.Error("names changed")
	}
	if err := set(oldKey).rotate(context.Background()); err == nil || !strings.Contains(err.Error(), "key NEW OLD") {
		t.Errorf("rotating a key that is set: %v", err)
	}
	file := filepath.Join(t.TempDir(), "key")
	if err := os.WriteFile(file, []byte(newKey+"\n"+oldKey+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if r := mustRing(t, set("{file."+file+"}")); r.ID() != both.ID() {
		t.Error("a file of two keys gives another ring")
	}
}

func TestADamagedKeyInStorageSaysWhereItIs(t *testing.T) {
	folder, now := t.TempDir(), time.Unix(1_800_000_000, 0)
	k := keyNode(folder, &now)
	if err := k.storage.Store(context.Background(), keyPath, []byte("half a k")); err != nil {
		t.Fatal(err)
	}
	if _, err := k.load(); err == nil || !strings.Contains(err.Error(), keyPath) || strings.Contains(err.Error(), "half a k") {
		t.Errorf("got %v", err)
	}
}
