// Command go is a login in Go's net/http: ParseForm and ParseMultipartForm,
// or encoding/json into a struct where the type says JSON. FormValue looks in
// the body first and then in the query.
package main

import (
	"encoding/base64"
	"encoding/json"
	"log"
	"mime"
	"net/http"
	"os"
	"path/filepath"
	"sync"
)

func main() {
	file, err := os.OpenFile(filepath.Join(os.Getenv("LAB_LOGS"), "go.jsonl"), os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		log.Fatal(err)
	}
	shop := &shop{log: file}
	mux := http.NewServeMux()
	mux.HandleFunc("/account/login", shop.login)
	mux.HandleFunc("/account/basic", func(w http.ResponseWriter, r *http.Request) {
		account, password, _ := r.BasicAuth()
		shop.answer(w, r, "login", account, password)
	})
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) { shop.answer(w, r, "other", "", "") })
	log.Fatal(http.ListenAndServe("127.0.0.1:"+os.Getenv("LAB_PORT"), mux))
}

type shop struct {
	mu  sync.Mutex
	log *os.File
}

func (s *shop) login(w http.ResponseWriter, r *http.Request) {
	var form struct{ User, Pass string }
	if mt, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type")); mt == "application/json" {
		// A field that cannot be read leaves the others as they were.
		_ = json.NewDecoder(r.Body).Decode(&form)
	} else {
		_ = r.ParseMultipartForm(1 << 20)
		form.User, form.Pass = r.FormValue("user"), r.FormValue("pass")
	}
	s.answer(w, r, "login", form.User, form.Pass)
}

// answer writes what was taken to the log and answers.
func (s *shop) answer(w http.ResponseWriter, r *http.Request, handler, account, password string) {
	encode := func(text string) []string {
		if text == "" {
			return []string{}
		}
		return []string{base64.StdEncoding.EncodeToString([]byte(text))}
	}
	line, err := json.Marshal(map[string]any{
		"id": r.Header.Get("X-Lab-Id"), "ref": r.Header.Get("X-Lab-Ref"), "handler": handler,
		"accounts": encode(account), "passwords": encode(password),
	})
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	s.mu.Lock()
	_, err = s.log.Write(append(line, '\n'))
	s.mu.Unlock()
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("X-Lab-Handler", handler)
	if handler == "login" {
		w.WriteHeader(http.StatusUnauthorized)
	}
}
