package blackbox_test

import (
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/login-guard/login-guard/internal/shoptest"
)

// Shops with an API, in the shape of their answers. They know Alice only.

func serve(t testing.TB, h http.HandlerFunc) string {
	t.Helper()
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	return s.URL
}

func fresh() string {
	b := make([]byte, 16)
	rand.Read(b)
	return hex.EncodeToString(b)
}

func sent(r *http.Request, into any) {
	b, _ := io.ReadAll(r.Body)
	_ = json.Unmarshal(b, into)
}

func answerJSON(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(v)
}

func isAlice(account, password string) bool {
	return strings.EqualFold(account, shoptest.Alice().Email) && password == shoptest.Alice().Password
}

type object = map[string]any

// graphQLShop answers 200 to all, as Vendure does.
func graphQLShop(t testing.TB) string {
	return serve(t, func(w http.ResponseWriter, r *http.Request) {
		var q struct{ Variables struct{ U, P string } }
		sent(r, &q)
		if !isAlice(q.Variables.U, q.Variables.P) {
			answerJSON(w, 200, object{"data": object{"login": object{"__typename": "InvalidCredentialsError",
				"errorCode": "INVALID_CREDENTIALS_ERROR", "message": "The provided credentials are invalid"}}})
			return
		}
		w.Header().Add("Set-Cookie", "session="+fresh()+"; path=/; httponly")
		w.Header().Add("Set-Cookie", "session.sig="+fresh()+"; path=/; httponly")
		w.Header().Set("vendure-auth-token", fresh())
		answerJSON(w, 200, object{"data": object{"login": object{"__typename": "CurrentUser"}}})
	})
}

// everShop gives each visitor a session and logs that in.
func everShop(t testing.TB) string {
	return serve(t, func(w http.ResponseWriter, r *http.Request) {
		id := fresh()
		if c, err := r.Cookie("sid"); err == nil {
			id = c.Value
		} else {
			w.Header().Add("Set-Cookie", "sid="+id+"; Path=/; HttpOnly")
		}
		var q struct{ Email, Password string }
		sent(r, &q)
		if !isAlice(q.Email, q.Password) {
			answerJSON(w, 500, object{"error": object{"status": 500, "message": "Invalid email or password"}})
			return
		}
		answerJSON(w, 200, object{"data": object{"sid": id}})
	})
}

// apiShop is of no known make: it names what nobody else does.
func apiShop(t testing.TB) string {
	return serve(t, func(w http.ResponseWriter, r *http.Request) {
		var q struct{ User struct{ Mail, Secret string } }
		sent(r, &q)
		w.Header().Set("X-Trace", fresh())
		if !isAlice(q.User.Mail, q.User.Secret) {
			answerJSON(w, 401, object{"problem": "no match", "trace": fresh()})
			return
		}
		answerJSON(w, 200, object{"token": fresh(), "trace": fresh(),
			"profile": object{"mail": q.User.Mail, "greeting": "Welcome, Alice"}, "alice": object{"id": 7}})
	})
}

// basicShop asks for HTTP Basic.
func basicShop(t testing.TB) string {
	return serve(t, func(w http.ResponseWriter, r *http.Request) {
		if account, password, _ := r.BasicAuth(); !isAlice(account, password) {
			w.Header().Set("WWW-Authenticate", `Basic realm="Orders"`)
			answerJSON(w, 401, object{"detail": "who are you?"})
			return
		}
		answerJSON(w, 200, object{"orders": []int{7}})
	})
}
