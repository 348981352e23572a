package caddymodule

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"

	"github.com/login-guard/login-guard/config"
)

// fence finds the fenced blocks of a Markdown page: language and text.
var fence = regexp.MustCompile("(?ms)^[ \t]*```([^\n`]*)\n(.*?)^[ \t]*```[ \t]*$")

// looksLikeCaddyfile finds our directive in a block without a language.
var looksLikeCaddyfile = regexp.MustCompile(`(?m)^[ \t]*login_guard([ \t]|$)`)

// TestDocs adapts and provisions every Caddyfile that the documentation
// shows, so that what an operator copies works. A block that is marked
// `caddyfile site` stands inside a site block, one marked `caddyfile options`
// inside login_guard's own, one marked `caddyfile wrong` is refused.
func TestDocs(t *testing.T) {
	t.Setenv("LOGIN_GUARD_KEY", strings.Repeat("0f", 32))
	for _, name := range []string{"SMS_SECRET", "SMS_TOKEN", "NOTICE_SECRET", "MAIL_PASSWORD"} {
		t.Setenv(name, strings.Repeat("0f", 16))
	}
	root := ".."
	files, err := filepath.Glob(filepath.Join(root, "docs", "*.md"))
	if err != nil {
		t.Fatal(err)
	}
	files = append(files, filepath.Join(root, "README.md"))
	blocks := 0
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Error(err)
			continue
		}
		text := strings.ReplaceAll(string(data), "\r\n", "\n")
		for _, m := range fence.FindAllStringSubmatchIndex(text, -1) {
			language, block := strings.TrimSpace(text[m[2]:m[3]]), text[m[4]:m[5]]
			line := 1 + strings.Count(text[:m[0]], "\n")
			whole, isCaddyfile := wholeCaddyfile(language, block)
			if !isCaddyfile {
				continue
			}
			blocks++
			dir := t.TempDir()
			// The folder that the documentation names.
			if err := os.CopyFS(filepath.Join(dir, "languages"), os.DirFS(filepath.Join("testdata", "adapt", "languages"))); err != nil {
				t.Fatal(err)
			}
			out, err := adapt(filepath.Join(dir, "Caddyfile"), whole)
			switch {
			case language == "caddyfile wrong" && err == nil:
				t.Errorf("%s:%d: works, though it is shown as wrong:\n%s", file, line, block)
			case language == "caddyfile wrong":
			case err != nil:
				t.Errorf("%s:%d: %v\n%s", file, line, err, block)
			default:
				if err := validate(t, out); err != nil {
					t.Errorf("%s:%d: cannot be provisioned: %v\n%s", file, line, err, block)
				}
			}
		}
	}
	if blocks < 10 {
		t.Errorf("found %d blocks, want at least 10: is the documentation where this test looks?", blocks)
	}
}

// wholeCaddyfile completes a block of the documentation.
func wholeCaddyfile(language, block string) (whole string, is bool) {
	const upstream = "reverse_proxy 127.0.0.1:8080\n"
	switch language {
	case "caddyfile options":
		return "shop.example {\nlogin_guard {\n" + block + "}\n" + upstream + "}\n", true
	case "caddyfile site":
		return "shop.example {\n" + block + "}\n", true
	case "caddyfile", "caddyfile wrong":
	case "", "caddy":
		if !looksLikeCaddyfile.MatchString(block) {
			return "", false
		}
	default:
		return "", false
	}
	if strings.HasPrefix(strings.TrimSpace(block), "login_guard") {
		return "shop.example {\n" + block + upstream + "}\n", true
	}
	return block, true
}

// TestExampleCaddyfile holds that the example at the root works as it is.
func TestExampleCaddyfile(t *testing.T) {
	file, err := filepath.Abs(filepath.Join("..", "Caddyfile"))
	if err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	out, err := adapt(file, string(data))
	if err != nil {
		t.Fatal(err)
	}
	if err := validate(t, out); err != nil {
		t.Error(err)
	}
}

// TestReferenceNamesEveryOption keeps docs/configuration.md complete: each
// option, preset and limit is named in it.
func TestReferenceNamesEveryOption(t *testing.T) {
	data, err := os.ReadFile(filepath.Join("..", "docs", "configuration.md"))
	if err != nil {
		t.Fatal(err)
	}
	var words []string
	for _, known := range []options{
		appOptions(new(config.App)), siteOptions(new(config.Site)),
		pageOptions(new(config.Page)), endpointOptions(new(config.Endpoint)),
	} {
		for name := range known {
			words = append(words, name)
		}
	}
	for name := range markConditions(new(config.Mark)) {
		words = append(words, name)
	}
	for name := range config.DefaultLimits() {
		words = append(words, name)
	}
	for _, word := range append(words, config.PresetNames()...) {
		if !strings.Contains(string(data), "`"+word) {
			t.Errorf("docs/configuration.md does not explain `%s`", word)
		}
	}
}

// FuzzBlock holds that no block makes the parser panic or accept what
// validation then trips over.
func FuzzBlock(f *testing.F) {
	for _, seed := range []string{
		"mode monitor", "ladder slider 10 picture off", "limit pair 5 per 10m", "limit accounts 5 20", "limit account 1",
		"page {\nname x\n}", "endpoint login {\nsuccess status 3xx cookie a* route route b\n}", "endpoint login { }", "page }", "limit x {\n}",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, block string) {
		tokens, err := caddyfile.Tokenize([]byte("login_guard {\n"+block+"\n}\n"), "Caddyfile")
		if err != nil {
			return
		}
		d := caddyfile.NewDispenser(tokens)
		d.Next()
		var s config.Site
		if readBlock(d, "login_guard", siteOptions(&s)) == nil && s.Validate() == nil {
			if s.EffectiveLadder().Slider == 0 || len(s.EffectiveLimits()) == 0 || s.Prefix() == "/" {
				t.Errorf("%q leaves something without a value: %+v", block, s)
			}
		}
	})
}
