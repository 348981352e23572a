package redis

import (
	"context"
	"crypto/sha1"
	_ "embed" // the scripts
	"encoding/hex"
	"errors"
	"time"

	goredis "github.com/redis/go-redis/v9"
)

// script is a Lua script and the name that Redis knows it by.
type script struct{ source, sha string }

func newScript(source string) *script {
	sum := sha1.Sum([]byte(source)) //nolint:gosec // Redis names scripts so
	return &script{source, hex.EncodeToString(sum[:])}
}

var (
	//go:embed lua/reserve.lua
	reserveSource string
	//go:embed lua/settle.lua
	settleSource string
	//go:embed lua/small.lua
	smallSource string
	//go:embed lua/kept.lua
	keptSource string
	//go:embed lua/rows.lua
	rowsSource string

	reserveScript = newScript(reserveSource)
	settleScript  = newScript(settleSource)
	smallScript   = newScript(smallSource)
	keptScript    = newScript(keptSource)
	rowsScript    = newScript(rowsSource)
)

// prepare makes the command: by name, or with its source.
func (c *call) prepare(ctx context.Context, source bool) {
	args := make([]any, 0, 3+len(c.keys)+len(c.args))
	if source {
		args = append(args, "eval", c.script.source)
	} else {
		args = append(args, "evalsha", c.script.sha)
	}
	args = append(args, len(c.keys))
	for _, k := range c.keys {
		args = append(args, k)
	}
	c.cmd = &once{goredis.NewCmd(ctx, append(args, c.args...)...)}
	c.cmd.SetFirstKeyPos(3)
}

// result is what the script answered; nil for Redis's nil.
func (c *call) result() (any, error) {
	if c.cmd == nil {
		return nil, errClosed // it was never sent
	}
	v, err := c.cmd.Result()
	if errors.Is(err, goredis.Nil) {
		return nil, nil
	}
	return v, err
}

// send sends a batch and answers it, in order.
func (l *lane) send(batch []*op) {
	ctx, cancel := context.WithTimeout(context.Background(), l.timeout)
	defer cancel()
	var calls []*call
	sent := batch[:0]
	for _, o := range batch {
		if !o.state.CompareAndSwap(opQueued, opSent) {
			continue // the caller left, and nothing was done
		}
		if o.local != nil && o.local() {
			l.finish(o, nil)
			continue
		}
		sent = append(sent, o)
		calls = append(calls, o.calls...)
	}
	if len(calls) > 0 {
		l.exec(ctx, calls, false)
		if again := having(calls, "NOSCRIPT"); len(again) > 0 {
			l.load(ctx)
			l.exec(ctx, again, true)
		}
		// A slot that is just moving has some keys here, some there. That
		// is over in a moment.
		for wait := time.Millisecond; ; wait *= 2 {
			again := having(calls, "TRYAGAIN")
			if len(again) == 0 || !pause(ctx, wait) {
				break
			}
			l.exec(ctx, again, true)
		}
	}
	for _, o := range sent {
		var err error
		for _, c := range o.calls {
			if _, e := c.result(); e != nil {
				err = e
			}
		}
		l.finish(o, err)
	}
}

// exec runs calls in one pipeline. Errors stand in the commands.
func (l *lane) exec(ctx context.Context, calls []*call, source bool) {
	l.trips.Add(1)
	p := l.client.Pipeline()
	for _, c := range calls {
		c.prepare(ctx, source)
		_ = p.Process(ctx, c.cmd)
	}
	_, _ = p.Exec(ctx)
}

// load makes Redis know the scripts, so that of a batch either all have to be
// sent again or none. Whatever fails here is seen by what is sent after.
func (l *lane) load(ctx context.Context) {
	on := func(ctx context.Context, c *goredis.Client) error {
		p := c.Pipeline()
		for _, s := range []*script{reserveScript, settleScript, smallScript, keptScript, rowsScript} {
			p.ScriptLoad(ctx, s.source)
		}
		_, err := p.Exec(ctx)
		return err
	}
	switch c := l.client.(type) {
	case *goredis.ClusterClient:
		_ = c.ForEachMaster(ctx, on)
	case *goredis.Client:
		_ = on(ctx, c)
	}
}

// having returns the calls that Redis refused so; it did nothing for them.
func having(calls []*call, prefix string) []*call {
	var out []*call
	for _, c := range calls {
		if err := c.cmd.Err(); err != nil && goredis.HasErrorPrefix(err, prefix) {
			out = append(out, c)
		}
	}
	return out
}

func pause(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// finish answers an op.
func (l *lane) finish(o *op, err error) {
	o.err = err
	s := o.state.Swap(opDone)
	if o.done != nil {
		o.done(s == opGoneSent)
	}
	if o.ready != nil {
		close(o.ready)
	} else if err != nil {
		l.failed()
	}
}
