package main

import (
	"context"
	"flag"
	"fmt"
	"image"
	"image/png"
	"os"
	"time"

	"github.com/login-guard/login-guard/bench/bots/letters"
)

func main() {
	n := flag.Int("n", 0, "sheet of pictures")
	tess := flag.Int("tess", 0, "tesseract on n")
	train := flag.Int("train", 0, "pictures to train on")
	secs := flag.Int("secs", 60, "")
	dir := flag.String("dir", "", "")
	seed := flag.Uint64("seed", 1, "")
	flag.Parse()
	k := letters.Kinds[0]
	ctx := context.Background()
	if *n > 0 {
		f, _ := os.Create(*dir + "/answers.txt")
		texts := make([]string, *n)
		err := k.Draw(*n, *seed, func(i int, d letters.Drawn) error {
			texts[i] = d.Text
			o, _ := os.Create(fmt.Sprintf("%s/%02d.png", *dir, i))
			defer o.Close()
			return png.Encode(o, image.Image(d.Image))
		})
		if err != nil {
			panic(err)
		}
		for i, t := range texts {
			fmt.Fprintln(f, i, t)
		}
		f.Close()
	}
	if *tess > 0 {
		best, said, err := letters.Best(ctx, k, *tess, *seed+100)
		if err != nil {
			panic(err)
		}
		for _, s := range said {
			fmt.Println(s)
		}
		fmt.Println("best", best.Cleaning.Name, best.Mode)
	}
	if *train > 0 {
		b := time.Now()
		net, err := letters.Train(ctx, k, "/usr/bin/python3", "bench/bots/letters/net.py", *dir, *train, time.Duration(*secs)*time.Second, 7)
		if err != nil {
			panic(err)
		}
		fmt.Printf("%+v wall %v\n", net.Trained, time.Since(b))
	}
}
