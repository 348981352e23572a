package embedded

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	bolt "go.etcd.io/bbolt"
)

// TestPagesThatWouldEndTheProcessAreFound spoils what bbolt would follow
// without looking: past the end of the file, in a circle, over pages in use.
func TestPagesThatWouldEndTheProcessAreFound(t *testing.T) {
	path := filepath.Join(t.TempDir(), dbName)
	db, err := bolt.Open(path, 0o600, &bolt.Options{PageSize: 4096, NoSync: true})
	if err != nil {
		t.Fatal(err)
	}
	for round := range 3 { // freed pages on the way
		if err := db.Update(func(tx *bolt.Tx) error {
			b, err := tx.CreateBucketIfNotExists([]byte("a bucket"))
			for i := 0; err == nil && i < 1000; i++ {
				err = b.Put(fmt.Appendf(nil, "key %04d", i), bytes.Repeat([]byte{byte(round)}, 20))
			}
			if err == nil {
				_, err = tx.CreateBucketIfNotExists([]byte("b, inline"))
			}
			return err
		}); err != nil {
			t.Fatal(err)
		}
	}
	// Where things are: a branch page, a leaf of it, the freelist.
	pages := make(map[string]uint64)
	if err := db.View(func(tx *bolt.Tx) error {
		for id := 2; ; id++ {
			p, err := tx.Page(id)
			if err != nil || p == nil {
				return err
			}
			if p.Count > 10 || (p.Type != "leaf" && p.Count > 1) {
				pages[p.Type] = uint64(id)
			}
		}
	}); err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	good, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := checkPages(bytes.NewReader(good), int64(len(good))); err != nil {
		t.Fatalf("a good file: %v", err)
	}
	ne := binary.NativeEndian
	page := func(b []byte, kind string) []byte {
		if pages[kind] == 0 {
			t.Fatalf("no %s page among %v", kind, pages)
		}
		return b[pages[kind]*4096:][:4096]
	}
	for _, test := range []struct {
		name  string
		spoil func(b []byte)
	}{
		{"a branch that leads to itself", func(b []byte) { ne.PutUint64(page(b, "branch")[16+8:], pages["branch"]) }},
		{"a branch past the end", func(b []byte) { ne.PutUint64(page(b, "branch")[16+8:], 1<<40) }},
		{"a branch to a meta page", func(b []byte) { ne.PutUint64(page(b, "branch")[16+8:], 1) }},
		{"two ways to one page", func(b []byte) { p := page(b, "branch"); copy(p[16+8:16+16], p[32+8:]) }},
		{"a page that says it is another", func(b []byte) { page(b, "leaf")[0] ^= 1 }},
		{"a page of a kind that is none", func(b []byte) { ne.PutUint16(page(b, "leaf")[8:], 0x40) }},
		{"more elements than fit", func(b []byte) { ne.PutUint16(page(b, "leaf")[10:], 5000) }},
		{"an overflow past the end", func(b []byte) { ne.PutUint32(page(b, "leaf")[12:], 1<<30) }},
		{"an element outside of its page", func(b []byte) { ne.PutUint32(page(b, "leaf")[16+4:], 1<<31) }},
		{"a value longer than its page", func(b []byte) { ne.PutUint32(page(b, "leaf")[16+12:], 1<<31) }},
		{"a key longer than its page", func(b []byte) { ne.PutUint32(page(b, "leaf")[16+8:], 1<<32-1) }},
		{"keys out of order", func(b []byte) {
			p := page(b, "leaf")
			p[16+int(ne.Uint32(p[16+4:]))] = 0xff
		}},
		{"a record that says it is a bucket", func(b []byte) { ne.PutUint32(page(b, "leaf")[16:], 1) }},
		{"a page that is free and in use", func(b []byte) { ne.PutUint64(page(b, "freelist")[16:], pages["leaf"]) }},
		{"a free page past the end", func(b []byte) { ne.PutUint64(page(b, "freelist")[16:], 1<<40) }},
		{"a freelist longer than its page", func(b []byte) { ne.PutUint16(page(b, "freelist")[10:], 60000) }},
	} {
		t.Run(test.name, func(t *testing.T) {
			b := bytes.Clone(good)
			test.spoil(b)
			if err := checkPages(bytes.NewReader(b), int64(len(b))); !errors.Is(err, errDamaged) {
				t.Errorf("%v", err)
			}
		})
	}
	t.Run("a torn meta page leaves the one before", func(t *testing.T) {
		for i := range 2 {
			b := bytes.Clone(good)
			b[i*4096+30] ^= 1
			if err := checkPages(bytes.NewReader(b), int64(len(b))); err != nil {
				t.Errorf("meta page %d: %v", i, err)
			}
		}
	})
}

func TestADatabaseInACircleIsPutAside(t *testing.T) {
	dir := t.TempDir()
	s := Open(dir, Options{Memory: 1 << 20})
	for i := range 2000 {
		if err := s.records.set("bulk", fmt.Sprint("key ", i), record{value: make([]byte, 30)}, 0); err != nil {
			t.Fatal(err)
		}
	}
	if err := errors.Join(s.disk.updateIn(s.disk.db, s.disk.allRecords), s.Close(t.Context())); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, dbName)
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	size, circles := os.Getpagesize(), 0
	for id := 2; id < len(b)/size; id++ {
		if p := b[id*size:]; binary.NativeEndian.Uint16(p[8:]) == flagBranch {
			binary.NativeEndian.PutUint64(p[16+8:], uint64(id))
			circles++
		}
	}
	if circles == 0 {
		t.Fatal("no branch page in the file")
	}
	if err := os.WriteFile(path, b, 0o600); err != nil {
		t.Fatal(err)
	}
	s = Open(dir, Options{Memory: 1 << 20})
	if aside, _ := filepath.Glob(path + ".damaged-*"); len(aside) != 1 || !s.Stats().Durable {
		t.Errorf("%q, %+v", aside, s.Stats())
	}
	if err := s.Close(t.Context()); err != nil {
		t.Error(err)
	}
}
