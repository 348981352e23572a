package caddymodule

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"time"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/certmagic"

	"github.com/login-guard/login-guard/internal/keys"
)

// Where the master key is in Caddy's storage.
const (
	keyPath = "login_guard/key"
	keyLock = "login_guard_key"
)

// loadRing returns the key ring: from the settings, or from Caddy's storage,
// where the first node of a cluster makes it under a lock.
func loadRing(ctx context.Context, setting string, storage certmagic.Storage) (*keys.Ring, error) {
	if setting != "" {
		text, err := caddy.NewReplacer().ReplaceOrErr(setting, true, true)
		if err != nil {
			return nil, fmt.Errorf("key: %w", err)
		}
		master, err := keys.Parse(strings.TrimSpace(text))
		if err != nil {
			return nil, err
		}
		return keys.NewRing(master)
	}
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	if err := storage.Lock(ctx, keyLock); err != nil {
		return nil, fmt.Errorf("locking Caddy's storage to make the key: %w", err)
	}
	defer func() { _ = storage.Unlock(context.WithoutCancel(ctx), keyLock) }()
	text, err := storage.Load(ctx, keyPath)
	if errors.Is(err, fs.ErrNotExist) {
		master := keys.NewMaster()
		text = []byte(base64.StdEncoding.EncodeToString(master))
		if err := storage.Store(ctx, keyPath, text); err != nil {
			return nil, fmt.Errorf("keeping the key in Caddy's storage: %w", err)
		}
		return keys.NewRing(master)
	}
	if err != nil {
		return nil, fmt.Errorf("reading the key from Caddy's storage: %w", err)
	}
	master, err := keys.Parse(strings.TrimSpace(string(text)))
	if err != nil {
		return nil, fmt.Errorf("the key in Caddy's storage (%s) is damaged; restore it or remove it: %w", keyPath, err)
	}
	return keys.NewRing(master)
}
