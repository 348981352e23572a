// Limits measures the limiters alone and prints what it found as JSON.
//
//	limits -what reserve -n 1000000
//	limits -what memory
//	limits -what hold
//	limits -what flood
package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"

	"github.com/login-guard/login-guard/bench/limiters"
)

func main() {
	what := flag.String("what", "", "`reserve`, memory, hold or flood")
	n := flag.Int("n", 1_000_000, "how many `keys`")
	flag.Parse()
	out, err := measure(*what, *n)
	if err == nil {
		err = json.NewEncoder(os.Stdout).Encode(out)
	}
	if err != nil {
		fmt.Fprintf(os.Stderr, "limits: %s: %v\n", *what, err)
		os.Exit(1)
	}
}

// peersUpTo is the number of keys beyond which peers are not measured: ten
// million are several gigabytes to them.
const peersUpTo = 1_000_000

func measure(what string, n int) (any, error) {
	switch what {
	case "reserve":
		return reserve(n)
	case "memory":
		return memory(n)
	case "hold":
		return hold(n)
	case "flood":
		return limiters.Attack(n)
	}
	return nil, fmt.Errorf("there is no such measurement")
}

func reserve(n int) (map[string]limiters.Cost, error) {
	out := make(map[string]limiters.Cost)
	var err error
	if out["six"], err = limiters.Reserve(n, false); err != nil {
		return nil, err
	}
	if out["attempt"], err = limiters.Reserve(n, true); err != nil {
		return nil, err
	}
	if n > peersUpTo {
		return out, nil
	}
	if out["zones"], err = limiters.ReserveZones(n); err != nil {
		return nil, err
	}
	out["buckets"], err = limiters.ReserveBuckets(n)
	return out, err
}

func memory(n int) (map[string]limiters.Memory, error) {
	out := make(map[string]limiters.Memory)
	var err error
	if out["counters"], err = limiters.Counters(n); err != nil {
		return nil, err
	}
	if out["history"], err = limiters.History(n); err != nil {
		return nil, err
	}
	out["zone 1"] = limiters.ZoneMemory(n, 1)
	out["zone 10"] = limiters.ZoneMemory(n, 10)
	out["buckets"] = limiters.BucketMemory(n)
	return out, nil
}

func hold(n int) (map[string]limiters.Hold, error) {
	out := make(map[string]limiters.Hold)
	var err error
	if out["logins"], err = limiters.ExpiredLogins(); err != nil {
		return nil, err
	}
	out["sweep"] = limiters.ZoneSweep(n)
	return out, nil
}
