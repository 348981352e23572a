package main

import (
	"fmt"
	"os"
	"path/filepath"
	"sort"
	"strconv"
	"strings"
)

// Kinds of inputs: what a fuzz target of internal/login reads.
const (
	formInput      = "form"
	multipartInput = "multipart"
	jsonInput      = "json"
	graphQLInput   = "graphql"
	basicInput     = "basic"
	xmlrpcInput    = "xmlrpc"
	pathInput      = "path"
)

// inputKinds are the fuzz targets whose inputs are sent, and what those are.
var inputKinds = map[string]string{
	"FuzzForm": formInput, "FuzzStream": formInput, "FuzzMultipart": multipartInput,
	"FuzzJSON": jsonInput, "FuzzJSONStream": jsonInput, "FuzzGraphQL": graphQLInput,
	"FuzzBasic": basicInput, "FuzzMulticall": xmlrpcInput, "FuzzCanonicalPath": pathInput,
}

// Input is a text that a fuzz target found worth keeping.
type Input struct {
	Name string // TARGET/FILE
	Kind string
	Text string
}

// maxInput is the largest input that is sent: beyond it an app answers the
// size, and the grammar has sizes enough.
const maxInput = 32 << 10

// LoadInputs reads the folders of fuzz targets in each directory, as Go keeps
// them in testdata/fuzz and in its cache. A directory that is not there is an
// error, a target's folder that is not there is none.
func LoadInputs(dirs ...string) ([]Input, error) {
	var out []Input
	seen := map[string]bool{}
	for _, dir := range dirs {
		if _, err := os.Stat(dir); err != nil {
			return nil, fmt.Errorf("inputs: %w", err)
		}
		for target, kind := range inputKinds {
			files, err := filepath.Glob(filepath.Join(dir, target, "*"))
			if err != nil {
				return nil, err
			}
			for _, file := range files {
				b, err := os.ReadFile(file)
				if err != nil {
					return nil, err
				}
				in := Input{Name: target + "/" + filepath.Base(file), Kind: kind}
				var parts bool
				if in.Text, parts, err = parseInput(string(b)); err != nil {
					return nil, fmt.Errorf("%s: %w", file, err)
				}
				if target == "FuzzStream" && parts {
					in.Kind = multipartInput
				}
				if key := in.Kind + in.Text; !seen[key] && in.Text != "" && len(in.Text) <= maxInput {
					seen[key] = true
					out = append(out, in)
				}
			}
		}
	}
	sort.Slice(out, func(i, j int) bool { return out[i].Name < out[j].Name })
	return out, nil
}

// parseInput reads a file of Go's corpora: a line that says so, and an
// argument a line. It takes the text, and the truth value if there is one.
func parseInput(file string) (text string, truth bool, err error) {
	lines := strings.Split(strings.TrimSpace(file), "\n")
	if lines[0] != "go test fuzz v1" {
		return "", false, fmt.Errorf("begins with %.40q, not as Go's corpora do", lines[0])
	}
	found := false
	for _, line := range lines[1:] {
		if quoted, ok := strings.CutPrefix(line, "string("); ok && !found {
			if text, err = strconv.Unquote(strings.TrimSuffix(quoted, ")")); err != nil {
				return "", false, fmt.Errorf("argument %.60q: %w", line, err)
			}
			found = true
		}
		truth = truth || line == "bool(true)"
	}
	if !found {
		return "", false, fmt.Errorf("has no text")
	}
	return text, truth, nil
}
