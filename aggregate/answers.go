package aggregate

import (
	"slices"

	"github.com/smtplog/smtplog/parser"
)

// answers counts attempts for those tables that count them by how they ended alone. Most end in
// one of a few ways, so it remembers where the tables count each way.
type answers struct {
	tables []*attempts
	places []answerPlace
}

// answerPlaces is how many ways are remembered, a power of two; a way has one place, which the
// latest of those that share it takes.
const answerPlaces = 256

// answerPlace is a way that attempts end, with each table's counts of it; nil where a table does
// not count it. It is free where there are no counts.
type answerPlace struct {
	key    answerKey
	counts []*attemptCounts
}

// answerKey is all of an event that answerDims are made of: two events with the same key have the
// same values.
type answerKey [2]uint64

var answerDims = []Dim{DimStatus, DimCode, DimEnhanced, DimOrigin, DimStage, DimMTA, DimDirection, DimReason, DimCategory, DimType}

func keyOf(ev *parser.Event) answerKey {
	e := ev.Enhanced
	return answerKey{
		uint64(ev.Code)<<32 | uint64(e.Subject)<<16 | uint64(e.Detail),
		uint64(e.Class)<<48 | uint64(ev.Stage)<<40 | uint64(ev.Origin)<<32 | uint64(ev.Reason)<<24 |
			uint64(ev.Kind)<<16 | uint64(ev.MTA)<<8 | uint64(ev.Direction),
	}
}

// take makes f one of the tables, if it counts by nothing but how attempts end.
func (a *answers) take(f fold) bool {
	t, ok := f.(*attempts)
	if !ok || slices.ContainsFunc(t.dims, func(d Dim) bool { return !slices.Contains(answerDims, d) }) {
		return false
	}
	a.tables = append(a.tables, t)
	return true
}

// attempt is attempts.attempt for all tables.
func (a *answers) attempt(v *View, n int64) {
	if len(a.tables) == 0 {
		return
	}
	ev := v.Event
	if uint64(ev.Code) >= 1<<32 { // no code has as many digits; the key has no room for it
		for _, t := range a.tables {
			t.attempt(v, n)
		}
		return
	}
	if a.places == nil {
		a.places = make([]answerPlace, answerPlaces)
	}
	key := keyOf(ev)
	p := &a.places[(key[0]*0x9E3779B97F4A7C15^key[1]*0xC2B2AE3D27D4EB4F)>>(64-8)]
	if p.key != key || p.counts == nil {
		p.key, p.counts = key, slices.Grow(p.counts[:0], len(a.tables))
		for _, t := range a.tables {
			p.counts = append(p.counts, t.of(v))
		}
	}
	for _, c := range p.counts {
		if c != nil {
			c.add(ev.Kind, n)
		}
	}
}
