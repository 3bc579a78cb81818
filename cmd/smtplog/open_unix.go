//go:build unix

package main

import "syscall"

// openLimit is how many files the process may have open. Go's runtime has raised the soft limit to
// the hard one when the program began.
func openLimit() int {
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		return 256
	}
	return int(min(limit.Cur, 1<<20))
}
