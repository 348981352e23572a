// Upload measures what an upload of 100 MB costs the process of Caddy, with
// sockets, `reverse_proxy` and a shop: bare, behind Login Guard, and bare
// again. Caddy runs in a process of its own; this one is browser and shop.
package main

import (
	"bufio"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/login-guard/login-guard/bench/inproc"
	"github.com/login-guard/login-guard/bench/work"
)

func main() {
	rounds := flag.Int("rounds", 11, "how many `uploads` a site gets")
	size := flag.Int64("size", 100_000_000, "`bytes` of an upload")
	gateway := flag.Bool("gateway", false, "be Caddy: reads its Caddyfile, then tells its cost for each line of input")
	flag.Parse()
	var err error
	if *gateway {
		err = serve(os.Stdin, os.Stdout)
	} else {
		err = measure(*rounds, *size)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "upload:", err)
		os.Exit(1)
	}
}

// cost is what the process of Caddy has used so far.
type cost struct {
	CPU           time.Duration
	Allocs, Bytes uint64
}

func serve(in io.Reader, out io.Writer) error {
	commands := json.NewDecoder(in)
	var caddyfile string
	if err := commands.Decode(&caddyfile); err != nil {
		return err
	}
	if err := inproc.Run(caddyfile); err != nil {
		return err
	}
	answers := json.NewEncoder(out)
	for {
		var u syscall.Rusage
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
			return err
		}
		if err := answers.Encode(cost{time.Duration(u.Utime.Nano() + u.Stime.Nano()), m.Mallocs, m.TotalAlloc}); err != nil {
			return err
		}
		var more bool
		if err := commands.Decode(&more); err != nil {
			return nil // the parent has gone
		}
	}
}

// caddy is the process of Caddy.
type caddy struct {
	commands *json.Encoder
	answers  *json.Decoder
}

func (c *caddy) cost() (k cost, err error) { return k, c.answers.Decode(&k) }
func (c *caddy) next() (cost, error) {
	if err := c.commands.Encode(true); err != nil {
		return cost{}, err
	}
	return c.cost()
}

// site is what uploads by one site cost.
type site struct {
	Site   string
	CPU    float64 // ns, the median
	Ratio  float64 // to the bare site in the same round, the median
	Allocs float64
	Bytes  float64

	url    string
	cpus   []float64
	ratios []float64
}

func measure(rounds int, size int64) error {
	shop, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	server := &http.Server{Handler: http.HandlerFunc(drain)}
	go func() { _ = server.Serve(shop) }()
	defer server.Close()

	folder, err := os.MkdirTemp("", "login-guard-bench.")
	if err != nil {
		return err
	}
	defer os.RemoveAll(folder)
	sites := []*site{{Site: work.Bare}, {Site: work.Guard}, {Site: work.Again}}
	c, end, err := start(folder, shop.Addr().String(), sites)
	if err != nil {
		return err
	}
	defer end()

	block := make([]byte, 1<<20)
	if _, err := rand.NewChaCha8([32]byte{}).Read(block); err != nil {
		return err
	}
	now, err := c.cost()
	if err != nil {
		return err
	}
	for round := range rounds + 1 { // the first warms up
		for _, s := range sites {
			if err := upload(s.url, block, size); err != nil {
				return fmt.Errorf("%s: %w", s.Site, err)
			}
			after, err := c.next()
			if err != nil {
				return err
			}
			if round > 0 {
				s.cpus = append(s.cpus, float64(after.CPU-now.CPU))
				s.Allocs += float64(after.Allocs-now.Allocs) / float64(rounds)
				s.Bytes += float64(after.Bytes-now.Bytes) / float64(rounds)
			}
			now = after
		}
		slices.Reverse(sites)
	}
	slices.SortFunc(sites, func(a, b *site) int { return slices.Index(order, a.Site) - slices.Index(order, b.Site) })
	for _, s := range sites {
		for i := range s.cpus {
			s.ratios = append(s.ratios, s.cpus[i]/sites[0].cpus[i])
		}
	}
	for _, s := range sites {
		s.CPU, s.Ratio = median(s.cpus), median(s.ratios)
	}
	return json.NewEncoder(os.Stdout).Encode(sites)
}

var order = []string{work.Bare, work.Guard, work.Again}

func median(v []float64) float64 {
	v = slices.Sorted(slices.Values(v))
	return v[len(v)/2]
}

// start runs Caddy with one port for each site.
func start(folder, shop string, sites []*site) (*caddy, func(), error) {
	file := fmt.Sprintf("{\nadmin off\npersist_config off\nauto_https off\nstorage file_system %q\nlogin_guard {\nkey %s\n}\n}\n", folder, work.Key)
	for _, s := range sites {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return nil, nil, err
		}
		defer l.Close()
		s.url = "http://" + l.Addr().String()
		guard := ""
		if s.Site == work.Guard {
			guard = "login_guard {\nsite shop\n}\n"
		}
		file += fmt.Sprintf("%s {\nbind 127.0.0.1\n%sreverse_proxy %s\n}\n", s.url, guard, shop)
		l.Close()
	}
	self, err := os.Executable()
	if err != nil {
		return nil, nil, err
	}
	cmd := exec.Command(self, "-gateway")
	cmd.Env = append(os.Environ(), "XDG_DATA_HOME="+folder)
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		return nil, nil, err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, nil, err
	}
	c := &caddy{json.NewEncoder(in), json.NewDecoder(bufio.NewReader(out))}
	return c, func() { in.Close(); _ = cmd.Wait() }, c.commands.Encode(file)
}

// drain is the shop: it reads all and says how much there was.
func drain(w http.ResponseWriter, r *http.Request) {
	n, err := io.Copy(io.Discard, r.Body)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	fmt.Fprint(w, n)
}

// upload posts a form with one file of random bytes.
func upload(to string, block []byte, size int64) error {
	const boundary = "----geckoformboundary4f1c9a72b5d6e8f0a1b2c3d4e5f60718"
	head := "--" + boundary + "\r\nContent-Disposition: form-data; name=\"title\"\r\n\r\nHolidays\r\n--" + boundary +
		"\r\nContent-Disposition: form-data; name=\"file\"; filename=\"film.mp4\"\r\nContent-Type: video/mp4\r\n\r\n"
	tail := "\r\n--" + boundary + "--\r\n"
	body := io.MultiReader(strings.NewReader(head), io.LimitReader(repeat{block}, size), strings.NewReader(tail))
	r, err := http.NewRequest(http.MethodPost, to+"/upload", body)
	if err != nil {
		return err
	}
	r.ContentLength = int64(len(head)) + size + int64(len(tail))
	r.Header.Set("Content-Type", "multipart/form-data; boundary="+boundary)
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	got, err := io.ReadAll(answer.Body)
	if err != nil {
		return err
	}
	if want := fmt.Sprint(r.ContentLength); string(got) != want {
		return fmt.Errorf("the shop got %.100s of %s bytes", got, want)
	}
	return nil
}

// repeat is a block again and again.
type repeat struct{ block []byte }

func (r repeat) Read(p []byte) (int, error) { return copy(p, r.block), nil }
