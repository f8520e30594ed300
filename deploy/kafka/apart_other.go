//go:build !linux

package kafka

import "syscall"

// apart keeps the terminal's interrupt from a process.
func apart() *syscall.SysProcAttr { return &syscall.SysProcAttr{Setpgid: true} }
