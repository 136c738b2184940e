// Command bench measures the time and calls that the operator needs: it runs the built operator against a real API server and
// the simulator with the limits of an Auth0 plan, and compares the results with docs/benchmarks.md. `make bench` calls it.
//
//	go run ./test/bench -scenario create -n 100 -json results.json
package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"text/tabwriter"
	"time"

	"github.com/go-logr/logr"
	ctrl "sigs.k8s.io/controller-runtime"

	"github.com/auth0-operator/auth0-operator/internal/controlplane"
)

// operatorBinary is what is measured, seen from the root of the checkout.
const operatorBinary = "bin/manager"

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

// settings are those of the command line.
type settings struct {
	// objects is how many there are; 0 means what the scenario is about.
	objects int
	// idle is how long the scenario idle watches.
	idle time.Duration
	// logs is where the logs of a run stay.
	logs string
	// pprof is where the operator serves its profiles, "" for nowhere.
	pprof string
}

func run() error {
	var set settings
	flag.IntVar(&set.objects, "n", 0, "how many users; default: those of the scenario, 1,000 or 10,000")
	name := flag.String("scenario", "all", "which to run: all, or one of "+strings.Join(names(), ", "))
	file := flag.String("json", "", "file to which the results are written")
	flag.DurationVar(&set.idle, "idle", time.Hour, "how long the scenario idle watches; what an hour may cost is scaled to it")
	flag.StringVar(&set.logs, "logs", "", "directory for the logs; default: a temporary one that stays if something fails")
	flag.StringVar(&set.pprof, "pprof", "", "address at which the operator serves its profiles")
	flag.Parse()
	chosen, err := choose(*name)
	if err != nil {
		return err
	}
	ctrl.SetLogger(logr.Discard())
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := build(ctx); err != nil {
		return err
	}
	results, err := measure(ctx, chosen, set)
	if *file != "" {
		err = errors.Join(err, write(*file, results))
	}
	return errors.Join(err, verdict(results))
}

// build compiles the operator, and the control plane where this machine has none yet.
func build(ctx context.Context) error {
	if _, err := controlplane.Assets(ctx); err != nil {
		return err
	}
	command := exec.CommandContext(ctx, "go", "build", "-o", filepath.Dir(operatorBinary)+"/", "./cmd/manager")
	if output, err := command.CombinedOutput(); err != nil {
		return fmt.Errorf("build the operator: %w: %s", err, output)
	}
	return nil
}

// measure runs the scenarios, one after the other, and prints their results as they come.
func measure(ctx context.Context, chosen []scenario, set settings) ([]Result, error) {
	var results []Result
	for _, s := range chosen {
		fmt.Printf("%s: %s\n", s.name, s.about)
		measured, err := s.run(ctx, set)
		results = append(results, measured...)
		if err != nil {
			return results, fmt.Errorf("%s: %w", s.name, err)
		}
		show(measured)
	}
	return results, nil
}

// show prints a table, and what Auth0 was called for.
func show(results []Result) {
	table := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(table, "  objects\tcalls\tper object\twrites to the API server per object\t429\tseconds\tfloor\tratio\tRSS MiB\tCPU seconds\t")
	for _, r := range results {
		fmt.Fprintf(table, "%d\t%d\t%.4f\t%.3f\t%d\t%.1f\t%.1f\t%.2f\t%.0f\t%.1f\t\n", r.Objects, r.Calls, r.CallsPerObject,
			r.APIServerWritesPerObject, r.TooManyRequests, r.Seconds, r.FloorSeconds, r.Ratio, r.RSSMiB, r.CPUSeconds)
	}
	_ = table.Flush()
	for _, r := range results {
		for _, route := range byCount(r.CallsByRoute) {
			fmt.Printf("  %6d  %s\n", r.CallsByRoute[route], route)
		}
		for _, resource := range byCount(r.APIServerWrites) {
			fmt.Printf("  %6d  writes of %s\n", r.APIServerWrites[resource], resource)
		}
		for _, note := range r.Notes {
			fmt.Println("  " + note)
		}
		for _, broken := range r.Broken {
			fmt.Println("  BROKEN: " + broken)
		}
	}
	fmt.Println()
}

func byCount(counts map[string]int) []string {
	keys := make([]string, 0, len(counts))
	for key := range counts {
		keys = append(keys, key)
	}
	slices.SortFunc(keys, func(a, b string) int { return cmp.Or(counts[b]-counts[a], strings.Compare(a, b)) })
	return keys
}

func write(file string, results []Result) error {
	content, err := json.MarshalIndent(results, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(file, append(content, '\n'), 0o600)
}

// verdict names the bounds that are broken.
func verdict(results []Result) error {
	var broken []string
	for _, r := range results {
		for _, bound := range r.Broken {
			broken = append(broken, r.Scenario+": "+bound)
		}
	}
	if len(broken) == 0 {
		return nil
	}
	return fmt.Errorf("bounds are broken:\n  %s", strings.Join(broken, "\n  "))
}
