//go:build unix

package follow

import "syscall"

func mkfifo(path string) error { return syscall.Mkfifo(path, 0o600) }
