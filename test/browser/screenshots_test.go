//go:build screenshots

package browser_test

import (
	"bytes"
	"fmt"
	"image"
	"image/color"
	"image/draw"
	"image/png"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/page"

	"github.com/login-guard/login-guard/internal/guardtest"
	"github.com/login-guard/login-guard/internal/shoptest"
)

// TestScreenshots draws the pictures of the documentation into the folder
// that LOGIN_GUARD_IMAGES names; see test/screenshots.sh.
func TestScreenshots(t *testing.T) {
	folder := images(t)
	kinds := []struct {
		name    string
		options func(testing.TB) []string
		reach   func(*tab)
	}{
		{"slider", slider, func(*tab) {}},
		{"checked", slider, func(p *tab) {
			// The page would go on within a second.
			eval[bool](p, "(later => self.setTimeout = (f, ms, ...args) => ms === 700 ? 0 : later(f, ms, ...args))(setTimeout), true")
			if eval[bool](p, "document.dir === 'rtl'") {
				p.drag(pull{from: 1, to: 0})
			} else {
				p.drag(pull{from: 0, to: 1})
			}
			p.until("the check is passed", passedMark)
		}},
		{"picture", reads, func(p *tab) { p.picture() }},
	}
	views := []struct {
		name, language, scheme string
		width, height          int64
		scale                  float64
	}{
		{"phone", "en", "light", 360, 640, 2},
		{"desktop", "en", "light", 1024, 720, 1},
		{"phone-dark", "en", "dark", 360, 640, 2},
		{"phone-arabic", "ar", "light", 360, 640, 2},
		{"desktop-dark", "en", "dark", 1024, 720, 1},
		{"desktop-arabic", "ar", "light", 1024, 720, 1},
	}
	for _, kind := range kinds {
		shop := shoptest.Generic().Start(t)
		file := caddyfile("http://localhost:$PORT", shop.URL, "", kind.options(t)...)
		gate := guardtest.Start(t, strings.Replace(file, `name "Demo Shop"`, "name \"Demo Shop\"\n\t\t\taccent \"#4a3fb5\"", 1))
		at := &place{t: t, shop: shop, gate: gate, url: gate.URL}
		for _, view := range views {
			t.Run(kind.name+"-"+view.name, func(t *testing.T) {
				p := shopper(t, from(t, view.language))
				p.media(map[string]string{"prefers-color-scheme": view.scheme, "prefers-reduced-motion": "reduce"})
				p.alice(at)
				call(p, emulation.SetDeviceMetricsOverride, emulation.SetDeviceMetricsOverrideParams{
					Width: view.width, Height: view.height, DeviceScaleFactor: view.scale})
				kind.reach(p)
				eval[bool](p, "(document.activeElement?.blur(), true)")
				save(t, p, filepath.Join(folder, kind.name+"-"+view.name+".png"))
			})
		}
	}
}

// TestScreenshotsOfTheSecondFactor draws the page that asks for it and the
// account page, into the same folder.
func TestScreenshotsOfTheSecondFactor(t *testing.T) {
	folder := images(t)
	shop := shoptest.Generic().Start(t)
	file := caddyfile("http://localhost:$PORT", shop.URL, "", twoSteps()...)
	gate := guardtest.Start(t, strings.Replace(file, `name "Demo Shop"`, "name \"Demo Shop\"\n\t\t\taccent \"#4a3fb5\"", 1))
	at := &place{t: t, shop: shop, gate: gate, url: gate.URL}
	p := shopper(t, from(t, "en"))
	p.media(map[string]string{"prefers-color-scheme": "light", "prefers-reduced-motion": "reduce"})
	p.authenticator()
	enrolled(t, p, at)
	p.next("button[value=passkey]")
	p.write("#lg-name", "My phone")
	p.next("#lg-passkey")
	for range 3 { // what was done a minute ago
		p.next("button[value=dismiss]")
	}
	shoot := func(name string) {
		t.Helper()
		call(p, emulation.SetDeviceMetricsOverride, emulation.SetDeviceMetricsOverrideParams{Width: 360, Height: 640, DeviceScaleFactor: 2})
		eval[bool](p, "(document.activeElement?.blur(), scrollTo(0, 0), true)")
		save(t, p, filepath.Join(folder, name+".png"))
		p.size(1000, 800)
	}
	shoot("account-phone")
	p.again(at)
	p.chooses("app")
	shoot("second-phone")
}

// TestEveryPageToLookAt draws every page of ours on a phone and on a desktop,
// in light and in dark, and on a phone in forced colours; for translators and
// designers. LOGIN_GUARD_LANGUAGES names the languages, with blanks between
// them; all without it.
func TestEveryPageToLookAt(t *testing.T) {
	folder := images(t)
	wanted := strings.Fields(os.Getenv("LOGIN_GUARD_LANGUAGES"))
	if len(wanted) == 0 {
		wanted = tongues(t)
	}
	views := []struct {
		name          string
		width, height int64
		media         map[string]string
	}{
		{"phone-light", 360, 640, map[string]string{}},
		{"phone-dark", 360, 640, map[string]string{"prefers-color-scheme": "dark"}},
		{"phone-forced", 360, 640, map[string]string{"forced-colors": "active"}},
		{"desktop-light", 1024, 720, map[string]string{}},
		{"desktop-dark", 1024, 720, map[string]string{"prefers-color-scheme": "dark"}},
	}
	for _, kind := range pages {
		shop := shoptest.Generic().Start(t)
		gate := guardtest.Start(t, caddyfile("http://localhost:$PORT", shop.URL, "", kind.options(t)...))
		at := &place{t: t, shop: shop, gate: gate, url: gate.URL}
		for i, language := range wanted {
			t.Run(kind.name+" "+language, func(t *testing.T) {
				p := shopper(t, map[string]string{"X-Forwarded-For": fmt.Sprintf("198.18.%d.7", i), "Accept-Language": language})
				p.comes(at, shopperOf(p), "a guess")
				kind.reach(p, at)
				for _, view := range views {
					p.size(view.width, view.height)
					view.media["prefers-reduced-motion"] = "reduce"
					p.media(view.media)
					save(t, p, filepath.Join(folder, strings.ReplaceAll(kind.name, " ", "-")+"-"+language+"-"+view.name+".png"))
				}
			})
		}
	}
}

func images(t *testing.T) string {
	t.Helper()
	folder := os.Getenv("LOGIN_GUARD_IMAGES")
	if folder == "" {
		t.Fatal("LOGIN_GUARD_IMAGES names no folder; run test/screenshots.sh")
	}
	return folder
}

// save writes what the tab shows, in 256 colours: a page of ours has few, and
// the files stay small.
func save(t *testing.T, p *tab, path string) {
	t.Helper()
	shot := call(p, page.CaptureScreenshot, page.CaptureScreenshotParams{})
	full, err := png.Decode(bytes.NewReader(shot.Data))
	if err != nil {
		t.Fatal(err)
	}
	few := image.NewPaletted(full.Bounds(), commonest(full))
	draw.Draw(few, few.Bounds(), full, full.Bounds().Min, draw.Src)
	var out bytes.Buffer
	if err := (&png.Encoder{CompressionLevel: png.BestCompression}).Encode(&out, few); err != nil {
		t.Fatal(err)
	}
	if out.Len() > 60000 {
		t.Errorf("%s has %d bytes, more than 60 kB", filepath.Base(path), out.Len())
	}
	if err := os.WriteFile(path, out.Bytes(), 0o644); err != nil {
		t.Fatal(err)
	}
}

// commonest are the 256 colours that most pixels have.
func commonest(img image.Image) color.Palette {
	count := map[color.RGBA]int{}
	b := img.Bounds()
	for y := b.Min.Y; y < b.Max.Y; y++ {
		for x := b.Min.X; x < b.Max.X; x++ {
			count[color.RGBAModel.Convert(img.At(x, y)).(color.RGBA)]++
		}
	}
	var out color.Palette
	for len(out) < 256 && len(count) > 0 {
		best, most := color.RGBA{}, 0
		for c, n := range count {
			if n > most || n == most && before(c, best) {
				best, most = c, n
			}
		}
		out = append(out, best)
		delete(count, best)
	}
	return out
}

// before orders colours, so that the same page always gives the same file.
func before(a, b color.RGBA) bool {
	return [3]uint8{a.R, a.G, a.B} != [3]uint8{b.R, b.G, b.B} &&
		(a.R < b.R || a.R == b.R && (a.G < b.G || a.G == b.G && a.B < b.B))
}
