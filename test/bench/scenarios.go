package main

import (
	"context"
	"fmt"
	"math"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/auth0-operator/auth0-operator/api/v1alpha1"
	"github.com/auth0-operator/auth0-operator/internal/simulator"
)

// scenario is one thing that is measured, and the bounds that it is held against.
type scenario struct {
	name, about string
	// objects is how many users it is about.
	objects int
	measure func(context.Context, settings) ([]Result, error)
}

func (s scenario) run(ctx context.Context, set settings) ([]Result, error) {
	if set.objects == 0 {
		set.objects = s.objects
	}
	return s.measure(ctx, set)
}

var scenarios = []scenario{
	{"create", "users with a role each, import off, self-service limits", 1000, measureCreate},
	{"import", "users with a role each, import on, free limits", 10000, measureImport},
	{"resync", "nothing changed, one full resync of users with a role each", 10000, withFilled(measureResync)},
	{"idle", "an hour, nothing happens", 10000, withFilled(measureIdle)},
	{"drift", "a dashboard edit to one of the users", 10000, withFilled(measureDrift)},
	{"restart", "the operator restarts", 10000, withFilled(measureRestart)},
	{"priority", "an edit of one object while new users wait", 10000, measurePriority},
	{"footprint", "memory and writes from apply to Ready", 10000, measureFootprint},
	{"growth", "cost per object as the number of objects grows", 10000, measureGrowth},
}

func names() []string {
	all := make([]string, len(scenarios))
	for i, s := range scenarios {
		all[i] = s.name
	}
	return all
}

func choose(name string) ([]scenario, error) {
	if name == "all" {
		return scenarios, nil
	}
	for _, s := range scenarios {
		if s.name == name {
			return []scenario{s}, nil
		}
	}
	return nil, fmt.Errorf("no scenario %q; there are %s", name, strings.Join(names(), ", "))
}

var (
	importOff = map[string]any{"userImport": "Never"}
	importOn  = map[string]any{"userImport": "Auto"}
)

// measureCreate creates users one by one.
func measureCreate(ctx context.Context, set settings) ([]Result, error) {
	result, err := creation(ctx, set, "create", simulator.RateLimitSelfService, importOff)
	if err != nil {
		return nil, err
	}
	result.must("calls per user", result.CallsPerObject, 1.05)
	result.must("429s", float64(result.TooManyRequests), 0)
	result.mustHold(result.FloorSeconds >= 0.95*result.Seconds, "%.1f %% of the allowed rate used, at least 95", 100*result.FloorSeconds/result.Seconds)
	return []Result{result}, nil
}

// measureImport creates users by import jobs.
func measureImport(ctx context.Context, set settings) ([]Result, error) {
	result, err := creation(ctx, set, "import", simulator.RateLimitFree, importOn)
	if err != nil {
		return nil, err
	}
	single := float64(set.objects) / 2
	result.note("one call per user would take %.0f s", single)
	result.must("calls per user", result.CallsPerObject, 0.05)
	result.must("429s", float64(result.TooManyRequests), 0)
	result.must("seconds, against a tenth of one call per user", result.Seconds, max(single/10, 60))
	return []Result{result}, nil
}

// creation measures users from apply to Ready.
func creation(ctx context.Context, set settings, name string, plan simulator.RateLimit, tenant map[string]any) (result Result, err error) {
	w, err := newWorld(ctx, set, plan, tenant)
	if err != nil {
		return Result{}, err
	}
	defer func() { err = w.finish(err) }()
	if err := w.startOperator(); err != nil {
		return Result{}, err
	}
	if err := w.awaitTenant(ctx); err != nil {
		return Result{}, err
	}
	return w.create(ctx, name, set.objects)
}

// create applies users and measures until they are Ready. The operator runs.
func (w *world) create(ctx context.Context, name string, count int) (Result, error) {
	before, err := w.read(ctx)
	if err != nil {
		return Result{}, err
	}
	if err := w.apply(ctx, 0, count); err != nil {
		return Result{}, err
	}
	applied := time.Now()
	if err := w.awaitReady(ctx, count, 2*time.Hour); err != nil {
		return Result{}, err
	}
	result, err := w.result(ctx, name, count, before, time.Now())
	result.note("applied within %.1f s", applied.Sub(before.at).Seconds())
	return result, err
}

// withFilled gives a measurement a world full of users that are Ready, with the limits of a free tenant, and an operator
// that has come to rest.
func withFilled(measure func(context.Context, *world, int) ([]Result, error)) func(context.Context, settings) ([]Result, error) {
	return func(ctx context.Context, set settings) (results []Result, err error) {
		w, err := newWorld(ctx, set, simulator.RateLimitNone, importOff)
		if err != nil {
			return nil, err
		}
		defer func() { err = w.finish(err) }()
		if err := w.fill(ctx, set.objects); err != nil {
			return nil, err
		}
		if err := w.startOperator(); err != nil {
			return nil, err
		}
		if _, err := w.awaitQuiet(ctx, time.Hour); err != nil {
			return nil, err
		}
		return measure(ctx, w, set.objects)
	}
}

// fill has an operator of many workers create the users without limits, and stops it. From then on the limits of a free
// tenant hold.
func (w *world) fill(ctx context.Context, count int) error {
	if err := w.startOperator("--workers", "50"); err != nil {
		return err
	}
	if err := w.apply(ctx, 0, count); err != nil {
		return err
	}
	if err := w.awaitReady(ctx, count, time.Hour); err != nil {
		return err
	}
	w.stopOperator()
	w.sim.ChangePlan(simulator.RateLimitFree)
	return nil
}

// measureResync measures one comparison of everything with Auth0.
func measureResync(ctx context.Context, w *world, count int) ([]Result, error) {
	before, err := w.read(ctx)
	if err != nil {
		return nil, err
	}
	request := map[string]any{"metadata": map[string]any{"annotations": map[string]any{v1alpha1.AnnotationReconcileRequestedAt: time.Now().String()}}}
	if err := w.patch(ctx, &v1alpha1.Auth0Tenant{}, tenantName, request); err != nil {
		return nil, err
	}
	ended, err := w.awaitQuiet(ctx, time.Hour)
	if err != nil {
		return nil, err
	}
	result, err := w.result(ctx, "resync", count, before, ended)
	result.must("calls", float64(result.Calls), callsOfResync(count))
	lists := result.report.Count(http.MethodGet, "/api/v2/users")
	result.mustHold(lists >= (count+99)/100, "%d lists of 100 cannot have compared %d users", lists, count)
	result.must("writes to Auth0", float64(result.report.Writes()), 0)
	result.must("writes to the API server", result.APIServerWritesPerObject, 0)
	return []Result{result}, err
}

// callsOfResync is what one reconciliation of users may cost: 250 calls for 10,000.
func callsOfResync(count int) float64 { return math.Ceil(10 + 0.024*float64(count)) }

// measureIdle waits.
func measureIdle(ctx context.Context, w *world, count int) ([]Result, error) {
	before, err := w.read(ctx)
	if err != nil {
		return nil, err
	}
	select {
	case <-ctx.Done():
		return nil, ctx.Err()
	case <-time.After(w.idle):
	}
	result, err := w.result(ctx, "idle", count, before, time.Now())
	if w.idle < time.Hour {
		result.note("%.0f calls an hour, if it goes on like this", float64(result.Calls)*float64(time.Hour)/float64(w.idle))
	}
	result.must("calls", float64(result.Calls), math.Ceil(150*w.idle.Hours()))
	result.must("writes to the API server", result.APIServerWritesPerObject, 0)
	return []Result{result}, err
}

// measureDrift edits a user in the dashboard, once while the log is polled and once while events are listened to.
func measureDrift(ctx context.Context, w *world, count int) ([]Result, error) {
	var results []Result
	for _, watch := range []struct {
		by   string
		most float64
	}{{"Log", 45}, {"Events", 2}} {
		if err := w.changeTenant(ctx, map[string]any{"watch": watch.by}); err != nil {
			return results, err
		}
		if _, err := w.awaitQuiet(ctx, time.Hour); err != nil {
			return results, err
		}
		result, err := w.drift(ctx, count)
		if err != nil {
			return results, err
		}
		result.Variant = watch.by
		result.must("seconds until it is put right, by watch "+watch.by, result.Seconds, watch.most)
		result.must("calls beyond the polls", float64(result.Calls-result.polls()), 5)
		results = append(results, result)
	}
	return results, nil
}

func (w *world) drift(ctx context.Context, count int) (Result, error) {
	before, err := w.read(ctx)
	if err != nil {
		return Result{}, err
	}
	id, err := w.changeRemotely(ctx, count/2)
	if err != nil {
		return Result{}, err
	}
	ended, err := w.awaitNickname(ctx, id, nickname, 2*time.Minute)
	if err != nil {
		return Result{}, err
	}
	if _, err := w.awaitQuiet(ctx, time.Minute); err != nil {
		return Result{}, err
	}
	return w.result(ctx, "drift", count, before, ended)
}

// changeRemotely changes a user in the dashboard, and returns its id.
func (w *world) changeRemotely(ctx context.Context, number int) (string, error) {
	id, err := w.userID(ctx, number)
	if err != nil {
		return "", err
	}
	_, err = w.dashboard(http.MethodPatch, "/users/"+url.PathEscape(id), map[string]any{"nickname": "spoilt"})
	return id, err
}

// awaitNickname waits until a user has a nickname in Auth0, and returns when.
func (w *world) awaitNickname(ctx context.Context, id, want string, limit time.Duration) (time.Time, error) {
	err := w.poll(ctx, limit, fmt.Sprintf("%s has the nickname %q", id, want), func() (bool, error) {
		user, err := w.auth0User(id)
		return user["nickname"] == want, err
	})
	return time.Now(), err
}

// measureRestart stops the operator, changes a user meanwhile, and starts it.
func measureRestart(ctx context.Context, w *world, count int) ([]Result, error) {
	w.stopOperator()
	id, err := w.changeRemotely(ctx, count-1)
	if err != nil {
		return nil, err
	}
	before, err := w.read(ctx)
	if err != nil {
		return nil, err
	}
	if err := w.startOperator(); err != nil {
		return nil, err
	}
	before.cpu = 0
	fixed, err := w.awaitNickname(ctx, id, nickname, time.Hour)
	if err != nil {
		return nil, err
	}
	callsBefore := w.sim.Requests().Total
	ended, err := w.awaitQuiet(ctx, time.Hour)
	if err != nil {
		return nil, err
	}
	result, err := w.result(ctx, "restart", count, before, ended)
	result.note("the user that was changed meanwhile was put right after %.1f s and %d calls", fixed.Sub(before.at).Seconds(), callsBefore)
	result.must("calls", float64(result.Calls), callsOfResync(count)+10)
	result.must("calls before the user that was changed meanwhile was put right", float64(callsBefore), 15)
	result.mustHold(w.users.ready() == count, "%d of %d users are Ready", w.users.ready(), count)
	return []Result{result}, err
}

// measurePriority edits one user while many new ones wait for the limit.
func measurePriority(ctx context.Context, set settings) (results []Result, err error) {
	const wanted = "edited"
	w, err := newWorld(ctx, set, simulator.RateLimitFree, importOff)
	if err != nil {
		return nil, err
	}
	defer func() { err = w.finish(err) }()
	if err := w.startOperator(); err != nil {
		return nil, err
	}
	if err := w.apply(ctx, 0, 1); err != nil {
		return nil, err
	}
	if err := w.awaitReady(ctx, 1, startLimit); err != nil {
		return nil, err
	}
	if err := w.apply(ctx, 1, set.objects+1); err != nil {
		return nil, err
	}
	id, err := w.userID(ctx, 0)
	if err != nil {
		return nil, err
	}
	before, err := w.read(ctx)
	if err != nil {
		return nil, err
	}
	waiting := set.objects + 1 - w.users.ready()
	if err := w.edit(ctx, 0, map[string]any{"nickname": wanted}); err != nil {
		return nil, err
	}
	ended, err := w.awaitNickname(ctx, id, wanted, time.Hour)
	if err != nil {
		return nil, err
	}
	result, err := w.result(ctx, "priority", set.objects, before, ended)
	result.note("%d users were waiting", waiting)
	result.mustHold(waiting > 10, "only %d users were waiting; take more", waiting)
	// A read and a write, of which a free tenant allows two a second.
	result.must("seconds until the edit is in Auth0", result.Seconds, 2+1)
	return []Result{result}, err
}

// measureFootprint looks at memory and writes while users come by import.
func measureFootprint(ctx context.Context, set settings) ([]Result, error) {
	result, err := creation(ctx, set, "footprint", simulator.RateLimitFree, importOn)
	if err != nil {
		return nil, err
	}
	result.must("peak RSS in MiB", result.RSSMiB, 200)
	result.must("writes to the API server per object", result.APIServerWritesPerObject, 3)
	return []Result{result}, nil
}

// measureGrowth creates few, more and many users without limits.
func measureGrowth(ctx context.Context, set settings) ([]Result, error) {
	var results []Result
	for _, part := range []int{100, 10, 1} {
		result, err := creation(ctx, settingsOf(set, set.objects/part), "growth", simulator.RateLimitNone, importOff)
		if err != nil {
			return results, err
		}
		results = append(results, result)
	}
	few, many := results[0], &results[len(results)-1]
	many.note("CPU per object: %.2f ms of %d, %.2f ms of %d", cpuPerObject(few), few.Objects, cpuPerObject(*many), many.Objects)
	many.must("calls per object, against 110 % of those of few", many.CallsPerObject, 1.1*few.CallsPerObject)
	many.must("CPU milliseconds per object, against 125 % of those of few", cpuPerObject(*many), 1.25*cpuPerObject(few))
	return results, nil
}

func settingsOf(set settings, objects int) settings {
	set.objects = max(objects, 10)
	return set
}

func cpuPerObject(r Result) float64 { return 1000 * r.CPUSeconds / float64(r.Objects) }
