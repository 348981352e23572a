package challenge

import (
	"bytes"
	"fmt"
	"time"

	"github.com/dchest/captcha"
)

// SoundDigits is how many digits a sound speaks. A program that knows the
// published samples reads 97 % of them each: eight cost it more than a
// shopper, and the budget of passes by sound does the rest.
const SoundDigits = 8

// spokenIn are the languages that digits are spoken in.
var spokenIn = map[string]string{"en": "en", "ja": "ja", "pt-BR": "pt", "pt-PT": "pt", "ru": "ru", "zh-Hans": "zh", "zh-Hant": "zh"}

// SpokenIn is the language that a page in the language tag has its digits
// spoken in.
func SpokenIn(tag string) string {
	if lang := spokenIn[tag]; lang != "" {
		return lang
	}
	return "en"
}

// Speak speaks the digits of that name in a language of SpokenIn, as WAV. ok
// is false when the name is not ours or too old.
func (c *Checks) Speak(name, lang string, now time.Time) (sound []byte, ok bool, err error) {
	nonce, ok := c.open(nameSound, name, now)
	if !ok {
		return nil, false, nil
	}
	var out bytes.Buffer
	if _, err := captcha.NewAudio(name, c.digits(nameSound, nonce, SoundDigits), lang).WriteTo(&out); err != nil {
		return nil, false, fmt.Errorf("speaking digits: %w", err)
	}
	return out.Bytes(), true, nil
}
