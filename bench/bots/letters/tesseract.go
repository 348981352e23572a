package letters

import (
	"context"
	"errors"
	"fmt"
	"image"
	"image/png"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/login-guard/login-guard/internal/picture"
)

// Tesseract is the reader of print, with one cleaning.
type Tesseract struct {
	Kind     Kind
	Cleaning Cleaning
	// Mode is the page segmentation mode: 7 takes the picture for a line, 8
	// for a word.
	Mode string
}

// fold is what the gateway makes of an answer.
func (k Kind) fold(text string) string {
	if k.Name == "digits" {
		return picture.FoldDigits(text)
	}
	return picture.Fold(text)
}

// Read reads pictures, many in one process, and returns its processor time
// (cleaning not counted: it is a few milliseconds). A picture that tesseract
// crashes on, as it does on some (SIGFPE, 5.3.0), is one that it did not read.
func (t Tesseract) Read(ctx context.Context, pictures []*image.Gray) ([]Guess, time.Duration, error) {
	guesses, spent, err := t.read(ctx, pictures)
	if died := new(exec.ExitError); !errors.As(err, &died) || ctx.Err() != nil || died.Exited() {
		return guesses, spent, err
	}
	if len(pictures) == 1 {
		return make([]Guess, 1), spent, nil
	}
	half := len(pictures) / 2
	first, a, err := t.Read(ctx, pictures[:half])
	if err != nil {
		return nil, 0, err
	}
	second, b, err := t.Read(ctx, pictures[half:])
	return append(first, second...), spent + a + b, err
}

// read is Read for pictures that it does not crash on.
func (t Tesseract) read(ctx context.Context, pictures []*image.Gray) ([]Guess, time.Duration, error) {
	folder, err := os.MkdirTemp("", "tesseract.")
	if err != nil {
		return nil, 0, err
	}
	defer os.RemoveAll(folder)
	var list strings.Builder
	for i, p := range pictures {
		path := filepath.Join(folder, fmt.Sprintf("%d.png", i))
		if err := save(path, t.Cleaning.clean(p)); err != nil {
			return nil, 0, err
		}
		list.WriteString(path + "\n")
	}
	names := filepath.Join(folder, "list.txt")
	if err := os.WriteFile(names, []byte(list.String()), 0o600); err != nil {
		return nil, 0, err
	}
	// Some letters are drawn small, and the gateway takes them so.
	cmd := exec.CommandContext(ctx, "tesseract", names, "-", "--psm", t.Mode, "--dpi", "150",
		"-c", "tessedit_char_whitelist="+t.Kind.Alphabet+strings.ToLower(strings.Trim(t.Kind.Alphabet, "0123456789")), "tsv")
	cmd.Env = append(os.Environ(), "OMP_THREAD_LIMIT=1")
	out, err := cmd.Output()
	if err != nil {
		var spent time.Duration
		if cmd.ProcessState != nil {
			spent = cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()
		}
		return nil, spent, fmt.Errorf("tesseract: %w", failed(err))
	}
	// As text a page without any would be left out; in the table it is not.
	words := make([]string, len(pictures))
	pages := 0
	for line := range strings.Lines(string(out)) {
		cells := strings.Split(strings.TrimRight(line, "\r\n"), "\t")
		if len(cells) != 12 || cells[0] == "level" {
			continue
		}
		n, err := strconv.Atoi(cells[1])
		if err != nil || n < 1 || n > len(words) {
			return nil, 0, fmt.Errorf("tesseract said %.200q", line)
		}
		pages = max(pages, n)
		words[n-1] += cells[11]
	}
	if pages != len(pictures) {
		return nil, 0, fmt.Errorf("tesseract read %d of %d pictures", pages, len(pictures))
	}
	guesses := make([]Guess, len(pictures))
	for i, w := range words {
		guesses[i].Text = t.Kind.fold(w)
	}
	return guesses, cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime(), nil
}

func save(path string, p *image.Gray) error {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	if err := png.Encode(f, p); err != nil {
		f.Close()
		return err
	}
	return f.Close()
}

// Best tries every cleaning and mode on n pictures of our own renderer and
// returns the one that reads most, with what each read.
func Best(ctx context.Context, k Kind, n int, seed uint64) (Tesseract, []string, error) {
	pictures, texts := make([]*image.Gray, n), make([]string, n)
	if err := k.Draw(n, seed, func(i int, d Drawn) error {
		pictures[i], texts[i] = d.Image, d.Text
		return nil
	}); err != nil {
		return Tesseract{}, nil, err
	}
	var best Tesseract
	var said []string
	most := -1
	for _, c := range Cleanings {
		for _, mode := range []string{"7", "8"} {
			t := Tesseract{k, c, mode}
			guesses, _, err := t.Read(ctx, pictures)
			if err != nil {
				return best, nil, err
			}
			exact, each := 0, 0
			for i, g := range guesses {
				if g.Text == texts[i] {
					exact++
				}
				each += same(g.Text, texts[i])
			}
			said = append(said, fmt.Sprintf("%s, mode %s: %d of %d exact, %.0f %% of characters in place", c.Name, mode, exact, n, 100*float64(each)/float64(n*k.Count)))
			// Exact first; of equals the one with more characters.
			if score := exact*1000*k.Count + each; score > most {
				most, best = score, t
			}
		}
	}
	return best, said, nil
}

// same is how many characters of two texts are alike, place by place.
func same(a, b string) int {
	n := 0
	for i := range min(len(a), len(b)) {
		if a[i] == b[i] {
			n++
		}
	}
	return n
}
