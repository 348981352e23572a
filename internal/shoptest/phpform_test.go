package shoptest

import (
	_ "embed"
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// phpForms was written by PHP 8.2 itself:
//
//	parse_str($in, $php); json_encode([...], JSON_FORCE_OBJECT)
//
//go:embed testdata/php-forms.json
var phpForms []byte

func TestFormsAreReadAsPHPReadsThem(t *testing.T) {
	var goldens []struct {
		In  string
		PHP json.RawMessage
	}
	if err := json.Unmarshal(phpForms, &goldens); err != nil {
		t.Fatal(err)
	}
	for _, g := range goldens {
		t.Run(g.In, func(t *testing.T) {
			got, err := json.Marshal(ParsePHP(g.In))
			if err != nil {
				t.Fatal(err)
			}
			var have, want any
			if json.Unmarshal(got, &have) != nil || json.Unmarshal(g.PHP, &want) != nil {
				t.Fatal("not JSON")
			}
			if diff := cmp.Diff(want, have); diff != "" {
				t.Errorf("PHP reads (-) otherwise than we do (+):\n%s", diff)
			}
		})
	}
}

// phpMultipart was written by PHP 8.2's own server: the bodies posted to a
// script that answers with $_POST and $_FILES.
//
//go:embed testdata/php-multipart.json
var phpMultipart []byte

func TestMultipartIsReadAsPHPReadsIt(t *testing.T) {
	var goldens []struct {
		Name, Type, Body string
		Post             json.RawMessage
		Files            map[string]File
	}
	if err := json.Unmarshal(phpMultipart, &goldens); err != nil {
		t.Fatal(err)
	}
	for _, g := range goldens {
		t.Run(g.Name, func(t *testing.T) {
			post, files := ParsePHPMultipart(g.Type, []byte(g.Body))
			got, err := json.Marshal(post)
			if err != nil {
				t.Fatal(err)
			}
			var have, want any
			if json.Unmarshal(got, &have) != nil || json.Unmarshal(g.Post, &want) != nil {
				t.Fatal("not JSON")
			}
			if diff := cmp.Diff(want, have); diff != "" {
				t.Errorf("PHP reads fields (-) otherwise than we do (+):\n%s", diff)
			}
			if diff := cmp.Diff(g.Files, files); diff != "" {
				t.Errorf("PHP reads files (-) otherwise than we do (+):\n%s", diff)
			}
		})
	}
}
