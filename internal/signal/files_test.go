package signal

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/maxmind/mmdbwriter/mmdbtype"

	"github.com/login-guard/login-guard/config"
)

const inside = "198.51.100.9" // an address that the fixtures know

func TestFilesFollowADatabase(t *testing.T) {
	file := filepath.Join(t.TempDir(), "country.mmdb")
	var said reports
	f := OpenFiles([]string{file}, nil, said.report)
	step := func(what, country string, want ...string) {
		t.Helper()
		said.all = nil
		f.Check()
		f.Check() // a second look says and changes nothing more
		if got := lookup(t, f, inside).Country; got != country {
			t.Errorf("%s: country %q, want %q", what, got, country)
		}
		if len(said.all) != len(want) {
			t.Fatalf("%s: reported %q, want %d", what, said.all, len(want))
		}
		for i, w := range want {
			if !strings.Contains(said.all[i], w) {
				t.Errorf("%s: reported %q, want %q in it", what, said.all[i], w)
			}
		}
	}
	if len(said.all) != 1 || !strings.Contains(said.all[0], ErrMissing.Error()) {
		t.Fatalf("opening without the file reported %q", said.all)
	}
	german, dutch := countryDatabase(t, "DE"), countryDatabase(t, "NL")

	step("still missing", "")
	save(t, file, german, 9*time.Hour)
	step("it came", "DE", "ok")
	save(t, file, dutch, 8*time.Hour)
	step("it changed", "NL")
	save(t, file, german[:len(german)/2], 7*time.Hour)
	step("cut short in place", "NL", ErrKept.Error())
	save(t, file, []byte("<html>404</html>"), 6*time.Hour)
	step("a page instead: the same problem, said already", "NL")
	save(t, file, nil, 5*time.Hour)
	step("empty", "NL")
	save(t, file, german, 4*time.Hour)
	step("whole again", "DE", "ok")

	// Put in place by renaming, with the size and time of the one before,
	// as rsync does.
	fresh := file + ".new"
	save(t, fresh, countryDatabase(t, "AT"), 4*time.Hour)
	if err := os.Rename(fresh, file); err != nil {
		t.Fatal(err)
	}
	step("renamed into place", "AT")

	if err := os.Remove(file); err != nil {
		t.Fatal(err)
	}
	step("gone", "", ErrMissing.Error())
	save(t, file, german[:100], 3*time.Hour)
	step("back, but damaged", "", "opening MaxMind database")
}

func TestFilesFollowAList(t *testing.T) {
	file := tempFile(t, "blocked.txt", []byte("198.51.100.9\n"))
	var said reports
	f := OpenFiles(nil, []config.List{{Kind: KindBlocked, File: file}}, said.report)
	step := func(what, text string, age time.Duration, blocked bool, want ...string) {
		t.Helper()
		said.all = nil
		save(t, file, []byte(text), age)
		f.Check()
		f.Check()
		if got := lookup(t, f, inside).Blocked; got != blocked {
			t.Errorf("%s: blocked %v, want %v", what, got, blocked)
		}
		if diff := cmp.Diff(want, said.all); diff != "" {
			t.Errorf("%s: reports (-want +got):\n%s", what, diff)
		}
	}
	if !lookup(t, f, inside).Blocked || len(said.all) > 0 {
		t.Fatalf("not read at first: %q", said.all)
	}
	step("an address is taken off", "198.51.100.10\n", 9*time.Hour, false)
	step("its network is put on", "198.51.100.0/24\n", 8*time.Hour, true)
	step("a page instead", "<html>\nnot found\n", 7*time.Hour, true, "blocked.txt: "+ErrKept.Error()+": "+errNoEntries.Error())
	step("emptied on purpose", "# nobody\n", 6*time.Hour, false, "blocked.txt: ok")
	step("one line is not understood", "198.51.100.9\noops\n", 5*time.Hour, true,
		`blocked.txt: lines left out, as they are no address, network or AS number: 1; the first is line 2, "oops"`)
}

func TestFilesRefuseWhatTheyCannotUse(t *testing.T) {
	dir := t.TempDir()
	domain := database(t, "GeoIP2-Domain", map[string]mmdbtype.Map{"198.51.100.0/24": {"domain": mmdbtype.String("example.com")}})
	odd := database(t, "something else", map[string]mmdbtype.Map{"198.51.100.0/24": {"x": mmdbtype.String("y")}})
	tests := []struct{ name, file, want string }{
		{"missing", filepath.Join(dir, "none"), ErrMissing.Error()},
		{"a folder", dir, "not a regular file"},
		{"empty", tempFile(t, "empty", nil), "opening MaxMind database"},
		{"no database", tempFile(t, "text", []byte("hello")), "opening MaxMind database"},
		{"a database of something else that is known", tempFile(t, "domain", domain), errNoAnswer.Error()},
		{"a database of something unknown", tempFile(t, "odd", odd), errNoAnswer.Error()},
		{"a device", os.DevNull, "not a regular file"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var said reports
			good := tempFile(t, "country.mmdb", countryDatabase(t, "DE"))
			f := OpenFiles([]string{tt.file, good}, nil, said.report)
			f.Check()
			if len(said.all) != 1 || !strings.Contains(said.all[0], tt.want) {
				t.Errorf("reported %q, want once %q", said.all, tt.want)
			}
			if got := lookup(t, f, inside).Country; got != "DE" {
				t.Errorf("the good file beside it says %q", got)
			}
			status := f.Status()
			if status[0].Loaded || status[0].Problem == "" || !status[1].Loaded || status[1].Problem != "" ||
				status[1].Kind != "GeoLite2-Country" || status[1].Changed.IsZero() {
				t.Errorf("status %+v", status)
			}
		})
	}
}

// TestADamagedDatabaseNeverBreaksALookup overwrites parts of files; what
// opens all the same must answer or say nothing.
func TestADamagedDatabaseNeverBreaksALookup(t *testing.T) {
	for _, good := range [][]byte{countryDatabase(t, "DE"), asnDatabase(t)} {
		opened := 0
		for at := range good {
			for _, with := range []byte{0x00, 0xff, good[at] ^ 0x20} {
				bad := append([]byte(nil), good...)
				bad[at] = with
				g, err := openGeo(bad)
				if err != nil {
					continue
				}
				opened++
				s := lookup(t, nil, inside)
				g.lookup(&s)
				if s.Country != "" && !isCountryCode(s.Country) {
					t.Fatalf("country %q from a damaged file", s.Country)
				}
			}
		}
		if opened == 0 {
			t.Error("no damaged file was opened: the test tests nothing")
		}
	}
}

func TestRunReadsChangesUntilItIsStopped(t *testing.T) {
	file := tempFile(t, "tor.txt", nil)
	var (
		mu   sync.Mutex
		said reports
	)
	f := OpenFiles(nil, []config.List{{Kind: KindTor, File: file}}, func(file string, err error) {
		mu.Lock()
		defer mu.Unlock()
		said.report(file, err)
	})
	f.interval = time.Millisecond
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		f.Run(ctx)
	}()
	save(t, file, []byte(inside), time.Hour)
	deadline := time.After(10 * time.Second)
	for !lookup(t, f, inside).Tor {
		select {
		case <-deadline:
			t.Fatal("the change was not seen")
		case <-time.After(time.Millisecond):
		}
	}
	cancel()
	<-done
	save(t, file, []byte("# empty"), 2*time.Hour)
	time.Sleep(20 * time.Millisecond)
	if !lookup(t, f, inside).Tor {
		t.Error("read a file after it was stopped")
	}
	mu.Lock()
	defer mu.Unlock()
	if len(said.all) > 0 {
		t.Errorf("reported %q", said.all)
	}
}

func TestLookupsGoOnWhileFilesChange(t *testing.T) {
	country := tempFile(t, "country.mmdb", countryDatabase(t, "DE"))
	other := countryDatabase(t, "NL")
	f := OpenFiles([]string{country}, nil, nil)
	var wait sync.WaitGroup
	stop := make(chan struct{})
	for range 4 {
		wait.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
				}
				if c := lookup(t, f, inside).Country; c != "DE" && c != "NL" {
					t.Errorf("country %q", c)
					return
				}
			}
		})
	}
	for i := range 20 {
		data := other
		if i%2 == 0 {
			data = countryDatabase(t, "DE")
		}
		save(t, country, data, time.Duration(i+1)*time.Minute)
		f.Check()
	}
	close(stop)
	wait.Wait()
}
