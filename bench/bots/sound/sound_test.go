package sound

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/login-guard/login-guard/internal/picture"
)

func TestSpokenDigitsAreRead(t *testing.T) {
	r, err := NewReader("en")
	if err != nil {
		t.Fatal(err)
	}
	random := rand.New(rand.NewPCG(1, 2))
	const n = 2
	right := 0
	for i := range n {
		text := fmt.Sprintf("%08d", random.IntN(100_000_000))
		wav, err := picture.Sound([32]byte{byte(i)}, text, "en")
		if err != nil {
			t.Fatal(err)
		}
		got, err := r.Read(wav, len(text))
		if err != nil {
			t.Fatal(err)
		}
		for j := range min(len(got), len(text)) {
			if got[j] == text[j] {
				right++
			}
		}
	}
	if right < n*8*3/4 {
		t.Errorf("%d of %d digits were read", right, n*8)
	}
}
