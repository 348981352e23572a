package login

import (
	"bytes"
	"compress/flate"
	"io"
	"strings"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zlib"
	"github.com/klauspost/compress/zstd"
)

// maxDecoded is how much of an answer is looked at once decompressed.
const maxDecoded = 1 << 20

// decodeAnswer gives the answer's body as text. We ask for none, yet some
// shops compress all the same. It reports false for what it cannot undo or
// what would be larger than maxDecoded.
func decodeAnswer(a Reply) (string, bool) {
	encodings := a.Header["Content-Encoding"]
	if len(encodings) == 0 || len(a.Body) == 0 {
		return string(a.Body), true
	}
	if len(encodings) > 1 {
		return "", false
	}
	src := bytes.NewReader(a.Body)
	var r io.Reader
	var err error
	switch strings.ToLower(strings.TrimSpace(encodings[0])) {
	case "", "identity":
		return string(a.Body), true
	case "gzip", "x-gzip":
		r, err = gzip.NewReader(src)
	case "deflate":
		if r, err = zlib.NewReader(src); err != nil {
			r, err = flate.NewReader(bytes.NewReader(a.Body)), nil
		}
	case "zstd":
		var z *zstd.Decoder
		// One goroutine's work, and a window no larger than the cap allows.
		z, err = zstd.NewReader(src, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(8*maxDecoded))
		if err == nil {
			defer z.Close()
			r = z
		}
	default:
		return "", false
	}
	if err != nil {
		return "", false
	}
	b, err := io.ReadAll(io.LimitReader(r, maxDecoded+1))
	if err != nil || len(b) > maxDecoded {
		return "", false
	}
	return string(b), true
}
