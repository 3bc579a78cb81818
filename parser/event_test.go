package parser

import (
	"reflect"
	"testing"
)

// A clone keeps its bytes when the line is overwritten; no field is forgotten.
func TestCloneOwnsItsBytes(t *testing.T) {
	shared := []byte("x")
	var ev Event
	var fill func(v reflect.Value)
	n := 0
	fill = func(v reflect.Value) {
		for i := range v.NumField() {
			switch f := v.Field(i); {
			case f.Type() == reflect.TypeFor[[]byte]():
				f.SetBytes(shared)
				n++
			case f.Type() == reflect.TypeFor[Peer]():
				fill(f)
			}
		}
	}
	fill(reflect.ValueOf(&ev).Elem())
	c := ev.Clone()
	shared[0] = 'y'
	var check func(name string, v reflect.Value)
	check = func(name string, v reflect.Value) {
		for i := range v.NumField() {
			field := name + v.Type().Field(i).Name
			switch f := v.Field(i); {
			case f.Type() == reflect.TypeFor[[]byte]():
				n--
				if got := string(f.Bytes()); got != "x" {
					t.Errorf("Clone: %s is %q, want x", field, got)
				}
			case f.Type() == reflect.TypeFor[Peer]():
				check(field+".", f)
			}
		}
	}
	check("", reflect.ValueOf(c))
	if n != 0 {
		t.Errorf("%d fields filled but not checked", n)
	}
}
