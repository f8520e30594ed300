package jvm

import "syscall"

// sysProcAttr keeps the terminal's interrupt from a process, and has it killed when
// this one dies: nothing is left over, however this one ends.
func sysProcAttr() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
}
