package operator

import (
	"flag"
	"os"
	"strings"
)

// BindFlags adds the operator's flags to a flag set. Parsing the set fills in the options.
func (o *Options) BindFlags(flags *flag.FlagSet) {
	flags.StringVar(&o.Namespace, "namespace", ownNamespace(), "namespace of the operator itself")
	flags.Func("watch-namespaces", "comma-separated namespaces whose objects to serve (default: all)", func(names string) error {
		if names != "" {
			o.WatchNamespaces = strings.Split(names, ",")
		}
		return nil
	})
	flags.StringVar(&o.TenantSelector, "tenant-selector", "", "label selector: serve only the tenants that match, and the objects that refer to them (default: all)")
	flags.IntVar(&o.Workers, "workers", 10, "maximum concurrent reconciles per kind; as many again are reserved for tenants that answer while others do not")
	flags.BoolVar(&o.LeaderElection, "leader-elect", false, "enable leader election, for several replicas")
	flags.DurationVar(&o.LeaseDuration, "leader-elect-lease-duration", DefaultLeaseDuration, "how long the other replicas wait for a renewal of the leader's Lease before one of them takes over")
	flags.DurationVar(&o.RenewDeadline, "leader-elect-renew-deadline", DefaultRenewDeadline, "how long after its last renewal the leader may still change something; shorter than the lease duration")
	flags.DurationVar(&o.RetryPeriod, "leader-elect-retry-period", DefaultRetryPeriod, "how often the leader renews its Lease, and the others look at it; shorter than the renew deadline")
	flags.StringVar(&o.MetricsAddress, "metrics-bind-address", ":8080", `where to serve metrics, "0" for nowhere`)
	flags.StringVar(&o.HealthAddress, "health-probe-bind-address", ":8081", `where to serve /healthz and /readyz, "0" for nowhere`)
	flags.StringVar(&o.PprofAddress, "pprof-bind-address", "0", `where to serve profiles under /debug/pprof/, "0" for nowhere`)
}

// ownNamespace is the namespace of the Pod, or the default of config/default.
func ownNamespace() string {
	if namespace := os.Getenv("POD_NAMESPACE"); namespace != "" {
		return namespace
	}
	return "auth0-operator-system"
}
