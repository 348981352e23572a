//go:build shops

package shops

import (
	"bytes"
	"encoding/json"
	"math/rand/v2"
	"os/exec"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/login-guard/login-guard/internal/shoptest"
)

// The shops of internal/shoptest stand in for PHP in every other test; here
// is PHP itself to hold their reading against.
func TestTheShopsOfOtherTestsReadFormsAsPHPDoes(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 4))
	bits := []string{"a", "b", "pwd", "log", "email", "0", "7", "-1", "=", "=", "=", "&", "&", "[", "]", "[]", "[x]", " ", "+", ".", "_",
		"%20", "%5B", "%5D", "%00", "%3D", "%26", "%2B", "%zz", "%4", "%", ";", "%09", "%0a", "'", `"`, "ü"}
	var queries []string
	for range 5000 {
		var q strings.Builder
		for range 1 + random.IntN(14) {
			q.WriteString(bits[random.IntN(len(bits))])
		}
		queries = append(queries, q.String())
	}
	in, err := json.Marshal(queries)
	if err != nil {
		t.Fatal(err)
	}
	php := exec.Command("php", "-d", "display_errors=stderr", "-r",
		`foreach (json_decode(stream_get_contents(STDIN)) as $q) { parse_str($q, $r); echo json_encode($r, JSON_FORCE_OBJECT | JSON_INVALID_UTF8_SUBSTITUTE), "\n"; }`)
	php.Stdin = bytes.NewReader(in)
	out, err := php.Output()
	if err != nil {
		t.Fatal(err)
	}
	answers := strings.Split(strings.TrimSuffix(string(out), "\n"), "\n")
	if len(answers) != len(queries) {
		t.Fatalf("%d answers to %d queries", len(answers), len(queries))
	}
	for i, query := range queries {
		ours, err := json.Marshal(shoptest.ParsePHP(query))
		if err != nil {
			t.Fatal(err)
		}
		var have, want any
		if json.Unmarshal(ours, &have) != nil || json.Unmarshal([]byte(answers[i]), &want) != nil {
			t.Fatalf("%q: not JSON: %s", query, answers[i])
		}
		if diff := cmp.Diff(want, have); diff != "" {
			t.Errorf("%q: PHP reads (-) otherwise than the shops (+):\n%s", query, diff)
		}
	}
}
