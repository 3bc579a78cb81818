package hugepages

import (
	"bufio"
	"fmt"
	"os"
	"strings"
	"testing"
	"unsafe"
)

// flags returns what /proc/self/smaps says of the memory at an address.
func flags(t *testing.T, at uintptr) string {
	f, err := os.Open("/proc/self/smaps")
	if err != nil {
		t.Skip(err)
	}
	defer f.Close()
	inside := false
	for lines := bufio.NewScanner(f); lines.Scan(); {
		var from, to uintptr
		if n, _ := fmt.Sscanf(lines.Text(), "%x-%x ", &from, &to); n == 2 {
			inside = from <= at && at < to
		}
		if rest, ok := strings.CutPrefix(lines.Text(), "VmFlags:"); ok && inside {
			return rest + " "
		}
	}
	t.Fatalf("no memory at %x", at)
	return ""
}

func TestUse(t *testing.T) {
	if !wanted {
		t.Skipf("this machine leaves no choice: %q", setting())
	}
	big := make([]byte, 64<<20) // the heap must grow
	for i := range big {
		big[i] = byte(i)
	}
	Use()
	for i := range big {
		if big[i] != byte(i) {
			t.Fatalf("byte %d was %d, is %d", i, byte(i), big[i])
		}
	}
	at := uintptr(unsafe.Pointer(&big[len(big)/2]))
	if is := flags(t, at); !strings.Contains(is, " hg ") {
		t.Errorf("VmFlags of the heap:%s", is)
	}
}

// TestObeyed: a machine that allows none, or gives them to all, is left alone.
func TestObeyed(t *testing.T) {
	for setting, want := range map[string]bool{
		"always [madvise] never\n": true, "always madvise [never]\n": false, "[always] madvise never\n": false, "": false,
	} {
		if choice(setting) != want {
			t.Errorf("choice(%q) is %v", setting, !want)
		}
	}
}
