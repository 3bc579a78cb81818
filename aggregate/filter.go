package aggregate

import (
	"slices"
	"strings"
)

// Filter chooses what is counted. Patterns of one dimension are alternatives, dimensions
// must all agree; a pattern with ! before it must not match. The zero Filter lets everything
// pass.
type Filter struct {
	rules []rule
	buf   []byte
}

type rule struct {
	dim Dim
	yes []string
	no  []string
}

// Add adds patterns for d: glob patterns (* any run, ? any one byte), compared without the case of
// ASCII letters; a leading ! negates.
func (f *Filter) Add(d Dim, patterns ...string) {
	if len(patterns) == 0 {
		return
	}
	r := rule{dim: d}
	for _, p := range patterns {
		b := []byte(p)
		for i, c := range b {
			b[i] = lower(c)
		}
		p = string(b)
		if not, ok := strings.CutPrefix(p, "!"); ok {
			r.no = append(r.no, not)
		} else {
			r.yes = append(r.yes, p)
		}
	}
	f.rules = append(f.rules, r)
}

// Condition is what a filter asks of one dimension: one of the patterns, and none of those with a
// leading !.
type Condition struct {
	Name     string
	Patterns []string
}

// conditions are those of the filter, and that of Notices, which is asked for like an origin.
func (o *Options) conditions() (all []Condition) {
	for _, r := range o.Filter.rules {
		patterns := slices.Clone(r.yes)
		for _, p := range r.no {
			patterns = append(patterns, "!"+p)
		}
		all = append(all, Condition{r.dim.String(), patterns})
	}
	if o.Notices {
		const notices = "notification"
		if i := slices.IndexFunc(all, func(c Condition) bool { return c.Name == DimOrigin.String() }); i >= 0 {
			all[i].Patterns = append(all[i].Patterns, notices)
		} else {
			all = append(all, Condition{DimOrigin.String(), []string{notices}})
		}
	}
	return all
}

// Empty tells whether the filter lets everything pass.
func (f *Filter) Empty() bool { return len(f.rules) == 0 }

// Pass tells whether v passes.
func (f *Filter) Pass(v *View) bool {
	for i := range f.rules {
		r := &f.rules[i]
		f.buf = v.Append(f.buf[:0], r.dim)
		if r.dim == DimRecipient || r.dim == DimDomain {
			if !r.match(f.buf) && !r.matchOriginal(f, v) {
				return false
			}
			continue
		}
		if !r.match(f.buf) {
			return false
		}
	}
	return true
}

func (r *rule) match(value []byte) bool {
	for _, p := range r.no {
		if glob(p, value) {
			return false
		}
	}
	for _, p := range r.yes {
		if glob(p, value) {
			return true
		}
	}
	return len(r.yes) == 0
}

// matchOriginal tries the address before aliases too: support searches for what the user
// wrote.
func (r *rule) matchOriginal(f *Filter, v *View) bool {
	if len(r.yes) == 0 {
		return false
	}
	f.buf = f.buf[:0]
	switch {
	case v.Recipient != nil:
		f.buf = append(f.buf, v.Recipient.Original...)
	case v.Event != nil:
		f.buf = append(f.buf, v.Event.OrigRecipient...)
	}
	if len(f.buf) == 0 {
		return false
	}
	if r.dim == DimDomain {
		f.buf = domainOf(f.buf, 0)
	}
	return r.match(f.buf)
}

// glob matches value, without case, against a pattern in lower case in which * stands for any
// run of bytes and ? for one.
func glob(pattern string, value []byte) bool {
	p, v := 0, 0
	star, mark := -1, 0
	for v < len(value) {
		switch {
		case p < len(pattern) && pattern[p] == '*':
			star, mark = p, v
			p++
		case p < len(pattern) && (pattern[p] == '?' || pattern[p] == lower(value[v])):
			p++
			v++
		case star >= 0:
			mark++
			p, v = star+1, mark
		default:
			return false
		}
	}
	for p < len(pattern) && pattern[p] == '*' {
		p++
	}
	return p == len(pattern)
}
