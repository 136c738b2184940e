// Package program builds the programs of cmd/ for the tests that run them, each once per checkout. Other tests import it.
package program

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"syscall"
)

// Build builds a program of cmd/, such as manager, and returns its path. Go links it only if a source changed since the last build,
// of whatever test.
func Build(ctx context.Context, name string) (string, error) {
	_, file, _, _ := runtime.Caller(0)
	root := filepath.Join(filepath.Dir(file), "..", "..")
	dir := filepath.Join(root, "bin", "test")
	if err := os.MkdirAll(dir, 0o750); err != nil {
		return "", fmt.Errorf("create the folder of programs: %w", err)
	}
	lock, err := os.OpenFile(filepath.Join(dir, ".lock"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return "", fmt.Errorf("open the lock of the programs: %w", err)
	}
	defer func() { _ = lock.Close() }()
	// Tests of several packages run at once, and none may start a program that another one writes. Closing the file unlocks it.
	if err := syscall.Flock(int(lock.Fd()), syscall.LOCK_EX); err != nil {
		return "", fmt.Errorf("lock the programs: %w", err)
	}
	path := filepath.Join(dir, name)
	build := exec.CommandContext(ctx, "go", "build", "-o", path, "./cmd/"+name)
	build.Dir = root
	if output, err := build.CombinedOutput(); err != nil {
		return "", fmt.Errorf("build %s: %w\n%s", name, err, output)
	}
	return path, nil
}
