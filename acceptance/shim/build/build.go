//go:build faults

// Package build compiles what the fault tests put under a process: the failing
// disk (shim.c), and the tool that makes disks after a power cut (image.go).
package build

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
)

// Shim compiles the failing disk from its source in dir, into a folder of its own in to,
// and returns the library's path. It needs gcc.
func Shim(dir, to string) (string, error) {
	return compile(dir, to, func(out string) []string {
		return []string{"gcc", "-shared", "-fPIC", "-O1", "-o", out, "shim.c", "-ldl", "-lpthread"}
	})
}

// Image compiles the tool from its source in dir, into a folder of its own in to, and
// returns its path.
func Image(dir, to string) (string, error) {
	return compile(dir, to, func(out string) []string { return []string{"go", "build", "-o", out, "image.go"} })
}

func compile(dir, to string, command func(out string) []string) (string, error) {
	to, err := os.MkdirTemp(to, "backstop-shim-*")
	if err != nil {
		return "", err
	}
	out := filepath.Join(to, "built")
	args := command(out)
	cmd := exec.Command(args[0], args[1:]...)
	cmd.Dir = dir
	if said, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("%v: %w\n%s", args, err, said)
	}
	return out, nil
}
