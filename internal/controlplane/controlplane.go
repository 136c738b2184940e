// Package controlplane starts and stops a real Kubernetes control plane on this machine: etcd, kube-apiserver and
// kube-controller-manager. The tests, the demo and make cluster use it. There are no nodes and no Pods, but validation,
// RBAC, ServiceAccount tokens, watches, garbage collection and the deletion of namespaces are real.
//
// It replaces controller-runtime's envtest, which has no controller manager (hence no garbage collection or deletion of
// namespaces), leaves processes behind when a test is killed, and downloads binaries from its own host. Several control
// planes can run side by side, in one process or in many.
//
// It imports no package of the repository. Start with [Start].
package controlplane

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
)

const (
	// startTimeout bounds a start. It takes a few seconds, and minutes on a machine with much else to do.
	startTimeout = 10 * time.Minute
	// pollInterval is how often a condition that a start waits for is looked at.
	pollInterval = 25 * time.Millisecond
)

// Options choose what Start starts. The zero value is a good choice.
type Options struct {
	// CRDDirs are directories of YAML files whose CustomResourceDefinitions are installed before the controller manager
	// starts. A garbage collector that knows the kinds from the start acts at once; of kinds that come later it learns
	// up to 30 seconds later.
	CRDDirs []string
	// LogDir keeps the logs of the components in this directory. Otherwise they go with the control plane.
	LogDir string
	// Audit has the API server note each request, who made it and how it was answered, in AuditFile.
	Audit bool
	// WithoutControllerManager starts half a second faster, without garbage collection, deletion of namespaces and
	// default ServiceAccounts.
	WithoutControllerManager bool
	// WithoutServiceAccounts leaves out the default ServiceAccount and the certificate of the authority that each namespace gets,
	// for tests with many namespaces: these take as many writes as the namespace itself, and their watches.
	WithoutServiceAccounts bool
}

// ControlPlane is a running control plane.
type ControlPlane struct {
	// Config is the access of a cluster administrator. It is not throttled.
	Config *rest.Config
	// KubeconfigFile holds the same access for kubectl. Stop removes it.
	KubeconfigFile string
	// Kubectl is the path of a kubectl of the API server's version.
	Kubectl string
	// LogDir has the log of each component.
	LogDir string
	// AuditFile has one audit.k8s.io/v1 Event per line, without bodies; empty unless asked for. Stop removes it.
	AuditFile string
	// HasControllerManager is false if it was not asked for, or if KUBEBUILDER_ASSETS names a directory without one, as
	// setup-envtest makes them.
	HasControllerManager bool

	assets  string
	scratch *scratch
	port    *port
	ca      *authority

	// mutex guards the components: a restart of the API server must not cross with Stop.
	mutex             sync.Mutex
	stopped           bool
	etcd              *component
	apiServer         *component
	controllerManager *component
	programs          []*Program
}

// Start starts a control plane and returns when it is ready to use. The context bounds the start only; call Stop in the
// end. Should this process die before, the components die with it.
func Start(ctx context.Context, options Options) (*ControlPlane, error) {
	assets, err := Assets(ctx)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()

	c := &ControlPlane{assets: assets, Kubectl: filepath.Join(assets, "kubectl")}
	manager := filepath.Join(assets, "kube-controller-manager")
	c.HasControllerManager = !options.WithoutControllerManager && exists(manager)

	if err := c.bringUp(ctx, options); err != nil {
		return nil, errors.Join(fmt.Errorf("starting the control plane: %w", err), c.Stop())
	}
	return c, nil
}

// bringUp starts the components in the order in which they need each other.
func (c *ControlPlane) bringUp(ctx context.Context, options Options) error {
	if err := c.prepare(options); err != nil {
		return err
	}
	// The API server spends its first second on itself, so it need not wait for etcd to be ready.
	if err := c.startEtcd(); err != nil {
		return err
	}
	if err := c.startAPIServer(); err != nil {
		return err
	}
	if err := c.await(ctx, "API server", c.checkAPIServer); err != nil {
		return err
	}
	for _, dir := range options.CRDDirs {
		if err := c.InstallCRDs(ctx, dir); err != nil {
			return err
		}
	}
	if !c.HasControllerManager {
		return nil
	}
	if err := c.startControllerManager(controllersFor(options)); err != nil {
		return err
	}
	if options.WithoutServiceAccounts {
		return nil
	}
	return c.await(ctx, "controller manager", c.checkControllerManager)
}

// prepare makes everything that must be there before the first component starts.
func (c *ControlPlane) prepare(options Options) (err error) {
	if c.scratch, err = newScratch(); err != nil {
		return err
	}
	c.LogDir = options.LogDir
	if c.LogDir == "" {
		c.LogDir = c.path("logs")
	}
	if err := os.MkdirAll(c.LogDir, 0o750); err != nil {
		return fmt.Errorf("creating the directory for the logs: %w", err)
	}
	if c.port, err = holdPort(); err != nil {
		return err
	}
	if options.Audit {
		c.AuditFile = c.path("audit.log")
		if err := c.writeFiles(map[string][]byte{"audit-policy.yaml": []byte(auditPolicy)}); err != nil {
			return err
		}
	}
	return c.prepareAccess()
}

// Program is a program that runs beside the components.
type Program struct {
	// LogFile has its output.
	LogFile string

	process *component
	owner   *ControlPlane
}

// Run starts a program beside the components, such as the operator with a kubeconfig of its own. It is treated as they
// are: its output goes to LogDir, Wait tells if it ends by itself, it dies with this process. Stop ends it first, the
// last started before the others, and gently: it may have something to save.
func (c *ControlPlane) Run(binary string, args ...string) (*Program, error) {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	if c.stopped {
		return nil, fmt.Errorf("starting %s: the control plane is stopped", binary)
	}
	process, err := startComponent(binary, c.LogDir, args)
	if err != nil {
		return nil, err
	}
	program := &Program{LogFile: process.logFile, process: process, owner: c}
	c.programs = append(c.programs, program)
	return program, nil
}

// PID is the id of the process.
func (p *Program) PID() int { return p.process.command.Process.Pid }

// Failure is why the program has ended, or nil while it runs.
func (p *Program) Failure() error { return p.process.failure() }

// End ends the program before the others, as gently as Stop does.
func (p *Program) End() {
	p.owner.mutex.Lock()
	defer p.owner.mutex.Unlock()
	p.process.end()
	p.owner.programs = slices.DeleteFunc(p.owner.programs, func(other *Program) bool { return other == p })
}

// Stop ends all components and removes what they left. It may be called more than once.
func (c *ControlPlane) Stop() error {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	if c.stopped {
		return nil
	}
	c.stopped = true
	for _, program := range slices.Backward(c.programs) {
		program.process.end()
	}
	for _, component := range []*component{c.controllerManager, c.apiServer, c.etcd} {
		if component != nil {
			component.kill()
		}
	}
	if c.port != nil {
		c.port.release()
	}
	if c.scratch != nil {
		return c.scratch.remove()
	}
	return nil
}

// RestartAPIServer ends the API server as a crash would, starts it again on the same port and the same data, and
// returns when it is ready. Connections break; that is the purpose.
func (c *ControlPlane) RestartAPIServer(ctx context.Context) error {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	if c.stopped {
		return errors.New("restarting the API server: the control plane is stopped")
	}
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	c.apiServer.kill()
	if err := c.startAPIServer(); err != nil {
		return err
	}
	return c.await(ctx, "API server after a restart", c.checkAPIServer)
}

// Wait blocks until the context ends or Stop is called, which is no error, or until a component ends by itself, which is
// one.
func (c *ControlPlane) Wait(ctx context.Context) error {
	ticker := time.NewTicker(time.Second)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-ticker.C:
			c.mutex.Lock()
			stopped, failure := c.stopped, c.failure()
			c.mutex.Unlock()
			switch {
			case stopped:
				return nil
			case failure != nil:
				return failure
			}
		}
	}
}

// checkAPIServer returns nil when the API server says that it is ready, which includes the default RBAC roles.
func (c *ControlPlane) checkAPIServer(ctx context.Context) error {
	client, err := kubernetes.NewForConfig(c.Config)
	if err != nil {
		return err
	}
	body, err := client.RESTClient().Get().AbsPath("/readyz").DoRaw(ctx)
	if err != nil {
		return fmt.Errorf("%w %s", err, body)
	}
	return nil
}

// checkControllerManager returns nil once the controllers work. It serves no port to ask, so its first deed tells: the
// ServiceAccount that every namespace gets.
func (c *ControlPlane) checkControllerManager(ctx context.Context) error {
	client, err := kubernetes.NewForConfig(c.Config)
	if err != nil {
		return err
	}
	_, err = client.CoreV1().ServiceAccounts(metav1.NamespaceDefault).Get(ctx, "default", metav1.GetOptions{})
	return err
}

// await calls check until it returns nil. It gives up, and says why, when the context ends or a component does.
func (c *ControlPlane) await(ctx context.Context, what string, check func(context.Context) error) error {
	ticker := time.NewTicker(pollInterval)
	defer ticker.Stop()
	for {
		err := check(ctx)
		if err == nil {
			return nil
		}
		if failure := c.failure(); failure != nil {
			return failure
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("waiting for the %s: %w; last: %w", what, ctx.Err(), err)
		case <-ticker.C:
		}
	}
}

// failure tells which component has ended though it should run, and why.
func (c *ControlPlane) failure() error {
	components := []*component{c.etcd, c.apiServer, c.controllerManager}
	for _, program := range c.programs {
		components = append(components, program.process)
	}
	for _, component := range components {
		if component == nil {
			continue
		}
		if err := component.failure(); err != nil {
			return err
		}
	}
	return nil
}
