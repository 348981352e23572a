package challenge

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"

	"github.com/login-guard/login-guard/internal/device"
	"github.com/login-guard/login-guard/internal/store"
)

// Clearance is what a passed check earns.
type Clearance struct {
	Rung    device.Rung
	Hold    [16]byte
	Account device.Account
	// Evidence is what the answering said about who answered.
	Evidence Evidence
	// reply is where the reply is kept that brings the clearance; it goes with
	// it.
	reply store.Key
}

// ErrClearance: there is no such clearance: it was used, or it expired.
var ErrClearance = errors.New("clearance is unknown or used")

// rung is what passing a kind of check is worth. The sound and the slow way
// stand in for the picture.
func rung(k Kind) device.Rung {
	switch k {
	case Slider:
		return device.Slider
	case Picture, Sound, Slow:
		return device.Picture
	}
	return device.NoRung
}

// Earned is the clearance that passing t earns.
func (t Token) Earned(e Evidence) Clearance {
	return Clearance{Rung: rung(t.Kind), Hold: t.Hold, Account: t.Account, Evidence: e}
}

// For says which answer a clearance is for.
func (c *Checks) For(cl Clearance, a Answer) Clearance {
	cl.reply = c.replyKey(a)
	return cl
}

// Clear keeps a clearance and returns its name.
func (c *Checks) Clear(ctx context.Context, cl Clearance) (string, error) {
	var id [16]byte
	if _, err := io.ReadFull(c.Random, id[:]); err != nil {
		return "", fmt.Errorf("making a clearance: %w", err)
	}
	value := append([]byte{byte(cl.Rung)}, cl.Hold[:]...)
	value = append(value, cl.Account[:]...)
	value = append(value, cl.reply[:]...)
	value = cl.Evidence.append(value)
	if err := c.Store.Keep(ctx, c.key("clearance", id[:]), value, ClearanceLife); err != nil {
		return "", fmt.Errorf("keeping a clearance: %w", err)
	}
	return base64.RawURLEncoding.EncodeToString(id[:]), nil
}

// TakeClearance returns a clearance and removes it. The error is
// ErrClearance, or that of the store.
func (c *Checks) TakeClearance(ctx context.Context, name string) (Clearance, error) {
	var cl Clearance
	id, err := base64.RawURLEncoding.DecodeString(name)
	if err != nil || len(id) != 16 {
		return cl, ErrClearance
	}
	value, err := c.Store.Take(ctx, c.key("clearance", id))
	if errors.Is(err, store.ErrNotFound) {
		return cl, ErrClearance
	}
	if err != nil {
		return cl, fmt.Errorf("taking a clearance: %w", err)
	}
	if len(value) < 1+16+16+16+1 {
		return cl, ErrClearance
	}
	cl.Rung = device.Rung(value[0])
	copy(cl.Hold[:], value[1:])
	copy(cl.Account[:], value[17:])
	cl.Evidence = readEvidence(value[49:])
	if reply := store.Key(value[33:49]); !reply.IsZero() {
		// Whatever comes of it: it is in the way of nobody.
		_, _ = c.Store.Take(ctx, reply)
	}
	return cl, nil
}
