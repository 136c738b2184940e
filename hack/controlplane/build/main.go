// Command build makes the binaries of a real Kubernetes control plane from source and prints the directory that holds
// them as the last line of its standard output:
//
//	go -C hack/controlplane run ./build
//
// Building from the Go module proxy needs nothing but Go, works on every platform that Go works on, and is pinned by
// go.sum; prebuilt archives would need another host, another checksum list, and lack kube-controller-manager. It takes
// minutes once. The result lies in the user's cache folder, named by version, so a fresh clone finds it there.
//
// Only this program knows where the binaries are. All others call it.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"
)

// assetsVariable is what setup-envtest and controller-runtime call the directory with the binaries, so that people who
// already have one need not build another.
const assetsVariable = "KUBEBUILDER_ASSETS"

// binary is one program of the control plane.
type binary struct {
	name, pkg string
	// optional binaries may be absent from a directory the user brings along.
	optional bool
}

// binaries are in the order of building: the quickest first, so that a broken toolchain shows within seconds.
var binaries = []binary{
	{name: "etcd", pkg: "go.etcd.io/etcd/server/v3"},
	{name: "kube-apiserver", pkg: "k8s.io/kubernetes/cmd/kube-apiserver"},
	{name: "kube-controller-manager", pkg: "k8s.io/kubernetes/cmd/kube-controller-manager", optional: true},
	{name: "kubectl", pkg: "k8s.io/kubernetes/cmd/kubectl"},
}

func main() {
	if err := run(); err != nil {
		logf("%v", err)
		os.Exit(1)
	}
}

func run() error {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()

	dir, err := assets(ctx)
	if err != nil {
		return err
	}
	fmt.Println(dir)
	return nil
}

// assets returns a directory with the binaries, building what is missing.
func assets(ctx context.Context) (string, error) {
	if dir := os.Getenv(assetsVariable); dir != "" {
		return dir, checkBrought(dir)
	}
	release, err := readRelease(ctx, ".")
	if err != nil {
		return "", err
	}
	dir, err := release.cacheDir()
	if err != nil {
		return "", err
	}
	if len(missing(dir)) == 0 {
		return dir, nil
	}
	return dir, buildMissing(ctx, release, dir)
}

// checkBrought tells what a directory named by the user lacks. Nothing is ever written into it.
func checkBrought(dir string) error {
	if !filepath.IsAbs(dir) {
		return fmt.Errorf("%s=%s must be an absolute path", assetsVariable, dir)
	}
	for _, b := range missing(dir) {
		if !b.optional {
			return fmt.Errorf("%s=%s has no %s; put it there, or unset the variable to have it built", assetsVariable, dir, b.name)
		}
		logf("%s=%s has no %s (setup-envtest ships none): no garbage collection, no namespace deletion", assetsVariable, dir, b.name)
	}
	return nil
}

// missing lists the binaries that dir lacks.
func missing(dir string) []binary {
	var absent []binary
	for _, b := range binaries {
		info, err := os.Stat(filepath.Join(dir, b.name))
		if err != nil || !info.Mode().IsRegular() || info.Mode()&0o111 == 0 {
			absent = append(absent, b)
		}
	}
	return absent
}

// buildMissing builds what dir lacks. The lock lets a second builder wait for the first instead of doing it all again.
func buildMissing(ctx context.Context, r *release, dir string) error {
	if err := os.MkdirAll(dir, 0o750); err != nil {
		return fmt.Errorf("creating the cache folder: %w", err)
	}
	unlock, err := lock(ctx, filepath.Join(dir, ".lock"))
	if err != nil {
		return err
	}
	defer unlock()

	todo, started := missing(dir), time.Now()
	if len(todo) == 0 {
		return nil
	}
	logf("building Kubernetes %s and etcd %s into %s; this takes minutes, once", r.kubernetes, r.etcd, dir)
	for i, b := range todo {
		if err := buildOne(ctx, r, b, dir, fmt.Sprintf("%d/%d %s", i+1, len(todo), b.name)); err != nil {
			return err
		}
	}
	logf("built in %s", time.Since(started).Round(time.Second))
	return nil
}

// lock takes an exclusive lock on the file and returns how to release it. The kernel releases it when the process dies,
// so no stale lock can stay behind.
func lock(ctx context.Context, path string) (func(), error) {
	file, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("opening the lock of the cache folder: %w", err)
	}
	told := false
	for {
		err := syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
		if err == nil {
			return func() { _ = file.Close() }, nil
		}
		if !errors.Is(err, syscall.EWOULDBLOCK) {
			return nil, errors.Join(fmt.Errorf("locking %s: %w", path, err), file.Close())
		}
		if !told {
			logf("another process is building the same; waiting for it")
			told = true
		}
		select {
		case <-ctx.Done():
			return nil, errors.Join(fmt.Errorf("waiting for %s: %w", path, ctx.Err()), file.Close())
		case <-time.After(200 * time.Millisecond):
		}
	}
}

// logf writes to standard error; standard output belongs to the answer.
func logf(format string, args ...any) {
	fmt.Fprintf(os.Stderr, "controlplane: "+format+"\n", args...)
}
