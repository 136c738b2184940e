// Command manager is the operator.
package main

import (
	"flag"
	"fmt"
	"math"
	"os"
	"runtime/debug"
	"strings"

	"go.uber.org/zap/zapcore"
	"k8s.io/klog/v2"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/log/zap"

	"github.com/auth0-operator/auth0-operator/internal/operator"
)

// +kubebuilder:rbac:groups=coordination.k8s.io,namespace=auth0-operator-system,resources=leases,verbs=get;create;update
// +kubebuilder:rbac:groups="",namespace=auth0-operator-system,resources=events,verbs=create

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "auth0-operator:", err)
		os.Exit(1)
	}
}

func run() error {
	var options operator.Options
	var namespaces string
	flag.StringVar(&options.Namespace, "namespace", ownNamespace(), "namespace of the operator itself")
	flag.StringVar(&namespaces, "watch-namespaces", "", "comma-separated namespaces whose objects to serve (default: all)")
	flag.StringVar(&options.TenantSelector, "tenant-selector", "", "label selector: serve only the tenants that match, and the objects that refer to them (default: all)")
	flag.IntVar(&options.Workers, "workers", 10, "objects of a kind to work on at once; as many again are kept for tenants that answer while others do not")
	flag.BoolVar(&options.LeaderElection, "leader-elect", false, "let several replicas run, one of which works")
	flag.DurationVar(&options.LeaseDuration, "leader-elect-lease-duration", operator.DefaultLeaseDuration, "how long the other replicas wait for a renewal of the leader's Lease before one of them takes over")
	flag.DurationVar(&options.RenewDeadline, "leader-elect-renew-deadline", operator.DefaultRenewDeadline, "how long after its last renewal the leader may still change something; shorter than the lease duration")
	flag.DurationVar(&options.RetryPeriod, "leader-elect-retry-period", operator.DefaultRetryPeriod, "how often the leader renews its Lease, and the others look at it; shorter than the renew deadline")
	flag.StringVar(&options.MetricsAddress, "metrics-bind-address", ":8080", `where to serve metrics, "0" for nowhere`)
	flag.StringVar(&options.HealthAddress, "health-probe-bind-address", ":8081", `where to serve /healthz and /readyz, "0" for nowhere`)
	flag.StringVar(&options.PprofAddress, "pprof-bind-address", "0", `where to serve profiles under /debug/pprof/, "0" for nowhere`)
	// A trace leads through the machinery of passes, and is the same for each error.
	logging := zap.Options{StacktraceLevel: zapcore.PanicLevel}
	logging.BindFlags(flag.CommandLine)
	flag.Parse()
	if namespaces != "" {
		options.WatchNamespaces = strings.Split(namespaces, ",")
	}

	logger := zap.New(zap.UseFlagOptions(&logging))
	ctrl.SetLogger(logger)
	klog.SetLogger(logger)
	leaveRoom()
	ctx := ctrl.SetupSignalHandler()
	config, err := ctrl.GetConfig()
	if err != nil {
		return fmt.Errorf("find a cluster: %w", err)
	}
	manager, err := operator.New(ctx, config, options)
	if err != nil {
		return err
	}
	return manager.Start(ctx)
}

// ownNamespace is the one of the Pod, or the default of config/default.
func ownNamespace() string {
	if namespace := os.Getenv("POD_NAMESPACE"); namespace != "" {
		return namespace
	}
	return "auth0-operator-system"
}

// leaveRoom keeps what Go manages a tenth below GOMEMLIMIT, which is the container's limit: the rest of the process counts, too.
func leaveRoom() {
	if limit := debug.SetMemoryLimit(-1); limit < math.MaxInt64 {
		debug.SetMemoryLimit(limit / 10 * 9)
	}
}
