package main

import (
	"context"
	"fmt"
	"io"
	"testing"
	"time"

	"github.com/smtplog/smtplog/internal/follow"
)

// The dashboard is told which lines have waited to be read, so that its rates leave them out.
func TestWaited(t *testing.T) {
	type step struct {
		at     time.Duration // of the clock, after noon
		stamps []time.Duration
		waited bool
	}
	const hour, minute, second = time.Hour, time.Minute, time.Second
	for name, steps := range map[string][]step{
		"from the start of a log of today": {
			{0, nil, false}, {second, []time.Duration{-3 * hour, -3*hour + second}, true}, {2 * second, []time.Duration{-2 * hour, -hour}, true},
			{3 * second, []time.Duration{-20 * minute, 2 * second}, true}, {5 * second, []time.Duration{4 * second, 5 * second}, false},
		},
		"from the start of an old log": {
			{0, []time.Duration{-300 * hour}, true}, {second, []time.Duration{-299 * hour}, true}, {3 * second, nil, false}, {9 * second, nil, false},
		},
		"all in one piece":    {{0, []time.Duration{-hour, -minute, 0}, true}, {second, []time.Duration{second}, false}},
		"from the end":        {{0, nil, false}, {second, []time.Duration{0, second}, false}, {5 * second, []time.Duration{3 * second}, false}},
		"a log that is quiet": {{0, []time.Duration{0}, false}, {hour, nil, false}, {2 * hour, []time.Duration{2 * hour}, false}},
		"of another zone": {
			{0, []time.Duration{-2 * hour}, true}, {second, []time.Duration{-2*hour + second}, false}, {hour, []time.Duration{-hour}, false},
		},
		"held up on its way": {
			{0, []time.Duration{0}, false}, {10 * minute, []time.Duration{minute, 2 * minute}, false}, {10*minute + second, []time.Duration{9 * minute}, true},
			{11 * minute, []time.Duration{11 * minute}, true}, {12 * minute, []time.Duration{12 * minute}, false},
		},
	} {
		t.Run(name, func(t *testing.T) {
			p := &program{ctx: context.Background(), stdout: io.Discard, stderr: io.Discard}
			cmd := &tailCmd{inputFlags: inputFlags{pathFlags: pathFlags{Path: []string{"mail.log"}}}, UI: true, Interval: second, Every: "auto"}
			tail, err := cmd.tailer(p)
			if err != nil {
				t.Fatal(err)
			}
			noon := time.Date(2026, 11, 3, 12, 0, 0, 0, time.UTC)
			for i, s := range steps {
				tail.clock = func() time.Time { return noon.Add(s.at) }
				var text string
				for _, at := range s.stamps {
					text += fmt.Sprintf("%s mx postfix/qmgr[1]: 3A1B2C3D4E: removed\n", noon.Add(at).Format(time.RFC3339))
				}
				if err := tail.count(&follow.Block{Path: "mail.log", Text: []byte(text)}); err != nil {
					t.Fatal(err)
				}
				if got := tail.snapshot(0).Waited; got != s.waited {
					t.Errorf("step %d: %v, want %v", i, got, s.waited)
				}
			}
		})
	}
}
