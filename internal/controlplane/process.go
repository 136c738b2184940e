package controlplane

import (
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// component is one running program of the control plane.
type component struct {
	name    string
	logFile string
	command *exec.Cmd
	// ended is closed when the process is gone and reaped.
	ended chan struct{}
}

// startComponent runs binary. Its output is appended to the log: a restarted component continues its own.
func startComponent(binary, logDir string, args []string, env ...string) (*component, error) {
	name := filepath.Base(binary)
	c := &component{name: name, logFile: filepath.Join(logDir, name+".log"), ended: make(chan struct{})}
	log, err := os.OpenFile(c.logFile, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, fmt.Errorf("opening the log of %s: %w", name, err)
	}
	c.command = exec.Command(binary, args...) //nolint:noctx // it outlives the context of Start; Stop ends it
	c.command.Stdout, c.command.Stderr = log, log
	c.command.Env = append(os.Environ(), env...)
	detach, err := startTied(c.command)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("starting %s: %w", name, err), log.Close())
	}
	go func() {
		_ = c.command.Wait() // how it ended is read from its ProcessState
		detach()
		_ = log.Close()
		close(c.ended)
	}()
	return c, nil
}

// kill ends the component at once and returns when it is gone. There is nothing to say goodbye to: its data is thrown
// away, or, in a restart, it is to come back as if after a crash.
func (c *component) kill() {
	_ = c.command.Process.Kill() // it may have ended by itself
	<-c.ended
}

// timeout is how long a program may take to end when it is asked to.
const timeout = 5 * time.Second

// end asks the component to end, and kills it if it does not.
func (c *component) end() {
	_ = c.command.Process.Signal(syscall.SIGTERM) // it may have ended by itself
	select {
	case <-c.ended:
	case <-time.After(timeout):
		c.kill()
	}
}

// failure is why the component has ended, or nil while it runs.
func (c *component) failure() error {
	select {
	case <-c.ended:
		return fmt.Errorf("%s ended (%v); the end of its log:\n%s", c.name, c.command.ProcessState, c.logTail())
	default:
		return nil
	}
}

// logTailBytes is about twenty lines.
const logTailBytes = 4 << 10

// logTail is the end of the component's log, for error messages.
func (c *component) logTail() string {
	log, err := os.Open(c.logFile)
	if err != nil {
		return err.Error()
	}
	defer func() { _ = log.Close() }()
	if info, err := log.Stat(); err == nil && info.Size() > logTailBytes {
		_, _ = log.Seek(-logTailBytes, io.SeekEnd)
	}
	tail, err := io.ReadAll(log)
	if err != nil {
		return err.Error()
	}
	return strings.TrimSpace(string(tail))
}
