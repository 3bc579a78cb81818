package follow

import (
	"path/filepath"
	"sync"

	"github.com/hpcloud/tail/watch"
	"gopkg.in/fsnotify.v1"
)

// canWatch tells whether hpcloud/tail's tracker may be started: it ends the process where it
// cannot have an inotify instance, and their number is small. Having two for a moment proves
// that there is room for one.
var canWatch = sync.OnceValue(func() bool {
	for range 2 {
		w, err := fsnotify.NewWatcher()
		if err != nil {
			return false
		}
		defer w.Close()
	}
	return true
})

// arm has hpcloud/tail's tracker tell about path, and about the file that it links to: wake
// gets a word when it is written to, renamed, removed or made anew. Only the tracker is used,
// not the watchers above it: those look at the file by themselves and end the process when
// that fails. A word can be late or missing; nothing depends on it but the delay. disarm
// must be called; it is nil where nothing can be watched.
func arm(path string, wake chan<- struct{}) (disarm func()) {
	if !canWatch() {
		return nil
	}
	paths := []string{path}
	if real, err := filepath.EvalSymlinks(path); err == nil && real != filepath.Clean(path) {
		paths = append(paths, real)
	}
	var armed []string
	var drained sync.WaitGroup
	for _, p := range paths {
		if watch.WatchCreate(p) != nil { // the folder: its events name their file
			continue
		}
		armed = append(armed, p)
		if events := watch.Events(p); events != nil {
			drained.Go(func() {
				for range events {
					select {
					case wake <- struct{}{}:
					default:
					}
				}
			})
		}
	}
	if len(armed) < len(paths) {
		for _, p := range armed {
			watch.RemoveWatchCreate(p)
		}
		drained.Wait()
		return nil
	}
	return func() {
		for _, p := range armed {
			watch.RemoveWatchCreate(p)
		}
		drained.Wait()
	}
}
