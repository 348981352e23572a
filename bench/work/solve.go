package work

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"

	"github.com/login-guard/login-guard/internal/shoptest"
)

// SolveFlag makes the program solve what stands on its input; see Solve.
const SolveFlag = "-solve"

// solveElsewhere finds the proofs of work in a process of its own: valgrind
// does not follow there, and what browsers do is not measured.
func solveElsewhere(checks []*shoptest.Check) ([]int, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, fmt.Errorf("finding this program: %w", err)
	}
	tasks, err := json.Marshal(checks)
	if err != nil {
		return nil, err
	}
	cmd := exec.Command(self, SolveFlag)
	cmd.Stdin, cmd.Stderr = bytes.NewReader(tasks), os.Stderr
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("solving %d checks: %w", len(checks), err)
	}
	var proofs []int
	if err := json.Unmarshal(out, &proofs); err != nil {
		return nil, fmt.Errorf("solving %d checks: %w", len(checks), err)
	}
	if len(proofs) != len(checks) {
		return nil, fmt.Errorf("solving %d checks: %d proofs", len(checks), len(proofs))
	}
	return proofs, nil
}

// Solve reads checks as JSON and writes a proof for each.
func Solve(in io.Reader, out io.Writer) error {
	var checks []*shoptest.Check
	if err := json.NewDecoder(in).Decode(&checks); err != nil {
		return fmt.Errorf("reading checks: %w", err)
	}
	proofs := make([]int, len(checks))
	for i, c := range checks {
		var err error
		if proofs[i], err = shoptest.Solve(context.Background(), []byte(c.Task.Salt), c.Task.Cost, c.Task.Target); err != nil {
			return err
		}
	}
	return json.NewEncoder(out).Encode(proofs)
}
