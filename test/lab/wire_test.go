package main

import (
	"bytes"
	"testing"
)

func TestARequestIsReadBackAsItWasWritten(t *testing.T) {
	for _, seed := range []uint64{1, 2} {
		for i, b := range Backends() {
			g := NewGrammar(seed, uint64(i))
			for range 500 {
				c := g.Next(b)
				want := c.Request.Bytes("id")
				got, err := Parse(want)
				if err != nil {
					t.Fatalf("%s: %v\n%s", c.Marks, err, printable(want))
				}
				if again := got.Bytes("id"); !bytes.Equal(again, want) {
					t.Fatalf("%s: came back as\n%s\nwant\n%s", c.Marks, printable(again), printable(want))
				}
			}
		}
	}
}

func TestFramingIsToldApartWhereItIsPlain(t *testing.T) {
	for _, framing := range []Framing{Length, Chunked, CutLength, CutChunked, NoBody} {
		r := &Request{Method: "POST", Target: "/", Framing: framing, Body: []byte("user=a&pass=p")}
		if framing == NoBody {
			r.Body = nil
		}
		got, err := Parse(r.Bytes("id"))
		if err != nil || got.Framing != framing {
			t.Errorf("%s: got %+v, %v", framing, got, err)
		}
	}
}

func TestTheSameSeedMakesTheSameRequests(t *testing.T) {
	b := Backends()[0]
	one, two, three := NewGrammar(7, 0), NewGrammar(7, 0), NewGrammar(8, 0)
	differs := false
	for i := range 2000 {
		c, d, e := one.Next(b), two.Next(b), three.Next(b)
		if !bytes.Equal(c.Request.Bytes("id"), d.Request.Bytes("id")) || c.Transport != d.Transport {
			t.Fatalf("request %d differs: %s and %s", i, c.Marks, d.Marks)
		}
		differs = differs || !bytes.Equal(c.Request.Bytes("id"), e.Request.Bytes("id"))
	}
	if !differs {
		t.Error("another seed makes the same requests")
	}
}

func TestRegressionsAreReadBackAsTheyWereSaved(t *testing.T) {
	r := &Regression{Note: "a note", Kind: Unseen, Apps: []string{"go", "rack"}, Transport: H2, Class: Plain, Account: "ä\n", Password: "\xff",
		Request: &Request{Method: "POST", Target: "/x", Header: []Field{{"Content-Type", formType}}, Body: []byte("a\n\nb"), Framing: Length}}
	got, err := parseRegression(r.Bytes())
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got.Bytes(), r.Bytes()) {
		t.Errorf("got\n%s\nwant\n%s", got.Bytes(), r.Bytes())
	}
}
