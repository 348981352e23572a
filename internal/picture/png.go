package picture

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"hash/crc32"

	"github.com/klauspost/compress/zlib"
)

// pngFile writes grey PNG (W3C PNG, colour type 0) with fewer than eight bits a
// pixel, which image/png does not: a quarter or half of the bytes to compress.
// It is reused from picture to picture.
type pngFile struct {
	out  bytes.Buffer
	raw  []byte
	zlib *zlib.Writer
}

// level 6 is where more work no longer makes these pictures smaller.
const level = 6

// encode returns a new slice with the picture. fill fills a row, the leftmost
// pixel in the highest bits; 0 is black.
func (f *pngFile) encode(width, height, bits int, fill func(row int, to []byte)) ([]byte, error) {
	stride := 1 + (width*bits+7)/8 // a row begins with its filter: none
	if len(f.raw) != stride*height {
		f.raw = make([]byte, stride*height)
	}
	for y := range height {
		fill(y, f.raw[y*stride+1:][:stride-1])
	}
	f.out.Reset()
	f.out.WriteString("\x89PNG\r\n\x1a\n")
	head := make([]byte, 0, 13)
	head = binary.BigEndian.AppendUint32(head, uint32(width))
	head = binary.BigEndian.AppendUint32(head, uint32(height))
	head = append(head, byte(bits), 0, 0, 0, 0)
	f.chunk("IHDR", func() error { _, err := f.out.Write(head); return err })
	err := f.chunk("IDAT", func() error {
		if f.zlib == nil {
			var err error
			if f.zlib, err = zlib.NewWriterLevel(&f.out, level); err != nil {
				return err
			}
		} else {
			f.zlib.Reset(&f.out)
		}
		if _, err := f.zlib.Write(f.raw); err != nil {
			return err
		}
		return f.zlib.Close()
	})
	if err != nil {
		return nil, fmt.Errorf("writing a picture: %w", err)
	}
	f.chunk("IEND", func() error { return nil })
	return bytes.Clone(f.out.Bytes()), nil
}

// chunk writes a chunk: length, name, data, checksum of name and data.
func (f *pngFile) chunk(name string, data func() error) error {
	from := f.out.Len()
	f.out.WriteString("\x00\x00\x00\x00" + name)
	err := data()
	b := f.out.Bytes()[from:]
	binary.BigEndian.PutUint32(b, uint32(len(b)-8))
	var sum [4]byte
	binary.BigEndian.PutUint32(sum[:], crc32.ChecksumIEEE(b[4:]))
	f.out.Write(sum[:])
	return err
}
