package letters

import (
	"image"
	"os"
	"path/filepath"
	"testing"
)

func TestASetHasThePicturesAndWhatTheyShow(t *testing.T) {
	for _, k := range Kinds {
		t.Run(k.Name, func(t *testing.T) {
			dir := t.TempDir()
			const n = 6
			if err := k.WriteSet(dir, n, 1); err != nil {
				t.Fatal(err)
			}
			x, err := os.ReadFile(filepath.Join(dir, "x.u8"))
			if err != nil {
				t.Fatal(err)
			}
			y, err := os.ReadFile(filepath.Join(dir, "y.u8"))
			if err != nil {
				t.Fatal(err)
			}
			w, h := k.size()
			if len(x) != n*w*h || len(y) != n*k.Count {
				t.Fatalf("%d and %d bytes, want %d and %d", len(x), len(y), n*w*h, n*k.Count)
			}
			// The same pictures again, one by one.
			if err := k.Draw(n, 1, func(i int, d Drawn) error {
				for j := range d.Text {
					if got := k.Alphabet[y[i*k.Count+j]]; got != d.Text[j] {
						t.Errorf("picture %d shows %s, and its place %d says %c", i, d.Text, j, got)
					}
				}
				if string(k.shrink(d.Image)) != string(x[i*w*h:][:w*h]) {
					t.Errorf("picture %d is another one", i)
				}
				return nil
			}); err != nil {
				t.Fatal(err)
			}
		})
	}
}

// picture is one of black (#) and white.
func drawn(rows ...string) *image.Gray {
	p := image.NewGray(image.Rect(0, 0, len(rows[0]), len(rows)))
	for y, row := range rows {
		for x := range row {
			if row[x] != '#' {
				p.Pix[y*p.Stride+x] = 255
			}
		}
	}
	return p
}

func TestCleanings(t *testing.T) {
	for _, test := range []struct {
		name     string
		clean    func(*image.Gray) *image.Gray
		in, want []string
	}{
		{"a median takes specks away", func(p *image.Gray) *image.Gray { return median(p, 1) },
			[]string{".....", ".#...", "....."}, []string{".....", ".....", "....."}},
		{"an opening takes thin ink away and keeps the rest", func(p *image.Gray) *image.Gray { return opening(p, 1) },
			[]string{"###....", "###.#..", "###....", "......."}, []string{"###....", "###....", "###....", "......."}},
		{"flat ink goes, high ink stays", func(p *image.Gray) *image.Gray { return thinless(p, 1) },
			[]string{"#..", "#..", "###"}, []string{"#..", "#..", "#.."}},
		{"small closed white is filled", func(p *image.Gray) *image.Gray { return filled(p, 4) },
			[]string{"###..", "#.#..", "###..", "....."}, []string{"###..", "###..", "###..", "....."}},
	} {
		got, want := test.clean(drawn(test.in...)), drawn(test.want...)
		if string(got.Pix) != string(want.Pix) {
			t.Errorf("%s: %v", test.name, got.Pix)
		}
	}
}

func TestAThresholdSplitsTwoGreys(t *testing.T) {
	p := image.NewGray(image.Rect(0, 0, 4, 1))
	copy(p.Pix, []byte{90, 100, 180, 190})
	if got := threshold(p).Pix; string(got) != string([]byte{0, 0, 255, 255}) {
		t.Errorf("%v", got)
	}
}

// The real tesseract crashes on few pictures, so a program that crashes on
// every list of more than two, and on wide pictures, stands in for it.
func TestAPictureThatTesseractCrashesOnIsNotRead(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "tesseract"), []byte(`#!/bin/sh
[ "$(wc -l <"$1")" -gt 2 ] && kill -FPE $$
n=0
while read -r f; do
	n=$((n + 1))
	[ "$(wc -c <"$f")" -gt 1000 ] && kill -FPE $$
	printf '5\t%d\t\t\t\t\t\t\t\t\t\tKX7RM\n' $n
done <"$1"
`), 0o700); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", dir+":"+os.Getenv("PATH"))
	small, large := image.NewGray(image.Rect(0, 0, 8, 8)), image.NewGray(image.Rect(0, 0, 80, 80))
	for i := range large.Pix {
		large.Pix[i] = byte(i * i >> 3)
	}
	got, _, err := Tesseract{Kinds[0], Cleanings[0], "7"}.Read(t.Context(), []*image.Gray{small, small, large, small, small})
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range []string{"KX7RM", "KX7RM", "", "KX7RM", "KX7RM"} {
		if got[i].Text != want {
			t.Errorf("picture %d is read as %q, want %q", i, got[i].Text, want)
		}
	}
}
