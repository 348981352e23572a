package main

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"sort"
	"strconv"
	"strings"
)

// Regression is a request that once broke a promise, kept in a file: a few
// lines `name: value`, an empty line, and the request's bytes.
type Regression struct {
	Name string
	Note string
	Kind string // of violation
	// Apps are those it was seen with. A case of class odd is replayed to
	// all.
	Apps      []string
	Transport Transport
	Class     Class
	Account   string
	Password  string
	JSON      bool
	Request   *Request
}

const regressionSuffix = ".req"

// LoadRegressions reads all that were kept.
func LoadRegressions(dir string) ([]*Regression, error) {
	files, err := filepath.Glob(filepath.Join(dir, "*"+regressionSuffix))
	if err != nil {
		return nil, err
	}
	sort.Strings(files)
	var out []*Regression
	for _, file := range files {
		b, err := os.ReadFile(file)
		if err != nil {
			return nil, err
		}
		r, err := parseRegression(b)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", filepath.Base(file), err)
		}
		r.Name = strings.TrimSuffix(filepath.Base(file), regressionSuffix)
		out = append(out, r)
	}
	return out, nil
}

func parseRegression(b []byte) (*Regression, error) {
	head, raw, ok := bytes.Cut(b, []byte("\n\n"))
	if !ok {
		return nil, fmt.Errorf("there is no empty line before the request")
	}
	r := &Regression{}
	for line := range strings.SplitSeq(string(head), "\n") {
		name, value, ok := strings.Cut(line, ": ")
		if !ok {
			return nil, fmt.Errorf("line %q is not `name: value`", line)
		}
		var err error
		switch name {
		case "note":
			r.Note = value
		case "kind":
			r.Kind = value
		case "apps":
			r.Apps = strings.Fields(value)
		case "transport":
			r.Transport = Transport(value)
		case "class":
			r.Class = Class(value)
		case "json":
			r.JSON = value == "yes"
		case "account":
			r.Account, err = strconv.Unquote(value)
		case "password":
			r.Password, err = strconv.Unquote(value)
		default:
			err = fmt.Errorf("there is no %q", name)
		}
		if err != nil {
			return nil, err
		}
	}
	var err error
	r.Request, err = Parse(raw)
	return r, err
}

// Bytes is the regression as its file has it.
func (r *Regression) Bytes() []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, "note: %s\nkind: %s\nclass: %s\ntransport: %s\napps: %s\n", r.Note, r.Kind, r.Class, r.Transport, strings.Join(r.Apps, " "))
	if r.JSON {
		b.WriteString("json: yes\n")
	}
	if r.Class == Plain {
		fmt.Fprintf(&b, "account: %s\npassword: %s\n", strconv.QuoteToASCII(r.Account), strconv.QuoteToASCII(r.Password))
	}
	b.WriteString("\n")
	b.Write(r.Request.Bytes("id"))
	return b.Bytes()
}

// save writes the regression under a name of its own and returns that.
func (r *Regression) save(dir string) (string, error) {
	sum := sha256.Sum256(append([]byte(r.Kind), r.Request.Bytes("id")...))
	name := fmt.Sprintf("%s-%s-%x", r.Kind, slug(r.Note), sum[:3])
	return name, os.WriteFile(filepath.Join(dir, name+regressionSuffix), r.Bytes(), 0o644)
}

// slug is a note as it stands in a file name.
func slug(s string) string {
	words := strings.FieldsFunc(strings.ToLower(s), func(r rune) bool { return (r < 'a' || r > 'z') && (r < '0' || r > '9') })
	s = strings.Join(words, "-")
	return strings.Trim(s[:min(len(s), 50)], "-")
}

// Replay sends what was kept before anything else.
func (l *Lab) Replay(kept []*Regression, jsonToo bool) error {
	var cases []*Case
	for _, r := range kept {
		if r.JSON && !jsonToo {
			continue
		}
		for _, b := range l.farm.Backends {
			if r.Class != Odd && !slices.Contains(r.Apps, b.Name) {
				continue
			}
			cases = append(cases, &Case{Backend: b.Name, Request: r.Request, Transport: r.Transport, Class: r.Class,
				Account: r.Account, Password: r.Password, Marks: []string{"regression " + r.Name}})
		}
	}
	if len(cases) == 0 {
		return nil
	}
	if err := l.all(cases); err != nil {
		return err
	}
	fmt.Printf("%d kept regressions replayed in %d requests, %d with violations\n", len(kept), len(cases), len(l.failed))
	return nil
}
