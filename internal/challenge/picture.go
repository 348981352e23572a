package challenge

import (
	"context"
	"crypto/subtle"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/login-guard/login-guard/internal/keys"
	"github.com/login-guard/login-guard/internal/picture"
	"github.com/login-guard/login-guard/internal/store"
)

// ErrNoPicture: the name is not ours, it is too old, or what it names was shown
// already and is no longer held.
var ErrNoPicture = errors.New("there is no such picture")

// names gives a check's page the name of what it shows.
func (c *Checks) names(out *Issued, t Token) {
	switch t.Kind {
	case Picture:
		out.Picture = c.name(namePicture, t)
	case Sound:
		out.Sound = c.name(nameSound, t)
	}
}

// name names the picture or the sound of a check: the check's nonce and time
// with a keyed hash, so that only what we issued is drawn. The name opens
// nothing: what the picture shows is another keyed hash.
func (c *Checks) name(what string, t Token) string {
	b := binary.BigEndian.AppendUint32(append([]byte(nil), t.Nonce[:]...), uint32(t.Issued.Unix()))
	tag := c.Ring.Sum(keys.Pseudonym, []byte(what), []byte(c.Site), b)
	return base64.RawURLEncoding.EncodeToString(append(b, tag[:12]...))
}

// nonce is that of a new check: for a picture, of one that was drawn ahead
// where there is any.
func (c *Checks) nonce(k Kind) (nonce [16]byte, err error) {
	if k == Picture && c.Pictures != nil {
		if id, ok := c.Pictures.Ready(); ok {
			return id, nil
		}
	}
	_, err = io.ReadFull(c.Random, nonce[:])
	return nonce, err
}

// Ahead is a picture to draw for a check that is yet to be issued, for
// picture.Pool's Start.
func (c *Checks) Ahead() (picture.Job, error) {
	var nonce [16]byte
	if _, err := io.ReadFull(c.Random, nonce[:]); err != nil {
		return picture.Job{}, fmt.Errorf("drawing a picture ahead: %w", err)
	}
	return c.job(Picture, nonce), nil
}

// job is what the picture or the sound of a nonce shows and how. Both are keyed
// hashes: the seed too, as who knows it can draw a picture of every text and
// compare.
func (c *Checks) job(k Kind, nonce [16]byte) picture.Job {
	return picture.Job{ID: nonce, Style: c.Style, Text: c.text(k, nonce),
		Seed: c.Ring.Sum(keys.Drawing, []byte("seed"), []byte(c.Site), nonce[:])}
}

// text is the answer to a check: a keyed hash, without the bias of a plain
// remainder, and another one for each kind.
func (c *Checks) text(k Kind, nonce [16]byte) string {
	what, alphabet, count := "letters", picture.Alphabet, picture.LetterCount
	switch {
	case k == Sound:
		what, alphabet, count = "sound", "0123456789", picture.SoundCount
	case c.Style == picture.StyleDigits:
		what, alphabet, count = "digits", "0123456789", picture.DigitCount
	}
	fair := 256 - 256%len(alphabet)
	out := make([]byte, 0, count)
	for block := byte(0); ; block++ {
		sum := c.Ring.Sum(keys.Drawing, []byte(what), []byte(c.Site), nonce[:], []byte{block})
		for _, b := range sum {
			if int(b) < fair {
				if out = append(out, alphabet[int(b)%len(alphabet)]); len(out) == count {
					return string(out)
				}
			}
		}
	}
}

// reads reports whether typed is what the picture of t shows, or its sound
// says.
func (c *Checks) reads(t Token, typed string) bool {
	want := picture.Alike(c.text(t.Kind, t.Nonce))
	fold := picture.Fold
	if t.Kind == Sound || c.Style == picture.StyleDigits {
		fold = picture.FoldDigits
	}
	return subtle.ConstantTimeCompare([]byte(picture.Alike(fold(typed))), []byte(want)) == 1
}

// open returns the nonce of a name; ok is false when the name is not ours or
// too old.
func (c *Checks) open(what, name string, now time.Time) (nonce [16]byte, ok bool) {
	b, err := base64.RawURLEncoding.DecodeString(name)
	if err != nil || len(b) != 16+4+12 {
		return nonce, false
	}
	tag := c.Ring.Sum(keys.Pseudonym, []byte(what), []byte(c.Site), b[:20])
	issued := time.Unix(int64(binary.BigEndian.Uint32(b[16:])), 0)
	if subtle.ConstantTimeCompare(tag[:12], b[20:]) != 1 || now.Sub(issued) > Life {
		return nonce, false
	}
	return [16]byte(b[:16]), true
}

// Draw returns the picture of that name as PNG. Each is drawn once, by one
// node: several drawings of one text could be averaged. Who asks again, on a
// bad connection, gets the same bytes as long as they are held.
//
// The error is ErrNoPicture, or picture.ErrBusy when too many are being drawn:
// it is there for another try then.
func (c *Checks) Draw(ctx context.Context, name string, now time.Time) (png []byte, err error) {
	return c.once(ctx, namePicture, name, now, func(nonce [16]byte) ([]byte, error) {
		return c.Pictures.Draw(ctx, c.job(Picture, nonce))
	})
}

// DrawSound returns the sound of that name as WAV, in the language of the page
// (a BCP 47 tag) or in English, as Draw does with a picture.
func (c *Checks) DrawSound(ctx context.Context, name, tag string, now time.Time) (wav []byte, err error) {
	lang, _ := picture.Spoken(tag)
	return c.once(ctx, nameSound, name, now, func(nonce [16]byte) ([]byte, error) {
		return c.Pictures.Speak(ctx, c.job(Sound, nonce), lang)
	})
}

// showsAgain is how often the bytes of what was drawn are sent again. Some
// browsers ask for a sound in many parts.
var showsAgain = map[string]int{namePicture: 3, nameSound: 30}

// What is named: a picture or a sound.
const (
	namePicture = "picture"
	nameSound   = "sound"
)

func (c *Checks) once(ctx context.Context, what, name string, now time.Time, draw func(nonce [16]byte) ([]byte, error)) ([]byte, error) {
	nonce, ok := c.open(what, name, now)
	if !ok || c.Pictures == nil {
		return nil, ErrNoPicture
	}
	// A unit comes back when the name is too old to matter.
	drawn := store.Charge{Key: c.key("drawn", nonce[:]), Burst: 1, Every: 2 * Life}
	var got store.Reserved
	if err := c.Store.Reserve(ctx, &store.Reserve{Now: now, Charges: []store.Charge{drawn}}, &got); err != nil {
		return nil, fmt.Errorf("counting a picture: %w", err)
	}
	if got.Over != 0 {
		b, held := c.Pictures.Held(nonce)
		if !held {
			return nil, ErrNoPicture
		}
		again := store.Charge{Key: c.key("shown", nonce[:]), Burst: showsAgain[what], Every: Life}
		if err := c.Store.Reserve(ctx, &store.Reserve{Now: now, Charges: []store.Charge{again}}, &got); err != nil {
			return nil, fmt.Errorf("counting a picture: %w", err)
		}
		if got.Over != 0 {
			return nil, ErrNoPicture
		}
		return b, nil
	}
	b, err := draw(nonce)
	if err != nil {
		// Nobody has seen it. The request may be gone, the refund is not.
		refund := &store.Settle{Now: now, Refund: []store.Charge{drawn}, Local: got.Local}
		if serr := c.Store.Settle(context.WithoutCancel(ctx), refund); serr != nil {
			return nil, fmt.Errorf("giving back a picture: %w", serr)
		}
		return nil, err
	}
	return b, nil
}
