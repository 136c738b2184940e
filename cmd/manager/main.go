// Command manager is the operator.
//
// It reads flags, and imports internal/operator, which sets up the controllers. Start with [run].
package main

import (
	"flag"
	"fmt"
	"math"
	"os"
	"runtime/debug"

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
	options.BindFlags(flag.CommandLine)
	// A stack trace shows only the reconciler's internals, the same for each error.
	logging := zap.Options{StacktraceLevel: zapcore.PanicLevel}
	logging.BindFlags(flag.CommandLine)
	flag.Parse()

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

// leaveRoom keeps Go's memory a tenth below GOMEMLIMIT, which is the container's limit. The rest of the process counts, too.
func leaveRoom() {
	if limit := debug.SetMemoryLimit(-1); limit < math.MaxInt64 {
		debug.SetMemoryLimit(limit / 10 * 9)
	}
}
