// Command derive makes weights.json of package evidence: the points that the
// features of a track are worth, from drags of simulated people and of bots.
//
//	go run ./internal/evidence/derive            says what the weights do
//	go run ./internal/evidence/derive -write F   writes them to a file first
//
// Everything is seeded: it makes the same file every time. See the README of
// package evidence for where the figures come from.
package main

import (
	"flag"
	"log"
	"os"

	"github.com/login-guard/login-guard/internal/evidence/people"
)

func main() {
	file := flag.String("write", "", "`file` to write the weights to")
	flag.Parse()
	drags, bots := drawPeople(seedDerive, people.All()), drawBots(seedDerive)
	w := derive(drags, measureAll(drags), measureBots(bots))
	if *file != "" {
		if err := os.WriteFile(*file, encode(w), 0o644); err != nil {
			log.Fatal(err)
		}
	}
	report(os.Stdout, w, drags, bots)
}
