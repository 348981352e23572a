package blackbox_test

import (
	"flag"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
)

// TestMain lets more tests run at once than there are processors: they
// mostly wait, for checks that have a shortest time.
func TestMain(m *testing.M) {
	flag.Parse()
	if f := flag.Lookup("test.parallel"); f != nil && f.Value.String() == f.DefValue {
		_ = f.Value.Set("8")
	}
	if err := touchSources(filepath.Join("..", "..")); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Exit(m.Run())
}

// touchSources looks at every file that the gateway is made of. Go keeps the
// result of a test until what it has looked at changes, and the gateway is
// built by a command that Go knows nothing of.
func touchSources(root string) error {
	for _, name := range []string{"go.mod", "go.sum", "assets", "caddymodule", "cmd", "config", "internal"} {
		err := filepath.WalkDir(filepath.Join(root, name), func(path string, _ fs.DirEntry, err error) error {
			if err == nil {
				_, err = os.Stat(path)
			}
			return err
		})
		if err != nil {
			return fmt.Errorf("looking at the gateway's sources: %w", err)
		}
	}
	return nil
}
