package embedded

import (
	"context"

	"github.com/login-guard/login-guard/internal/store"
)

// noteLocked has store.db remember that there is a row. Nobody waits for it: a
// row that is not noted is, when the file is opened next.
func (r *rows) noteLocked(key store.Key) {
	d := r.s.disk
	if d == nil || r.leaving[key] > 0 {
		return
	}
	k := string(key[:])
	if _, ok := r.s.records.get(notesBucket, k); ok {
		return
	}
	// For want of room there is no second list of this one, that is all.
	if r.s.records.set(notesBucket, k, record{}, r.s.clock().UnixNano()) == nil {
		d.join(d.later, func(b *batch) { b.puts = append(b.puts, [2]string{notesBucket, k}) })
	}
}

// unnote has it forget one, and waits.
func (r *rows) unnote(ctx context.Context, key store.Key) {
	if k := string(key[:]); r.s.disk != nil && r.s.records.drop(notesBucket, k) {
		_ = r.s.disk.put(ctx, notesBucket, k) // Stats says what is wrong with it
	}
}

// stayLocked ends a swap that was to make a row leave; if it did not, it is
// noted again.
func (r *rows) stayLocked(w *swap) {
	if !w.leaves {
		return
	}
	w.leaves = false
	if r.leaving[w.key]--; r.leaving[w.key] <= 0 {
		delete(r.leaving, w.key)
	}
	if until, ok := r.index[w.key]; ok && until == 0 {
		r.noteLocked(w.key)
	}
}
