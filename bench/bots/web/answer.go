package web

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"net/url"
	"time"

	"github.com/login-guard/login-guard/internal/challenge"
	"github.com/login-guard/login-guard/internal/shoptest"
)

// Answer is what a bot says to a check.
type Answer struct {
	// Way and Text as the page's script sends them.
	Way, Text string
	// Seen is the evidence of the answer, nil for none.
	Seen json.RawMessage
	// Took is how long it says that the answering took: who answers sooner
	// is found out.
	Took time.Duration
}

// pressTarget is what the page's script asks of who presses.
const pressTarget = math.MaxUint32 / (challenge.Work * challenge.PressWork)

// waits is how often a bot waits when it is told to.
const waits = 20

// Verify does the work for a check, waits as long as it asks from its start
// on and sends the answer. It repeats what came too early.
func (v *Visitor) Verify(ctx context.Context, c *shoptest.Check, since time.Time, a Answer) (Reply, error) {
	task := c.Task
	if a.Way == "press" {
		// Who does not slide works four times as much at least.
		task.Target = min(task.Target, pressTarget)
	}
	n, err := Work(ctx, task)
	if err != nil {
		return Reply{}, err
	}
	floor := time.Duration(c.Task.Floor)*time.Millisecond + 10*time.Millisecond
	if a.Way == "press" {
		floor = max(floor, 3*time.Second+10*time.Millisecond)
	}
	if err := v.Pause(ctx, max(floor, a.Took)-time.Since(since)); err != nil {
		return Reply{}, err
	}
	more := map[string]any{"pow": n, "way": a.Way}
	if a.Text != "" {
		more["answer"] = a.Text
	}
	if a.Seen != nil {
		more["seen"] = a.Seen
	}
	for range waits {
		reply, err := v.Ask(ctx, c, "verify", more)
		if err != nil || reply.Status != "wait" && reply.Status != "busy" {
			return reply, err
		}
		if err := v.Pause(ctx, time.Duration(reply.Seconds*float64(time.Second))); err != nil {
			return Reply{}, err
		}
	}
	return Reply{}, fmt.Errorf("told to wait %d times", waits)
}

// Continue posts the form with what a check has earned.
func (v *Visitor) Continue(ctx context.Context, c *shoptest.Check, clearance string) (Page, error) {
	return v.Post(ctx, c, url.Values{"login_guard_clearance": {clearance}})
}

// Slide answers a slider and goes on if it was passed. It returns what came
// last: Shop if the login went through.
func (v *Visitor) Slide(ctx context.Context, p Page, a Answer) (Met, error) {
	reply, err := v.Verify(ctx, p.Check, p.At, a)
	if err != nil {
		return Other, err
	}
	switch reply.Status {
	case "checked":
		after, err := v.Continue(ctx, p.Check, reply.Clearance)
		return after.Met, err
	case "picture":
		return Picture, nil
	}
	return Other, nil
}

func sleep(ctx context.Context, d time.Duration) error {
	if d <= 0 {
		return nil
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-t.C:
		return nil
	}
}
