package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"
	eventsv1 "k8s.io/api/events/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"

	"github.com/auth0-operator/auth0-operator/api/v1alpha1"
)

// ticksPerSecond is the unit of /proc/PID/stat on every Linux that Go runs on.
const ticksPerSecond = 100

// cpuOf is the processor time that a process took so far.
func cpuOf(pid int) (time.Duration, error) {
	content, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return 0, fmt.Errorf("bench measures processes on Linux only: %w", err)
	}
	// The name of the program, in parentheses, may hold anything. After it, the 12th and 13th are its own time, in the
	// program and in the kernel.
	fields := strings.Fields(string(content[strings.LastIndexByte(string(content), ')')+1:]))
	var ticks int64
	for _, field := range fields[11:13] {
		count, err := strconv.ParseInt(field, 10, 64)
		if err != nil {
			return 0, err
		}
		ticks += count
	}
	return time.Duration(ticks) * time.Second / ticksPerSecond, nil
}

// peakOf is the most memory that a process had so far, in MiB.
func peakOf(pid int) (float64, error) {
	content, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0, err
	}
	for line := range strings.Lines(string(content)) {
		if after, ok := strings.CutPrefix(line, "VmHWM:"); ok {
			kilobytes, err := strconv.ParseFloat(strings.Fields(after)[0], 64)
			return rounded(kilobytes / 1024), err
		}
	}
	return 0, errors.New("/proc does not tell the peak of the memory")
}

// writes are the resources, by API group, that the operator writes for its objects.
var writes = map[string]string{v1alpha1.SchemeGroupVersion.Group: "auth0users", eventsv1.GroupName: "events", "": "secrets"}

// apiServerWrites counts what the API server was asked to write, by resource and verb.
func apiServerWrites(ctx context.Context, config *rest.Config) (map[string]int, error) {
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		return nil, err
	}
	content, err := client.RESTClient().Get().AbsPath("/metrics").DoRaw(ctx)
	if err != nil {
		return nil, fmt.Errorf("read the API server's metrics: %w", err)
	}
	parser := expfmt.NewTextParser(model.LegacyValidation)
	families, err := parser.TextToMetricFamilies(bytes.NewReader(content))
	if err != nil {
		return nil, err
	}
	counts := map[string]int{}
	for _, metric := range families["apiserver_request_total"].GetMetric() {
		labels := map[string]string{}
		for _, label := range metric.GetLabel() {
			labels[label.GetName()] = label.GetValue()
		}
		if isWrite(labels) {
			what := strings.TrimSuffix(labels["resource"]+"/"+labels["subresource"], "/") + " " + labels["verb"]
			counts[what] += int(metric.GetCounter().GetValue())
		}
	}
	return counts, leaveOutTenants(ctx, client, counts)
}

// leaveOutTenants takes out what was written for Events of tenants: one write for each, and another one for each that was
// told again.
func leaveOutTenants(ctx context.Context, client *kubernetes.Clientset, counts map[string]int) error {
	events, err := client.EventsV1().Events("").List(ctx, metav1.ListOptions{})
	if err != nil {
		return err
	}
	for _, event := range events.Items {
		if event.Regarding.Kind != "Auth0Tenant" {
			continue
		}
		counts["events POST"]--
		if event.Series != nil {
			counts["events PATCH"]--
		}
	}
	return nil
}

// isWrite reports whether requests are the operator's writes for its objects. Users are made by the harness alone.
func isWrite(labels map[string]string) bool {
	resource, verb := labels["resource"], labels["verb"]
	if resource == "" || writes[labels["group"]] != resource || resource == "auth0users" && verb == http.MethodPost {
		return false
	}
	return slices.Contains([]string{http.MethodPost, http.MethodPut, http.MethodPatch, "APPLY", http.MethodDelete}, verb)
}
