package device

import (
	"encoding/base64"
	"encoding/binary"
	"time"

	"github.com/login-guard/login-guard/internal/keys"
)

// Voucher is an open pass: a check that was passed beside a login form, before
// anybody knew for which account. It stands where a Pass stands, in the pass
// cookie, and is good once, for the first attempt that brings it. Who takes it
// spends ID and counts it as a check passed for that attempt's account.
type Voucher struct {
	ID   [16]byte
	Rung Rung
	// Evidence is what the answering said about who answered, as package
	// challenge writes it: the login that the voucher is used for is judged by
	// it as if the check had been answered for that one.
	Evidence []byte
	// Host and Family are tags of the address and the client family that the
	// check was answered from.
	Host, Family    uint32
	Issued, Expires time.Time
}

const (
	voucherVersion = 3 // beside passVersion: both stand in one cookie
	voucherLen     = 16 + 1 + 4 + 4 + 8 + 8
)

// Seal writes the voucher as the pass cookie of a site.
func (v Voucher) Seal(ring *keys.Ring, site string) string {
	b := append(make([]byte, 0, 1+voucherLen+len(v.Evidence)), voucherVersion)
	b = append(append(b, v.ID[:]...), byte(v.Rung))
	b = binary.BigEndian.AppendUint32(b, v.Host)
	b = binary.BigEndian.AppendUint32(b, v.Family)
	b = binary.BigEndian.AppendUint64(b, uint64(v.Issued.Unix()))
	b = binary.BigEndian.AppendUint64(b, uint64(v.Expires.Unix()))
	b = append(b, v.Evidence...)
	return base64.RawURLEncoding.EncodeToString(ring.Seal(keys.Device, b, []byte("pass/"+site)))
}

// OpenVoucher reads a pass cookie that is a voucher; ok is false unless it is
// ours, of this site, from this client family, and still good. Whether it was
// used before the cookie cannot tell.
func OpenVoucher(ring *keys.Ring, site, cookie string, family uint32, now time.Time) (v Voucher, ok bool) {
	b, ok := open(ring, "pass/"+site, cookie, voucherVersion)
	if !ok || len(b) < voucherLen {
		return Voucher{}, false
	}
	copy(v.ID[:], b)
	v.Rung = Rung(b[16])
	v.Host, v.Family = binary.BigEndian.Uint32(b[17:]), binary.BigEndian.Uint32(b[21:])
	v.Issued = time.Unix(int64(binary.BigEndian.Uint64(b[25:])), 0)
	v.Expires = time.Unix(int64(binary.BigEndian.Uint64(b[33:])), 0)
	if len(b) > voucherLen {
		v.Evidence = b[voucherLen:]
	}
	if v.Family != family || !now.Before(v.Expires) || v.Rung > Picture {
		return Voucher{}, false
	}
	return v, true
}
