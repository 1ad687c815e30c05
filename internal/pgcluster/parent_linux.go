package pgcluster

import "syscall"

// dieWithParent takes the server down with the process that started it. Linux ties this to the starting thread, which
// the Go runtime keeps for as long as it lives unless a goroutine exits while locked to it.
func dieWithParent(attr *syscall.SysProcAttr) { attr.Pdeathsig = syscall.SIGINT }
