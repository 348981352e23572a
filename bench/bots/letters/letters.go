// Package letters reads the pictures: with tesseract, after what cleaning can
// be done without knowing the answer, and with a small network that is trained
// on pictures of our own renderer, as anybody with our source can.
package letters

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"sync"

	"github.com/login-guard/login-guard/internal/picture"
)

// Kind is a kind of picture.
type Kind struct {
	Name     string
	Alphabet string
	Count    int
	// Shrink is how many pixels of a picture, each way, make one for the
	// network.
	Shrink int
	draw   func(*picture.Painter, [32]byte, string) ([]byte, error)
}

// Kinds are those that the gateway draws.
var Kinds = []Kind{
	{"letters", picture.Alphabet, picture.LetterCount, 4, (*picture.Painter).Letters},
	{"digits", "0123456789", picture.DigitCount, 2, (*picture.Painter).Digits},
}

// Drawn is a picture and what it shows.
type Drawn struct {
	Image *image.Gray
	Text  string
}

// Draw draws n pictures, the same for the same seed.
func (k Kind) Draw(n int, seed uint64, each func(i int, d Drawn) error) error {
	p, err := picture.NewPainter()
	if err != nil {
		return err
	}
	var wg sync.WaitGroup
	errs := make(chan error, runtime.NumCPU())
	for worker := range runtime.NumCPU() {
		wg.Go(func() {
			for i := worker; i < n; i += runtime.NumCPU() {
				d, err := k.one(p, rand.New(rand.NewPCG(seed, uint64(i))))
				if err == nil {
					err = each(i, d)
				}
				if err != nil {
					errs <- err
					return
				}
			}
		})
	}
	wg.Wait()
	select {
	case err := <-errs:
		return err
	default:
		return nil
	}
}

func (k Kind) one(p *picture.Painter, random *rand.Rand) (Drawn, error) {
	text := make([]byte, k.Count)
	for i := range text {
		text[i] = k.Alphabet[random.IntN(len(k.Alphabet))]
	}
	var seed [32]byte
	for i := 0; i < len(seed); i += 8 {
		binary.LittleEndian.PutUint64(seed[i:], random.Uint64())
	}
	file, err := k.draw(p, seed, string(text))
	if err != nil {
		return Drawn{}, err
	}
	img, err := Decode(file)
	return Drawn{img, string(text)}, err
}

// Decode reads a picture as it comes from the gateway.
func Decode(file []byte) (*image.Gray, error) {
	img, err := png.Decode(bytes.NewReader(file))
	if err != nil {
		return nil, fmt.Errorf("reading a picture: %w", err)
	}
	b := img.Bounds()
	out := image.NewGray(image.Rect(0, 0, b.Dx(), b.Dy()))
	for y := range b.Dy() {
		for x := range b.Dx() {
			out.SetGray(x, y, color.GrayModel.Convert(img.At(b.Min.X+x, b.Min.Y+y)).(color.Gray))
		}
	}
	return out, nil
}

// shrink averages squares of k.Shrink pixels.
func (k Kind) shrink(img *image.Gray) []byte {
	w, h := img.Rect.Dx()/k.Shrink, img.Rect.Dy()/k.Shrink
	out := make([]byte, w*h)
	for y := range h {
		for x := range w {
			sum := 0
			for dy := range k.Shrink {
				row := img.Pix[(y*k.Shrink+dy)*img.Stride+x*k.Shrink:][:k.Shrink]
				for _, v := range row {
					sum += int(v)
				}
			}
			out[y*w+x] = byte(sum / (k.Shrink * k.Shrink))
		}
	}
	return out
}

// size is how large the shrunk pictures are.
func (k Kind) size() (w, h int) {
	if k.Name == "digits" {
		return picture.DigitWidth / k.Shrink, picture.DigitHeight / k.Shrink
	}
	return picture.Width / k.Shrink, picture.Height / k.Shrink
}

// WriteSet draws n pictures for the network into folder: x.u8 has their
// greys, y.u8 the places in the alphabet of what they show.
func (k Kind) WriteSet(folder string, n int, seed uint64) error {
	w, h := k.size()
	x, y := make([]byte, n*w*h), make([]byte, n*k.Count)
	err := k.Draw(n, seed, func(i int, d Drawn) error {
		copy(x[i*w*h:], k.shrink(d.Image))
		for j := range k.Count {
			y[i*k.Count+j] = byte(bytes.IndexByte([]byte(k.Alphabet), d.Text[j]))
		}
		return nil
	})
	if err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(folder, "x.u8"), x, 0o600); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(folder, "y.u8"), y, 0o600)
}
