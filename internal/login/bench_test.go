package login

import (
	"io"
	"net/http/httptest"
	"strings"
	"testing"
)

// A small form that is no login, and a JSON body that is none.
func BenchmarkNoLogin(b *testing.B) {
	for _, c := range []struct{ name, ct, body string }{
		{"form", urlencoded, "product_id=42&quantity=1&option%5Bsize%5D=L&option%5Bcolour%5D=dark+blue&note=" + strings.Repeat("x", 130)},
		{"json", jsonType, `{"product":42,"quantity":1,"options":[{"size":"L"},{"colour":"dark blue"}],"note":"` + strings.Repeat("x", 110) + `"}`},
	} {
		for _, preset := range []string{"woocommerce", "generic"} {
			b.Run(c.name+"/"+preset, func(b *testing.B) {
				rd := readerFor(b, preset)
				w := httptest.NewRecorder()
				b.ReportAllocs()
				for b.Loop() {
					r := post("/cart", c.ct, c.body)
					if got := rd.Read(w, r); got.Kind != Other {
						b.Fatal(got)
					}
					io.Copy(io.Discard, r.Body)
					r.Body.Close()
				}
			})
		}
	}
}
