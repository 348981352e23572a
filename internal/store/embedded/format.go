package embedded

import (
	"encoding/binary"
	"errors"
	"hash/crc32"
	"math"

	"github.com/login-guard/login-guard/internal/store"
)

// The records of store.db. Each ends in a checksum over its key and itself,
// as the database has none for what it holds; numbers are big-endian.
//
//	meta      "format" → version (2)
//	spent     until (8), tag (8) → checksum: in the order in which they end
//	history   tag (8) → last (8), successes (4), 22 tags (4 each), checksum
//	kept      key (16) → until (8), n (1), n groups (16 each), value, checksum
//	records   a bucket of each name: key → until (8), value, checksum

// formatVersion of store.db. A file of a newer one is left alone.
const formatVersion = 1

var errRecord = errors.New("a record is damaged")

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

const sumBytes = 4

// seal appends the checksum of a record.
func seal(key, value []byte) []byte {
	return binary.BigEndian.AppendUint32(value, checksum(key, value))
}

func checksum(key, value []byte) uint32 {
	return crc32.Update(crc32.Checksum(key, castagnoli), castagnoli, value)
}

// unseal returns a record without its checksum.
func unseal(key, value []byte) ([]byte, error) {
	n := len(value) - sumBytes
	if n < 0 || binary.BigEndian.Uint32(value[n:]) != checksum(key, value[:n]) {
		return nil, errRecord
	}
	return value[:n], nil
}

func spentKey(tag uint64, until int64) []byte {
	return binary.BigEndian.AppendUint64(binary.BigEndian.AppendUint64(make([]byte, 0, 16), uint64(until)), tag)
}

func readSpent(key, value []byte) (tag uint64, until int64, err error) {
	if rest, err := unseal(key, value); err != nil || len(rest) != 0 || len(key) != 16 {
		return 0, 0, errRecord
	}
	return binary.BigEndian.Uint64(key[8:]), int64(binary.BigEndian.Uint64(key)), nil
}

const historyRecord = 8 + 4 + 22*4

func (r *history) tags() [4][]uint32 {
	return [4][]uint32{r.countries[:], r.asns[:], r.families[:], r.addresses[:]}
}

func writeHistory(tag uint64, r *history) (key, value []byte) {
	key = binary.BigEndian.AppendUint64(nil, tag)
	value = binary.BigEndian.AppendUint64(make([]byte, 0, historyRecord+sumBytes), uint64(r.last))
	value = binary.BigEndian.AppendUint32(value, r.successes)
	for _, set := range r.tags() {
		for _, t := range set {
			value = binary.BigEndian.AppendUint32(value, t)
		}
	}
	return key, seal(key, value)
}

func readHistory(key, value []byte) (tag uint64, r history, err error) {
	b, err := unseal(key, value)
	if err != nil || len(key) != 8 || len(b) != historyRecord {
		return 0, r, errRecord
	}
	r.last = int64(binary.BigEndian.Uint64(b))
	r.successes = binary.BigEndian.Uint32(b[8:])
	b = b[12:]
	for _, set := range r.tags() {
		for i := range set {
			set[i] = binary.BigEndian.Uint32(b)
			b = b[4:]
		}
	}
	return binary.BigEndian.Uint64(key), r, nil
}

func writeKept(it *item) (key, value []byte) {
	groups := it.groups[:min(len(it.groups), math.MaxUint8)]
	value = binary.BigEndian.AppendUint64(nil, uint64(it.until))
	value = append(value, byte(len(groups)))
	for _, g := range groups {
		value = append(value, g[:]...)
	}
	value = append(value, it.value...)
	return it.key[:], seal(it.key[:], value)
}

func readKept(key, value []byte) (*item, error) {
	b, err := unseal(key, value)
	if err != nil || len(key) != len(store.Key{}) || len(b) < 9 {
		return nil, errRecord
	}
	it := &item{key: store.Key(key), until: int64(binary.BigEndian.Uint64(b))}
	n := int(b[8])
	b = b[9:]
	if len(b) < n*len(store.Key{}) {
		return nil, errRecord
	}
	for range n {
		it.groups = append(it.groups, store.Key(b[:16]))
		b = b[16:]
	}
	it.value = append([]byte(nil), b...)
	return it, nil
}

func writeRecord(key []byte, r record) []byte {
	value := binary.BigEndian.AppendUint64(make([]byte, 0, 8+len(r.value)+sumBytes), uint64(r.until))
	return seal(key, append(value, r.value...))
}

func readRecord(key, value []byte) (record, error) {
	b, err := unseal(key, value)
	if err != nil || len(b) < 8 || len(b) > 8+maxRecordValue || len(key) == 0 || len(key) > maxRecordKey {
		return record{}, errRecord
	}
	return record{until: int64(binary.BigEndian.Uint64(b)), value: append([]byte(nil), b[8:]...)}, nil
}
