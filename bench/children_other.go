//go:build !linux

package bench

import "os/exec"

// dieWithParent needs Linux; elsewhere children end with the context only, and
// there is no /proc to measure them by either.
func dieWithParent(*exec.Cmd) {}
