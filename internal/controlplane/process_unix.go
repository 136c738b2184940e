//go:build unix && !linux

package controlplane

import (
	"errors"
	"os/exec"
	"strconv"
	"syscall"
)

// startTied starts the command such that it dies with this process, however this process dies. The function it returns
// is to be called once the command has ended.
//
// Without a parent-death signal in the kernel, a shell watches: its standard input is a pipe whose other end only this
// process holds, so it reads to the end exactly when this process is gone, and then kills what was started.
func startTied(command *exec.Cmd) (detach func(), err error) {
	// A group of its own: Ctrl-C in a terminal reaches us alone, and Stop decides what happens.
	command.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := command.Start(); err != nil {
		return nil, err
	}
	watcher := exec.Command("/bin/sh", "-c", `cat >/dev/null; kill -KILL "$1"`, "sh", strconv.Itoa(command.Process.Pid))
	watcher.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	pipe, err := watcher.StdinPipe()
	if err == nil {
		err = watcher.Start()
	}
	if err != nil {
		return nil, errors.Join(err, command.Process.Kill(), command.Wait())
	}
	return func() {
		// First the watcher, then the pipe: it must not wake and kill anyone who has the number by then.
		_ = syscall.Kill(-watcher.Process.Pid, syscall.SIGKILL)
		_ = watcher.Wait()
		_ = pipe.Close()
	}, nil
}
