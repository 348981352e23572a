package main

import (
	"bytes"
	"fmt"
	"io"
	"sort"
	"strings"
	"time"
)

// How much time goes into finding the smallest requests.
const (
	mostTrials  = 100 // for one failure
	mostReduced = 40  // failures
	mostTime    = 100 * time.Second
)

// Explain prints every failure once, in the smallest form that was found,
// and keeps that as a regression.
func (l *Lab) Explain(to io.Writer, dir string) error {
	groups := map[string][]*Failure{}
	var order []string
	for _, f := range l.failed {
		key := f.Violations[0].Kind + " " + strings.Join(f.Case.Marks, ", ")
		if groups[key] == nil {
			order = append(order, key)
		}
		groups[key] = append(groups[key], f)
	}
	// What has fewest oddities says most.
	sort.SliceStable(order, func(i, j int) bool {
		return len(groups[order[i]][0].Case.Marks) < len(groups[order[j]][0].Case.Marks)
	})
	deadline := time.Now().Add(mostTime)
	shown := map[string]bool{}
	for n, key := range order {
		f := groups[key][0]
		c, note := f.Case, ""
		switch {
		case strings.HasPrefix(c.Marks[0], "regression "):
		case n >= mostReduced || time.Now().After(deadline):
			fmt.Fprintf(to, "not reduced: %s (%s)\n", key, apps(groups[key]))
			continue
		default:
			c, note = l.reduce(f)
		}
		v := f.Violations[0]
		signature := v.Kind + " " + shape(c)
		if shown[signature] {
			continue
		}
		shown[signature] = true
		name := c.Marks[0]
		if !strings.HasPrefix(name, "regression ") {
			r := &Regression{Note: strings.Join(c.Marks, "; "), Kind: v.Kind, Apps: strings.Fields(apps(groups[key])), Transport: c.Transport,
				Class: c.Class, Account: c.Account, Password: c.Password, Request: c.Request,
				JSON: bytes.ContainsRune(c.Request.Body, '{')}
			saved, err := r.save(dir)
			if err != nil {
				return err
			}
			name = saved
		}
		fmt.Fprintf(to, "\n%s: %s (%s, %s)%s\n%s\n%s\n", v.Kind, strings.Join(c.Marks, "; "), apps(groups[key]), c.Transport, note, v.Detail, name)
		fmt.Fprintf(to, "%s\n", printable(c.Request.Bytes("id")))
	}
	return nil
}

func apps(fs []*Failure) string {
	var names []string
	seen := map[string]bool{}
	for _, f := range fs {
		if !seen[f.Case.Backend] {
			seen[f.Case.Backend] = true
			names = append(names, f.Case.Backend)
		}
	}
	return strings.Join(names, " ")
}

// shape is a request without what differs from case to case.
func shape(c *Case) string {
	text := string(c.Request.Bytes(""))
	if len(c.Account) > 1 {
		text = strings.ReplaceAll(text, c.Account[1:], "*")
	}
	return text
}

// printable is a request as a terminal shows it.
func printable(b []byte) string {
	var out strings.Builder
	for i, c := range b[:min(len(b), 1500)] {
		switch {
		case c == '\n':
			out.WriteString("\n    ")
		case c == '\r' && i+1 < len(b) && b[i+1] == '\n':
		case c >= ' ' && c < 0x7f:
			out.WriteByte(c)
		default:
			fmt.Fprintf(&out, `\x%02x`, c)
		}
	}
	if len(b) > 1500 {
		fmt.Fprintf(&out, "… (%d bytes)", len(b))
	}
	return "    " + out.String()
}

// reduce looks for a smaller request that breaks the same promise. Promises
// of plain logins hold for the request as it is.
func (l *Lab) reduce(f *Failure) (*Case, string) {
	c := f.Case
	if c.Class != Odd || c.Request == nil {
		return c, ""
	}
	kind, trials := f.Violations[0].Kind, 0
	fails := func(r *Request, t Transport) bool {
		if trials++; trials > mostTrials {
			return false
		}
		try := &Case{Backend: c.Backend, Request: r, Transport: t, Class: Odd, Account: c.Account, Password: c.Password, Marks: c.Marks}
		l.send(try)
		for range 3 {
			time.Sleep(15 * time.Millisecond)
			if err := l.watch.Poll(); err != nil {
				return false
			}
		}
		for _, v := range l.judge.Of(try, l.watch) {
			if v.Kind == kind {
				return true
			}
		}
		return false
	}
	if !fails(c.Request, c.Transport) {
		return c, "; sent again it keeps its promise"
	}
	small := *c
	keep := func(change func(r *Request)) bool {
		r := small.Request.clone()
		if change(r); bytes.Equal(r.Bytes(""), small.Request.Bytes("")) || !fails(r, small.Transport) {
			return false
		}
		small.Request = r
		return true
	}
	if small.Transport != Raw && fails(small.Request, Raw) {
		small.Transport = Raw
	}
	target := ""
	for _, b := range l.farm.Backends {
		if b.Name == c.Backend {
			target = b.Target
		}
	}
	keep(func(r *Request) { r.Method = "POST" })
	keep(func(r *Request) { r.Target = target })
	keep(func(r *Request) { r.Target, _, _ = strings.Cut(r.Target, "?") })
	keep(func(r *Request) { r.Framing, r.Chunk = Length, 0 })
	for i := len(small.Request.Header) - 1; i >= 0; i-- {
		keep(func(r *Request) { r.Header = append(r.Header[:i:i], r.Header[i+1:]...) })
	}
	for size := len(small.Request.Body) / 2; size > 0; size /= 2 {
		for at := 0; at+size <= len(small.Request.Body); {
			if !keep(func(r *Request) { r.Body = append(r.Body[:at:at], r.Body[at+size:]...) }) {
				at += size
			}
			if trials > mostTrials {
				return &small, ""
			}
		}
	}
	return &small, ""
}
