//go:build !linux

package kafka

import "syscall"

// sysProcAttr keeps the terminal's interrupt from a process.
func sysProcAttr() *syscall.SysProcAttr { return &syscall.SysProcAttr{Setpgid: true} }
