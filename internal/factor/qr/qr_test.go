package qr

import (
	"encoding/xml"
	"image"
	"image/color"
	"image/png"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/login-guard/login-guard/internal/factor/totp"
)

// paint draws the paths of an SVG of ours, in the order they stand in, onto
// a black page.
func paint(t *testing.T, svg string, scale int) image.Image {
	t.Helper()
	var doc struct {
		ViewBox string `xml:"viewBox,attr"`
		Title   string `xml:"title"`
		Paths   []struct {
			Fill string `xml:"fill,attr"`
			D    string `xml:"d,attr"`
		} `xml:"path"`
	}
	if err := xml.Unmarshal([]byte(svg), &doc); err != nil {
		t.Fatal(err)
	}
	n, err := strconv.Atoi(strings.Fields(doc.ViewBox)[2])
	if err != nil {
		t.Fatal(err)
	}
	img := image.NewGray(image.Rect(0, 0, (n+6)*scale, (n+6)*scale))
	part := regexp.MustCompile(`M(\d+) (\d+)h(\d+)v(\d+)`)
	for _, p := range doc.Paths {
		c := color.Gray{}
		if p.Fill == "#fff" {
			c.Y = 255
		}
		for _, m := range part.FindAllStringSubmatch(p.D, -1) {
			var v [4]int
			for i := range v {
				v[i], _ = strconv.Atoi(m[i+1])
			}
			for y := v[1] * scale; y < (v[1]+v[3])*scale; y++ {
				for x := v[0] * scale; x < (v[0]+v[2])*scale; x++ {
					img.SetGray(x+3*scale, y+3*scale, c)
				}
			}
		}
	}
	return img
}

func TestCodeIsReadBackByZbarOnADarkPage(t *testing.T) {
	for name, text := range map[string]string{
		"app":      totp.URI("Shop: A&B", "anna@example.org", []byte("12345678901234567890")),
		"long app": totp.URI(strings.Repeat("Bäckerei ", 9), strings.Repeat("名", 30), []byte("12345678901234567890")),
		"short":    "x",
	} {
		t.Run(name, func(t *testing.T) {
			svg, err := SVG(text, "Code")
			if err != nil {
				t.Fatal(err)
			}
			file := filepath.Join(t.TempDir(), "code.png")
			f, err := os.Create(file)
			if err != nil {
				t.Fatal(err)
			}
			if err := png.Encode(f, paint(t, svg, 4)); err != nil {
				t.Fatal(err)
			}
			if err := f.Close(); err != nil {
				t.Fatal(err)
			}
			out, err := exec.Command("zbarimg", "--quiet", "--raw", file).Output()
			if err != nil {
				t.Fatal("zbarimg (bash test/run.sh needs):", err)
			}
			if got := strings.TrimSpace(string(out)); got != text {
				t.Fatalf("zbarimg reads %q, want %q", got, text)
			}
		})
	}
}

func TestMarginIsFourModulesOfWhite(t *testing.T) {
	m, err := Encode("x")
	if err != nil {
		t.Fatal(err)
	}
	n := len(m)
	for y := range m {
		for x := range m[y] {
			inside := x >= Quiet && y >= Quiet && x < n-Quiet && y < n-Quiet
			if m[y][x] && !inside {
				t.Fatalf("dark module in the margin at %d,%d", x, y)
			}
		}
	}
	if !m[Quiet][Quiet] {
		t.Error("no finder pattern in the corner")
	}
}

func TestTitleIsEscaped(t *testing.T) {
	svg, err := SVG("x", `"><script>`)
	if err != nil || strings.Contains(svg, "<script>") {
		t.Fatalf("%v %s", err, svg)
	}
}

func TestTextThatDoesNotFitIsAnError(t *testing.T) {
	if _, err := SVG(strings.Repeat("x", 5000), ""); err != ErrLong {
		t.Fatalf("%v, want ErrLong", err)
	}
}
