// Redis measures the store that several gateways share and prints what it
// found as JSON.
package main

import (
	"encoding/json"
	"fmt"
	"os"

	"github.com/login-guard/login-guard/bench/shared"
)

func main() {
	s, err := shared.Measure()
	if err == nil {
		err = json.NewEncoder(os.Stdout).Encode(s)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "redis:", err)
		os.Exit(1)
	}
}
