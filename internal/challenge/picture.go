package challenge

import (
	"bytes"
	"context"
	"crypto/subtle"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"image/color"
	"image/png"
	"time"

	"github.com/dchest/captcha"
	"golang.org/x/text/unicode/norm"

	"github.com/login-guard/login-guard/internal/keys"
	"github.com/login-guard/login-guard/internal/store"
)

// Size of the picture in pixels, and how many digits it shows.
const (
	PictureWidth  = 240
	PictureHeight = 80
	PictureDigits = 6
)

// What is named: a picture or a sound.
const (
	namePicture = "picture"
	nameSound   = "sound"
)

// name names the picture or sound of a check: the check's nonce and time with
// a keyed hash, so that only what we issued is drawn. The name opens nothing:
// what is shown is another keyed hash.
func (c *Checks) name(what string, t Token) string {
	b := binary.BigEndian.AppendUint32(append([]byte(nil), t.Nonce[:]...), uint32(t.Issued.Unix()))
	tag := c.Ring.Sum(keys.Pseudonym, []byte(what), []byte(c.Site), b)
	return base64.RawURLEncoding.EncodeToString(append(b, tag[:12]...))
}

// open returns the nonce of a name; ok is false when the name is not ours or
// too old.
func (c *Checks) open(what, name string, now time.Time) (nonce []byte, ok bool) {
	b, err := base64.RawURLEncoding.DecodeString(name)
	if err != nil || len(b) != 16+4+12 {
		return nil, false
	}
	tag := c.Ring.Sum(keys.Pseudonym, []byte(what), []byte(c.Site), b[:20])
	issued := time.Unix(int64(binary.BigEndian.Uint32(b[16:])), 0)
	if subtle.ConstantTimeCompare(tag[:12], b[20:]) != 1 || now.Sub(issued) > Life {
		return nil, false
	}
	return b[:16], true
}

// drawsEach is how often one picture is drawn.
const drawsEach = 5

// MayDraw counts a look at the picture of that name and reports whether it is
// to be drawn: the name is ours and was not looked at too often.
func (c *Checks) MayDraw(ctx context.Context, name string, now time.Time) bool {
	return c.may(ctx, namePicture, name, now)
}

// MaySpeak is the same of a sound.
func (c *Checks) MaySpeak(ctx context.Context, name string, now time.Time) bool {
	return c.may(ctx, nameSound, name, now)
}

func (c *Checks) may(ctx context.Context, what, name string, now time.Time) bool {
	nonce, ok := c.open(what, name, now)
	if !ok {
		return false
	}
	var got store.Reserved
	err := c.Store.Reserve(ctx, &store.Reserve{Now: now, Charges: []store.Charge{
		{Key: c.key("drawn-"+what, nonce), Burst: drawsEach, Every: Life}}}, &got)
	return err == nil && got.Over == 0
}

// Draw draws the picture of that name as PNG. ok is false when the name is
// not ours or too old.
func (c *Checks) Draw(name string, now time.Time) (picture []byte, ok bool, err error) {
	nonce, ok := c.open(namePicture, name, now)
	if !ok {
		return nil, false, nil
	}
	// The name seeds the noise too: two pictures of the same digits differ.
	img := captcha.NewImage(name, c.digits(namePicture, nonce, PictureDigits), PictureWidth, PictureHeight)
	// The library leaves the background transparent, which on a dark page
	// hides dark digits.
	img.Palette[0] = color.White
	var out bytes.Buffer
	if err := png.Encode(&out, img.Paletted); err != nil {
		return nil, false, fmt.Errorf("drawing a picture: %w", err)
	}
	return out.Bytes(), true, nil
}

// digits is what the picture or sound with this nonce holds: a keyed hash,
// without the bias of a plain remainder.
func (c *Checks) digits(what string, nonce []byte, n int) []byte {
	out := make([]byte, 0, n)
	for block := byte(0); ; block++ {
		sum := c.Ring.Sum(keys.Drawing, []byte(what), []byte(c.Site), nonce, []byte{block})
		for _, b := range sum {
			if b < 250 {
				if out = append(out, b%10); len(out) == n {
					return out
				}
			}
		}
	}
}

// reads reports whether text is what the picture or sound of t holds. Spaces and
// hyphens do not count, and digits of other scripts do.
func (c *Checks) reads(t Token, text string) bool {
	if len(text) > 64 {
		return false
	}
	got := make([]byte, 0, SoundDigits)
	for _, r := range norm.NFKC.String(text) {
		switch {
		case r >= '0' && r <= '9':
			got = append(got, byte(r-'0'))
		case r >= '٠' && r <= '٩':
			got = append(got, byte(r-'٠'))
		case r >= '۰' && r <= '۹':
			got = append(got, byte(r-'۰'))
		case r == ' ' || r == '-' || r == '\u200e' || r == '\u200f':
		default:
			return false
		}
	}
	want := c.digits(namePicture, t.Nonce[:], PictureDigits)
	if t.Kind == Sound {
		want = c.digits(nameSound, t.Nonce[:], SoundDigits)
	}
	return subtle.ConstantTimeCompare(got, want) == 1
}
