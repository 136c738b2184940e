package controlplane

import (
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// controllers are those that make the API itself behave as in any cluster. All others look after pods, nodes, networks
// and volumes; none exist here.
var controllers = []string{
	"clusterrole-aggregation-controller",
	"garbage-collector-controller",
	"namespace-controller",
	"resourcequota-controller",
	"validatingadmissionpolicy-status-controller",
}

// namespaceControllers fill each new namespace.
var namespaceControllers = []string{
	"root-ca-certificate-publisher-controller",
	"serviceaccount-controller",
}

// controllersFor returns the controllers to start.
func controllersFor(options Options) []string {
	if options.WithoutServiceAccounts {
		return controllers
	}
	return slices.Concat(controllers, namespaceControllers)
}

// startEtcd starts the store. Clients reach it through a socket in our directory, where neither ports clash nor
// strangers come in. The advertised addresses must look like TCP ones, but the only member advertises to nobody.
func (c *ControlPlane) startEtcd() (err error) {
	const nowhere = "http://127.0.0.1:0"
	c.etcd, err = c.start("etcd",
		"--data-dir="+c.path("etcd"),
		"--listen-client-urls="+c.etcdAddress(),
		"--advertise-client-urls="+nowhere,
		"--listen-peer-urls="+nowhere,
		"--initial-advertise-peer-urls="+nowhere,
		"--initial-cluster=default="+nowhere,
		// The data need not survive a power cut, and nobody competes in the election that a start waits for.
		"--unsafe-no-fsync",
		"--heartbeat-interval=10",
		"--election-timeout=100",
		"--log-level=warn",
	)
	return err
}

// auditPolicy notes who did what, and of a watch that it began.
const auditPolicy = `apiVersion: audit.k8s.io/v1
kind: Policy
omitStages: [RequestReceived]
rules:
- level: Metadata
`

// auditArgs have the API server write the audit log, if it was asked for.
func (c *ControlPlane) auditArgs() []string {
	if c.AuditFile == "" {
		return nil
	}
	return []string{"--audit-policy-file=" + c.path("audit-policy.yaml"), "--audit-log-path=" + c.AuditFile}
}

// startAPIServer starts the API server on the held port.
func (c *ControlPlane) startAPIServer() (err error) {
	c.apiServer, err = c.start("kube-apiserver", append(c.auditArgs(),
		"--etcd-servers="+c.etcdAddress(),
		"--bind-address=127.0.0.1",
		"--advertise-address=127.0.0.1",
		"--secure-port="+strconv.Itoa(c.port.number),
		"--permit-port-sharing",
		"--endpoint-reconciler-type=none",
		"--service-cluster-ip-range=10.0.0.0/24",

		"--tls-cert-file="+c.path("apiserver.crt"),
		"--tls-private-key-file="+c.path("apiserver.key"),
		"--client-ca-file="+c.path("ca.crt"),
		"--token-auth-file="+c.path("tokens.csv"),
		"--authorization-mode=RBAC",
		"--service-account-issuer=https://kubernetes.default.svc.cluster.local",
		"--service-account-signing-key-file="+c.path("serviceaccount.key"),
		"--service-account-key-file="+c.path("serviceaccount.pub"),

		// No fairness and no limits: a benchmark measures the operator, not the queues of this server.
		"--enable-priority-and-fairness=false",
		"--max-requests-inflight=0",
		"--max-mutating-requests-inflight=0",
		"--delete-collection-workers=8",
		"--profiling=false",
	)...)
	return err
}

// startControllerManager starts the controllers, as cluster administrator and without an election to wait for.
func (c *ControlPlane) startControllerManager(controllers []string) (err error) {
	c.controllerManager, err = c.start("kube-controller-manager",
		"--kubeconfig="+c.KubeconfigFile,
		"--controllers="+strings.Join(controllers, ","),
		"--root-ca-file="+c.path("ca.crt"),
		"--leader-elect=false",
		"--secure-port=0",
		"--kube-api-qps=1000",
		"--kube-api-burst=2000",
		"--profiling=false",
	)
	return err
}

func (c *ControlPlane) start(name string, args ...string) (*component, error) {
	// Memory is cheaper than time here.
	return startComponent(filepath.Join(c.assets, name), c.LogDir, args, "GOGC=400")
}

func (c *ControlPlane) etcdAddress() string {
	return "unix://" + c.path("etcd.sock")
}

// path is that of a file in the directory of this control plane.
func (c *ControlPlane) path(name string) string {
	return filepath.Join(c.scratch.dir, name)
}

func exists(file string) bool {
	_, err := os.Stat(file)
	return err == nil
}
