package browser_test

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
)

// The one browser process of the package; every test has a browser context
// (cookies, cache, storage) of its own in it.
var browser = sync.OnceValues(startBrowser)

var stopBrowser = func() {}

func TestMain(m *testing.M) {
	// Shoppers read and think, and pages count seconds: more tests at once than
	// there are cores. -parallel says otherwise.
	if err := flag.Set("test.parallel", "4"); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	code := m.Run()
	stopBrowser()
	os.Exit(code)
}

func startBrowser() (context.Context, error) {
	path := os.Getenv("LOGIN_GUARD_CHROMIUM")
	if path == "" {
		path = "/usr/bin/chromium"
	}
	if _, err := exec.LookPath(path); err != nil {
		return nil, fmt.Errorf("no Chromium at %s: install the package chromium, or name the browser in LOGIN_GUARD_CHROMIUM: %w", path, err)
	}
	profile, err := os.MkdirTemp("", "login-guard-chromium")
	if err != nil {
		return nil, err
	}
	options := []chromedp.ExecAllocatorOption{
		chromedp.ExecPath(path),
		chromedp.UserDataDir(profile),
		chromedp.Flag("headless", "new"),
		chromedp.Flag("force-color-profile", "srgb"),
		// It is a shopper's: navigator.webdriver would say that a program is at
		// work, and the checks would ask for more.
		chromedp.Flag("disable-blink-features", "AutomationControlled"),
		// A name that is not localhost: no secure context there.
		chromedp.Flag("host-resolver-rules", "MAP shop.test 127.0.0.1"),
		// What drops down from the address bar is a page in processes of its own,
		// in every window: two fifths of a test's processor time, and no shop's
		// page sees any of it.
		chromedp.Flag("disable-features", "WebUIOmniboxPopup,WebUIOmniboxAimPopup"),
	}
	for _, flag := range []string{
		"no-sandbox", // containers run as root
		"disable-gpu", "disable-quic", "no-first-run", "disable-background-networking",
		"disable-component-update", "disable-sync", "disable-dev-shm-usage", "disable-default-apps", "disable-extensions",
		// Tests run side by side; a tab behind another must not slow down.
		"disable-background-timer-throttling", "disable-backgrounding-occluded-windows", "disable-renderer-backgrounding",
		"hide-scrollbars",
	} {
		options = append(options, chromedp.Flag(flag, true))
	}
	allocator, endAllocator := chromedp.NewExecAllocator(context.Background(), options...)
	ctx, end := chromedp.NewContext(allocator)
	stopBrowser = func() {
		end()
		endAllocator()
		// The browser's children may still write for a moment.
		for range 20 {
			if os.RemoveAll(profile) == nil {
				return
			}
			time.Sleep(100 * time.Millisecond)
		}
	}
	if err := chromedp.Do(ctx); err != nil {
		stopBrowser()
		stopBrowser = func() {}
		return nil, fmt.Errorf("starting %s: %w", path, err)
	}
	return ctx, nil
}

// axe is the source of axe-core.
var axe = sync.OnceValues(func() (string, error) {
	path := os.Getenv("LOGIN_GUARD_AXE")
	if path == "" {
		path = filepath.Join("..", "..", ".cache", "axe-core-4.14.1", "axe.min.js")
	}
	source, err := os.ReadFile(path)
	if err != nil {
		return "", fmt.Errorf("no axe-core: `bash test/run.sh` gets it, or name its axe.min.js in LOGIN_GUARD_AXE: %w", err)
	}
	return string(source), nil
})
