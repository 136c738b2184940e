package controlplane

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// builderModule is the Go module, seen from the root of the checkout, whose command ./build owns the binaries.
const builderModule = "hack/controlplane"

// Assets returns the directory with etcd, kube-apiserver, kube-controller-manager and kubectl.
//
// It asks the builder in hack/controlplane, the only one who knows where they are. On a machine that has none yet the
// builder makes them, which takes minutes, and reports its progress on standard error. KUBEBUILDER_ASSETS names a
// directory to use instead.
func Assets(ctx context.Context) (string, error) {
	module, err := findBuilder()
	if err != nil {
		return "", err
	}
	var stdout bytes.Buffer
	command := exec.CommandContext(ctx, "go", "-C", module, "run", "./build")
	command.Env = append(os.Environ(), "GOFLAGS=", "GOWORK=off")
	command.Stdout, command.Stderr = &stdout, os.Stderr
	command.Cancel = func() error { return command.Process.Signal(os.Interrupt) }
	if err := command.Run(); err != nil {
		return "", fmt.Errorf("finding or building the control plane (make controlplane): %w", err)
	}
	lines := strings.Split(strings.TrimSpace(stdout.String()), "\n")
	return lines[len(lines)-1], nil
}

// findBuilder looks for the builder upwards from the working directory: a test runs in the folder of its package.
func findBuilder() (string, error) {
	dir, err := os.Getwd()
	if err != nil {
		return "", fmt.Errorf("finding %s: %w", builderModule, err)
	}
	for {
		module := filepath.Join(dir, filepath.FromSlash(builderModule))
		_, err := os.Stat(filepath.Join(module, "go.mod"))
		if err == nil {
			return module, nil
		}
		if !errors.Is(err, os.ErrNotExist) {
			return "", fmt.Errorf("finding %s: %w", builderModule, err)
		}
		parent := filepath.Dir(dir)
		if parent == dir {
			return "", fmt.Errorf("no %s above the working directory: run this inside a checkout of auth0-operator", builderModule)
		}
		dir = parent
	}
}
