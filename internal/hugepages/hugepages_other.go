//go:build !linux

package hugepages

// Use does nothing.
func Use() {}
