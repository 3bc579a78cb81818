package follow

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// follower runs a File in a folder of its own and collects what it hands on.
type follower struct {
	t    *testing.T
	path string
	mu   sync.Mutex
	got  bytes.Buffer
	stop func()
}

func start(t *testing.T, fromStart bool) *follower {
	t.Helper()
	f := &follower{t: t, path: filepath.Join(t.TempDir(), "mail.log")}
	f.write("before\n")
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	file := &File{Path: f.path, Poll: 5 * time.Millisecond, Grace: 50 * time.Millisecond, FromStart: fromStart, Lines: func(b []byte) {
		f.mu.Lock()
		defer f.mu.Unlock()
		f.got.Write(b)
	}}
	go func() { done <- file.Run(ctx) }()
	f.stop = sync.OnceFunc(func() {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("Run: %v", err)
		}
	})
	t.Cleanup(f.stop)
	time.Sleep(30 * time.Millisecond) // the file is open by then
	return f
}

func (f *follower) write(s string) {
	f.t.Helper()
	file, err := os.OpenFile(f.path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		f.t.Fatal(err)
	}
	defer file.Close()
	if _, err := file.WriteString(s); err != nil {
		f.t.Fatal(err)
	}
}

func (f *follower) wait(want string) {
	f.t.Helper()
	for range 400 {
		f.mu.Lock()
		got := f.got.String()
		f.mu.Unlock()
		if got == want {
			return
		}
		time.Sleep(5 * time.Millisecond)
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.t.Fatalf("got %q, want %q", f.got.String(), want)
}

func TestFollowsFromTheEnd(t *testing.T) {
	f := start(t, false)
	f.write("one\ntw")
	f.wait("one\n")
	f.write("o\n")
	f.wait("one\ntwo\n")
}

func TestUnfinishedLineAtTheEnd(t *testing.T) {
	f := start(t, true)
	f.write("unfinished")
	f.wait("before\n")
	f.stop()
	f.wait("before\nunfinished")
}

func TestRotationByRename(t *testing.T) {
	f := start(t, true)
	f.write("one\n")
	old, err := os.OpenFile(f.path, os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer old.Close()
	if err := os.Rename(f.path, f.path+".1"); err != nil {
		t.Fatal(err)
	}
	f.write("three\n")
	fmt.Fprint(old, "two, late into the old file\n")
	f.wait("before\none\ntwo, late into the old file\nthree\n")
}

func TestTruncation(t *testing.T) {
	f := start(t, true)
	f.write("a longer line\n")
	f.wait("before\na longer line\n")
	if err := os.Truncate(f.path, 0); err != nil {
		t.Fatal(err)
	}
	time.Sleep(50 * time.Millisecond)
	f.write("new\n")
	f.wait("before\na longer line\nnew\n")
}

func TestFileThatComesLater(t *testing.T) {
	path := filepath.Join(t.TempDir(), "later.log")
	ctx, cancel := context.WithCancel(context.Background())
	var got strings.Builder
	done := make(chan error, 1)
	seen := make(chan struct{}, 1)
	file := &File{Path: path, Poll: 5 * time.Millisecond, Lines: func(b []byte) {
		got.Write(b)
		seen <- struct{}{}
	}}
	go func() { done <- file.Run(ctx) }()
	time.Sleep(20 * time.Millisecond)
	if err := os.WriteFile(path, []byte("here\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	<-seen
	cancel()
	if err := <-done; err != nil || got.String() != "here\n" {
		t.Errorf("got %q, %v", got.String(), err)
	}
}
