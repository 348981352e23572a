package shoptest

import (
	"context"
	"crypto/pbkdf2"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"strconv"
	"testing"
)

func TestSolveFindsTheSmallestNumberThatPBKDF2Accepts(t *testing.T) {
	salt, cost, target := []byte("c2FsdA"), 20, uint32(1<<32/64)
	n, err := Solve(context.Background(), salt, cost, target)
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i <= n; i++ {
		key, err := pbkdf2.Key(sha256.New, strconv.Itoa(i), salt, cost, 32)
		if err != nil {
			t.Fatal(err)
		}
		if below := binary.BigEndian.Uint32(key) < target; below != (i == n) {
			t.Fatalf("number %d is below the target: %v; Solve found %d", i, below, n)
		}
	}
}

func TestSolveEndsWithTheContext(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := Solve(ctx, []byte("x"), 1, 0); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}
