//go:build shops

package shops

import (
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"

	reader "github.com/login-guard/login-guard/internal/login"
)

// collations are those that shops' tables have: OpenCart's and many others'
// (general), WordPress' (unicode_520), and MariaDB's own since 11.5.
var collations = []string{"utf8mb4_general_ci", "utf8mb4_unicode_ci", "utf8mb4_unicode_520_ci", "uca1400_ai_ci"}

// Every character that MariaDB takes for others, in any of the collations,
// is folded as they are: under another spelling an account would have counters
// of its own, and no second factor.
func TestCharactersThatMariaDBTakesForOthersAreFoldedAlike(t *testing.T) {
	for _, collation := range collations {
		weights := weightsOf(t, collation)
		ascii := map[string]string{}
		for c := rune('!'); c <= '~'; c++ {
			ascii[weights[c]] = strings.ToLower(string(c))
		}
		first, wrong, compared := map[string]rune{}, 0, 0
		for c := rune(0x80); c <= last; c++ {
			weight, ok := weights[c]
			if !ok || strings.ContainsRune("ß\u0345", c) && collation == "utf8mb4_general_ci" { // of two accounts, see the reader's tests
				continue
			}
			like, spelled := spell(weight, ascii)
			if !spelled {
				other, ok := first[weight]
				if !ok {
					first[weight] = c
					continue
				}
				like = string(other)
			}
			a, b := reader.FoldAccount("x"+string(c)+"y"), reader.FoldAccount("x"+like+"y")
			compared++
			// Beyond U+FFFF scripts of today have no names of accounts, and
			// the older collations take all characters there for one.
			if a != b && !strings.Contains(a+b, "\ufffd") {
				if wrong++; wrong <= 20 {
					t.Errorf("%s: U+%04X is %q there and folds to %q, not %q", collation, c, like, a, b)
				}
			}
		}
		if t.Logf("%s: %d compared, %d wrong", collation, compared, wrong); compared < 1000 {
			t.Errorf("%s: only %d characters are taken for others", collation, compared)
		}
	}
}

// last is the last character that is looked at: what is beyond is Han of rare
// use, and tags that nothing shows.
const last = 0x1FFFF

func weightsOf(t *testing.T, collation string) map[rune]string {
	t.Helper()
	query := fmt.Sprintf("SELECT seq, HEX(WEIGHT_STRING(CONVERT(CHAR(seq USING utf32) USING utf8mb4) COLLATE %s)) FROM wordpress.seq_33_to_%d WHERE seq NOT BETWEEN 0xD800 AND 0xDFFF", collation, last)
	cmd := exec.Command("mariadb", "--no-defaults", "--socket="+os.Getenv("SHOPS_DB_SOCKET"), "--user=root", "--skip-column-names", "--execute", query)
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	of := map[rune]string{}
	for line := range strings.Lines(string(out)) {
		n, weight, _ := strings.Cut(strings.TrimRight(line, "\n"), "\t")
		c, err := strconv.Atoi(n)
		if err != nil {
			t.Fatal(err)
		}
		of[rune(c)] = weight
	}
	return of
}

// spell writes a weight in ASCII, if it can be. Weights have four hexadecimal
// digits for each level of a character.
func spell(weight string, ascii map[string]string) (string, bool) {
	var out strings.Builder
	for weight != "" {
		n := 4
		for ; n <= 12; n += 4 {
			if len(weight) >= n && ascii[weight[:n]] != "" {
				break
			}
		}
		if n > 12 {
			return "", false
		}
		out.WriteString(ascii[weight[:n]])
		weight = weight[n:]
	}
	return out.String(), true
}
