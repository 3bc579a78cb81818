package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/smtplog/smtplog/internal/follow"
)

// A checkpoint is checkpointMagic, the CRC-32 of what follows in hex and a line feed, a line of
// JSON (checkpoint), and the Collector's state.
const checkpointMagic = "smtplog checkpoint 1 "

type checkpoint struct {
	Logs []checkpointLog `json:"logs"`
	Sets map[string]int  `json:"sets"`
}

// checkpointLog is how far one path was counted.
type checkpointLog struct {
	Position follow.Position `json:"position"`
	Recent   []byte          `json:"recent,omitempty"` // the last lines
	Last     time.Time       `json:"last,omitzero"`    // the latest stamp
}

// restore goes on from a checkpoint; one that does not exist yet is the start of everything.
func (t *tailer) restore(path string) error {
	b, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		t.from = follow.FromStart
		return nil
	}
	if err != nil {
		return fmt.Errorf("--checkpoint: %w", err)
	}
	if err := t.restoreFrom(b); err != nil {
		return fmt.Errorf("--checkpoint %s: %w; move it away to begin anew", path, err)
	}
	return nil
}

var errCheckpoint = errors.New("is no checkpoint, or a damaged one")

func (t *tailer) restoreFrom(b []byte) error {
	rest, ok := bytes.CutPrefix(b, []byte(checkpointMagic))
	sum, rest, ok2 := bytes.Cut(rest, []byte("\n"))
	if !ok || !ok2 || string(sum) != fmt.Sprintf("%08x", crc32.ChecksumIEEE(rest)) {
		return errCheckpoint
	}
	head, state, _ := bytes.Cut(rest, []byte("\n"))
	var cp checkpoint
	if err := json.Unmarshal(head, &cp); err != nil {
		return errCheckpoint
	}
	if err := t.c.Restore(bytes.NewReader(state)); err != nil {
		return err
	}
	for dir, set := range cp.Sets {
		t.sets[dir] = set
	}
	for _, saved := range cp.Logs {
		l := &followed{path: saved.Position.Path, set: t.sets[filepath.Dir(saved.Position.Path)], recent: saved.Recent, last: saved.Last, pos: saved.Position, resumed: true}
		l.resume(t)
		t.logs[l.path] = l
		t.resumed = append(t.resumed, saved.Position)
	}
	return nil
}

// save writes the checkpoint, if there is one to write: whole or not at all.
func (t *tailer) save() {
	if t.cmd.Checkpoint == "" || !t.changed {
		return
	}
	b, err := t.checkpoint()
	if err == nil {
		err = writeWhole(t.cmd.Checkpoint, b)
	}
	if err != nil {
		t.p.errorf("--checkpoint: %v", err)
		return
	}
	t.changed = false
}

func (t *tailer) checkpoint() ([]byte, error) {
	cp := checkpoint{Sets: t.sets}
	for _, l := range t.logs {
		cp.Logs = append(cp.Logs, checkpointLog{l.pos, l.recent, l.last})
	}
	var rest bytes.Buffer
	if err := json.NewEncoder(&rest).Encode(cp); err != nil {
		return nil, err
	}
	if err := t.c.Save(&rest); err != nil {
		return nil, err
	}
	b := fmt.Appendf(nil, "%s%08x\n", checkpointMagic, crc32.ChecksumIEEE(rest.Bytes()))
	return append(b, rest.Bytes()...), nil
}
