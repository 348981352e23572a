package letters

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"image"
	"os"
	"os/exec"
	"strconv"
	"time"
)

// Network is a trained network.
type Network struct {
	Kind   Kind
	python string
	script string
	folder string
	// Trained tells of its training.
	Trained Training
}

// Training tells what a training took and reached on pictures that it did
// not see.
type Training struct {
	Seconds     float64 // of processor time
	Drawn, Seen int     // pictures drawn, and looked at in all
	Exact, Each float64 // shares right, of pictures and of characters
	Drawing     time.Duration
}

// Train draws pictures into folder and trains on them, for so much processor
// time.
func Train(ctx context.Context, k Kind, python, script, folder string, pictures int, budget time.Duration, seed uint64) (*Network, error) {
	n := &Network{Kind: k, python: python, script: script, folder: folder}
	began := time.Now()
	if err := k.WriteSet(folder, pictures, seed); err != nil {
		return nil, fmt.Errorf("drawing %d pictures: %w", pictures, err)
	}
	n.Trained.Drawing = time.Since(began)
	cmd := n.command(ctx, "train", strconv.Itoa(int(budget.Seconds())))
	cmd.Stderr = nil
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("training: %w", failed(err))
	}
	if err := json.Unmarshal(out, &n.Trained); err != nil {
		return nil, fmt.Errorf("training said %.200q: %w", out, err)
	}
	return n, nil
}

// failed adds what a program has said to its error.
func failed(err error) error {
	if e, ok := err.(*exec.ExitError); ok {
		return fmt.Errorf("%w: %.2000s", err, e.Stderr)
	}
	return err
}

func (n *Network) command(ctx context.Context, verb string, more ...string) *exec.Cmd {
	w, h := n.Kind.size()
	args := []string{n.script, verb, n.folder, strconv.Itoa(w), strconv.Itoa(h), strconv.Itoa(n.Kind.Count), strconv.Itoa(len(n.Kind.Alphabet))}
	cmd := exec.CommandContext(ctx, n.python, append(args, more...)...)
	cmd.Env = append(os.Environ(), "OMP_NUM_THREADS=1")
	return cmd
}

// Guess is what a reader takes a picture for.
type Guess struct {
	Text string
	// Sure is how sure it is: greater is surer.
	Sure float64
}

// Read reads pictures and returns what it took, in processor time.
func (n *Network) Read(ctx context.Context, pictures []*image.Gray) ([]Guess, time.Duration, error) {
	var in bytes.Buffer
	for _, p := range pictures {
		in.Write(n.Kind.shrink(p))
	}
	cmd := n.command(ctx, "read")
	cmd.Stdin = &in
	out, err := cmd.Output()
	if err != nil {
		return nil, 0, fmt.Errorf("reading: %w", failed(err))
	}
	guesses := make([]Guess, 0, len(pictures))
	for lines := bufio.NewScanner(bytes.NewReader(out)); lines.Scan(); {
		var line struct {
			Classes []int
			Sure    float64
		}
		if err := json.Unmarshal(lines.Bytes(), &line); err != nil {
			return nil, 0, fmt.Errorf("reading said %.200q: %w", lines.Text(), err)
		}
		text := make([]byte, len(line.Classes))
		for i, c := range line.Classes {
			text[i] = n.Kind.Alphabet[c]
		}
		guesses = append(guesses, Guess{string(text), line.Sure})
	}
	if len(guesses) != len(pictures) {
		return nil, 0, fmt.Errorf("%d of %d pictures were read", len(guesses), len(pictures))
	}
	return guesses, cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime(), nil
}
