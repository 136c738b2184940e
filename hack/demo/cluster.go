package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"time"

	"github.com/auth0-operator/auth0-operator/api/v1alpha1"
	"github.com/auth0-operator/auth0-operator/internal/controlplane"
)

const (
	// namespace is the namespace of the samples.
	namespace = "demo"
	// operatorNamespace and operatorAccount are those of config/rbac.
	operatorNamespace = "auth0-operator-system"
	operatorAccount   = "auth0-operator"

	// startLimit is how long a program may take to answer.
	startLimit = 30 * time.Second
	// readyLimit is how long the samples may take to be Ready. They need about a second.
	readyLimit   = time.Minute
	pollInterval = 250 * time.Millisecond
)

// build compiles the programs, and prepares the control plane if this machine has none yet. With everything cached that takes a
// second, otherwise minutes.
func (d *demo) build(ctx context.Context) error {
	if _, err := controlplane.Assets(ctx); err != nil {
		return err
	}
	_, err := output(exec.CommandContext(ctx, "go", "build", "-o", binDir+"/", "./cmd/manager", "./cmd/auth0-simulator"))
	return err
}

func (d *demo) startCluster(ctx context.Context) (err error) {
	d.cluster, err = controlplane.Start(ctx, controlplane.Options{CRDDirs: []string{crdDir}, LogDir: d.logDir()})
	if err != nil {
		return err
	}
	go func() {
		if err := d.cluster.Wait(context.WithoutCancel(ctx)); err != nil {
			d.fail(err)
		}
	}()
	kubeconfig, err := os.ReadFile(d.cluster.KubeconfigFile)
	if err != nil {
		return err
	}
	// A short path to type, and a kubectl for people without one.
	_ = os.Remove(d.path("kubectl")) // of a demo that was killed
	err = errors.Join(
		os.WriteFile(d.path("kubeconfig"), kubeconfig, 0o600),
		os.Symlink(d.cluster.Kubectl, d.path("kubectl")),
	)
	if err != nil {
		return err
	}
	_, err = output(exec.CommandContext(ctx, d.cluster.Kubectl, "--kubeconfig", d.path("kubeconfig"),
		"config", "set-context", "--current", "--namespace", namespace))
	return err
}

// startOperator runs the binary outside the cluster, which has no nodes, with exactly the permissions that config/rbac gives its
// ServiceAccount.
func (d *demo) startOperator(ctx context.Context) error {
	if _, err := d.kubectl(ctx, "apply", "-k", rbacDir); err != nil {
		return err
	}
	_, kubeconfig, err := d.cluster.ServiceAccountConfig(ctx, operatorNamespace, operatorAccount)
	if err != nil {
		return err
	}
	file := d.path("operator.kubeconfig")
	if err := os.WriteFile(file, kubeconfig, 0o600); err != nil {
		return err
	}
	_, err = d.cluster.Run(binDir+"/manager", "--kubeconfig", file, "--namespace", operatorNamespace, "--leader-elect",
		"--metrics-bind-address", "0", "--health-probe-bind-address", "0")
	return err
}

// applySamples applies the samples, after the objects that they refer to and that differ each time.
func (d *demo) applySamples(ctx context.Context) error {
	objects := []map[string]any{
		{"apiVersion": "v1", "kind": "Namespace", "metadata": map[string]any{"name": namespace}},
		{
			"apiVersion": "v1", "kind": "ConfigMap", "metadata": map[string]any{"name": "auth0-ca", "namespace": namespace},
			"data": map[string]string{"ca.crt": string(d.auth0.ca)},
		},
		{
			"apiVersion": "v1", "kind": "Secret", "metadata": map[string]any{"name": "auth0-credentials", "namespace": namespace},
			"type":       v1alpha1.CredentialsSecretType,
			"stringData": map[string]string{"domain": d.auth0.domain, "clientId": d.auth0.operator.ID, "clientSecret": d.auth0.operator.Secret},
		},
	}
	if err := d.applyObjects(ctx, objects); err != nil {
		return err
	}
	_, err := d.kubectl(ctx, "apply", "--namespace", namespace, "--filename", samplesDir)
	return err
}

func (d *demo) applyObjects(ctx context.Context, objects []map[string]any) error {
	list, err := json.Marshal(map[string]any{"apiVersion": "v1", "kind": "List", "items": objects})
	if err != nil {
		return err
	}
	command := d.kubectlCommand(ctx, "apply", "--filename", "-")
	command.Stdin = bytes.NewReader(list)
	_, err = output(command)
	return err
}

// object has the fields that the demo reads of any object.
type object struct {
	Kind     string
	Metadata struct {
		Name       string
		Namespace  string
		Generation int64
	}
	Status struct {
		ObservedGeneration int64
		UserID             string
		Conditions         []condition
	}
}

type condition struct {
	Type, Status, Reason, Message string
}

func (o object) String() string { return o.Kind + " " + o.Metadata.Namespace + "/" + o.Metadata.Name }

// state returns whether the object is Ready, and the message.
func (o object) state() (ready bool, text string) {
	for _, c := range o.Status.Conditions {
		if c.Type != "Ready" {
			continue
		}
		current := o.Status.ObservedGeneration == o.Metadata.Generation
		return c.Status == "True" && current, c.Reason + ": " + c.Message
	}
	return false, "the operator has not looked at it yet"
}

// awaitReady prints each object as soon as it is Ready. When the time is over, it returns the state of the others.
func (d *demo) awaitReady(ctx context.Context) error {
	started := time.Now()
	printed := map[string]bool{}
	return poll(ctx, readyLimit, func() error {
		objects, err := d.objects(ctx)
		if err != nil {
			return err
		}
		if len(objects) == 0 {
			return errors.New("kubectl get auth0 shows nothing")
		}
		var missing []string
		for _, o := range objects {
			ready, text := o.state()
			switch {
			case !ready:
				missing = append(missing, fmt.Sprintf("  %s is not Ready: %s", o, text))
			case !printed[o.String()]:
				printed[o.String()] = true
				fmt.Printf("    %-48s %4.1fs  %s\n", o, time.Since(started).Seconds(), text)
			}
		}
		if len(missing) > 0 {
			return errors.New("not all is Ready\n" + strings.Join(missing, "\n"))
		}
		return nil
	})
}

func (d *demo) objects(ctx context.Context) ([]object, error) {
	content, err := d.kubectl(ctx, "get", "auth0", "--namespace", namespace, "--output", "json")
	if err != nil {
		return nil, err
	}
	var list struct{ Items []object }
	err = json.Unmarshal(content, &list)
	return list.Items, err
}

// kubectl runs kubectl as the administrator.
func (d *demo) kubectl(ctx context.Context, args ...string) ([]byte, error) {
	return output(d.kubectlCommand(ctx, args...))
}

func (d *demo) kubectlCommand(ctx context.Context, args ...string) *exec.Cmd {
	return exec.CommandContext(ctx, d.cluster.Kubectl, append([]string{"--kubeconfig", d.cluster.KubeconfigFile}, args...)...)
}

// output runs a command. An error contains the command's standard error.
func output(command *exec.Cmd) ([]byte, error) {
	var stderr bytes.Buffer
	command.Stderr = &stderr
	content, err := command.Output()
	if err != nil {
		return nil, fmt.Errorf("%s: %w\n%s", strings.Join(command.Args, " "), err, strings.TrimSpace(stderr.String()))
	}
	return content, nil
}

// poll calls check until it returns nil. When the time is over, it returns the last error.
func poll(ctx context.Context, limit time.Duration, check func() error) error {
	deadline := time.After(limit)
	ticker := time.NewTicker(pollInterval)
	defer ticker.Stop()
	for {
		err := check()
		if err == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("%w; last: %w", context.Cause(ctx), err)
		case <-deadline:
			return fmt.Errorf("after %s: %w", limit, err)
		case <-ticker.C:
		}
	}
}
