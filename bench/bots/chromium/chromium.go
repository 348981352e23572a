// Package chromium runs the adversaries who have a browser: Debian's
// Chromium, driven by playwright-core and by the DevTools protocol itself.
package chromium

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"path/filepath"
	"syscall"
	"time"

	"github.com/login-guard/login-guard/bench/bots/web"
)

// Driver is a running program that drives browsers.
type Driver struct {
	chromium string
	cmd      *exec.Cmd
	in       io.WriteCloser
	lines    *bufio.Scanner
	said     *bytes.Buffer
}

// Start starts it: folder is that of drive.mjs with its node_modules,
// chromium the browser's path.
func Start(folder, chromium string) (*Driver, error) {
	d := &Driver{chromium: chromium, cmd: exec.Command("node", filepath.Join(folder, "drive.mjs")), said: new(bytes.Buffer)}
	d.cmd.Stderr = d.said
	// It ends with us, and its browsers with it.
	d.cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGTERM}
	var err error
	if d.in, err = d.cmd.StdinPipe(); err != nil {
		return nil, err
	}
	out, err := d.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	d.lines = bufio.NewScanner(out)
	d.lines.Buffer(nil, 1<<20)
	if err := d.cmd.Start(); err != nil {
		return nil, fmt.Errorf("starting node: %w", err)
	}
	return d, nil
}

// Stop ends it and its browsers.
func (d *Driver) Stop() error {
	_ = d.in.Close()
	ended := make(chan error, 1)
	go func() { ended <- d.cmd.Wait() }()
	select {
	case err := <-ended:
		return err
	case <-time.After(20 * time.Second):
		_ = d.cmd.Process.Signal(syscall.SIGTERM)
		return errors.Join(errors.New("the browsers did not end"), <-ended)
	}
}

// Job is one adversary's run.
type Job struct {
	Base      string
	Adversary string
	Tries     []web.Login
	// Parallel is how many pages at once.
	Parallel int
	Seed     uint32
	// Paths to drag along, for the adversary `path`: points of milliseconds
	// and of parts of the way, along and down.
	Paths [][][3]float64
	// Keep asks for the evidence that the page sent.
	Keep bool
}

// Try is how one ended.
type Try struct {
	I int
	// Met is `shop` for a login that went through.
	Met, Way, Error string
	Ms              int
	Seen            json.RawMessage
}

// Result is how all ended.
type Result struct {
	Tries []Try
	// CPU of browser and driver together.
	CPU  time.Duration
	Wall time.Duration
}

// Run runs a job. One at a time; a context that ends, ends the program.
func (d *Driver) Run(ctx context.Context, j Job) (*Result, error) {
	tries := make([]map[string]string, len(j.Tries))
	for i, t := range j.Tries {
		tries[i] = map[string]string{"account": t.Account, "password": t.Password, "address": t.Address}
	}
	job, err := json.Marshal(map[string]any{
		"base": j.Base, "adversary": j.Adversary, "tries": tries, "parallel": j.Parallel, "seed": j.Seed, "paths": j.Paths,
		"keep": j.Keep, "chromium": d.chromium, "userAgent": web.UserAgent,
	})
	if err != nil {
		return nil, err
	}
	stop := context.AfterFunc(ctx, func() { _ = d.cmd.Process.Signal(syscall.SIGTERM) })
	defer stop()
	began := time.Now()
	if _, err := d.in.Write(append(job, '\n')); err != nil {
		return nil, fmt.Errorf("%s: %w\n%s", j.Adversary, err, d.said.Bytes())
	}
	r := &Result{}
	for d.lines.Scan() {
		var line struct {
			Try
			CPU *float64
		}
		if err := json.Unmarshal(d.lines.Bytes(), &line); err != nil {
			return nil, fmt.Errorf("%s: %w in %.200q", j.Adversary, err, d.lines.Text())
		}
		if line.CPU == nil {
			r.Tries = append(r.Tries, line.Try)
			continue
		}
		r.CPU, r.Wall = time.Duration(*line.CPU*float64(time.Second)), time.Since(began)
		if len(r.Tries) != len(j.Tries) {
			return nil, fmt.Errorf("%s: %d of %d tries ended", j.Adversary, len(r.Tries), len(j.Tries))
		}
		return r, nil
	}
	return nil, fmt.Errorf("%s: the driver ended: %w\n%s", j.Adversary, errors.Join(ctx.Err(), d.lines.Err()), d.said.Bytes())
}
