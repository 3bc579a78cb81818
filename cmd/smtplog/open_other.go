//go:build !unix

package main

// openLimit is how many files the process may have open, about.
func openLimit() int { return 512 }
