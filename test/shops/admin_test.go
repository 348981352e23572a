//go:build shops

package shops

import (
	"archive/zip"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"html"
	"io"
	"io/fs"
	"math/rand/v2"
	"mime/multipart"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// admin signs in as a member of staff.
func admin(t *testing.T, site string) *visitor {
	t.Helper()
	v := visit(t, site)
	if a := v.post("/wp-login.php", login("admin", at.adminPassword)); a.StatusCode != 302 || !a.cookie("wordpress_logged_in_") {
		t.Fatalf("the login of the administrator: %s\n%.400s", a.Status, a.body)
	}
	v.outcomes("success")
	return v
}

// find returns the first group in a page, unescaped.
func find(t *testing.T, a answer, pattern string) string {
	t.Helper()
	m := regexp.MustCompile(pattern).FindSubmatch(a.body)
	if m == nil {
		t.Fatalf("%s: no %s in\n%.600s", a.Request.URL, pattern, a.body)
	}
	return html.UnescapeString(string(m[1]))
}

// text is n bytes that look like what editors write, with what scanners
// could take for a login's fields.
func text(n int) string {
	var b strings.Builder
	random := rand.New(rand.NewPCG(1, 2))
	words := []string{"shop", "price & value", "50 % off", "a=b", "pwd", "log=in", "naïve", "密码", "password=", "<p>", "</p>", "\n\n"}
	for b.Len() < n {
		b.WriteString(words[random.IntN(len(words))])
		b.WriteByte(' ')
	}
	return strings.TrimSpace(b.String())
}

const large = 2 << 20

func TestALargePostOfTheEditorGoesThrough(t *testing.T) {
	both(t, func(t *testing.T, site string) {
		v := admin(t, site)
		page := v.get("/wp-admin/post-new.php")
		nonce := find(t, page, `createNonceMiddleware\(\s*"([0-9a-f]+)"`)
		content := text(large)
		body, err := json.Marshal(map[string]string{"title": "Large", "content": content, "status": "draft"})
		if err != nil {
			t.Fatal(err)
		}
		a := v.send("POST", "/wp-json/wp/v2/posts?context=edit", "application/json", bytes.NewReader(body), "X-WP-Nonce", nonce)
		if a.StatusCode != 201 {
			t.Fatalf("saving: %s\n%.400s", a.Status, a.body)
		}
		var saved struct {
			ID      int
			Content struct{ Raw string }
		}
		if err := json.Unmarshal(a.body, &saved); err != nil || saved.Content.Raw != content {
			t.Errorf("saved are %d bytes, sent were %d (%v)", len(saved.Content.Raw), len(content), err)
		}
		v.outcomes("success")
	})
}

func TestALargeFormOfTheAdministrationGoesThrough(t *testing.T) {
	both(t, func(t *testing.T, site string) {
		v := admin(t, site)
		page := v.get("/wp-admin/post-new.php")
		form := url.Values{"action": {"editpost"}, "post_type": {"post"}, "post_status": {"draft"}, "post_title": {"Form"},
			"post_ID":       {find(t, page, `name='post_ID' value='(\d+)'`)},
			"_wpnonce":      {find(t, page, `id="_wpnonce" name="_wpnonce" value="([0-9a-f]+)"`)},
			"content":       {text(large)},
			"post_password": {"a password for readers"}, "visibility": {"password"},
		}
		body := form.Encode()
		sum := sha256.Sum256([]byte(body))
		if a := v.send("POST", "/wp-admin/post.php", formType, strings.NewReader(body)); a.StatusCode != 302 || !strings.Contains(a.Header.Get("Location"), "message=") {
			t.Fatalf("saving: %s to %q\n%.400s", a.Status, a.Header.Get("Location"), a.body)
		}
		got := v.seen("request")
		last := got[len(got)-1]
		if last.SHA256 != hex.EncodeToString(sum[:]) || last.Bytes != len(body) {
			t.Errorf("PHP got %d bytes %s, sent were %d bytes %x", last.Bytes, last.SHA256, len(body), sum)
		}
		v.outcomes("success")
	})
}

func TestAnUploadArrivesAsItWas(t *testing.T) {
	both(t, func(t *testing.T, site string) {
		noise := make([]byte, 5<<20)
		rand.NewChaCha8([32]byte{7}).Read(noise)
		// Form posts, with fields, boundaries and all.
		forms := bytes.Repeat([]byte("&pwd=secret&log=alice\r\nContent-Disposition: form-data; name=\"pwd\"\r\n\r\nx\r\n--other\r\n"), 60000)
		for name, content := range map[string][]byte{"noise.zip": noise, "forms.zip": forms} {
			file := archive(t, content)
			t.Run(name, func(t *testing.T) {
				v := admin(t, site)
				nonce := find(t, v.get("/wp-admin/media-new.php"), `"_wpnonce":"([0-9a-f]+)"`)
				var b bytes.Buffer
				w := multipart.NewWriter(&b)
				for key, value := range map[string]string{"name": name, "action": "upload-attachment", "_wpnonce": nonce} {
					if err := w.WriteField(key, value); err != nil {
						t.Fatal(err)
					}
				}
				part, err := w.CreateFormFile("async-upload", strings.ReplaceAll(site, ".", "-")+"-"+name)
				if err != nil {
					t.Fatal(err)
				}
				if _, err := part.Write(file); err != nil {
					t.Fatal(err)
				}
				if err := w.Close(); err != nil {
					t.Fatal(err)
				}
				a := v.send("POST", "/wp-admin/async-upload.php", w.FormDataContentType(), &b)
				if a.StatusCode != 200 || !a.has(`"success":true`) {
					t.Fatalf("uploading: %s\n%.400s", a.Status, a.body)
				}
				if !onDisk(t, sha256.Sum256(file)) {
					t.Error("no file under uploads has the bytes that were sent")
				}
				v.outcomes("success")
			})
		}
	})
}

// archive is a zip of one file as it is: WordPress looks into what it takes.
func archive(t *testing.T, content []byte) []byte {
	t.Helper()
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	part, err := w.CreateHeader(&zip.FileHeader{Name: "content", Method: zip.Store})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := part.Write(content); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// onDisk looks for a file with this hash among WordPress' uploads.
func onDisk(t *testing.T, want [32]byte) (found bool) {
	t.Helper()
	err := filepath.WalkDir(filepath.Join(at.wordpress, "wp-content/uploads"), func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		f, err := os.Open(path)
		if err != nil {
			return err
		}
		defer f.Close()
		h := sha256.New()
		if _, err := io.Copy(h, f); err != nil {
			return err
		}
		found = found || bytes.Equal(h.Sum(nil), want[:])
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

func TestStaffMakesACustomerWithAPassword(t *testing.T) {
	both(t, func(t *testing.T, site string) {
		v := admin(t, site)
		name := "made-" + v.id
		form := url.Values{"action": {"createuser"}, "user_login": {name}, "email": {name + "@shop.example"},
			"pass1": {"Middlemarch-1871-x"}, "pass2": {"Middlemarch-1871-x"}, "role": {"subscriber"}, "createuser": {"Add New User"},
			"_wpnonce_create-user": {find(t, v.get("/wp-admin/user-new.php"), `name="_wpnonce_create-user" value="([0-9a-f]+)"`)}}
		if a := v.post("/wp-admin/user-new.php", form); a.StatusCode != 302 || !strings.Contains(a.Header.Get("Location"), "users.php") {
			t.Fatalf("making a customer: %s to %q", a.Status, a.Header.Get("Location"))
		}
		v.outcomes("success")
		customer := visit(t, site)
		if a := customer.post("/wp-login.php", login(name, "Middlemarch-1871-x")); !a.cookie("wordpress_logged_in_") {
			t.Errorf("the new customer: %s", a.Status)
		}
	})
}
