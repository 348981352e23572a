package picture

import (
	"bytes"
	"fmt"
	"strconv"
	"strings"

	"github.com/dchest/captcha"
)

// Spoken reports whether the digits of a page in this language (a BCP 47 tag)
// are spoken in it, and in which language they are spoken: English where there
// is no other. pt is spoken as in Brazil, zh is Mandarin.
func Spoken(tag string) (lang string, own bool) {
	lang, _, _ = strings.Cut(strings.ToLower(tag), "-")
	switch lang {
	case "en", "ja", "pt", "ru", "zh":
		return lang, true
	}
	return "en", false
}

// Sound speaks SoundCount digits in a language that Spoken returns, as WAV: 8
// kHz, 8 bits, some 25 seconds. The seed decides on pauses, tempo and noise,
// together with a key of this process.
//
// A program reads 85 of 100 such sounds without any training, as the samples
// are public. It is here for people who do not see the picture, and needs a
// smaller budget than that.
func Sound(seed [32]byte, text, lang string) ([]byte, error) {
	if err := check(text, SoundCount, digitsOnly); err != nil {
		return nil, fmt.Errorf("speaking digits: %w", err)
	}
	// The pauses are random; a few sounds in a thousand are too long.
	for try := range 16 {
		a := captcha.NewAudio(string(seed[:])+strconv.Itoa(try), values(text), lang)
		if n := a.EncodedLen(); n < MaxSound {
			out := bytes.NewBuffer(make([]byte, 0, n+1))
			if _, err := a.WriteTo(out); err != nil {
				return nil, fmt.Errorf("speaking digits: %w", err)
			}
			return out.Bytes(), nil
		}
	}
	return nil, fmt.Errorf("speaking digits: each of 16 sounds is longer than %d bytes", MaxSound)
}
