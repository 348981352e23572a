package caddymodule

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"
	"github.com/caddyserver/caddy/v2/caddyconfig/httpcaddyfile"
	_ "github.com/caddyserver/caddy/v2/modules/standard"
	"github.com/google/go-cmp/cmp"
)

// adapt turns a Caddyfile into JSON as `caddy adapt` does, in this process.
func adapt(filename, text string) ([]byte, error) {
	adapter := caddyfile.Adapter{ServerType: httpcaddyfile.ServerType{}}
	out, _, err := adapter.Adapt([]byte(text), map[string]any{"filename": filename})
	return out, err
}

// validate provisions a configuration and stops it again, as `caddy
// validate` does. Nothing listens and nothing is dialled.
func validate(t *testing.T, adapted []byte) error {
	t.Helper()
	// The storage of Caddy's other modules stays out of the user's folders.
	storage, err := json.Marshal(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	var cfg caddy.Config
	if err := caddy.StrictUnmarshalJSON(adapted, &cfg); err != nil {
		return err
	}
	cfg.StorageRaw = []byte(`{"module":"file_system","root":` + string(storage) + `}`)
	return caddy.Validate(&cfg)
}

// TestAdapt holds the Caddyfile's syntax. Each file of testdata/adapt is a
// Caddyfile, a line of ten hyphens and what comes out: JSON, or a part of
// the error. `$DIR` stands for the Caddyfile's folder. What adapts is
// provisioned too.
//
// After a wanted change, UPDATE=1 writes the JSON anew; read the difference.
func TestAdapt(t *testing.T) {
	files, err := filepath.Glob(filepath.Join("testdata", "adapt", "*.caddyfiletest"))
	if err != nil {
		t.Fatal(err)
	}
	dir, err := filepath.Abs(filepath.Join("testdata", "adapt"))
	if err != nil {
		t.Fatal(err)
	}
	t.Setenv("LOGIN_GUARD_KEY", strings.Repeat("0f", 32)) // for the file that names it
	right, wrong := 0, 0
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		text, want, found := strings.Cut(strings.ReplaceAll(string(data), "\r\n", "\n"), "----------\n")
		want = strings.TrimSpace(want)
		if !found || want == "" {
			t.Errorf("%s lacks the hyphens or what is expected", file)
			continue
		}
		if isRight := strings.HasPrefix(want, "{"); isRight {
			right++
		} else {
			wrong++
		}
		t.Run(strings.TrimSuffix(filepath.Base(file), ".caddyfiletest"), func(t *testing.T) {
			out, err := adapt(filepath.Join(dir, "Caddyfile"), text)
			if !strings.HasPrefix(want, "{") {
				switch {
				case err == nil:
					t.Errorf("adapted without error, want %s", want)
				case !strings.Contains(strings.ReplaceAll(err.Error(), dir, "$DIR"), want):
					t.Errorf("got the error\n%v\nwant it to contain\n%s", err, want)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			var pretty bytes.Buffer
			if err := json.Indent(&pretty, out, "", "\t"); err != nil {
				t.Fatal(err)
			}
			got := strings.ReplaceAll(pretty.String(), dir, "$DIR")
			if os.Getenv("UPDATE") != "" {
				if err := os.WriteFile(file, []byte(text+"----------\n"+got+"\n"), 0o644); err != nil {
					t.Fatal(err)
				}
			} else if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("adapted JSON (-want +got):\n%s", diff)
			}
			if err := validate(t, out); err != nil {
				t.Errorf("what was adapted cannot be provisioned: %v", err)
			}
		})
	}
	if right < 10 || wrong < 30 {
		t.Errorf("found %d right and %d wrong files, want at least 10 and 30: are they where this test looks?", right, wrong)
	}
}
