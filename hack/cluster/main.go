// Command cluster runs a control plane with the operator's CRDs in the foreground until Ctrl-C: a Kubernetes API to
// experiment with, without nodes, containers or privileges. `make cluster` calls it.
//
// It imports internal/controlplane, which does the work.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/auth0-operator/auth0-operator/internal/controlplane"
)

// crdDir is where make generate writes the CRDs.
const crdDir = "config/crd/bases"

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "cluster:", err)
		os.Exit(1)
	}
}

// run reads the flags and keeps a control plane running until a signal.
func run() error {
	kubeconfig := flag.String("kubeconfig", "", "also write the administrator's kubeconfig to this `file`")
	logs := flag.String("logs", "", "keep the logs of the components in this `directory`")
	flag.Parse()

	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	return serve(ctx, *kubeconfig, *logs)
}

// serve keeps a control plane running until the context ends.
func serve(ctx context.Context, kubeconfig, logs string) (err error) {
	options := controlplane.Options{LogDir: logs}
	if _, err := os.Stat(crdDir); err == nil {
		options.CRDDirs = []string{crdDir}
	}
	fmt.Fprintln(os.Stderr, "starting etcd, kube-apiserver and kube-controller-manager …")
	cluster, err := controlplane.Start(ctx, options)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, cluster.Stop()) }()

	file, err := chooseKubeconfig(cluster, kubeconfig)
	if err != nil {
		return err
	}
	printNextSteps(cluster, file, len(options.CRDDirs) > 0)
	if err := cluster.Wait(ctx); err != nil {
		return err
	}
	fmt.Fprintln(os.Stderr, "\nstopped")
	return nil
}

// chooseKubeconfig returns the path of the kubeconfig to print. It is a copy if the user asked for one.
func chooseKubeconfig(cluster *controlplane.ControlPlane, file string) (string, error) {
	if file == "" {
		return cluster.KubeconfigFile, nil
	}
	content, err := os.ReadFile(cluster.KubeconfigFile)
	if err != nil {
		return "", fmt.Errorf("reading the kubeconfig: %w", err)
	}
	if err := os.WriteFile(file, content, 0o600); err != nil {
		return "", fmt.Errorf("writing the kubeconfig: %w", err)
	}
	return file, nil
}

// printNextSteps prints the next steps, as lines that can be copied.
func printNextSteps(cluster *controlplane.ControlPlane, kubeconfig string, withCRDs bool) {
	fmt.Printf(`
The cluster is up at %s. In another terminal:

  export KUBECONFIG=%s
`, cluster.Config.Host, kubeconfig)
	if withCRDs {
		fmt.Print(`  make simulator     # in a third terminal: an Auth0 to talk to
  make run           # the operator, against this cluster
`)
	} else {
		fmt.Printf("\nIt has no CRDs: there is no %s here (run this from the root of the checkout; make generate)\n", crdDir)
	}
	fmt.Printf(`  kubectl get auth0  # if you have no kubectl: %s

Ctrl-C stops it and removes everything.
`, cluster.Kubectl)
}
