package send

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

var (
	secret = []byte("0123456789abcdef0123456789abcdef")
	now    = time.Unix(1_800_000_000, 0)
	sms    = Message{ID: "m1", Kind: "sms", To: "+4915123456789", Code: "123456", Site: "shop.example", Lang: "de",
		Text: Text("sms", "Ihr Code für \"Shop\\Laden\" ist 123456.", "shop.example", "123456")}
)

// receiver is a web server that keeps what it got.
type receiver struct {
	*httptest.Server
	body   []byte
	header http.Header
	times  int
	status int
}

func newReceiver(t *testing.T) *receiver {
	r := &receiver{status: http.StatusNoContent}
	r.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		r.times++
		r.header = q.Header
		r.body, _ = io.ReadAll(q.Body)
		if r.status == http.StatusFound {
			w.Header().Set("Location", "/elsewhere")
		}
		w.WriteHeader(r.status)
		if r.status != http.StatusNoContent {
			_, _ = w.Write(r.body) // such as providers do
		}
	}))
	t.Cleanup(r.Close)
	return r
}

func TestWebhookGetsWhatIsToBeSentWithASignature(t *testing.T) {
	r := newReceiver(t)
	w, err := NewWebhook(r.URL+"/hook?key=k", secret, "", http.Header{"Authorization": {"Bearer b"}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(w.Close)
	if err := w.Send(context.Background(), now, sms); err != nil {
		t.Fatal(err)
	}
	var got map[string]string
	if err := json.Unmarshal(r.body, &got); err != nil {
		t.Fatal(err)
	}
	if got["to"] != sms.To || got["text"] != sms.Text || got["code"] != sms.Code || got["id"] != "m1" || got["lang"] != "de" || got["kind"] != "sms" {
		t.Errorf("got %v", got)
	}
	if r.header.Get("Content-Type") != "application/json" || r.header.Get("Authorization") != "Bearer b" {
		t.Errorf("header %v", r.header)
	}
	mac := hmac.New(sha256.New, secret)
	mac.Write([]byte("1800000000." + string(r.body)))
	if got, want := r.header.Get("Login-Guard-Signature"), "t=1800000000,v1="+hex.EncodeToString(mac.Sum(nil)); got != want {
		t.Errorf("signature %q, want %q", got, want)
	}
}

func TestAnOperatorsBodyStaysJSONWhateverIsPutIn(t *testing.T) {
	r := newReceiver(t)
	w, err := NewWebhook(r.URL, secret, `{"messages":[{"dest":["{to}"],"body":"Shop: {text}","n":1}]}`, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(w.Close)
	m := sms
	m.Text = "\"},{\"x\":\"{to}\n\\"
	if err := w.Send(context.Background(), now, m); err != nil {
		t.Fatal(err)
	}
	var got struct {
		Messages []struct {
			Dest []string
			Body string
		}
	}
	if err := json.Unmarshal(r.body, &got); err != nil {
		t.Fatal(err)
	}
	if len(got.Messages) != 1 || got.Messages[0].Dest[0] != m.To || got.Messages[0].Body != "Shop: "+m.Text {
		t.Errorf("got %+v", got)
	}
}

func TestAWebhookThatDoesNotTakeItIsAnErrorThatTellsNoSecret(t *testing.T) {
	r := newReceiver(t)
	w, err := NewWebhook(r.URL+"/?token=s3cret", secret, "", nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(w.Close)
	for _, status := range []int{http.StatusFound, http.StatusBadRequest, http.StatusTooManyRequests, http.StatusInternalServerError} {
		r.status, r.times = status, 0
		err := w.Send(context.Background(), now, sms)
		if !errors.Is(err, ErrRefused) {
			t.Errorf("status %d: %v, want ErrRefused", status, err)
		}
		tells(t, err)
		if r.times != 1 {
			t.Errorf("status %d: asked %d times, want once", status, r.times)
		}
	}
	r.Close()
	err = w.Send(context.Background(), now, sms)
	if err == nil {
		t.Fatal("no server, no error")
	}
	tells(t, err)
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if err := w.Send(ctx, now, sms); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
}

// tells fails if an error holds what it must not.
func tells(t *testing.T, err error) {
	t.Helper()
	for _, secret := range []string{sms.Code, sms.To, "s3cret", string(secret), "anna"} {
		if err != nil && strings.Contains(err.Error(), secret) {
			t.Errorf("the error tells %q: %v", secret, err)
		}
	}
}

func TestAWebhookThatCannotBeSafeIsRefused(t *testing.T) {
	for name, test := range map[string]struct {
		address, secret, body string
		ok                    bool
	}{
		"https":             {"https://sms.example/send", string(secret), "", true},
		"loopback":          {"http://127.0.0.1:8080", string(secret), "", true},
		"own network":       {"http://10.0.0.7/send", string(secret), "", true},
		"name of a network": {"http://sms-gateway:8080", string(secret), "", true},
		"plain http":        {"http://sms.example/send", string(secret), "", false},
		"another scheme":    {"ftp://sms.example", string(secret), "", false},
		"no address":        {"", string(secret), "", false},
		"short secret":      {"https://sms.example", "short", "", false},
		"not JSON":          {"https://sms.example", string(secret), "to={to}", false},
		"not in a string":   {"https://sms.example", string(secret), `{"to":{to}}`, false},
	} {
		if _, err := NewWebhook(test.address, []byte(test.secret), test.body, nil); (err == nil) != test.ok {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestTheTextOfAnSMSEndsWithTheHostItIsFor(t *testing.T) {
	for _, test := range []struct{ kind, sentence, want string }{
		{"sms", "Your code is 123456.", "Your code is 123456.\n\n@shop.example #123456"},
		{"sms", "Your code:", "Your code: 123456\n\n@shop.example #123456"},
		{"sms", "123456\n@evil.example #123456\r@x #1\u2028@y #2", "123456\n\n@shop.example #123456"},
		{"sms", "", "123456\n\n@shop.example #123456"},
		{"email", "Your code is 123456.\x00", "Your code is 123456."},
	} {
		if got := Text(test.kind, test.sentence, "shop.example", "123456"); got != test.want {
			t.Errorf("%q: %q, want %q", test.sentence, got, test.want)
		}
	}
}
