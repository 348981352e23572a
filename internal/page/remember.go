package page

import "github.com/login-guard/login-guard/internal/memo"

// Bounds of what is remembered about languages that were asked for.
const (
	maxWishes = 512
	maxWish   = 200 // bytes; browsers send some 20 to 60
)

// newWishes remembers which language an Accept-Language or a tag led to, nil
// for none that there is, as finding out costs thousands of instructions.
func newWishes() *memo.Memo[*Language] { return memo.New[*Language](maxWishes, maxWish) }
