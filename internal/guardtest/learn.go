package guardtest

import (
	"bufio"
	"encoding/json"
	"net/http"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"testing"
	"time"
)

// Lesson is a running `login-guard learn`.
type Lesson struct {
	// Word is the wrong password that it asks for.
	Word string
	// Err is how the verb ended, once End has returned.
	Err error

	t       testing.TB
	g       *Gateway
	cmd     *exec.Cmd
	printed chan string
}

var learnWord = regexp.MustCompile(`learn-[a-z0-9]{8}-wrong`)

// Learn runs the verb learn with arguments and waits for the word that it
// prints. It ends with the test.
func (g *Gateway) Learn(args ...string) *Lesson {
	t := g.t
	t.Helper()
	l := &Lesson{t: t, g: g, printed: make(chan string, 1)}
	l.cmd = exec.Command(Binary(t), append([]string{"learn", "--admin", g.AdminAddr}, args...)...)
	l.cmd.Env = append(os.Environ(), "HOME="+g.dir)
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	l.cmd.Stdout, l.cmd.Stderr = w, w
	if err := l.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	w.Close()
	words := make(chan string, 1)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		var all strings.Builder
		for sc := bufio.NewScanner(r); sc.Scan(); {
			all.WriteString(sc.Text() + "\n")
			if m := learnWord.FindString(sc.Text()); m != "" {
				select {
				case words <- m:
				default: // it was told before
				}
			}
		}
		r.Close()
		close(words)
		l.Err = l.cmd.Wait()
		l.printed <- all.String()
	}()
	t.Cleanup(func() {
		_ = l.cmd.Process.Kill() // it may have ended by itself
		<-ended
	})
	if l.Word = <-words; l.Word == "" {
		t.Fatalf("no word in:\n%s", <-l.printed)
	}
	return l
}

// Learning is how far a run of learning is, as the admin API tells it.
type Learning struct {
	Step  string
	Until time.Time
	Notes []string
}

// State is how far it is.
func (l *Lesson) State() Learning {
	l.t.Helper()
	status, body := l.g.Admin(http.MethodGet, "/login_guard/learn", "")
	var s Learning
	if err := json.Unmarshal([]byte(body), &s); status != http.StatusOK || err != nil {
		l.t.Fatalf("%d %v %s", status, err, body)
	}
	return s
}

// Waits fails the test unless the run waits for the `wrong` or the `right`
// login within a second.
func (l *Lesson) Waits(want string) {
	l.t.Helper()
	s := l.State()
	for end := time.Now().Add(time.Second); s.Step != want && time.Now().Before(end); s = l.State() {
		time.Sleep(20 * time.Millisecond)
	}
	if s.Step != want {
		l.t.Fatalf("the run is at %q, want %q: %q", s.Step, want, s.Notes)
	}
}

// Interrupt is Ctrl-C.
func (l *Lesson) Interrupt() {
	l.t.Helper()
	if err := l.cmd.Process.Signal(os.Interrupt); err != nil {
		l.t.Fatal(err)
	}
}

// End waits for the verb to end and returns what it printed.
func (l *Lesson) End() string {
	l.t.Helper()
	select {
	case out := <-l.printed:
		return out
	case <-time.After(30 * time.Second):
		l.t.Fatalf("learn does not end: %+v", l.State())
		return ""
	}
}

var learntBlock = regexp.MustCompile(`(?m)^\tendpoint [^\n]*\{\n(?:\t\t[^\n]*\n)+\t\}\n`)

// Block is the endpoint block that the verb printed.
func (l *Lesson) Block(out string) string {
	l.t.Helper()
	if l.Err != nil {
		l.t.Fatalf("%v\n%s", l.Err, out)
	}
	b := strings.Join(learntBlock.FindAllString(out, -1), "")
	if b == "" {
		l.t.Fatalf("no block in:\n%s", out)
	}
	return b
}
