package hugepages

import (
	"runtime/metrics"
	"sync"
	"syscall"
	"unsafe"
)

const (
	size = 2 << 20
	// reach is how far above the first object the heap is looked after. The runtime adds to it
	// upwards, and the gaps that it leaves do no harm.
	reach = 1 << 30

	collapse = 25 // MADV_COLLAPSE, Linux 6.1 and later
)

var (
	lock   sync.Mutex
	wanted bool
	first  []byte  // an object among the first ones of the heap
	heap   uintptr // where its huge page begins
	next   uintptr // the first address that is not known to be in a huge page
	known  uint64  // how much memory the runtime had at the last call
	total  = []metrics.Sample{{Name: "/memory/classes/total:bytes"}}
)

// The earliest memory counts too: most packages are initialised after this one.
func init() {
	first = make([]byte, 64)
	heap = uintptr(unsafe.Pointer(unsafe.SliceData(first))) &^ (size - 1)
	next = heap
	wanted = choice(setting()) && syscall.Getpagesize() == 4<<10 // with larger ones a huge page is up to 512 MiB
	Use()
}

// choice tells whether the machine's setting leaves it to programs. Where it says "always" nothing
// has to be done, and "never" is obeyed.
func choice(setting string) bool {
	return setting == "always [madvise] never\n" && unsafe.Sizeof(heap) == 8
}

func setting() string {
	f, err := syscall.Open("/sys/kernel/mm/transparent_hugepage/enabled", syscall.O_RDONLY|syscall.O_CLOEXEC, 0)
	if err != nil {
		return ""
	}
	defer syscall.Close(f)
	var b [64]byte
	n, _ := syscall.Read(f, b[:])
	return string(b[:max(0, n)])
}

// Use has the memory that the heap was given since the last call be in huge pages: what was
// touched already is copied into them, the rest follows when it is touched. An error means that
// this kernel cannot, or that the heap ends there, and leaves all as it was.
func Use() {
	if !wanted || !lock.TryLock() {
		return
	}
	defer lock.Unlock()
	if metrics.Read(total); total[0].Value.Uint64() == known {
		return // a collapse looks at all processors, even if it finds nothing to do
	}
	known = total[0].Value.Uint64()
	advise(heap, reach, syscall.MADV_HUGEPAGE)
	for next < heap+reach && advise(next, size, collapse) {
		next += size
	}
}

// advise is madvise(2), which does nothing to what the memory holds.
func advise(start, n uintptr, advice uintptr) bool {
	_, _, err := syscall.Syscall(syscall.SYS_MADVISE, start, n, advice)
	return err == 0
}
