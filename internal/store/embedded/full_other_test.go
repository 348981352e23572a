//go:build !linux

package embedded_test

func fullChild(string) {}
