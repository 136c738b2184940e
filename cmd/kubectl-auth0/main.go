// Command kubectl-auth0 is a kubectl plugin: put it on PATH, and `kubectl auth0` runs it with the permissions of your
// kubeconfig.
//
// It imports internal/plugin, which does the work.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/auth0-operator/auth0-operator/internal/plugin"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	err := plugin.Command(os.Stdout, os.Stderr).ExecuteContext(ctx)
	if errors.Is(err, plugin.ErrDiffers) {
		stop()
		os.Exit(1) //nolint:gocritic // stop was called.
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "kubectl auth0:", err)
		stop()
		os.Exit(2)
	}
}
