package main

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"
)

func TestInputsAreReadAsGoKeepsThem(t *testing.T) {
	for _, test := range []struct {
		name, file, text string
		truth, fails     bool
	}{
		{"one text", "go test fuzz v1\nstring(\"user=a\\xff\\n\")\n", "user=a\xff\n", false, false},
		{"with a byte", "go test fuzz v1\nstring(\"{}\")\nuint8('\\x03')\n", "{}", false, false},
		{"with a truth", "go test fuzz v1\nstring(\"a\")\nbool(true)\nbyte('\\x03')\n", "a", true, false},
		{"with a falsehood", "go test fuzz v1\nstring(\"a\")\nbool(false)\n", "a", false, false},
		{"no text", "go test fuzz v1\nint(3)\n", "", false, true},
		{"another version", "go test fuzz v2\nstring(\"a\")\n", "", false, true},
		{"broken text", "go test fuzz v1\nstring(\"a)\n", "", false, true},
	} {
		t.Run(test.name, func(t *testing.T) {
			text, truth, err := parseInput(test.file)
			if text != test.text || truth != test.truth || (err != nil) != test.fails {
				t.Errorf("%q, %v, %v", text, truth, err)
			}
		})
	}
}

func TestKeptInputsMakeTheSameRequestsOfTheSameSeed(t *testing.T) {
	kept := filepath.FromSlash("../../internal/login/testdata/fuzz")
	inputs, err := LoadInputs(kept)
	if err != nil {
		t.Fatal(err)
	}
	kinds := map[string]int{}
	for _, in := range inputs {
		kinds[in.Kind]++
	}
	for target, kind := range inputKinds {
		if kinds[kind] == 0 {
			t.Errorf("no input of %s is kept for %s", target, kind)
		}
	}
	one, two, other := NewFeed(inputs, 7), NewFeed(inputs, 7), NewFeed(inputs, 8)
	differ := 0
	for i := range 500 {
		b := Backends()[i%len(Backends())]
		x, y, z := one.Next(b, true), two.Next(b, true), other.Next(b, true)
		if !bytes.Equal(x.Request.Bytes("id"), y.Request.Bytes("id")) || x.Transport != y.Transport {
			t.Fatalf("request %d to %s: %q, then %q", i, b.Name, x.Request.Bytes("id"), y.Request.Bytes("id"))
		}
		if !bytes.Equal(x.Request.Bytes("id"), z.Request.Bytes("id")) {
			differ++
		}
	}
	if differ < 450 {
		t.Errorf("another seed makes another request %d times of 500", differ)
	}
}

func TestAFolderOfInputsThatIsNotThereIsAnError(t *testing.T) {
	dir := t.TempDir()
	if in, err := LoadInputs(dir); err != nil || len(in) != 0 {
		t.Errorf("an empty one: %d inputs, %v", len(in), err)
	}
	if _, err := LoadInputs(filepath.Join(dir, "none")); err == nil {
		t.Error("one that is not there is taken")
	}
	if err := os.MkdirAll(filepath.Join(dir, "FuzzForm"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "FuzzForm/x"), []byte("user=a"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := LoadInputs(dir); err == nil {
		t.Error("a file that is no input is taken")
	}
}
