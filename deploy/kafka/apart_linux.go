package kafka

import "syscall"

// apart keeps the terminal's interrupt from a process, and has it killed when
// this one is: nothing is left over, however this one ends.
func apart() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
}
