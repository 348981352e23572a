package picture

import (
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// Bounds of what is folded: bytes typed, and characters that come out. No
// answer has more than SoundCount; the rest is room for spaces, and for
// scripts of four bytes a character.
const (
	maxTyped  = 128
	maxFolded = 16
)

// Fold returns what was typed for a picture of letters as the picture has it:
// characters of Alphabet and nothing else. It is empty where there is any
// other character, as no answer with it is right.
//
// People type small letters, full width, the digits of their script, and
// letters of another script where it has the same shape. Spaces, hyphens and
// marks of writing direction do not count.
func Fold(typed string) string { return fold(typed, Alphabet) }

// crossed are letters that differ by one stroke, which a line of ink across
// them hides or draws: who read C for G, or F for E, has read the picture.
var crossed = strings.NewReplacer("C", "G", "E", "F")

// Alike gives an answer the form in which it is compared with another: letters
// that a line of ink makes one are one.
func Alike(folded string) string { return crossed.Replace(folded) }

// FoldDigits is Fold for pictures of digits and for sounds: 0 to 9.
func FoldDigits(typed string) string { return fold(typed, digitsOnly) }

func fold(typed, alphabet string) string {
	if len(typed) > maxTyped {
		return ""
	}
	out := make([]byte, 0, maxFolded)
	for _, r := range norm.NFKC.String(typed) {
		if unicode.In(r, unicode.White_Space, unicode.Pd, unicode.Cf) {
			continue
		}
		c := latin(r)
		if c == 0 || strings.IndexByte(alphabet, c) < 0 || len(out) == maxFolded {
			return ""
		}
		out = append(out, c)
	}
	return string(out)
}

// latin returns the Latin capital or digit that a character stands for, 0 for
// none.
func latin(r rune) byte {
	if unicode.Is(unicode.Nd, r) {
		return digit(r)
	}
	if c, ok := alikeSmall[r]; ok {
		return c
	}
	r = unicode.ToUpper(r)
	if r >= 'A' && r <= 'Z' {
		return byte(r)
	}
	return alike[r]
}

// digit returns the value of a decimal digit of any script. They stand in runs
// from zero to nine (Unicode, §4.6), and so each range of them begins with a
// zero.
func digit(r rune) byte {
	for _, in := range unicode.Nd.R16 {
		if r >= rune(in.Lo) && r <= rune(in.Hi) {
			return '0' + byte((r-rune(in.Lo))%10)
		}
	}
	for _, in := range unicode.Nd.R32 {
		if r >= rune(in.Lo) && r <= rune(in.Hi) {
			return '0' + byte((r-rune(in.Lo))%10)
		}
	}
	return 0
}

// alike are capitals of other scripts with the shape of a character that a
// picture may show; their small letters count like them.
var alike = map[rune]byte{
	// Cyrillic; Ze is a 3 to who reads Cyrillic.
	'А': 'A', 'Е': 'E', 'З': '3', 'К': 'K', 'М': 'M', 'Н': 'H', 'Р': 'P', 'С': 'C', 'Т': 'T', 'У': 'Y', 'Ү': 'Y', 'Х': 'X', 'Ј': 'J', 'Ԁ': 'D', 'Ԝ': 'W', 'Һ': 'H', 'Ғ': 'F',
	// Greek
	'Α': 'A', 'Ε': 'E', 'Η': 'H', 'Κ': 'K', 'Μ': 'M', 'Ν': 'N', 'Ρ': 'P', 'Τ': 'T', 'Υ': 'Y', 'Χ': 'X', 'Ϳ': 'J', 'Ϝ': 'F',
}

// alikeSmall are small letters with the shape of one of our small letters,
// while their capitals have another.
var alikeSmall = map[rune]byte{'г': 'R', 'п': 'N'}
