package prometheus

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"
)

// root is the checkout.
const root = "../.."

// worked is what the operator works on: an object of most kinds, in the states that the dashboard shows. The first %s is the
// tenant's domain, the second its certificate authority, indented.
const worked = `
apiVersion: v1
kind: Secret
metadata: {name: credentials}
type: auth0-operator.io/credentials
stringData: {domain: "%s", clientId: operator, clientSecret: not-a-secret}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: ca}
data:
  ca.crt: |
%s
---
apiVersion: auth0-operator.io/v1alpha1
kind: Auth0Tenant
metadata: {name: main}
spec:
  credentialsSecretRef: {name: credentials}
  caBundle: {kind: ConfigMap, name: ca}
  rateLimit: {requestsPerSecond: 5, burst: 2}
---
apiVersion: auth0-operator.io/v1alpha1
kind: Auth0ResourceServer
metadata: {name: orders}
spec:
  tenantRef: {name: main}
  identifier: https://orders.example.com/
  scopes: {items: [{value: "read:orders"}]}
---
apiVersion: auth0-operator.io/v1alpha1
kind: Auth0Client
metadata: {name: worker}
spec:
  tenantRef: {name: main}
  name: Worker
  appType: non_interactive
  grantTypes: {mode: Exact, items: [client_credentials]}
  outputSecret: {name: worker}
---
apiVersion: auth0-operator.io/v1alpha1
kind: Auth0ClientGrant
metadata: {name: worker}
spec:
  tenantRef: {name: main}
  clientRef: {name: worker}
  resourceServerRef: {name: orders}
  scopes: ["read:orders"]
---
apiVersion: auth0-operator.io/v1alpha1
kind: Auth0Token
metadata: {name: worker}
spec:
  tenantRef: {name: main}
  client: {secretRef: {name: worker}}
  clientCredentials: {audience: https://orders.example.com/}
  outputSecret: {name: worker-token}
---
apiVersion: auth0-operator.io/v1alpha1
kind: Auth0User
metadata: {name: ada}
spec:
  tenantRef: {name: main}
  connection: Username-Password-Authentication
  email: ada@example.com
  blocked: false
---
apiVersion: auth0-operator.io/v1alpha1
kind: Auth0User
metadata: {name: waiting}
spec:
  tenantRef: {name: main}
  connection: Username-Password-Authentication
  email: waiting@example.com
  password: {secretRef: {name: nowhere, key: password}}
`

// operator is one that runs as a program against a control plane and the simulator, both programs too: this module would
// compile all of Kubernetes once more to hold them.
type operator struct {
	*testing.T

	metrics string

	kubectl, kubeconfig string
	simulator           string
	ca                  []byte
}

func startOperator(t *testing.T) *operator {
	t.Helper()
	dir := t.TempDir()
	// The other tests' programs are there, too.
	programs, err := filepath.Abs(filepath.Join(root, "bin", "test"))
	if err != nil {
		t.Fatal(err)
	}
	build := exec.CommandContext(t.Context(), "go", "build", "-o", "bin/test/", "./hack/cluster", "./cmd/manager", "./cmd/auth0-simulator")
	build.Dir = root
	if output, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%s: %v\n%s", build, err, output)
	}
	o := &operator{T: t, metrics: freeAddress(t), simulator: freeAddress(t), kubeconfig: filepath.Join(dir, "kubeconfig")}
	printed := o.start(filepath.Join(programs, "cluster"), "--kubeconfig", o.kubeconfig)
	ca := filepath.Join(dir, "ca.crt")
	o.start(filepath.Join(programs, "auth0-simulator"), "--addr", o.simulator, "--ca-file", ca, "--client-id", "operator", "--client-secret", "not-a-secret")
	o.eventually(func() error {
		found := regexp.MustCompile(`no kubectl: (\S+)`).FindStringSubmatch(printed.String())
		if found == nil {
			return fmt.Errorf("the control plane is not up:\n%s", printed)
		}
		o.kubectl = found[1]
		var err error
		o.ca, err = os.ReadFile(ca)
		return err
	})
	o.start(filepath.Join(programs, "manager"), "--kubeconfig", o.kubeconfig, "--leader-elect", "--namespace", "default",
		"--metrics-bind-address", o.metrics, "--health-probe-bind-address", "0")
	return o
}

// work has the operator create everything, and somebody else change a user.
func (o *operator) work() {
	o.Helper()
	_, port, _ := net.SplitHostPort(o.simulator)
	manifests := fmt.Sprintf(worked, "localhost:"+port, "    "+strings.ReplaceAll(strings.TrimSpace(string(o.ca)), "\n", "\n    "))
	o.run(manifests, "apply", "--filename", "-")
	o.run("", "wait", "--for=condition=Ready", "--timeout=60s", "auth0tenant/main", "auth0token/worker", "auth0user/ada")
	id := o.run("", "get", "auth0user/ada", "--output", "jsonpath={.status.userId}")
	o.dashboard(http.MethodPatch, "/api/v2/users/"+url.PathEscape(id), map[string]any{"blocked": true})
	o.run("", "annotate", "auth0user/ada", "auth0-operator.io/reconcile-requested-at=now")
}

func (o *operator) run(input string, args ...string) string {
	o.Helper()
	command := exec.CommandContext(o.Context(), o.kubectl, append([]string{"--kubeconfig", o.kubeconfig, "--namespace", "default"}, args...)...)
	command.Stdin = strings.NewReader(input)
	output, err := command.CombinedOutput()
	if err != nil {
		o.Fatalf("kubectl %s: %v\n%s", strings.Join(args, " "), err, output)
	}
	return string(output)
}

// dashboard changes the tenant as a person does in Auth0's Dashboard.
func (o *operator) dashboard(method, path string, body any) {
	o.Helper()
	content, err := json.Marshal(body)
	if err != nil {
		o.Fatal(err)
	}
	_, port, _ := net.SplitHostPort(o.simulator)
	request, err := http.NewRequestWithContext(o.Context(), method, "https://localhost:"+port+"/_sim/dashboard"+path, bytes.NewReader(content))
	if err != nil {
		o.Fatal(err)
	}
	request.Header.Set("Content-Type", "application/json")
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(o.ca)
	client := http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS12}}}
	response, err := client.Do(request)
	if err != nil {
		o.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	if answer, _ := io.ReadAll(response.Body); response.StatusCode >= http.StatusMultipleChoices {
		o.Fatalf("%s %s: %s %s", method, path, response.Status, answer)
	}
}

// start runs a program until the test ends, and returns the file with its output.
func (o *operator) start(program string, args ...string) *output {
	o.Helper()
	log := &output{file: program + ".log"}
	file, err := os.Create(log.file)
	if err != nil {
		o.Fatal(err)
	}
	// Ended by a signal below, gently: the control plane has processes of its own to end.
	command := exec.CommandContext(context.WithoutCancel(o.Context()), program, args...)
	command.Dir, command.Stdout, command.Stderr = root, file, file
	if err := command.Start(); err != nil {
		o.Fatal(err)
	}
	o.Cleanup(func() {
		_ = command.Process.Signal(syscall.SIGTERM)
		_ = command.Wait()
		_ = file.Close()
		if o.Failed() {
			o.Logf("%s:\n%s", filepath.Base(program), log)
		}
	})
	return log
}

// output is what a program has written so far.
type output struct{ file string }

func (o *output) String() string {
	content, err := os.ReadFile(o.file)
	if err != nil {
		return err.Error()
	}
	return string(content[max(0, len(content)-8000):])
}

func (o *operator) eventually(condition func() error) {
	o.Helper()
	deadline := time.Now().Add(patience)
	for err := condition(); err != nil; err = condition() {
		if time.Now().After(deadline) {
			o.Fatal(err)
		}
		<-time.After(100 * time.Millisecond)
	}
}

func freeAddress(t *testing.T) string {
	t.Helper()
	listener, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = listener.Close() }()
	return listener.Addr().String()
}
