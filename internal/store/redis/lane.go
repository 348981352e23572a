package redis

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"time"

	goredis "github.com/redis/go-redis/v9"
)

// errBusy: more waits to be sent than there is room for.
var errBusy = errors.New("too much is waiting for Redis")

// errTimeout: no answer in time.
var errTimeout = errors.New("no answer in time")

// errClosed: the store was closed.
var errClosed = errors.New("closed")

// call is one run of a script, on keys of one hash tag.
type call struct {
	script *script
	keys   []string
	args   []any

	cmd *once
}

// once is a command that go-redis never sends again of its own accord: it
// follows MOVED and ASK, which say that nothing was done, and gives up on
// everything else.
type once struct{ *goredis.Cmd }

// NoRetry implements goredis.Cmder.
func (once) NoRetry() bool { return true }

// op is some calls that go to Redis together, in one pipeline with whatever
// else waits.
type op struct {
	calls []*call
	// local answers without Redis if it can. It is asked when the op is
	// about to be sent: while it waited, the answer may have become known.
	local func() bool
	// done reads the answers. Ops are done in the order in which they were
	// sent; gone says that the caller has left.
	done func(gone bool)

	state atomic.Int32
	ready chan struct{} // nil: nobody waits
	err   error         // it was not sent, or not answered
}

// States of an op.
const (
	opQueued int32 = iota
	opSent
	opDone
	opGone     // the caller left before it was sent
	opGoneSent // the caller left after
)

// maxBatch bounds how long the last of a pipeline waits for the first: 128
// reservations take a loaded Redis about 10 ms.
const maxBatch = 128

// lane sends everything that is asked of Redis in the order in which it was
// asked, in pipelines: what comes while one is under way goes with the next.
// So a node reads its own writes, a unit given back is seen by the reservation
// after it, and under load one system call serves many reservations.
type lane struct {
	client  goredis.UniversalClient
	timeout time.Duration
	failed  func() // something failed that nobody waits for

	trips atomic.Int64

	wake chan struct{}
	end  chan struct{}

	mu     sync.Mutex
	queue  []*op
	closed bool // nothing that somebody waits for is taken any more
	ended  bool // nothing at all is
}

func newLane(client goredis.UniversalClient, timeout time.Duration, failed func()) *lane {
	return &lane{client: client, timeout: timeout, failed: failed,
		wake: make(chan struct{}, 1), end: make(chan struct{})}
}

func (l *lane) waiting() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.queue)
}

// put queues an op that nobody waits for. It has more room than those that
// somebody waits for, so that a flood of attempts pushes out no refund, and it
// is taken until the lane has ended: the last answers may lead to more.
func (l *lane) put(o *op) {
	if err := l.enqueue(o, 2*maxQueued, func() bool { return l.ended }); err != nil {
		l.finish(o, err)
	}
}

func (l *lane) enqueue(o *op, room int, closed func() bool) error {
	l.mu.Lock()
	var err error
	switch {
	case closed():
		err = errClosed
	case len(l.queue) >= room:
		err = errBusy
	default:
		l.queue = append(l.queue, o)
	}
	l.mu.Unlock()
	l.nudge()
	return err
}

func (l *lane) nudge() {
	select {
	case l.wake <- struct{}{}:
	default:
	}
}

// do queues an op and waits for its answer until the deadline. That ctx is
// cancelled does not matter: a visitor who leaves must not leave half of a
// reservation behind. Its deadline does.
func (l *lane) do(ctx context.Context, o *op) error {
	if err := ctx.Err(); err != nil {
		return err // nothing was done yet
	}
	wait := l.timeout
	if end, ok := ctx.Deadline(); ok {
		wait = min(wait, time.Until(end))
	}
	o.ready = make(chan struct{})
	if err := l.enqueue(o, maxQueued, func() bool { return l.closed }); err != nil {
		l.finish(o, err)
		return err
	}
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-o.ready:
		return o.err
	case <-timer.C:
	}
	if o.leave() {
		return errTimeout
	}
	<-o.ready // it was just answered
	return o.err
}

// leave gives an op up and reports whether it was not answered yet.
func (o *op) leave() bool {
	return o.state.CompareAndSwap(opQueued, opGone) || o.state.CompareAndSwap(opSent, opGoneSent)
}

// run sends until the lane is closed and empty.
func (l *lane) run() {
	defer close(l.end)
	for {
		l.mu.Lock()
		n := min(len(l.queue), maxBatch)
		batch := append([]*op(nil), l.queue[:n]...)
		clear(l.queue[:n])
		if l.queue = l.queue[n:]; len(l.queue) == 0 {
			l.queue = nil
		}
		if n == 0 && l.closed {
			l.ended = true
		}
		ended := l.ended
		l.mu.Unlock()
		switch {
		case n > 0:
			l.send(batch)
		case ended:
			return
		default:
			<-l.wake
		}
	}
}

// close lets what waits be sent until ctx ends.
func (l *lane) close(ctx context.Context) {
	l.mu.Lock()
	l.closed = true
	l.mu.Unlock()
	l.nudge()
	select {
	case <-l.end:
		return
	case <-ctx.Done():
	}
	l.mu.Lock()
	left := l.queue
	l.queue, l.ended = nil, true
	l.mu.Unlock()
	for _, o := range left {
		l.finish(o, errClosed)
	}
	l.nudge()
}
