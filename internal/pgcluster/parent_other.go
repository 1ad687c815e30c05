//go:build !linux

package pgcluster

import "syscall"

// dieWithParent has no counterpart outside Linux: Stop is what ends the server there.
func dieWithParent(*syscall.SysProcAttr) {}
