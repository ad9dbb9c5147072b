//go:build !linux

package crashlab_test

import "os/exec"

// dieTogether needs Linux.
func dieTogether(*exec.Cmd) {}
