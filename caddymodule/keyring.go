package caddymodule

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"sync"
	"sync/atomic"
	"time"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/certmagic"

	"github.com/login-guard/login-guard/internal/keys"
)

// Where the master keys are in Caddy's storage.
const (
	keyPath = "login_guard/key"
	keyLock = "login_guard_key"
	keyWait = 10 * time.Second
)

// keyring loads the keys: from the settings, or from Caddy's storage, where
// the first node of a cluster makes one under a lock.
type keyring struct {
	setting string
	storage certmagic.Storage
	now     func() time.Time

	once sync.Once
	ring *keys.Ring
	err  error

	looked atomic.Int64 // when foreign last acted, unix seconds
}

// load returns the ring. Whoever needs it first loads it: apps start in no
// particular order.
func (k *keyring) load() (*keys.Ring, error) {
	k.once.Do(func() { k.ring, k.err = k.make(context.Background()) })
	return k.ring, k.err
}

func (k *keyring) make(ctx context.Context) (*keys.Ring, error) {
	if k.setting != "" {
		text, err := caddy.NewReplacer().ReplaceOrErr(k.setting, true, true)
		if err != nil {
			return nil, fmt.Errorf("key: %w", err)
		}
		list, err := keys.ParseList(text)
		if err != nil {
			return nil, err
		}
		return list.Ring(k.now())
	}
	list, err := k.stored(ctx, func(l keys.List) keys.List {
		if len(l) > 0 {
			return nil
		}
		return keys.List{{Key: keys.NewMaster(), Made: k.now()}}
	})
	if err != nil {
		return nil, err
	}
	return list.Ring(k.now())
}

// stored reads the keys in Caddy's storage under a lock and writes what
// change makes of them, unless that is nil.
func (k *keyring) stored(ctx context.Context, change func(keys.List) keys.List) (keys.List, error) {
	ctx, cancel := context.WithTimeout(ctx, keyWait)
	defer cancel()
	if err := k.storage.Lock(ctx, keyLock); err != nil {
		return nil, fmt.Errorf("locking Caddy's storage for the key: %w", err)
	}
	defer func() { _ = k.storage.Unlock(context.WithoutCancel(ctx), keyLock) }()
	list, err := k.read(ctx)
	if err != nil {
		return nil, err
	}
	if next := change(list); next != nil {
		if err := k.storage.Store(ctx, keyPath, []byte(next.String())); err != nil {
			return nil, fmt.Errorf("keeping the key in Caddy's storage: %w", err)
		}
		return next, nil
	}
	return list, nil
}

// read reads the keys in Caddy's storage; none is no error.
func (k *keyring) read(ctx context.Context) (keys.List, error) {
	text, err := k.storage.Load(ctx, keyPath)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("reading the key from Caddy's storage: %w", err)
	}
	list, err := keys.ParseList(string(text))
	if err != nil {
		return nil, fmt.Errorf("the key in Caddy's storage (%s) is damaged; restore it or remove it: %w", keyPath, err)
	}
	return list, nil
}

// rotate makes a new key that seals from now on; what older ones sealed still
// opens for keys.Overlap. Nodes on the same storage follow by themselves.
func (k *keyring) rotate(ctx context.Context) error {
	if k.setting != "" {
		return errors.New("the key is set by the option `key`: put a new one before it there (`key NEW OLD`) and reload")
	}
	ring, err := k.load()
	if err != nil {
		return err
	}
	list, err := k.stored(ctx, func(l keys.List) keys.List {
		for {
			// Two keys in 256 look alike and do not go together.
			if next := l.Rotate(keys.NewMaster(), k.now()); goTogether(next, k.now()) {
				return next
			}
		}
	})
	if err != nil {
		return err
	}
	return list.Refresh(ring, k.now())
}

func goTogether(l keys.List, now time.Time) bool {
	_, err := l.Ring(now)
	return err == nil
}

// refresh takes over keys that another node made.
func (k *keyring) refresh(ctx context.Context) error {
	ring, err := k.load()
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, keyWait)
	defer cancel()
	list, err := k.read(ctx)
	if err != nil || len(list) == 0 {
		return err
	}
	return list.Refresh(ring, k.now())
}

// foreignEach is how often it is looked whether there are new keys.
const foreignEach = 60

// foreign is told of a value that was sealed with a key that this node does
// not have. Another node may have made a new one: once a minute it is looked
// for. Where the key comes from the settings there is nothing to look for,
// and foreign reports true when the operator is to be told.
func (k *keyring) foreign(now time.Time) (tell bool) {
	last := k.looked.Load()
	if now.Unix()-last < foreignEach || !k.looked.CompareAndSwap(last, now.Unix()) {
		return false
	}
	if k.setting != "" {
		return true
	}
	before := k.ring.ID()
	if err := k.refresh(context.Background()); err != nil {
		return true
	}
	return k.ring.ID() == before
}
