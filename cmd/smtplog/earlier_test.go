package main

import (
	"encoding/json"
	"testing"
	"time"
)

// A cell of an earlier report becomes what its column holds, or nothing: a number is finite, since
// JSON has no other.
func TestTyped(t *testing.T) {
	for _, tt := range []struct {
		cell   any
		column string
		want   any
	}{
		{json.Number("7"), "integer", int64(7)}, {"7", "integer", int64(7)}, {"7.5", "integer", nil}, {json.Number("0.9"), "number", 0.9},
		{"NaN", "number", nil}, {"+Inf", "number", nil}, {"1e999", "number", nil}, {"", "string", nil}, {"x", "string", "x"}, {true, "string", nil},
		{"2026-01-05T06:00:00Z", "time", time.Date(2026, 1, 5, 6, 0, 0, 0, time.UTC)}, {"yesterday", "time", nil},
	} {
		if got := typed(tt.cell, tt.column); got != tt.want {
			t.Errorf("%v as %s: %v, want %v", tt.cell, tt.column, got, tt.want)
		}
	}
}
