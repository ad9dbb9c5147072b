package crashlab_test

import (
	"os/exec"
	"syscall"
)

// dieTogether lets the kernel end the child when the laboratory is ended in a way that it cannot see.
func dieTogether(cmd *exec.Cmd) { cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL} }
