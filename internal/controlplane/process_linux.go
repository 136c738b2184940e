package controlplane

import (
	"os/exec"
	"runtime"
	"sync"
	"syscall"
)

// startTied starts the command such that it dies with this process, however this process dies. The function it returns
// is to be called once the command has ended.
//
// The kernel sends the parent-death signal when the *thread* that started the child ends, and Go ends threads as it
// likes. So one goroutine owns a thread for good and starts every component from it.
func startTied(command *exec.Cmd) (detach func(), err error) {
	// A group of its own: Ctrl-C in a terminal reaches us alone, and Stop decides what happens.
	command.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	started := make(chan error, 1)
	onLastingThread() <- func() { started <- command.Start() }
	return func() {}, <-started
}

// onLastingThread is where functions are sent to run on a thread that lasts as long as the process.
var onLastingThread = sync.OnceValue(func() chan<- func() {
	functions := make(chan func())
	go func() {
		runtime.LockOSThread() // never unlocked, and the loop never ends
		for function := range functions {
			function()
		}
	}()
	return functions
})
