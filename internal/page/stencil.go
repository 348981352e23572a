package page

import (
	"bytes"
	"crypto/rand"
	"encoding/binary"
	"strconv"
	"strings"
	"sync"
)

// A stencil is an answer with gaps. The templates (for a problem, the JSON
// encoder) make an answer once with marks for what differs from request to
// request; it is cut at the marks, and from then on each answer is the pieces
// with its own values between them. Values are never searched for marks, so
// one that looks like a mark is a value like any other.
//
// A gap is filled with its value escaped for the place where it stands. A
// stencil is used only after it gave the same bytes as the templates for
// probes, values with everything in them that any place escapes: who moves a
// value to another place in a template gets a slower page, not an unsafe one.
// What no probe can show: of a value that stands in a gap, a template may ask
// whether it is empty (see form) and nothing else.
type stencil []piece

// piece is fixed text and the gap after it.
type piece struct {
	text string
	gap  gap
}

type gap uint8

const (
	noGap gap = iota // after the last piece

	// In HTML, text or an attribute's value; of a problem, in a JSON string.
	gapShop
	gapHold
	gapRef
	gapClearance
	gapChallenge
	gapWhen
	gapError

	// In HTML, an attribute that holds an address.
	gapAction
	gapBack
	gapPicture
	gapSound

	// As it is: text of ours, and what has nothing to escape.
	gapNonce
	gapCSS
	gapWait
	gapScript

	// In a JSON string.
	gapToken
	gapSalt
	gapPath
	gapSoundPath

	// A number in JSON.
	gapCost
	gapTarget
	gapFloor
	gapSeconds
	gapStatus
	gapRetry

	gaps
)

// standIns are values for all gaps, by gap. Texts hold the number's digits
// where it is a number.
type standIns struct {
	text   [gaps]string
	number [gaps]int
}

// set puts a value in place of one that is not empty.
func (by *standIns) set(value *string, g gap) {
	if *value != "" {
		*value = by.text[g]
	}
}

// marks are values that stand nowhere else.
func marks() *standIns {
	var m standIns
	var bits [4]byte
	start := rand.Text()
	for g := noGap + 1; g < gaps; g++ {
		if g < gapCost {
			m.text[g] = start + string('A'+rune(g))
			continue
		}
		rand.Read(bits[:]) // never fails
		// Ten digits that fit any int.
		m.number[g] = 1e9 + int(binary.BigEndian.Uint32(bits[:])%1e9)
		m.text[g] = strconv.Itoa(m.number[g])
	}
	return &m
}

// probes are values with everything in them that any place escapes, each
// another one.
func probes() *standIns {
	var p standIns
	for g := noGap + 1; g < gaps; g++ {
		p.number[g] = -1 - int(g)
		p.text[g] = "/" + strconv.Itoa(int(g)) + "\x00\t\n\r\x1b\x7f !\"#$%&'()*+,-.:;<=>?@[\\]^_`{|}~%4a%zé\u2028\u2029\uFFFD\uFFFE😀\xff</script><!--]]>{{.}}%"
	}
	p.text[gapNonce], p.text[gapCSS], p.text[gapWait], p.text[gapScript] = "aZ09-_", "a{b:c}", "7", "d()"
	return &p
}

// newStencil makes a stencil. full makes the answer the long way with other
// values in it, fill the same with a stencil. Without an answer, or where the
// two do not agree on the probes, there is none.
func newStencil(full func(by *standIns) ([]byte, error), fill func(by *standIns, s stencil) []byte) stencil {
	marks, probes := marks(), probes()
	marked, err := full(marks)
	if err != nil {
		return nil
	}
	s := cut(string(marked), marks)
	want, err := full(probes)
	if err != nil || !bytes.Equal(fill(probes, s), want) {
		return nil
	}
	return s
}

// cut makes a stencil of an answer that has marks.
func cut(answer string, m *standIns) stencil {
	var s stencil
	for {
		at, next := len(answer), noGap
		for g := noGap + 1; g < gaps; g++ {
			if i := strings.Index(answer, m.text[g]); i >= 0 && i < at {
				at, next = i, g
			}
		}
		s = append(s, piece{answer[:at], next})
		if next == noGap {
			return s
		}
		answer = answer[at+len(m.text[next]):]
	}
}

// maxStencils bounds a collection. There are some 2,000 forms of pages in 32
// languages, of about 2.5 kB; what does not fit is made in full each time. Who
// asks for each of them makes a shop's pages 5 MB larger.
const maxStencils = 4096

// stencils are those made so far. One that is nil was no good.
type stencils[K comparable] struct {
	mu   sync.RWMutex
	made map[K]stencil
}

// get returns the stencil of a form, and whether that is all there will be.
func (c *stencils[K]) get(form K) (s stencil, known bool) {
	c.mu.RLock()
	s, known = c.made[form]
	full := len(c.made) >= maxStencils
	c.mu.RUnlock()
	return s, known || full
}

func (c *stencils[K]) put(form K, s stencil) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.made == nil {
		c.made = map[K]stencil{}
	}
	if len(c.made) < maxStencils {
		c.made[form] = s
	}
}
