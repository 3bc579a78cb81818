package parser

import (
	"bytes"
	"math/rand/v2"
	"regexp"
	"testing"

	"github.com/smtplog/smtplog/internal/fixture"
	"time"
)

// runs checks what takes several bytes at a time against what takes one.
func runs(t *testing.T, b []byte) {
	t.Helper()
	until := func(i int, stop func(c byte) bool) int {
		for i < len(b) && !stop(b[i]) {
			i++
		}
		return i
	}
	is := func(what string, got, want any) {
		t.Helper()
		if got != want {
			t.Fatalf("%s of %q: %v, want %v", what, b, got, want)
		}
	}
	for i := range min(2, len(b)) {
		is("plainRun", plainRun(b, i), until(i, func(c byte) bool { return !plainByte[c] }))
		is("near", near(b, i, '['), until(i, func(c byte) bool { return c == '[' }))
		is("run", run(&nameByte, b, i), until(i, func(c byte) bool { return !nameByte[c] }))
	}
	is("quotedRun", quotedRun(b), until(0, func(c byte) bool { return c < ' ' || c >= 0x7f || c == '"' || c == '\\' }))
	is("hasUpper", hasUpper(b), until(0, func(c byte) bool { return 'A' <= c && c <= 'Z' }) < len(b))
	for _, s := range []string{"a", "@", "ab", "ef!", "!!!"} {
		is("lastIndexString "+s, lastIndexString(b, s), bytes.LastIndex(b, []byte(s)))
	}

	n, and := 0, byte(idHex|idBase52|idAny)
	for n < min(len(b), longIDMax) && idByte[b[n]] != 0 {
		and &= idByte[b[n]]
		n++
	}
	gotN, gotAnd := idRun(b)
	is("idRun", [2]int{gotN, int(gotAnd)}, [2]int{n, int(and)})

	digits, value := 0, uint32(0)
	for digits < len(b) && isDigit(b[digits]) {
		value = value*10 + uint32(b[digits]-'0')
		digits++
	}
	if digits > 7 || len(b) < 8 {
		digits, value = 0, 0
	}
	number, length := shortNumber(b, 0)
	if digits == 0 {
		number = 0
	}
	is("shortNumber", [2]int{int(number), length}, [2]int{int(value), digits})
}

// What takes eight bytes at a time says what that says which takes one.
func TestRuns(t *testing.T) {
	fixture.NoRace(t)
	for c := range 256 { // each byte at each place, alone and before each other
		for d := range 256 {
			for at := range 9 {
				b := []byte("abcdefghi!")
				if c&1 != 0 {
					b = []byte("1234567890")
				}
				b[at], b[at+1] = byte(c), byte(d)
				runs(t, b)
			}
		}
	}
	rng := rand.New(rand.NewPCG(3, 4))
	for range 50_000 {
		b := make([]byte, rng.IntN(48))
		for i := range b {
			b[i] = byte(rng.IntN(256))
			if rng.IntN(8) > 0 {
				b[i] = "!aZ09.@=;[]~#f"[rng.IntN(14)]
			}
		}
		runs(t, b)
	}
}

// Every byte of a word counts where two are compared or hashed.
func TestWords(t *testing.T) {
	for n := range 48 {
		b := bytes.Repeat([]byte{'a'}, n)
		if !same(b, bytes.Clone(b)) || QueueIDHash(string(b)) != QueueIDHash(bytes.Clone(b)) {
			t.Errorf("%q is not itself", b)
		}
		hashes := map[uint64]bool{wordHash(b): true}
		for i := range b {
			for bit := range 8 {
				other := bytes.Clone(b)
				other[i] ^= 1 << bit
				if same(b, other) || same(other, b) {
					t.Errorf("%q is %q", b, other)
				}
				if h := wordHash(other); hashes[h] {
					t.Errorf("%q has another's hash", other)
				} else {
					hashes[h] = true
				}
			}
		}
		if n > 0 && same(b, b[1:]) {
			t.Errorf("%q is %q", b, b[1:])
		}
	}
}

// Exim's queue IDs by its documentation ("Message identification"): 6, 6 and 2 letters or digits,
// since 4.97 6, 11 and 4.
func TestEximIDLen(t *testing.T) {
	short, long := regexp.MustCompile(`^[0-9A-Za-z]{6}-[0-9A-Za-z]{6}-[0-9A-Za-z]{2}`), regexp.MustCompile(`^[0-9A-Za-z]{6}-[0-9A-Za-z]{11}-[0-9A-Za-z]{4}`)
	check := func(b []byte) {
		t.Helper()
		want := len(short.Find(b)) + len(long.Find(b)) // one of them is 0: the second hyphen stands elsewhere
		if got := eximIDLen(b); got != want {
			t.Fatalf("eximIDLen(%q) = %d, want %d", b, got, want)
		}
	}
	for _, id := range []string{"1tivSh-0007oc-5P", "1tivSh-00000000ALP-0mWt", "1tivSh-0007oc-5P <= a@b", "1tivSh-00000000ALP-0mWt Completed"} {
		check([]byte(id))
		for at := range id {
			check([]byte(id)[:at])
			for c := range 256 {
				b := []byte(id)
				b[at] = byte(c)
				check(b)
			}
		}
	}
}

// Seconds are read to the nanosecond, and cut behind it.
func TestSeconds(t *testing.T) {
	for text, want := range map[string]time.Duration{
		"0": 0, "3": 3 * time.Second, "17": 17 * time.Second, "0.4": 400 * time.Millisecond, "0.47": 470 * time.Millisecond,
		"1.000001": time.Second + time.Microsecond, "2.123456789": 2*time.Second + 123456789, "2.1234567891": 2*time.Second + 123456789,
		"12.05": 12*time.Second + 50*time.Millisecond, "248321.7": 248321*time.Second + 700*time.Millisecond,
	} {
		for _, after := range []string{",", "/0/0/0.01, dsn=", "s"} {
			line := []byte(text + after)
			if d, rest, ok := seconds(line); d != want || string(rest) != after || !ok {
				t.Errorf("seconds(%q) = %v, %q, %t; want %v", line, d, rest, ok, want)
			}
			l := quickLine{b: line}
			if d, i, ok := l.seconds(0); d != want || string(line[i:]) != after || !ok {
				t.Errorf("quickLine.seconds(%q) = %v, %d, %t; want %v", line, d, i, ok, want)
			}
		}
	}
}
