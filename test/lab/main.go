// Command lab sends odd logins through the real gateway to small login apps
// in several languages, and checks for every one that no guess passed unseen:
// if an app's login ran with an account and a password, the gateway counted
// one attempt on the same account. What the gateway refuses must run no
// login; plain logins and what is no login must not be refused.
//
// Use run.sh, which gets and builds what it needs.
package main

import (
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"
)

func main() {
	failed, err := run()
	if err != nil {
		fmt.Fprintln(os.Stderr, "lab:", err)
	}
	if err != nil || failed > 0 {
		os.Exit(1)
	}
}

// setting is an environment variable that is a whole number.
func setting(name string, otherwise uint64) (uint64, error) {
	text := os.Getenv(name)
	if text == "" {
		return otherwise, nil
	}
	n, err := strconv.ParseUint(text, 10, 64)
	if err != nil {
		return 0, fmt.Errorf("%s: %q is no whole number such as %d", name, text, otherwise)
	}
	return n, nil
}

func run() (failed int, err error) {
	all := Backends()
	farm := &Farm{Apps: all, Backends: all}
	flag.StringVar(&farm.Here, "here", "", "folder with backends and regressions")
	flag.StringVar(&farm.Work, "work", "", "folder for logs")
	flag.StringVar(&farm.Binary, "gateway", "", "the gateway's binary")
	flag.StringVar(&farm.Modules, "modules", "", "folder of node's modules")
	flag.StringVar(&farm.GoApp, "goapp", "", "binary of the app in Go")
	flag.Parse()
	count, err := setting("LAB_COUNT", 20000)
	if err != nil {
		return 0, err
	}
	seed, err := setting("LAB_SEED", uint64(time.Now().UnixNano())%1_000_000)
	if err != nil {
		return 0, err
	}
	jsonToo, err := setting("LAB_JSON", 1)
	if err != nil {
		return 0, err
	}
	fed, err := setting("LAB_INPUTS", count/4)
	if err != nil {
		return 0, err
	}
	dirs := []string{filepath.Join(farm.Here, "../../internal/login/testdata/fuzz")}
	if more := os.Getenv("LAB_CORPUS"); more != "" {
		dirs = append(dirs, more)
	}
	inputs, err := LoadInputs(dirs...)
	if err != nil {
		return 0, err
	}
	if only := os.Getenv("LAB_ONLY"); only != "" {
		farm.only(strings.Fields(only))
	}
	if jsonToo == 0 {
		farm.Backends = slices.DeleteFunc(slices.Clone(farm.Backends), func(b *Backend) bool { return b.GraphQL })
	}
	stop := make(chan os.Signal, 1)
	signal.Notify(stop, os.Interrupt, syscall.SIGTERM)
	go func() {
		<-stop
		farm.Stop()
		os.Exit(130)
	}()
	defer farm.Stop()
	began := time.Now()
	if err := farm.Start(); err != nil {
		return 0, err
	}
	fmt.Printf("%d apps are up behind the gateway after %.0f s; LAB_SEED=%d LAB_COUNT=%d LAB_JSON=%d\n",
		len(farm.Backends), time.Since(began).Seconds(), seed, count, jsonToo)

	lab, err := NewLab(farm)
	if err != nil {
		return 0, err
	}
	defer lab.Close()
	kept, err := LoadRegressions(filepath.Join(farm.Here, "regressions"))
	if err != nil {
		return 0, err
	}
	if err := lab.Replay(kept, jsonToo != 0); err != nil {
		return 0, err
	}
	if err := lab.Generate(int(count), seed, jsonToo != 0); err != nil {
		return 0, err
	}
	if err := lab.Feed(inputs, int(fed), seed, jsonToo != 0); err != nil {
		return 0, err
	}
	if ended := farm.Ended(); ended != "" {
		return 0, fmt.Errorf("%s ended on the way:\n%s", ended, farm.Output(ended))
	}
	lab.Table(os.Stdout)
	if err := lab.Explain(os.Stdout, filepath.Join(farm.Here, "regressions")); err != nil {
		return 0, err
	}
	passed, failed := lab.Totals()
	fmt.Printf("%.0f s\n%d passed, %d failed\n", time.Since(began).Seconds(), passed, failed)
	return failed, nil
}
