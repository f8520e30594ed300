//go:build !linux

package jvm

import "syscall"

// sysProcAttr keeps the terminal's interrupt from a process.
func sysProcAttr() *syscall.SysProcAttr { return &syscall.SysProcAttr{Setpgid: true} }
