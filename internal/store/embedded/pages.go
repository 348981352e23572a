package embedded

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/fnv"
	"io"
	"math"
	"os"
)

// checkPages reads a bbolt file page by page and reports what is wrong with
// its structure. bbolt maps the file into memory and believes what it finds:
// a page number past the end, or a page that leads back to itself, ends the
// process. So this runs before bbolt sees the file. Layout: bbolt v1.5.0,
// internal/common (page.go, meta.go, inode.go).
func checkPages(f io.ReaderAt, size int64) error {
	c := pageCheck{f: f, size: size}
	if err := c.readMeta(); err != nil {
		return err
	}
	c.seen = make([]uint64, c.most/64+1)
	c.mark(0, 1)
	c.mark(1, 1)
	if err := c.bucket(c.root, 0); err != nil {
		return err
	}
	return c.freelist()
}

var (
	errDamaged = errors.New("the file is damaged")
	errNewer   = errors.New("the file is of a newer version")
)

func damaged(format string, args ...any) error {
	return fmt.Errorf("%w: %s", errDamaged, fmt.Sprintf(format, args...))
}

const (
	pageHeader = 16
	metaBytes  = 64
	boltMagic  = 0xED0CDAED
	boltFormat = 2
	noFreelist = math.MaxUint64

	flagBranch   = 0x01
	flagLeaf     = 0x02
	flagFreelist = 0x10

	elementBytes = 16
	bucketBytes  = 16
	maxDepth     = 64
)

type pageCheck struct {
	f        io.ReaderAt
	size     int64
	pageSize int64
	root     uint64
	free     uint64 // page of the freelist
	most     uint64 // pages in use, free ones among them
	seen     []uint64
}

// readMeta finds the newer of the two valid meta pages. The second stands at
// the size of a page, which the first tells, if it can be read.
func (c *pageCheck) readMeta() error {
	found, newer := false, false
	var txid uint64
	try := func(at int64) (pageSize int64) {
		b := make([]byte, metaBytes)
		if _, err := c.f.ReadAt(b, at+pageHeader); err != nil {
			return 0
		}
		le := binary.NativeEndian
		sum := fnv.New64a()
		_, _ = sum.Write(b[:metaBytes-8])
		if le.Uint32(b) != boltMagic || sum.Sum64() != le.Uint64(b[56:]) {
			return 0
		}
		if le.Uint32(b[4:]) != boltFormat {
			newer = true
			return 0
		}
		pageSize = int64(le.Uint32(b[8:]))
		if pageSize < 512 || pageSize > 1<<20 || pageSize&(pageSize-1) != 0 {
			return 0
		}
		if id := le.Uint64(b[48:]); !found || id > txid {
			found, txid = true, id
			c.pageSize, c.root, c.free, c.most = pageSize, le.Uint64(b[16:]), le.Uint64(b[32:]), le.Uint64(b[40:])
		}
		return pageSize
	}
	if n := try(0); n > 0 {
		try(n)
	} else {
		for n := int64(1024); n <= 64<<10 && !found; n *= 2 { // as bbolt looks for it
			try(n)
		}
	}
	switch {
	case !found && newer:
		return errNewer
	case !found:
		return damaged("no valid meta page")
	case c.size < 2*c.pageSize || c.most < 2 || c.most > uint64(c.size/c.pageSize):
		return damaged("%d pages of %d bytes in a file of %d", c.most, c.pageSize, c.size)
	}
	return nil
}

// mark notes that n pages are in use and reports whether they were not.
func (c *pageCheck) mark(id, n uint64) bool {
	if id >= c.most || n > c.most-id {
		return false
	}
	for i := id; i < id+n; i++ {
		if c.seen[i/64]&(1<<(i%64)) != 0 {
			return false
		}
		c.seen[i/64] |= 1 << (i % 64)
	}
	return true
}

// page reads a page with what it overflows into.
func (c *pageCheck) page(id uint64) ([]byte, error) {
	if id < 2 || id >= c.most {
		return nil, damaged("page %d of %d", id, c.most)
	}
	head := make([]byte, pageHeader)
	if _, err := c.f.ReadAt(head, int64(id)*c.pageSize); err != nil {
		return nil, damaged("page %d cannot be read: %v", id, err)
	}
	n := 1 + uint64(binary.NativeEndian.Uint32(head[12:]))
	if binary.NativeEndian.Uint64(head) != id || !c.mark(id, n) {
		return nil, damaged("page %d is not where it should be, or is used twice", id)
	}
	b := make([]byte, int64(n)*c.pageSize)
	if _, err := c.f.ReadAt(b, int64(id)*c.pageSize); err != nil {
		return nil, damaged("page %d cannot be read: %v", id, err)
	}
	return b, nil
}

func (c *pageCheck) bucket(id uint64, depth int) error {
	if depth > maxDepth {
		return damaged("pages lie too deep")
	}
	b, err := c.page(id)
	if err != nil {
		return err
	}
	return c.elements(b, depth, fmt.Sprint("page ", id))
}

// elements checks a branch or leaf page and all below it.
func (c *pageCheck) elements(b []byte, depth int, name string) error {
	if depth > maxDepth || len(b) < pageHeader {
		return damaged("%s lies too deep or is cut short", name)
	}
	ne := binary.NativeEndian
	flags, count := ne.Uint16(b[8:]), int(ne.Uint16(b[10:]))
	if (flags != flagBranch && flags != flagLeaf) || (flags == flagBranch && count == 0) {
		return damaged("%s has flags %#x and %d elements", name, flags, count)
	}
	if pageHeader+count*elementBytes > len(b) {
		return damaged("%s has no room for %d elements", name, count)
	}
	var last []byte
	for i := range count {
		at := pageHeader + i*elementBytes
		e := b[at:]
		var pos, ksize, vsize, kind uint32
		if flags == flagBranch {
			pos, ksize = ne.Uint32(e), ne.Uint32(e[4:])
		} else {
			kind, pos, ksize, vsize = ne.Uint32(e), ne.Uint32(e[4:]), ne.Uint32(e[8:]), ne.Uint32(e[12:])
		}
		from := uint64(at) + uint64(pos)
		if from+uint64(ksize)+uint64(vsize) > uint64(len(b)) {
			return damaged("element %d of %s lies outside", i, name)
		}
		key := b[from : from+uint64(ksize)]
		if i > 0 && bytes.Compare(last, key) >= 0 {
			return damaged("the keys of %s are out of order", name)
		}
		last = key
		var err error
		switch value := b[from+uint64(ksize):][:vsize]; {
		case flags == flagBranch:
			err = c.bucket(ne.Uint64(e[8:]), depth+1)
		case kind == 1:
			err = c.nested(value, depth+1, name)
		case kind != 0:
			err = damaged("element %d of %s is of kind %d", i, name, kind)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// nested checks a bucket within a bucket, which may stand inline.
func (c *pageCheck) nested(value []byte, depth int, name string) error {
	if len(value) < bucketBytes {
		return damaged("a bucket in %s is cut short", name)
	}
	if root := binary.NativeEndian.Uint64(value); root != 0 {
		return c.bucket(root, depth)
	}
	if inline := value[bucketBytes:]; len(inline) < pageHeader || binary.NativeEndian.Uint16(inline[8:]) != flagLeaf {
		return damaged("a bucket in %s is no leaf", name)
	}
	return c.elements(value[bucketBytes:], depth, "a bucket in "+name)
}

// freelist checks that no page is both free and in use: bbolt would write
// over it.
func (c *pageCheck) freelist() error {
	if c.free == noFreelist {
		return nil
	}
	b, err := c.page(c.free)
	if err != nil {
		return err
	}
	ne := binary.NativeEndian
	if ne.Uint16(b[8:]) != flagFreelist {
		return damaged("page %d is no freelist", c.free)
	}
	count, b := uint64(ne.Uint16(b[10:])), b[pageHeader:]
	if count == math.MaxUint16 {
		count, b = ne.Uint64(b), b[8:]
	}
	if count > uint64(len(b)/8) {
		return damaged("a freelist of %d pages", count)
	}
	for i := range count {
		if id := ne.Uint64(b[i*8:]); id < 2 || !c.mark(id, 1) {
			return damaged("page %d is free and in use, or outside", id)
		}
	}
	return nil
}

// checkFile is checkPages of an open file; an empty one is fine.
func checkFile(f *os.File) error {
	info, err := f.Stat()
	if err != nil {
		return err
	}
	if info.Size() == 0 {
		return nil
	}
	return checkPages(f, info.Size())
}
