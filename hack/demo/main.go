// Command demo shows the operator on this machine, without an Auth0 tenant or a cluster. `make demo` calls it.
//
// It starts a Kubernetes API, the Auth0 simulator and the operator under its own ServiceAccount, applies
// config/samples/walkthrough, waits until all objects are Ready, prints the result, and keeps running. It may import any
// package of the repository. Start with [run].
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"

	"github.com/auth0-operator/auth0-operator/internal/controlplane"
)

// These paths are relative to the root of the checkout.
const (
	workDir    = ".demo"
	binDir     = "bin"
	crdDir     = "config/crd/bases"
	rbacDir    = "config/rbac"
	samplesDir = "config/samples/walkthrough"
)

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "\ndemo:", err)
		os.Exit(1)
	}
}

// run reads the flags and runs the demo until it ends or is interrupted.
func run() error {
	once := flag.Bool("once", false, "exit after all was Ready and shown, instead of staying up")
	flag.Parse()

	interrupted, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	ctx, fail := context.WithCancelCause(interrupted)
	defer fail(nil)
	d, err := newDemo(fail)
	if err != nil {
		return err
	}
	err = d.play(ctx)
	if err == nil && !*once {
		d.suggest()
		<-ctx.Done()
	}
	switch cause := context.Cause(ctx); {
	case interrupted.Err() != nil && err != nil:
		err = errors.New("interrupted")
	case interrupted.Err() != nil:
		fmt.Println("\nstopping")
	case cause != nil:
		err = cause // all that failed did so because of it
	}
	if err != nil && d.cluster != nil {
		err = fmt.Errorf("%w\n\nThe operator's log is %s; the others are beside it", err, filepath.Join(d.logDir(), "manager.log"))
	}
	return errors.Join(err, d.stop())
}

// demo is one run.
type demo struct {
	// dir holds the kubeconfigs and the logs. The logs stay when the demo ends.
	dir     string
	lock    *os.File
	cluster *controlplane.ControlPlane
	auth0   *tenant
	// fail ends the demo when a program ends unexpectedly.
	fail func(error)
}

// newDemo recreates the working directory, and prevents a second demo in it.
func newDemo(fail func(error)) (*demo, error) {
	if _, err := os.Stat(samplesDir); err != nil {
		return nil, fmt.Errorf("no %s here: run this from the root of the checkout", samplesDir)
	}
	dir, err := filepath.Abs(workDir)
	if err != nil {
		return nil, err
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	lock, err := os.Open(dir)
	if err != nil {
		return nil, err
	}
	if err := syscall.Flock(int(lock.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		return nil, fmt.Errorf("another demo runs in this checkout; end it first (%s is locked: %w)", dir, err)
	}
	d := &demo{dir: dir, lock: lock, fail: fail}
	if err := os.RemoveAll(d.logDir()); err != nil {
		return nil, err
	}
	return d, os.MkdirAll(d.logDir(), 0o700)
}

func (d *demo) path(name string) string { return filepath.Join(d.dir, name) }

func (d *demo) logDir() string { return d.path("logs") }

// playLimit is the time limit of everything after the build. It takes about ten seconds.
const playLimit = 3 * time.Minute

// play creates everything, waits until it is Ready, and shows it.
func (d *demo) play(ctx context.Context) error {
	if err := timed(ctx, step{"build the operator and the simulator (minutes, the first time)", d.build}); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeoutCause(ctx, playLimit, fmt.Errorf("not done after %s", playLimit))
	defer cancel()
	for _, step := range d.steps() {
		if err := timed(ctx, step); err != nil {
			return err
		}
	}
	fmt.Println("· wait until all is Ready")
	if err := d.awaitReady(ctx); err != nil {
		return err
	}
	return d.show(ctx)
}

// step is a step of the demo.
type step struct {
	title string
	do    func(context.Context) error
}

func (d *demo) steps() []step {
	return []step{
		{"start a Kubernetes API: etcd, kube-apiserver, kube-controller-manager", d.startCluster},
		{"start the Auth0 simulator", d.startAuth0},
		{"start the operator as its ServiceAccount", d.startOperator},
		{"kubectl apply -f " + samplesDir, d.applySamples},
	}
}

// timed runs a step, and prints it with its duration.
func timed(ctx context.Context, s step) error {
	started := time.Now()
	fmt.Printf("· %s", s.title)
	err := s.do(ctx)
	if err != nil {
		fmt.Println()
		return fmt.Errorf("%s: %w", s.title, err)
	}
	fmt.Printf("  %s\n", time.Since(started).Round(100*time.Millisecond))
	return nil
}

// stop ends all programs and removes the credentials. The logs stay.
func (d *demo) stop() error {
	var err error
	if d.cluster != nil {
		err = d.cluster.Stop()
	}
	for _, name := range []string{"kubeconfig", "operator.kubeconfig", "simulator-ca.crt", "kubectl"} {
		_ = os.Remove(d.path(name)) // whatever was not made yet
	}
	return errors.Join(err, d.lock.Close())
}
