//go:build unix

package follow

import (
	"os"
	"syscall"
)

// Identity returns what the system knows a file by while it exists; numbers are used again
// afterwards.
func Identity(info os.FileInfo) (device, inode uint64) {
	if st, ok := info.Sys().(*syscall.Stat_t); ok {
		return uint64(st.Dev), uint64(st.Ino)
	}
	return 0, 0
}
