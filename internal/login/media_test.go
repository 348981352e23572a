package login

import (
	"net/http"
	"testing"
)

func TestOneBoundaryIsOneBoundary(t *testing.T) {
	for value, clean := range map[string]bool{
		`multipart/form-data; boundary=----WebKitFormBoundaryAb09XyZw`:       true, // Chromium, Safari
		`multipart/form-data; boundary=---------------------------974767299`: true, // Firefox
		`multipart/form-data; boundary="a b"`:                                true,
		`multipart/form-data; boundary=geckoformboundaryboundary`:            true,
		`multipart/form-data; boundary=a; boundary=b`:                        false,
		`multipart/form-data; boundary=a; Boundary=a`:                        false,
		`multipart/form-data; boundary=a; boundary*=utf-8''b`:                false,
		`multipart/form-data; boundary*=utf-8''a`:                            false,
		`multipart/form-data; boundary*0=a; boundary*1=b`:                    false,
		`multipart/form-data; x="; boundary=b"; boundary=a`:                  false,
		`multipart/form-data`:                                                false,
	} {
		m := readMedia(http.Header{"Content-Type": {value}})
		if m.clean != clean {
			t.Errorf("%s: clean %v, want %v", value, m.clean, clean)
		}
	}
}
