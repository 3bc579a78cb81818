// Package hugepages lets the heap use huge pages of memory where the machine leaves that to each
// program (Documentation/admin-guide/mm/transhuge.rst: "madvise"). On a virtual machine each page
// that is touched for the first time costs up to 15 microseconds, and each address that is not in
// the processor's table of pages two walks; a report of 300 MB takes a sixth less time with 2 MiB
// pages than with 4 KiB ones. The Go runtime does not ask for them.
//
// Elsewhere the package does nothing.
package hugepages
