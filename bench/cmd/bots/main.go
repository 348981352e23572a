// Bots runs adversaries against the gateway and prints who passed, at what
// price. `make bench-bots` runs it; see bench/bots/run.sh for what it needs.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"regexp"
	"syscall"

	"github.com/login-guard/login-guard/bench/bots/suite"
)

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "bots:", err)
		os.Exit(1)
	}
}

func run() error {
	o := suite.Options{Progress: os.Stderr}
	flag.BoolVar(&o.Quick, "quick", false, "less of everything, in six minutes")
	only := flag.String("only", "", "run only the parts that match this `expression`")
	who := flag.String("who", "", "of http and browser, run only the adversaries whose group or name match this `expression`; of pictures, the kinds")
	flag.DurationVar(&o.Training, "training", 0, "how long the network for letters is trained, in processor time; none: 15m")
	flag.Uint64Var(&o.Seed, "seed", 1, "seed of all that is drawn")
	flag.StringVar(&o.Binary, "gateway", "", "the gateway, as make build builds it")
	flag.StringVar(&o.Clocked, "clocked", "", "the gateway with a clock that can be set; none: it is built")
	flag.StringVar(&o.Drive, "drive", "", "the folder of drive.mjs, with its node_modules")
	flag.StringVar(&o.Chromium, "chromium", "/usr/bin/chromium", "the browser")
	flag.StringVar(&o.Python, "python", "/usr/bin/python3", "Python with torch and numpy")
	flag.StringVar(&o.Network, "network", "", "the file net.py")
	flag.StringVar(&o.Folder, "folder", os.TempDir(), "where to write meanwhile")
	flag.Parse()
	if *only != "" {
		re, err := regexp.Compile(*only)
		if err != nil {
			return err
		}
		o.Only = re
	}
	if *who != "" {
		re, err := regexp.Compile(*who)
		if err != nil {
			return err
		}
		o.Who = re
	}
	for _, p := range []*string{&o.Binary, &o.Clocked, &o.Drive, &o.Network, &o.Folder} {
		if *p != "" {
			abs, err := filepath.Abs(*p)
			if err != nil {
				return err
			}
			*p = abs
		}
	}
	if o.Clocked == "" && (o.Only == nil || o.Only.MatchString("hours")) {
		var err error
		if o.Clocked, err = buildClocked(o.Folder); err != nil {
			return err
		}
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	s := suite.Suite{Options: o}
	if err := s.Run(ctx); err != nil {
		return err
	}
	return s.Report.Text(os.Stdout)
}
