package challenge_test

import (
	"context"
	"encoding/binary"
	"testing"
	"time"

	"github.com/login-guard/login-guard/internal/challenge"
	"github.com/login-guard/login-guard/internal/picture"
	"github.com/login-guard/login-guard/internal/store"
)

func BenchmarkIssue(b *testing.B) {
	s := open(b)
	sp := spec(challenge.Slider)
	b.ReportAllocs()
	for b.Loop() {
		s.issue(sp)
	}
}

func BenchmarkOpen(b *testing.B) {
	s := open(b)
	token, now := s.issue(spec(challenge.Slider)).Token, s.Now()
	b.ReportAllocs()
	for b.Loop() {
		if _, err := s.Open(token, now); err != nil {
			b.Fatal(err)
		}
	}
}

// renaming is a store in which every key is new, so that one token and one
// budget do for a whole benchmark.
type renaming struct {
	store.Store
	n uint64
}

func (r *renaming) fresh(k store.Key) store.Key {
	r.n++
	binary.BigEndian.PutUint64(k[8:], r.n)
	return k
}

func (r *renaming) Spend(ctx context.Context, k store.Key, _ time.Duration) (bool, error) {
	if _, err := r.Store.Spend(ctx, r.fresh(k), time.Minute); err != nil {
		return false, err
	}
	return true, nil // also when 200,000 are spent and there is no room
}

func (r *renaming) Reserve(ctx context.Context, q *store.Reserve, out *store.Reserved) error {
	for i := range q.Charges {
		q.Charges[i].Key = r.fresh(q.Charges[i].Key)
	}
	return r.Store.Reserve(ctx, q, out)
}

func BenchmarkJudgeSlider(b *testing.B) {
	s := open(b)
	a := s.right(s.issue(spec(challenge.Slider)), challenge.WayPointer)
	s.Move(time.Second)
	s.Store = &renaming{Store: s.Store}
	tok, err := s.Open(a.Token, s.Now())
	if err != nil {
		b.Fatal(err)
	}
	now := s.Now()
	b.ReportAllocs()
	for b.Loop() {
		if j, err := s.Judge(ctx, now, tok, a); j.Result != challenge.Checked || err != nil {
			b.Fatal(j, err)
		}
	}
}

func BenchmarkDraw(b *testing.B) {
	for _, style := range []picture.Style{picture.StyleLetters, picture.StyleDigits} {
		b.Run(string(style), func(b *testing.B) {
			s := paints(b, style)
			s.Store = &renaming{Store: s.Store}
			now := s.Now()
			b.ReportAllocs()
			for b.Loop() {
				name := s.issue(spec(challenge.Picture)).Picture
				if _, err := s.Draw(ctx, name, now); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
