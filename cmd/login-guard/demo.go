package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/signal"
	"path/filepath"
	"strconv"
	"syscall"
	"time"

	"github.com/caddyserver/caddy/v2"
	caddycmd "github.com/caddyserver/caddy/v2/cmd"
	"github.com/caddyserver/certmagic"
	"github.com/spf13/cobra"
)

func init() {
	caddycmd.RegisterCommand(caddycmd.Command{
		Name:  "demo",
		Usage: "[--config <path>] [--port <number>]",
		Short: "Starts a small shop with Login Guard in front",
		Long: `
Starts a small shop and, in front of it, the gateway that the Caddyfile
describes, on this computer only. It prints a customer, her password and what
to try. Ctrl-C ends it; nothing stays behind, as all that the demo writes is
in a temporary folder.

Two things differ from 'login-guard run' with the same file: SHOP_UPSTREAM is
the demo's shop, and connections from this computer may say in
X-Forwarded-For which address they play, which the shop's "400 addresses"
button needs.
`,
		CobraFunc: func(cmd *cobra.Command) {
			config := cmd.Flags().String("config", "Caddyfile", "the configuration that stands in front of the shop")
			port := cmd.Flags().Int("port", 0, "the port of the shop's address (default: the configuration's)")
			cmd.Args = cobra.NoArgs
			cmd.RunE = func(cmd *cobra.Command, _ []string) error {
				// SIGHUP too: closing the terminal must not leave a shop behind.
				ctx, stop := signal.NotifyContext(cmd.Context(), os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
				defer stop()
				return runDemo(ctx, *config, *port, os.Stdout)
			}
		},
	})
}

// demoCustomer is the customer whose password the demo prints.
const demoCustomer = "alice@shop.example"

// runDemo starts the shop and the gateway, says on out what to try and
// returns once ctx is done and both have ended. A port of 0 means that of
// the configuration.
func runDemo(ctx context.Context, config string, port int, out io.Writer) (err error) {
	dir, err := os.MkdirTemp("", "login-guard-demo-")
	if err != nil {
		return fmt.Errorf("making a folder for the demo's data: %w", err)
	}
	removeDir := func() { _ = os.RemoveAll(dir) }
	defer removeDir()
	// `login-guard stop` ends the process without coming back here.
	caddy.OnExit(func(context.Context) { removeDir() })
	if err := keepDataIn(dir); err != nil {
		return err
	}

	upstream, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return fmt.Errorf("opening a port for the shop: %w", err)
	}
	defer upstream.Close()

	cfg, err := loadDemoConfig(config, dir, upstream.Addr().String(), port)
	if err != nil {
		return err
	}

	password := newPassword()
	shop, err := newShop(shopOptions{
		Now:      time.Now,
		Email:    demoCustomer,
		Password: password,
		Gateway:  net.JoinHostPort("127.0.0.1", strconv.Itoa(cfg.Port)),
		Host:     net.JoinHostPort("localhost", strconv.Itoa(cfg.Port)),
	})
	if err != nil {
		return fmt.Errorf("opening the shop: %w", err)
	}
	defer shop.Close()
	server := &http.Server{Handler: shop, ReadHeaderTimeout: 10 * time.Second}
	served := make(chan error, 1)
	go func() { served <- server.Serve(upstream) }()
	defer server.Close()

	if err := quietly(func() error { return caddy.Load(cfg.JSON, true) }); err != nil {
		return fmt.Errorf("starting the gateway: %w", err)
	}
	defer func() {
		fmt.Fprintln(out, "\nClosing the shop.")
		err = errors.Join(err, caddy.Stop())
	}()

	fmt.Fprint(out, welcome(cfg, password, filepath.Join(dir, logFile)))
	select {
	case <-ctx.Done():
		return nil
	case err := <-served:
		return fmt.Errorf("the shop ended: %w", err)
	}
}

// keepDataIn lets everything that Caddy writes go below dir, so that each
// demo starts fresh and the data of a Caddy in earnest are not touched.
func keepDataIn(dir string) error {
	for _, name := range []string{"XDG_DATA_HOME", "XDG_CONFIG_HOME"} {
		if err := os.Setenv(name, dir); err != nil {
			return fmt.Errorf("setting %s: %w", name, err)
		}
	}
	// Caddy worked both out before the lines above.
	caddy.DefaultStorage = &certmagic.FileStorage{Path: caddy.AppDataDir()}
	caddy.ConfigAutosavePath = filepath.Join(caddy.AppConfigDir(), "autosave.json")
	return nil
}

// newPassword makes a password of about 59 bits in letters, digits and
// hyphens, without the letters and digits that are taken for one another.
func newPassword() string {
	const alphabet = "abcdefghjkmnpqrstuvwxyz23456789"
	random := make([]byte, 12)
	_, _ = rand.Read(random) // never fails, says its documentation
	text := make([]byte, 0, 14)
	for i, b := range random {
		if i > 0 && i%4 == 0 {
			text = append(text, '-')
		}
		text = append(text, alphabet[int(b)%len(alphabet)])
	}
	return string(text)
}

// welcome is what the terminal shows: who to be and what to try. The
// password stands alone on its line, plain, for people and scripts alike.
func welcome(cfg demoConfig, password, log string) string {
	self := os.Args[0]
	return fmt.Sprintf(`
Demo Shop is open, with Login Guard in front: http://localhost:%d

customer: %s
password: %s

What to try (the shop's start page says it too):
  1. Sign in: move the slider, it says "Checked", and you are in.
  2. Sign out and in again: nothing is asked, the device is known.
  3. On the start page: "400 addresses guess Alice's password". See how
     many tries reach the shop, and sign in as Alice meanwhile.
  4. The check at phone size, by keyboard and in Arabic.

In a second terminal:
  %s status%s
  tail -f %s

Ctrl-C ends it.
`, cfg.Port, demoCustomer, password, self, cfg.statusFlags(), log)
}
