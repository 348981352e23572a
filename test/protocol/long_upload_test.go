//go:build protocol

package protocol_test

import (
	"context"
	"fmt"
	"hash"
	"hash/crc32"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

// gibibyte is how much goes through in one request, and room how much more
// memory the gateway may have meanwhile, over what it has after a first large
// request: Go's collector lets garbage pile up before it begins.
const (
	gibibyte = 1 << 30
	room     = 48 << 20
)

// flow is size bytes that differ from block to block, and their sum.
type flow struct {
	left  int64
	block int
	text  []byte
	sum   hash.Hash32
}

func newFlow(size int64) *flow {
	return &flow{left: size, text: []byte(strings.Repeat("lorem ipsum dolor\n", 64<<10/18)), sum: crc32.New(crc32.MakeTable(crc32.Castagnoli))}
}

func (f *flow) Read(p []byte) (int, error) {
	if f.left == 0 {
		return 0, io.EOF
	}
	copy(f.text, fmt.Sprintf("%012d", f.block))
	f.block++
	n := copy(p[:min(int64(len(p)), f.left)], f.text)
	f.left -= int64(n)
	return f.sum.Write(p[:n])
}

func TestLongAGibibytePassesBothWaysInConstantMemory(t *testing.T) {
	upstream := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodGet { // as much as is asked for, and its sum behind it
			var size int64
			fmt.Sscanf(r.URL.RawQuery, "%d", &size)
			f := newFlow(size)
			w.Header().Set("Trailer", "X-Sum")
			io.Copy(w, f)
			w.Header().Set("X-Sum", fmt.Sprint(f.sum.Sum32()))
			return
		}
		f := newFlow(0)
		n, err := io.Copy(f.sum, r.Body)
		fmt.Fprint(w, n, " ", f.sum.Sum32(), " ", err)
	}))
	defer upstream.Close()
	g := guarded(t, upstream.URL)
	ways := protocols(t, g)

	const part = "--x\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.bin\"\r\n\r\n"
	up := func(name, kind, head string, size int64) {
		t.Helper()
		ctx, cancel := context.WithTimeout(context.Background(), 4*time.Minute)
		defer cancel()
		address, transport := ways[name]("/admin/upload")
		f := newFlow(size)
		io.WriteString(f.sum, head)
		r, err := http.NewRequestWithContext(ctx, http.MethodPost, address, io.MultiReader(strings.NewReader(head), f))
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Content-Type", kind)
		resp, err := transport.RoundTrip(r)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		got, _ := io.ReadAll(resp.Body)
		if want := fmt.Sprint(size+int64(len(head)), " ", f.sum.Sum32(), " ", error(nil)); string(got) != want {
			t.Errorf("%s: %s %q, want %q", name, resp.Status, got, want)
		}
	}
	down := func(name string, size int64) {
		t.Helper()
		ctx, cancel := context.WithTimeout(context.Background(), 4*time.Minute)
		defer cancel()
		address, transport := ways[name](fmt.Sprintf("/file?%d", size))
		r, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
		if err != nil {
			t.Fatal(err)
		}
		resp, err := transport.RoundTrip(r)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		f := newFlow(0)
		if n, err := io.Copy(f.sum, resp.Body); n != size || err != nil || resp.Trailer.Get("X-Sum") != fmt.Sprint(f.sum.Sum32()) {
			t.Errorf("%s: %d bytes of %d, %v, trailer %v", name, n, size, err, resp.Trailer)
		}
	}
	for _, name := range []string{"HTTP/1.1", "HTTP/2"} {
		t.Run(name, func(t *testing.T) {
			up(name, "multipart/form-data; boundary=x", part, 64<<20)
			down(name, 64<<20)
			before, stop := resident(t, g.PID()), make(chan struct{})
			most := make(chan int64)
			go func() {
				var top int64
				for {
					select {
					case <-stop:
						most <- top
						return
					case <-time.After(20 * time.Millisecond):
						top = max(top, resident(t, g.PID()))
					}
				}
			}()
			up(name, "multipart/form-data; boundary=x", part, gibibyte)
			up(name, "application/octet-stream", "", gibibyte)
			down(name, gibibyte)
			close(stop)
			grew := <-most - before
			t.Logf("memory: %.1f MiB, then at most %.1f MiB more", float64(before)/(1<<20), float64(grew)/(1<<20))
			if grew > room {
				t.Errorf("memory grew by %d MiB", grew>>20)
			}
		})
	}
	if d := g.Decisions(); len(d) != 0 {
		t.Errorf("%+v", d)
	}
}
