package shoptest

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"hash"
	"strconv"
)

// Solve finds the smallest n whose PBKDF2-HMAC-SHA256 (RFC 8018 §5.2; the
// password is n in decimal, 32 bytes) begins with four bytes that are, read
// as a big-endian number, below target. It is the proof of work behind a
// check, written apart from the product's code so that each tests the other.
//
// A target of t takes 2³²/t tries on average, each of cost rounds. Solve
// ends early with the context's error.
func Solve(ctx context.Context, salt []byte, cost int, target uint32) (int, error) {
	if cost < 1 {
		cost = 1
	}
	for n := 0; ; n++ {
		if err := ctx.Err(); err != nil {
			return 0, err
		}
		if firstFour(strconv.Itoa(n), salt, cost) < target {
			return n, nil
		}
	}
}

// firstFour is the start of PBKDF2's first block; with 32 bytes wanted and
// SHA-256 there is only one.
func firstFour(password string, salt []byte, cost int) uint32 {
	mac := hmac.New(sha256.New, []byte(password))
	u := round(mac, append(append([]byte(nil), salt...), 0, 0, 0, 1), nil)
	sum := append([]byte(nil), u...)
	for range cost - 1 {
		u = round(mac, u, u[:0])
		for i := range sum {
			sum[i] ^= u[i]
		}
	}
	return binary.BigEndian.Uint32(sum)
}

func round(mac hash.Hash, in, into []byte) []byte {
	mac.Reset()
	mac.Write(in)
	return mac.Sum(into)
}
