//go:build !linux

package embedded_test

import "time"

func cpu() time.Duration { return 0 }
