// Package integration runs the operator in the test's process against a real API server and the simulator. Each test has
// its own namespace, tenant and operator, so that all tests run in parallel.
//
// Start with TestLifecycle, the table of behavior that every kind must pass, and the type environment, the fixture of
// every test.
package integration

import (
	"context"
	"flag"
	"fmt"
	"os"
	"runtime"
	"runtime/debug"
	"testing"

	"github.com/go-logr/logr"
	coordinationv1 "k8s.io/api/coordination/v1"
	corev1 "k8s.io/api/core/v1"
	eventsv1 "k8s.io/api/events/v1"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/runtime/schema"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/log/zap"

	"github.com/auth0-operator/auth0-operator/api/v1alpha1"
	"github.com/auth0-operator/auth0-operator/controllers"
	"github.com/auth0-operator/auth0-operator/internal/controlplane"
	"github.com/auth0-operator/auth0-operator/internal/operator"
)

var (
	// cluster is the control plane of all tests.
	cluster *controlplane.ControlPlane
	// kube is an administrator's access to it, without a cache.
	kube client.Client
	// resources are those of the kinds that the operators use.
	resources meta.RESTMapper
	// logs keeps all that the operators log.
	logs = &journal{}
	// showLogs lets the logs through to the terminal.
	showLogs = flag.Bool("show-logs", false, "print the operators' logs")
)

func TestMain(m *testing.M) {
	// Memory is cheaper than time here, and a test mostly waits. The command line may say otherwise.
	debug.SetGCPercent(400)
	_ = flag.Set("test.parallel", fmt.Sprint(8*runtime.GOMAXPROCS(0)))
	flag.Parse()
	code, err := run(m)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	os.Exit(code)
}

func run(m *testing.M) (int, error) {
	ctrl.SetLogger(logger())
	var err error
	cluster, err = controlplane.Start(context.Background(), controlplane.Options{CRDDirs: []string{"../../config/crd/bases"}, WithoutServiceAccounts: true})
	if err != nil {
		return 1, fmt.Errorf("start the control plane: %w", err)
	}
	defer func() { _ = cluster.Stop() }()
	scheme, err := operator.Scheme()
	if err != nil {
		return 1, err
	}
	if kube, err = client.New(cluster.Config, client.Options{Scheme: scheme}); err != nil {
		return 1, err
	}
	if resources, err = resourcesOf(kube); err != nil {
		return 1, err
	}
	ctx, stop := context.WithCancel(context.Background())
	defer stop()
	reasons, err := watchReasons(ctx, cache.Options{Scheme: scheme})
	if err != nil {
		return 1, err
	}
	code := m.Run()
	if isPart := flag.Lookup("test.run").Value.String()+flag.Lookup("test.skip").Value.String() != ""; isPart {
		return code, nil
	}
	never, err := reasons.never()
	if err == nil && len(never) > 0 {
		err = fmt.Errorf("documented, and no object ever had it: %v", never)
	}
	return code, err
}

// resourcesOf returns the resources of the kinds that operators use, in one table: an operator looks at each read for the resource,
// and the client's mapper asks each group of the API for it.
func resourcesOf(kube client.Client) (meta.RESTMapper, error) {
	table := meta.NewDefaultRESTMapper(nil)
	used := []schema.GroupVersionKind{corev1.SchemeGroupVersion.WithKind("Secret"), corev1.SchemeGroupVersion.WithKind("ConfigMap"),
		corev1.SchemeGroupVersion.WithKind("Namespace"), eventsv1.SchemeGroupVersion.WithKind("Event"), coordinationv1.SchemeGroupVersion.WithKind("Lease"),
		apiextensionsv1.SchemeGroupVersion.WithKind("CustomResourceDefinition")}
	for _, kind := range controllers.All() {
		used = append(used, v1alpha1.SchemeGroupVersion.WithKind(kind.Name))
	}
	for _, kind := range used {
		mapping, err := kube.RESTMapper().RESTMapping(kind.GroupKind(), kind.Version)
		if err != nil {
			return nil, err
		}
		table.AddSpecific(kind, mapping.Resource, mapping.Resource, mapping.Scope)
		table.AddSpecific(kind.GroupVersion().WithKind(kind.Kind+"List"), mapping.Resource, mapping.Resource, mapping.Scope)
	}
	return table, nil
}

func logger() logr.Logger {
	if *showLogs {
		logs.copyTo = os.Stderr
	}
	return zap.New(zap.WriteTo(logs), zap.UseDevMode(false))
}
