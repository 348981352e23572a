package embedded

import (
	"encoding/binary"
	"fmt"

	bolt "go.etcd.io/bbolt"

	"github.com/login-guard/login-guard/internal/store"
)

// A shared store keeps here which rows it has, for the time when it is away:
//
//	known  a bucket for each shared store: key (16) → until (8), checksum;
//	       "state" → what it told beside them, checksum
var (
	knownBucket = []byte("known")
	stateKey    = []byte("state")
)

// Recall calls f with each key that Remember was told of for a shared store of
// that name, and returns its state; nil if it never was.
func (s *Store) Recall(name string, f func(key store.Key, until int64)) (state []byte, err error) {
	r := &s.rows
	r.committing.Lock()
	defer r.committing.Unlock()
	if r.file != "" && r.there() {
		r.open(0)
	}
	if r.away != nil || r.db == nil {
		return nil, r.away
	}
	err = guarded(func() error {
		return r.db.View(func(tx *bolt.Tx) error {
			b := tx.Bucket(knownBucket)
			if b == nil {
				return nil
			}
			if b = b.Bucket([]byte(name)); b == nil {
				return nil
			}
			return b.ForEach(func(k, v []byte) error {
				value, err := unseal(k, v)
				switch {
				case string(k) == string(stateKey) && err == nil:
					state = append([]byte{}, value...)
				case len(k) == len(store.Key{}):
					until := int64(1<<53 - 1) // a damaged end is none
					if err == nil && len(value) == 8 {
						until = int64(binary.BigEndian.Uint64(value))
					}
					f(store.Key(k), until)
				}
				return nil
			})
		})
	})
	if err != nil {
		return nil, r.failed(r.db, err)
	}
	return state, nil
}

// Remember writes which rows a shared store has: put and without gone, in
// place of all that was there if whole. A store without a folder remembers
// nothing.
func (s *Store) Remember(name string, state []byte, put map[store.Key]int64, gone []store.Key, whole bool) error {
	r := &s.rows
	if r.file == "" {
		return nil
	}
	r.committing.Lock()
	defer r.committing.Unlock()
	r.open(0)
	if r.away != nil {
		return r.away
	}
	if r.db == nil {
		return fmt.Errorf("%w: %s", errRows, r.problemNow())
	}
	db := r.db
	err := guarded(func() error {
		return db.Update(func(tx *bolt.Tx) error {
			all, err := tx.CreateBucketIfNotExists(knownBucket)
			if err != nil {
				return err
			}
			if whole && all.Bucket([]byte(name)) != nil {
				if err := all.DeleteBucket([]byte(name)); err != nil {
					return err
				}
			}
			b, err := all.CreateBucketIfNotExists([]byte(name))
			if err != nil {
				return err
			}
			for _, k := range gone {
				if err := b.Delete(k[:]); err != nil {
					return err
				}
			}
			for k, until := range put {
				if err := b.Put(k[:], seal(k[:], binary.BigEndian.AppendUint64(nil, uint64(until)))); err != nil {
					return err
				}
			}
			if err := b.Put(stateKey, seal(stateKey, append([]byte{}, state...))); err != nil {
				return err
			}
			return r.fault()
		})
	})
	if err != nil {
		return r.failed(db, err)
	}
	r.wrote()
	return nil
}

func (r *rows) problemNow() string {
	r.mu.RLock()
	defer r.mu.RUnlock()
	return r.problem
}
