package evidence_test

import (
	"testing"
	"time"

	"github.com/login-guard/login-guard/internal/evidence"
)

func TestAKeyPressedByADriverOfBrowsersAsksForMoreAndAFingerDoesNot(t *testing.T) {
	for report, enough := range map[string]bool{
		`{"v":1,"webdriver":true,"dpr":1,"keys":[[1,200]]}`:                   true,
		`{"v":1,"webdriver":true,"dpr":1,"keys":[[80,200]]}`:                  false,
		`{"v":1,"dpr":1,"keys":[[0,200],[0,90],[0,95],[0,80]]}`:               false,
		`{"v":1,"dpr":1,"keys":[],"inputs":1}`:                                false,
		`{"v":1,"webdriver":true,"untrusted":1,"dpr":1,"keys":[],"inputs":0}`: true,
		`{"v":1,"untrusted":1,"dpr":1,"keys":[],"inputs":0}`:                  true,
		`{"v":1,"untrusted":0,"dpr":1,"keys":[],"inputs":0}`:                  true,
		`{"v":1,"dpr":2,"keys":[[90,200],[70,190],[85,230],[80,99]]}`:         false,
	} {
		r, err := evidence.Parse([]byte(report))
		if err != nil {
			t.Fatal(err)
		}
		if e := evidence.Assess(r, "keyboard", time.Minute); (e.Points >= evidence.Enough) != enough {
			t.Errorf("%s: %v points, enough %v is wrong: %v", report, e.Points, !enough, e.Reasons)
		}
	}
}
