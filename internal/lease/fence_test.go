package lease

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"k8s.io/client-go/tools/leaderelection/resourcelock"
)

const (
	duration = 15 * time.Second
	deadline = 10 * time.Second
	me       = "me"
)

// clocks are two clocks that a test moves.
type clocks struct{ moment }

func (c *clocks) read() moment { return c.moment }

// advance moves both clocks forward.
func (c *clocks) advance(d time.Duration) {
	c.wall = c.wall.Add(d)
	c.steady += d
}

// fakeLease is a Lease that a test writes.
type fakeLease struct {
	resourcelock.Interface

	holder string
	// during runs during a write, and err is the result of the write.
	during func()
	err    error
	writes int
}

func (l *fakeLease) Identity() string { return me }

func (l *fakeLease) Get(context.Context) (*resourcelock.LeaderElectionRecord, []byte, error) {
	return &resourcelock.LeaderElectionRecord{HolderIdentity: l.holder}, nil, nil
}

func (l *fakeLease) Create(ctx context.Context, record resourcelock.LeaderElectionRecord) error {
	return l.Update(ctx, record)
}

func (l *fakeLease) Update(_ context.Context, record resourcelock.LeaderElectionRecord) error {
	if l.during != nil {
		l.during()
	}
	l.writes++
	if l.err == nil {
		l.holder = record.HolderIdentity
	}
	return l.err
}

var mine = resourcelock.LeaderElectionRecord{HolderIdentity: me}

// newFence returns a fence that uses clocks of the test, and its Lease.
func newFence() (*Fence, *clocks, *fakeLease, resourcelock.Interface) {
	fence, now, lease := New(duration, deadline), &clocks{moment{wall: time.Unix(1e9, 0)}}, &fakeLease{}
	fence.now = now.read
	lock := fence.Lock(lease)
	return fence, now, lease, lock
}

func requireOpen(t *testing.T, f *Fence, open bool, what string) {
	t.Helper()
	if err := f.Check(t.Context()); open != (err == nil) || err != nil && !errors.Is(err, ErrLost) {
		t.Errorf("%s: the fence says %v", what, err)
	}
}

func acquire(t *testing.T, lock resourcelock.Interface) {
	t.Helper()
	if err := lock.Create(t.Context(), mine); err != nil {
		t.Fatal(err)
	}
}

func TestFenceFollowsTheLease(t *testing.T) {
	fence, now, lease, lock := newFence()
	requireOpen(t, fence, false, "before the Lease is held")
	acquire(t, lock)
	requireOpen(t, fence, true, "with the Lease")
	now.advance(deadline - 1)
	requireOpen(t, fence, true, "right before the deadline")
	now.advance(1)
	requireOpen(t, fence, false, "at the deadline")

	lease.err = errors.New("the API server is away")
	if err := lock.Update(t.Context(), mine); err == nil {
		t.Error("the renewal succeeded")
	}
	requireOpen(t, fence, false, "after a renewal that failed")

	lease.err = nil
	if err := lock.Update(t.Context(), mine); err != nil {
		t.Fatal(err)
	}
	requireOpen(t, fence, true, "after a renewal")

	var none *Fence
	requireOpen(t, none, true, "without leader election")
}

// A machine that sleeps stops one clock, and setting the time moves the other.
func TestFenceGoesByTheClockThatSaysMore(t *testing.T) {
	for name, advance := range map[string]func(*clocks){
		"the monotonic clock stands still": func(c *clocks) { c.wall = c.wall.Add(deadline) },
		"the wall clock was set back":      func(c *clocks) { c.wall, c.steady = c.wall.Add(-time.Hour), c.steady+deadline },
	} {
		fence, now, _, lock := newFence()
		acquire(t, lock)
		advance(now)
		requireOpen(t, fence, false, name)
	}
}

// The API server may have accepted the renewal long before its answer arrives, and others count from there.
func TestRenewalCountsFromBeforeItIsSent(t *testing.T) {
	fence, now, lease, lock := newFence()
	lease.during = func() { now.advance(deadline) }
	acquire(t, lock)
	requireOpen(t, fence, false, "after a renewal that took as long as the deadline")
}

func TestWhatAnotherReplicaHeldIsLostForGood(t *testing.T) {
	fence, _, lease, lock := newFence()
	lease.holder = "another"
	if _, _, err := lock.Get(t.Context()); err != nil {
		t.Fatal(err)
	}
	acquire(t, lock)
	requireOpen(t, fence, true, "with a Lease that another one held before")

	for _, holder := range []string{"another", ""} {
		lease.holder = holder
		_, _, _ = lock.Get(t.Context())
		requireOpen(t, fence, false, "after somebody else held the Lease")
	}
	lease.writes = 0
	if err := lock.Update(t.Context(), mine); !errors.Is(err, ErrLost) || lease.writes != 0 {
		t.Errorf("it tried to lead once more: %v", err)
	}
	if err := fence.Start(t.Context()); !errors.Is(err, ErrLost) {
		t.Errorf("the manager is not ended: %v", err)
	}
}

func TestAnswersAreRecordedALittleLonger(t *testing.T) {
	fence, now, _, lock := newFence()
	acquire(t, lock)
	now.advance(deadline)
	ctx := Recording(t.Context())
	if err := fence.Check(ctx); err != nil {
		t.Errorf("an answer cannot be recorded at the deadline: %v", err)
	}
	now.advance(duration - deadline - time.Second)
	if err := fence.Check(ctx); !errors.Is(err, ErrLost) {
		t.Errorf("an answer may be recorded a second before another replica can lead: %v", err)
	}
}

func TestLeaseIsGivenBackWhenNothingIsOnItsWay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		fence, _, lease, lock := newFence()
		acquire(t, lock)
		done := fence.Exchange()
		given := make(chan error)
		go func() { given <- lock.Update(t.Context(), resourcelock.LeaderElectionRecord{}) }()
		synctest.Wait()
		requireOpen(t, fence, false, "while the Lease is being given back")
		if err := fence.Check(Recording(t.Context())); err != nil || lease.holder != me {
			t.Errorf("the answer that is awaited cannot be recorded: %v; holder %q", err, lease.holder)
		}
		done()
		if err := <-given; err != nil || lease.holder != "" {
			t.Errorf("the Lease was not given back: %v", err)
		}
	})
}

func TestLeaseIsGivenBackInTheEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		fence, _, lease, lock := newFence()
		acquire(t, lock)
		defer fence.Exchange()()
		began := time.Now()
		if err := lock.Update(t.Context(), resourcelock.LeaderElectionRecord{}); err != nil || lease.holder != "" {
			t.Fatalf("the Lease was not given back: %v", err)
		}
		if waited := time.Since(began); waited < deadline || waited >= duration {
			t.Errorf("it waited %s for an answer that does not come", waited)
		}
	})
}

// server counts the requests that it received completely.
func server(t *testing.T) (url string, whole *atomic.Int32) {
	t.Helper()
	whole = &atomic.Int32{}
	s := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		if _, err := io.ReadAll(r.Body); err == nil {
			whole.Add(1)
		}
	}))
	t.Cleanup(s.Close)
	return s.URL, whole
}

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

func send(ctx context.Context, method, url string, through http.RoundTripper) error {
	request, err := http.NewRequestWithContext(ctx, method, url, strings.NewReader("name=ada"))
	if err != nil {
		return err
	}
	response, err := (&http.Client{Transport: through}).Do(request)
	if err == nil {
		_ = response.Body.Close()
	}
	return err
}

func TestTransportRefusesWrites(t *testing.T) {
	url, whole := server(t)
	fence, _, _, lock := newFence()
	through := fence.Transport(http.DefaultTransport, IsWrite)
	for _, method := range []string{http.MethodPost, http.MethodPatch, http.MethodPut, http.MethodDelete} {
		if err := send(t.Context(), method, url, through); !errors.Is(err, ErrLost) || whole.Load() != 0 {
			t.Errorf("%s: %v", method, err)
		}
	}
	if err := send(t.Context(), http.MethodGet, url, through); err != nil || whole.Load() != 1 {
		t.Errorf("a read is refused: %v", err)
	}
	acquire(t, lock)
	if err := send(t.Context(), http.MethodPost, url, through); err != nil || whole.Load() != 2 {
		t.Errorf("a write of the leader is refused: %v", err)
	}
}

// Something slow may happen between the check and the sending, such as a new connection.
func TestTransportAsksOnceMore(t *testing.T) {
	url, whole := server(t)
	fence, now, _, lock := newFence()
	acquire(t, lock)
	slow := roundTripper(func(r *http.Request) (*http.Response, error) {
		now.advance(duration)
		return http.DefaultTransport.RoundTrip(r)
	})
	if err := send(t.Context(), http.MethodPost, url, fence.Transport(slow, IsWrite)); !errors.Is(err, ErrLost) || whole.Load() != 0 {
		t.Errorf("sent after the pause: %v", err)
	}
}

// late is a context whose timer has not fired yet.
type late struct{ context.Context }

func (late) Deadline() (time.Time, bool) { return time.Now().Add(-time.Second), true }

func TestTransportRefusesWhatIsTooLate(t *testing.T) {
	url, whole := server(t)
	var none *Fence
	err := send(late{t.Context()}, http.MethodPost, url, none.Transport(http.DefaultTransport, IsWrite))
	if !errors.Is(err, context.DeadlineExceeded) || whole.Load() != 0 {
		t.Errorf("sent after its time: %v", err)
	}
}

func TestIsKubernetesWrite(t *testing.T) {
	for path, want := range map[string]bool{
		"/api/v1/namespaces/shop/secrets/token":                                       true,
		"/apis/auth0-operator.io/v1alpha1/namespaces/shop/auth0users/ada/status":      true,
		"/apis/auth0-operator.io/v1alpha1/namespaces/events.k8s.io/auth0users/events": true,
		"/api/v1/namespaces/events/secrets":                                           true,
		"/apis/coordination.k8s.io/v1/namespaces/system/leases/auth0-operator":        false,
		"/apis/events.k8s.io/v1/namespaces/shop/events":                               false,
		"/api/v1/namespaces/shop/events":                                              false,
		"/api/v1/namespaces/shop/events/ada.17":                                       false,
		"/apis/authorization.k8s.io/v1/selfsubjectaccessreviews":                      false,
		"/apis/authentication.k8s.io/v1/selfsubjectreviews":                           false,
	} {
		if got := IsKubernetesWrite(httptest.NewRequestWithContext(t.Context(), http.MethodPatch, path, http.NoBody)); got != want {
			t.Errorf("%s: %v", path, got)
		}
		if IsKubernetesWrite(httptest.NewRequestWithContext(t.Context(), http.MethodGet, path, http.NoBody)) {
			t.Errorf("a read of %s is a write", path)
		}
	}
}
