package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"time"
)

// progressEvery is how often a running build says that it is alive.
const progressEvery = 15 * time.Second

// buildOne compiles one binary and moves it into dir in one step, so that nobody ever sees half a file.
func buildOne(ctx context.Context, r *release, b binary, dir, label string) error {
	partial := filepath.Join(dir, "."+b.name+".partial")
	command := exec.CommandContext(ctx, "go", "build", "-v", "-trimpath", "-ldflags", r.linkerFlags(), "-o", partial, b.pkg)
	command.Env = environment()
	command.WaitDelay = time.Second // after Ctrl-C, compilers left behind must not hold the output open
	if err := runWithProgress(command, label); err != nil {
		return fmt.Errorf("building %s: %w", b.name, err)
	}
	if err := os.Rename(partial, filepath.Join(dir, b.name)); err != nil {
		return fmt.Errorf("putting %s in place: %w", b.name, err)
	}
	return nil
}

// runWithProgress runs the command and tells every few seconds what it is at. What it printed is shown only if it fails.
func runWithProgress(command *exec.Cmd, label string) error {
	reader, writer := io.Pipe()
	command.Stdout, command.Stderr = writer, writer

	output, started, done := &tail{}, time.Now(), make(chan struct{})
	var waiting sync.WaitGroup
	waiting.Go(func() { output.follow(reader) })
	waiting.Go(func() { report(label, started, output, done) })

	err := command.Run()
	close(done)
	_ = writer.Close()
	waiting.Wait()

	if err != nil {
		return fmt.Errorf("%w\n%s", err, strings.Join(output.lines, "\n"))
	}
	logf("%s done in %s", label, time.Since(started).Round(time.Second))
	return nil
}

// report prints the progress until done is closed.
func report(label string, started time.Time, output *tail, done <-chan struct{}) {
	ticker := time.NewTicker(progressEvery)
	defer ticker.Stop()
	for {
		select {
		case <-done:
			return
		case <-ticker.C:
			logf("%s … %s, at %s", label, time.Since(started).Round(time.Second), output.last())
		}
	}
}

// tail keeps the last lines of a stream.
type tail struct {
	mutex sync.Mutex
	lines []string
}

// tailLines is enough for a compiler's errors, without the hundreds of package names before them.
const tailLines = 30

func (t *tail) follow(reader io.Reader) {
	for scanner := bufio.NewScanner(reader); scanner.Scan(); {
		t.mutex.Lock()
		t.lines = append(t.lines, scanner.Text())
		t.lines = t.lines[max(0, len(t.lines)-tailLines):]
		t.mutex.Unlock()
	}
	_, _ = io.Copy(io.Discard, reader) // a line too long to scan must not block the build
}

func (t *tail) last() string {
	t.mutex.Lock()
	defer t.mutex.Unlock()
	if len(t.lines) == 0 {
		return "the start"
	}
	return t.lines[len(t.lines)-1]
}
