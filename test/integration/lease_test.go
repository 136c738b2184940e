package integration

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	coordinationv1 "k8s.io/api/coordination/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/rest"

	"github.com/auth0-operator/auth0-operator/internal/lease"
	"github.com/auth0-operator/auth0-operator/internal/operator"
)

// The times of TestALateRenewalClosesTheFence. A leader that cannot renew its lease gives up a retry period after the fence has
// closed: in between, the operator runs, and may change nothing.
const (
	lateLease    = 8 * time.Second
	lateDeadline = 4 * time.Second
	lateRetry    = 3 * time.Second
)

// slowWrites sees all that an operator writes, behind the fence.
type slowWrites struct {
	mu sync.Mutex
	// renewed is when the lease was renewed last, and blocked has it not be renewed any more.
	renewed time.Time
	blocked bool
	// held is the write that is held back until then, by its beginning; heldAt is when it got through.
	hold   string
	heldAt time.Time
	// late are the writes after that one.
	late []string
}

// kubernetes goes into the configuration of the operator.
func (s *slowWrites) kubernetes(base http.RoundTripper) http.RoundTripper {
	return roundTripper(func(r *http.Request) (*http.Response, error) {
		switch resource := resourceOf(r.URL.Path); {
		case r.Method == http.MethodGet, resource == "events":
			return base.RoundTrip(r)
		case resource == "leases":
			return s.renew(base, r)
		default:
			return s.write(base, r, r.Method+" "+resource)
		}
	})
}

// auth0 sees the calls to Auth0.
func (s *slowWrites) auth0(base http.RoundTripper) http.RoundTripper {
	return roundTripper(func(r *http.Request) (*http.Response, error) {
		if r.Method == http.MethodGet {
			return base.RoundTrip(r)
		}
		return s.write(base, r, r.Method+" "+r.URL.Path)
	})
}

func (s *slowWrites) renew(base http.RoundTripper, r *http.Request) (*http.Response, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.blocked {
		return nil, errors.New("the API server takes no lease")
	}
	s.renewed = time.Now()
	return base.RoundTrip(r)
}

func (s *slowWrites) write(base http.RoundTripper, r *http.Request, what string) (*http.Response, error) {
	s.mu.Lock()
	if !s.heldAt.IsZero() {
		s.late = append(s.late, what)
	}
	holds := s.hold != "" && strings.HasPrefix(what, s.hold) && s.heldAt.IsZero()
	closed := s.renewed.Add(lateDeadline + lateRetry/3)
	s.blocked = s.blocked || holds
	s.mu.Unlock()
	if !holds {
		return base.RoundTrip(r)
	}
	// It left in time, and takes long.
	<-time.After(time.Until(closed))
	response, err := base.RoundTrip(r)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.heldAt = time.Now()
	return response, err
}

// TestALateRenewalClosesTheFence keeps a leader from renewing its lease, in the middle of a creation. What comes after the fence
// has closed is refused on both sides, and the operator ends.
func TestALateRenewalClosesTheFence(t *testing.T) {
	for _, step := range []string{"PATCH auth0users", "POST /api/v2/users"} {
		t.Run(step, func(t *testing.T) {
			t.Parallel()
			e := newBareEnvironment(t)
			e.create(e.tenant())
			userFixture.prepare(e)
			seen := &slowWrites{}
			ended := e.lead(seen)
			e.eventuallyReady(e.tenant())
			seen.mu.Lock()
			seen.hold = step
			seen.mu.Unlock()
			e.create(userFixture.object(e, "one"))
			if err := <-ended; err == nil || errors.Is(err, context.Canceled) {
				t.Errorf("the operator ended with %v", err)
			}
			if seen.heldAt.IsZero() {
				t.Fatalf("%s never came", step)
			}
			if len(seen.late) > 0 {
				t.Errorf("written after the fence was closed: %v", seen.late)
			}
		})
	}
}

// lead runs an operator that leads, and whose writes are seen, until it ends.
func (e *environment) lead(seen *slowWrites) (ended <-chan error) {
	e.Helper()
	config := rest.CopyConfig(cluster.Config)
	config.Wrap(seen.kubernetes)
	ctx, cancel := context.WithCancel(context.Background())
	e.Cleanup(cancel)
	manager, err := operator.New(ctx, config, operator.Options{
		Namespace: e.namespace, WatchNamespaces: []string{e.namespace}, Workers: 4, MetricsAddress: "0", HealthAddress: "0", Metrics: prometheus.NewRegistry(),
		LeaderElection: true, LeaseDuration: lateLease, RenewDeadline: lateDeadline, RetryPeriod: lateRetry, WrapAuth0: seen.auth0,
	})
	if err != nil {
		e.Fatal(err)
	}
	done := make(chan error, 1)
	go func() { done <- manager.Start(ctx) }()
	return done
}

// TestTheLeaseOfAnotherEndsTheOperator gives the lease to somebody else while the operator leads.
func TestTheLeaseOfAnotherEndsTheOperator(t *testing.T) {
	t.Parallel()
	e := newBareEnvironment(t)
	e.create(e.tenant())
	ended := e.lead(&slowWrites{})
	e.eventuallyReady(e.tenant())
	e.takeLease("another")
	select {
	case err := <-ended:
		if !errors.Is(err, lease.ErrLost) {
			t.Errorf("the operator ended with %v", err)
		}
	case <-time.After(patience):
		t.Error("the operator goes on")
	}
}

// takeLease has somebody else hold the lease.
func (e *environment) takeLease(holder string) {
	e.Helper()
	held := &coordinationv1.Lease{ObjectMeta: e.meta("auth0-operator")}
	change(e, held, func(l *coordinationv1.Lease) {
		l.Spec.HolderIdentity, l.Spec.RenewTime = &holder, &metav1.MicroTime{Time: time.Now()}
	})
}
