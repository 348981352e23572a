package factor

import (
	"bufio"
	"bytes"
	"context"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"github.com/login-guard/login-guard/internal/keys"
	"github.com/login-guard/login-guard/internal/store"
)

// ErrFile: not a file that Export wrote for this site with these keys, or a
// damaged one.
var ErrFile = errors.New("not an export of this site's second factors, or damaged")

// The file has a line that says what it is, a line an account and a line that
// ends it. Every line is sealed and bound to site and place, so that none can
// be changed, swapped, dropped or put into another file.
//
// It needs the key list that it was written with: the first key seals it, and
// the last one made the names that the rows are found by.
const fileHead = "login-guard second factors 1 "

// maxLine bounds a line: a row of store.MaxRow bytes in base64, and room.
const maxLine = store.MaxRow*2 + 4096

// Export writes all documents of a group of rows (0: all of the store; those
// of other sites do not open and are left out) and returns how many.
func (v *Vault) Export(ctx context.Context, w io.Writer, group uint64) (int, error) {
	var salt [16]byte
	if err := v.draw(salt[:]); err != nil {
		return 0, err
	}
	file := hex.EncodeToString(salt[:])
	out := bufio.NewWriter(w)
	fmt.Fprintf(out, "%s%s\n", fileHead, file)
	n := 0
	err := v.Rows.EachRow(ctx, group, func(id store.Key, row store.Row) error {
		a, err := v.open(id, row.Value)
		if err != nil {
			return nil
		}
		// What is only of the moment stays behind.
		a.Challenges, a.Sent = nil, nil
		value, err := v.seal(id, a)
		if err != nil {
			return err
		}
		_, err = out.WriteString(v.line(file, n, append(append([]byte{'A'}, id[:]...), value...)))
		n++
		return err
	})
	if err != nil {
		return n, fmt.Errorf("exporting second factors: %w", err)
	}
	if _, err := out.WriteString(v.line(file, n, []byte{'E'})); err != nil {
		return n, fmt.Errorf("exporting second factors: %w", err)
	}
	if err := out.Flush(); err != nil {
		return n, fmt.Errorf("exporting second factors: %w", err)
	}
	return n, nil
}

// place is what a line of a file is bound to.
func (v *Vault) place(file string, n int) []byte {
	return binary.BigEndian.AppendUint64(v.sum("export", ID{}, file), uint64(n))
}

func (v *Vault) line(file string, n int, plain []byte) string {
	return base64.StdEncoding.EncodeToString(v.Ring.Seal(keys.Factor, plain, v.place(file, n))) + "\n"
}

// Imported is what Import did.
type Imported struct {
	Added    int // were not there
	Replaced int
	Kept     int // were there, and replace was not set
}

// Import reads a file of Export. The whole of it is checked before anything
// is written. Accounts that are there already are kept unless replace is set:
// an old file must not bring back a factor that was removed.
func (v *Vault) Import(ctx context.Context, r io.ReadSeeker, replace bool) (Imported, error) {
	var done Imported
	// First all of it is read, then read again and written: a file may be
	// larger than memory.
	if err := v.lines(r, func(ID, []byte) error { return nil }); err != nil {
		return done, err
	}
	if _, err := r.Seek(0, io.SeekStart); err != nil {
		return done, fmt.Errorf("reading an export again: %w", err)
	}
	err := v.lines(r, func(id ID, value []byte) error {
		in, err := v.open(id, value)
		if err != nil {
			return ErrFile
		}
		outcome := &done.Kept
		_, err = v.Update(ctx, id, func(a *Account) error {
			there := !a.empty()
			switch {
			case there && !replace:
				outcome = &done.Kept
				return unchanged
			case there:
				outcome = &done.Replaced
			default:
				outcome = &done.Added
			}
			before := *a
			*a = *in
			a.since(&before, there)
			return nil
		})
		*outcome++
		return err
	})
	return done, err
}

// since keeps of what was there before an import all that has happened since
// the export: neither trust nor a spent code comes back, wrong answers stay
// counted, and a reset that was taken back is not ordered again.
func (a *Account) since(before *Account, there bool) {
	a.Epoch = max(a.Epoch, before.Epoch)
	a.bump()
	if !there {
		return
	}
	for i := range a.Apps {
		for _, app := range before.Apps {
			if app.ID == a.Apps[i].ID {
				a.Apps[i].Last = max(a.Apps[i].Last, app.Last)
			}
		}
	}
	for i := range a.Passkeys {
		for _, k := range before.Passkeys {
			if bytes.Equal(k.Key.ID, a.Passkeys[i].Key.ID) {
				a.Passkeys[i].Key.Count = max(a.Passkeys[i].Key.Count, k.Key.Count)
			}
		}
	}
	switch {
	case before.RecoverySetup == a.RecoverySetup:
		a.Recovery = slices.DeleteFunc(a.Recovery, func(h []byte) bool {
			return !slices.ContainsFunc(before.Recovery, func(b []byte) bool { return bytes.Equal(b, h) })
		})
	case before.RecoveryMade.After(a.RecoveryMade): // they made the file's void
		a.Recovery, a.RecoveryMade, a.RecoverySetup, a.RecoverySession, a.RecoveryUntil =
			before.Recovery, before.RecoveryMade, before.RecoverySetup, before.RecoverySession, before.RecoveryUntil
	}
	a.Counters, a.Sends, a.Notices, a.ResetAt = before.Counters, before.Sends, before.Notices, before.ResetAt
}

// lines goes through a file.
func (v *Vault) lines(r io.Reader, fn func(ID, []byte) error) error {
	in := bufio.NewScanner(r)
	in.Buffer(nil, maxLine)
	if !in.Scan() {
		return ErrFile
	}
	file, ok := strings.CutPrefix(in.Text(), fileHead)
	if !ok {
		return ErrFile
	}
	for n := 0; in.Scan(); n++ {
		sealed, err := base64.StdEncoding.Strict().DecodeString(in.Text())
		if err != nil {
			return fmt.Errorf("line %s: %w", strconv.Itoa(n+2), ErrFile)
		}
		plain, err := v.Ring.Open(keys.Factor, sealed, v.place(file, n))
		if err != nil {
			return fmt.Errorf("line %s: %w", strconv.Itoa(n+2), ErrFile)
		}
		switch {
		case bytes.Equal(plain, []byte{'E'}):
			if in.Scan() {
				return ErrFile // something after the end
			}
			return in.Err()
		case len(plain) > 1+len(ID{}) && plain[0] == 'A':
			if err := fn(ID(plain[1:1+len(ID{})]), plain[1+len(ID{}):]); err != nil {
				return err
			}
		default:
			return ErrFile
		}
	}
	return ErrFile // no end: cut off
}
