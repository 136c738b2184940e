// Package plugin implements `kubectl auth0`: export, plan, status and more, with the permissions of a kubeconfig.
//
// It may import every package but internal/simulator. It uses the definitions of the kinds, so that it predicts what the
// operator does. Start with [Command].
package plugin

import (
	"io"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/spf13/cobra"
	"k8s.io/client-go/tools/clientcmd"
	"k8s.io/utils/clock"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/auth0-operator/auth0-operator/internal/auth0"
	"github.com/auth0-operator/auth0-operator/internal/display"
	"github.com/auth0-operator/auth0-operator/internal/drift"
	"github.com/auth0-operator/auth0-operator/internal/engine"
	"github.com/auth0-operator/auth0-operator/internal/operator"
	"github.com/auth0-operator/auth0-operator/internal/secret"
)

// Command is kubectl auth0, for the cluster of a kubeconfig. It writes results to out, and the progress of long commands to progress.
func Command(out, progress io.Writer) *cobra.Command {
	config := &kubeconfig{rules: clientcmd.NewDefaultClientConfigLoadingRules()}
	root := CommandFor(config.connect, out, progress)
	flags := root.PersistentFlags()
	flags.StringVar(&config.rules.ExplicitPath, "kubeconfig", "", "kubeconfig to use (default: as kubectl)")
	clientcmd.BindOverrideFlags(&config.overrides, flags, overrideFlags())
	return root
}

// CommandFor is Command for the cluster to which connect connects.
func CommandFor(connect Connect, out, progress io.Writer) *cobra.Command {
	p := &plugin{out: display.Writer(out), progress: progress, connect: connect}
	root := &cobra.Command{
		Use:           "kubectl-auth0",
		Short:         "Look at a tenant, plan changes, and take over what exists",
		Annotations:   map[string]string{cobra.CommandDisplayNameAnnotation: "kubectl auth0"},
		SilenceUsage:  true,
		SilenceErrors: true,
	}
	root.AddCommand(p.statusCommand(), p.planCommand(), p.exportCommand())
	return root
}

// overrideFlags are the kubectl flags that people need: --context and --namespace.
func overrideFlags() clientcmd.ConfigOverrideFlags {
	all := clientcmd.RecommendedConfigOverrideFlags("")
	return clientcmd.ConfigOverrideFlags{
		CurrentContext: all.CurrentContext,
		ContextOverrideFlags: clientcmd.ContextOverrideFlags{
			Namespace: all.ContextOverrideFlags.Namespace,
		},
	}
}

// plugin is the state that all commands share.
type plugin struct {
	out, progress io.Writer
	connect       Connect
}

// Connect returns a client of a cluster, and the selected namespace.
type Connect func() (kube client.Client, namespace string, err error)

// kubeconfig selects a cluster and a namespace as kubectl does.
type kubeconfig struct {
	rules     *clientcmd.ClientConfigLoadingRules
	overrides clientcmd.ConfigOverrides
}

func (k *kubeconfig) connect() (client.Client, string, error) {
	config := clientcmd.NewNonInteractiveDeferredLoadingClientConfig(k.rules, &k.overrides)
	rest, err := config.ClientConfig()
	if err != nil {
		return nil, "", err
	}
	namespace, _, err := config.Namespace()
	if err != nil {
		return nil, "", err
	}
	scheme, err := operator.Scheme()
	if err != nil {
		return nil, "", err
	}
	kube, err := client.New(rest, client.Options{Scheme: scheme})
	return kube, namespace, err
}

// deps are the operator's dependencies that reads need.
func deps(kube client.Client) engine.Deps {
	// Nobody scrapes the metrics of a command.
	pool := auth0.NewPool(clock.RealClock{}, auth0.NewMetrics(prometheus.NewRegistry()))
	return engine.Deps{Client: kube, Reader: kube, Pool: pool, Hasher: secret.Ephemeral(), Clock: clock.RealClock{}, DriftDetection: &drift.Detection{}}
}
