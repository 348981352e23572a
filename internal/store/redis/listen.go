package redis

import (
	"context"
	"errors"
	"net"
	"time"

	goredis "github.com/redis/go-redis/v9"
)

// quiet is how long a subscription may say nothing before it is asked for a
// sign of life; twice that, and it counts as dead.
const quiet = 3 * time.Second

// listen starts to hear what other nodes give back, with the first
// reservation: nothing is dialled before.
func (s *Store) listen() {
	s.listening.Do(func() {
		if s.ctx.Err() != nil {
			return // closed
		}
		s.done.Go(func() {
			for wait := 50 * time.Millisecond; s.ctx.Err() == nil; wait = min(2*wait, 2*time.Second) {
				if s.hear() {
					wait = 50 * time.Millisecond
				}
				s.denied.live.Store(false)
				pause(s.ctx, wait)
			}
		})
	})
}

// hear subscribes and listens until that breaks; it reports whether it ever
// was subscribed. What was missed meanwhile nobody knows, so each subscription
// begins with an empty table.
func (s *Store) hear() (subscribed bool) {
	sub := s.client.Subscribe(s.ctx, s.o.channel())
	defer sub.Close()
	stop := context.AfterFunc(s.ctx, func() { _ = sub.Close() })
	defer stop()
	asked := false
	for {
		got, err := sub.ReceiveTimeout(s.ctx, quiet)
		var timeout net.Error
		switch {
		case err == nil:
			asked = false
		case errors.As(err, &timeout) && timeout.Timeout() && !asked && subscribed:
			if sub.Ping(s.ctx) != nil {
				return subscribed
			}
			asked = true
			continue
		default:
			return subscribed
		}
		switch m := got.(type) {
		case *goredis.Subscription:
			s.denied.clear()
			s.denied.live.Store(true)
			subscribed = true
		case *goredis.Message:
			u := unblob{b: m.Payload}
			at := u.double()
			if k, ok := s.o.unkey(kindCounter, u.b); ok && !u.short {
				s.denied.heard(k, at, s.clock())
			}
		}
	}
}
