package picture

import (
	"bytes"
	"encoding/binary"
	"testing"
)

func TestSoundIsASmallWAVInEveryLanguage(t *testing.T) {
	alike := map[string]string{}
	for _, lang := range []string{"en", "ja", "pt", "ru", "zh"} {
		var all []int
		for n := range 40 {
			b, err := Sound(seed(n), number(n, SoundCount), lang)
			if err != nil {
				t.Fatal(err)
			}
			all = append(all, len(b))
			// RIFF WAVE, PCM, one channel, 8 kHz, 8 bits.
			if string(b[:4]) != "RIFF" || string(b[8:16]) != "WAVEfmt " || int(binary.LittleEndian.Uint32(b[4:]))+8 != len(b) {
				t.Fatalf("%s: it begins with %q and has %d bytes", lang, b[:16], len(b))
			}
			if format, channels, rate, bits := binary.LittleEndian.Uint16(b[20:]), binary.LittleEndian.Uint16(b[22:]), binary.LittleEndian.Uint32(b[24:]), binary.LittleEndian.Uint16(b[34:]); format != 1 || channels != 1 || rate != 8000 || bits != 8 {
				t.Fatalf("%s: format %d, %d channels, %d Hz, %d bits", lang, format, channels, rate, bits)
			}
			if n == 0 {
				if other, ok := alike[string(b)]; ok {
					t.Errorf("%s and %s sound alike", lang, other)
				}
				alike[string(b)] = lang
			}
		}
		half, _, max := sizes(all)
		t.Logf("%s: bytes of 40: p50 %d, most %d", lang, half, max)
		if max > MaxSound {
			t.Errorf("%s: a sound has %d bytes, over %d", lang, max, MaxSound)
		}
		if half < 100_000 {
			t.Errorf("%s: half of them have no more than %d bytes: eight digits last longer", lang, half)
		}
	}
}

func TestSoundOfOneSeedIsOneSound(t *testing.T) {
	sound := func(with, n int) []byte {
		b, err := Sound(seed(with), number(n, SoundCount), "en")
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	a := sound(1, 1)
	if !bytes.Equal(a, sound(1, 1)) {
		t.Error("one seed has two sounds")
	}
	if bytes.Equal(a, sound(2, 1)) {
		t.Error("two seeds of the same digits have one sound")
	}
	if bytes.Equal(a, sound(1, 2)) {
		t.Error("other digits sound alike")
	}
}

func TestDigitsAreSpokenInThePagesLanguageWhereThereIsOne(t *testing.T) {
	for tag, want := range map[string]struct {
		lang string
		own  bool
	}{
		"en": {"en", true}, "en-GB": {"en", true}, "ru": {"ru", true}, "ja": {"ja", true}, "pt-BR": {"pt", true}, "pt-PT": {"pt", true},
		"zh-Hans": {"zh", true}, "zh-Hant": {"zh", true}, "ZH": {"zh", true},
		"de": {"en", false}, "ar": {"en", false}, "": {"en", false}, "ptx": {"en", false}, "yue": {"en", false},
	} {
		if lang, own := Spoken(tag); lang != want.lang || own != want.own {
			t.Errorf("%q: %s, %v", tag, lang, own)
		}
	}
}

func BenchmarkSound(b *testing.B) {
	for _, lang := range []string{"en", "pt"} {
		b.Run(lang, func(b *testing.B) {
			b.ReportAllocs()
			for n := 0; b.Loop(); n++ {
				if _, err := Sound(seed(n), number(n, SoundCount), lang); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
