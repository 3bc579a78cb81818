package status

// suffixes finds the longest of some names that a host name ends with, label by label. Most host
// names end with none of them, which their last labels tell.
type suffixes struct {
	slots []suffix // a hash table with a power of two places, at most half of them used
}

// suffix is one of the names, or what they end with.
type suffix struct {
	labels string // in lower case; "": a free place
	of     string // what stands for it
	name   bool   // whether it is a name itself
}

// newSuffixes returns what finds the keys of m, which are in lower case, and their values.
func newSuffixes(m map[string]string) *suffixes {
	all := make(map[string]suffix)
	for name, of := range m {
		for i := range name {
			if i > 0 && name[i-1] == '.' {
				if _, ok := all[name[i:]]; !ok {
					all[name[i:]] = suffix{labels: name[i:]}
				}
			}
		}
		all[name] = suffix{name, of, true}
	}
	size := 1
	for size < 2*len(all)+1 {
		size *= 2
	}
	s := &suffixes{make([]suffix, size)}
	for labels, row := range all {
		h := uint32(0)
		for i := len(labels) - 1; i >= 0; i-- {
			h = suffixHash(h, labels[i])
		}
		i := int(h) & (size - 1)
		for s.slots[i].labels != "" {
			i = (i + 1) & (size - 1)
		}
		s.slots[i] = row
	}
	return s
}

func suffixHash(h uint32, c byte) uint32 { return (h ^ uint32(c)) * 0x01000193 }

// lookup returns what stands for the longest name that host, in any case and with or without dots
// at its end, is or ends with after a dot.
func (s *suffixes) lookup(host []byte) (of string) {
	if len(host) > longestRun {
		return ""
	}
	for len(host) > 0 && host[len(host)-1] == '.' {
		host = host[:len(host)-1]
	}
	h := uint32(0)
	for i := len(host) - 1; i >= 0; i-- {
		if host[i] == '.' {
			row := s.find(h, host[i+1:])
			if row == nil {
				return of // no name goes on from here
			}
			if row.name {
				of = row.of
			}
		}
		h = suffixHash(h, lower(host[i]))
	}
	if row := s.find(h, host); row != nil && row.name {
		return row.of
	}
	return of
}

// find returns the row of some labels with their hash, or nil.
func (s *suffixes) find(h uint32, labels []byte) *suffix {
	for i := int(h) & (len(s.slots) - 1); ; i = (i + 1) & (len(s.slots) - 1) {
		row := &s.slots[i]
		if row.labels == "" {
			return nil
		}
		if equalLower(labels, row.labels) {
			return row
		}
	}
}

// equalLower reports whether b is s, which is in lower case, in any case.
func equalLower(b []byte, s string) bool {
	if len(b) != len(s) {
		return false
	}
	for i := range b {
		if lower(b[i]) != s[i] {
			return false
		}
	}
	return true
}
