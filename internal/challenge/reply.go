package challenge

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/login-guard/login-guard/internal/keys"
	"github.com/login-guard/login-guard/internal/store"
)

// An answer may get lost on its way back. The page sends it again then, the
// very same, and gets the very same reply: judging it anew would call it
// spent, and charge its sender for another check.

// Remember keeps the reply to an answer for as long as a clearance lasts. It
// is sealed: a reply may hold a clearance.
func (c *Checks) Remember(ctx context.Context, a Answer, reply []byte) error {
	key := c.replyKey(a)
	if err := c.Store.Keep(ctx, key, c.Ring.Seal(keys.Challenge, reply, c.replyBound(key)), ClearanceLife); err != nil {
		return fmt.Errorf("keeping a reply: %w", err)
	}
	return nil
}

// Recall returns the reply that an answer got before, nil if it got none.
func (c *Checks) Recall(ctx context.Context, a Answer) ([]byte, error) {
	key := c.replyKey(a)
	value, err := c.Store.Peek(ctx, key)
	if errors.Is(err, store.ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("looking for a reply: %w", err)
	}
	reply, err := c.Ring.Open(keys.Challenge, value, c.replyBound(key))
	if err != nil {
		return nil, nil
	}
	return reply, nil
}

func (c *Checks) replyKey(a Answer) store.Key {
	var b []byte
	for _, part := range []string{a.Token, a.Way, a.Text, string(a.Seen)} {
		b = binary.BigEndian.AppendUint32(b, uint32(len(part)))
		b = append(b, part...)
	}
	return c.key("reply", binary.BigEndian.AppendUint32(b, a.Pow))
}

func (c *Checks) replyBound(key store.Key) []byte {
	return append([]byte("reply/"+c.Site+"/"), key[:]...)
}
