package blackbox_test

import (
	"context"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/login-guard/login-guard/internal/guardtest"
	"github.com/login-guard/login-guard/internal/shoptest"
)

func TestHeldLoginReachesShopByteForByte(t *testing.T) {
	shop := shoptest.Generic().Start(t)
	g := guardtest.Start(t, guardtest.Site(shop.URL, "", "ask_after 3d"))
	body := "email=a%40b.c&password=p%C3%A4ss+w%26rd&email_x=1&&x=%00"
	req, _ := http.NewRequest(http.MethodPost, g.URL+"/login", strings.NewReader(body))
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.Header.Set("Accept", "text/html")
	resp, err := http.DefaultTransport.RoundTrip(req)
	if err != nil {
		t.Fatal(err)
	}
	page, _ := io.ReadAll(resp.Body)
	check, err := shoptest.ReadCheck(resp, page)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := check.Pass(context.Background(), http.DefaultClient, nil); err != nil {
		t.Fatal(err)
	}
	all := shop.Requests()
	if len(all) != 1 || string(all[0].Body) != body {
		t.Fatalf("%+v", all)
	}
}
