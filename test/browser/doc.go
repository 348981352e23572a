// Package browser drives Chromium through the whole way of a login: the
// shop's own form, the check, the shop's answer. Its tests are the only ones
// that see what a shopper sees.
//
// The browser is driven by chromedp, not by a runner of its own: the tests
// are then `go test` like all others, in one process with the shop and with
// the key that tells what a picture shows, and there is no second language to
// install. Chromium and axe-core must be there: `bash test/run.sh` gets both.
// Without them the tests fail; none is ever skipped.
//
// What they promise of each page and each way through: input is real (mouse,
// touch and key events of the browser, not calls into the page), the shop saw
// the login exactly once and as it was typed, and the browser reported no
// error, no warning and no violation of the page's Content-Security-Policy
// that the test did not name.
//
// Environment:
//
//	LOGIN_GUARD_CHROMIUM  the browser. Default: /usr/bin/chromium
//	LOGIN_GUARD_AXE       axe.min.js of axe-core 4.14. Default: where
//	                      test/run.sh puts it
package browser
