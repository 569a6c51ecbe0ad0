package bench

import (
	"os/exec"
	"syscall"
)

// dieWithParent has the kernel end the child if this process is killed, which
// leaves nobody to do it.
func dieWithParent(cmd *exec.Cmd) { cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL} }
