package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
)

const (
	kubernetesModule = "k8s.io/kubernetes"
	etcdModule       = "go.etcd.io/etcd/server/v3"
)

// release is what go.mod pins: which versions to build, and a fingerprint of everything they are built from.
type release struct {
	kubernetes, etcd, fingerprint string
}

// readRelease reads the pinned versions from the module in dir.
func readRelease(ctx context.Context, dir string) (*release, error) {
	command := exec.CommandContext(ctx, "go", "mod", "edit", "-json")
	command.Dir, command.Env = dir, environment()
	out, err := command.Output()
	if err != nil {
		return nil, fmt.Errorf("reading hack/controlplane/go.mod: %w; run this as: go -C hack/controlplane run ./build", withStderr(err))
	}
	var module struct {
		Require []struct{ Path, Version string }
	}
	if err := json.Unmarshal(out, &module); err != nil {
		return nil, fmt.Errorf("reading hack/controlplane/go.mod: %w", err)
	}
	versions := map[string]string{}
	for _, r := range module.Require {
		versions[r.Path] = r.Version
	}
	r := &release{kubernetes: versions[kubernetesModule], etcd: versions[etcdModule]}
	if r.kubernetes == "" || r.etcd == "" {
		return nil, fmt.Errorf("hack/controlplane/go.mod must require %s and %s", kubernetesModule, etcdModule)
	}
	r.fingerprint, err = fingerprint(filepath.Join(dir, "go.mod"), filepath.Join(dir, "go.sum"))
	return r, err
}

// fingerprint is a short hash of the files: a changed dependency must not find the binaries of the old one.
func fingerprint(files ...string) (string, error) {
	hash := sha256.New()
	for _, file := range files {
		content, err := os.ReadFile(file)
		if err != nil {
			return "", fmt.Errorf("reading what the binaries are built from: %w", err)
		}
		hash.Write(content)
	}
	return hex.EncodeToString(hash.Sum(nil))[:10], nil
}

// cacheDir is where the binaries of this release are kept, outside every checkout.
func (r *release) cacheDir() (string, error) {
	base, err := os.UserCacheDir()
	if err != nil {
		return "", fmt.Errorf("no cache folder to keep the control plane in: %w; set HOME, or %s to a folder with the binaries", err, assetsVariable)
	}
	name := fmt.Sprintf("%s-etcd-%s-%s-%s-%s", r.kubernetes, r.etcd, runtime.GOOS, runtime.GOARCH, r.fingerprint)
	return filepath.Join(base, "auth0-operator", "controlplane", name), nil
}

// linkerFlags stamp the version in: kubectl and kube-apiserver refuse to work with the placeholder of the source tree.
func (r *release) linkerFlags() string {
	number := strings.SplitN(strings.TrimPrefix(r.kubernetes, "v"), ".", 3)
	flags := []string{"-s", "-w"}
	for _, pkg := range []string{"k8s.io/component-base/version", "k8s.io/client-go/pkg/version"} {
		for _, v := range [][2]string{
			{"gitVersion", r.kubernetes},
			{"gitMajor", number[0]},
			{"gitMinor", number[1]},
			{"gitCommit", "unknown"},
			{"gitTreeState", "clean"},
		} {
			flags = append(flags, "-X", pkg+"."+v[0]+"="+v[1])
		}
	}
	return strings.Join(flags, " ")
}

// environment of the go command: only what go.mod says counts, not what the caller's workspace or flags add to it.
func environment() []string {
	return append(os.Environ(),
		"CGO_ENABLED=0", "GOFLAGS=", "GOWORK=off", "GOOS="+runtime.GOOS, "GOARCH="+runtime.GOARCH)
}

// withStderr adds what a command said to the error it ended with.
func withStderr(err error) error {
	if exit, ok := errors.AsType[*exec.ExitError](err); ok && len(exit.Stderr) > 0 {
		return fmt.Errorf("%w: %s", err, strings.TrimSpace(string(exit.Stderr)))
	}
	return err
}
