package controlplane

import (
	"fmt"
	"os"
	"path/filepath"
	"syscall"
	"time"
)

// scratchPrefix is kept short: the path of etcd's socket in the directory must stay below the 104 bytes of macOS.
const scratchPrefix = "a0cp-"

// scratch is the temporary directory of one control plane: data, keys, logs. Its owner holds a lock on it, which the
// kernel releases when the owner dies. That tells what a killed test left behind from what is in use.
type scratch struct {
	dir  string
	lock *os.File
}

func newScratch() (*scratch, error) {
	sweepScratch()
	dir, err := os.MkdirTemp("", scratchPrefix)
	if err != nil {
		return nil, fmt.Errorf("creating a directory for the control plane: %w", err)
	}
	lock, err := lockDirectory(dir)
	if err != nil {
		return nil, fmt.Errorf("locking %s: %w", dir, err)
	}
	return &scratch{dir: dir, lock: lock}, nil
}

// remove deletes the directory with all that is in it.
func (s *scratch) remove() error {
	defer func() { _ = s.lock.Close() }()
	if err := os.RemoveAll(s.dir); err != nil {
		return fmt.Errorf("removing the directory of the control plane: %w", err)
	}
	return nil
}

// sweepScratch removes the directories of dead control planes: a killed one leaves a hundred megabytes behind. It is a
// courtesy, so it complains about nothing. Young directories are spared, their owner may not have locked them yet.
func sweepScratch() {
	dirs, _ := filepath.Glob(filepath.Join(os.TempDir(), scratchPrefix+"*"))
	for _, dir := range dirs {
		info, err := os.Lstat(dir)
		if err != nil || !info.IsDir() || time.Since(info.ModTime()) < time.Minute {
			continue
		}
		if lock, err := lockDirectory(dir); err == nil {
			_ = os.RemoveAll(dir)
			_ = lock.Close()
		}
	}
}

func lockDirectory(dir string) (*os.File, error) {
	file, err := os.Open(dir)
	if err != nil {
		return nil, err
	}
	if err := syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		_ = file.Close()
		return nil, err
	}
	return file, nil
}
