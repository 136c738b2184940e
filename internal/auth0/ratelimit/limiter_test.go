package ratelimit

import (
	"math/rand/v2"
	"net/http"
	"strconv"
	"testing"
	"testing/synctest"
	"time"

	"k8s.io/utils/clock"
)

// newLimiters returns Limiters that take the time from the test's bubble.
func newLimiters() *Limiters { return New(clock.RealClock{}, nil, nil) }

// refusal is a 429 about the rate limit, to be repeated after a time.
type refusal time.Duration

func (r refusal) Error() string  { return "429" }
func (r refusal) IsOutage() bool { return false }
func (r refusal) RateLimit() (Refusal, bool) {
	return Refusal{Message: "Too Many Requests", After: time.Duration(r)}, true
}

// invalid is a call that Auth0 refuses for what it asks.
type invalid struct{}

func (invalid) Error() string              { return "400" }
func (invalid) IsOutage() bool             { return false }
func (invalid) RateLimit() (Refusal, bool) { return Refusal{}, false }

// TestReconcilesOfATenantDoNotWaitForOthers ends reconciliations while the rate limiter of another tenant is busy.
func TestReconcilesOfATenantDoNotWaitForOthers(t *testing.T) {
	limiters := newLimiters()
	busy, own := limiters.Of("busy"), limiters.Of("own")
	busy.mu.Lock()
	defer busy.mu.Unlock()
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		reservation := limiters.Reserve("object", PriorityNew, func() {})
		_, _, _ = own.enqueue(WithReservation(t.Context(), reservation), classReadUsers, "GET /", time.Now())
		reservation.End()
		limiters.Forget("object")
	}()
	select {
	case <-ended:
	case <-time.After(10 * time.Second):
		t.Fatal("the pass waits for the governor of another tenant")
	}
}

// TestAnObjectHasOnePlace has an object wait in the line of one tenant, and then in that of another.
func TestAnObjectHasOnePlace(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		limiters := newLimiters()
		former, latter := limiters.Of("former"), limiters.Of("latter")
		for _, limiter := range []*Limiter{former, latter} {
			limiter.SetCap(1, 1)
			_ = try(t, limiter, classReadUsers)
			reservation := limiters.Reserve("object", PriorityNew, func() {})
			if _, granted, _ := limiter.enqueue(WithReservation(t.Context(), reservation), classReadUsers, "GET /", time.Now()); granted != nil {
				t.Fatal("the object does not have to wait")
			}
			reservation.End()
		}
		synctest.Wait()
		if former.Waiting() != 0 || latter.Waiting() != 1 {
			t.Errorf("%d places with the former tenant, %d with the latter", former.Waiting(), latter.Waiting())
		}
		limiters.Forget("object")
		if latter.Waiting() != 0 {
			t.Error("an object that is gone keeps its place")
		}
	})
}

// limitHeaders are what Auth0's answers tell.
func limitHeaders(limit, remaining int, reset time.Time) http.Header {
	header := http.Header{}
	header.Set(headerLimit, strconv.Itoa(limit))
	header.Set(headerRemaining, strconv.Itoa(remaining))
	header.Set(headerReset, strconv.FormatInt(reset.Unix(), 10))
	return header
}

// try asks for leave to make a call, without waiting for it.
func try(t *testing.T, g *Limiter, to RouteClass) *Permit {
	t.Helper()
	reservation := g.Reserve(rand.Uint64(), PriorityNew, func() {})
	_, granted, _ := g.enqueue(WithReservation(t.Context(), reservation), to, "GET /", time.Now())
	if granted == nil {
		g.limiters.Forget(reservation.key)
	}
	return granted
}

func TestRateLimiterFollowsLimitsOfNoPlan(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newLimiters().Of("test")
		g.SetHeadroom(0)
		first := try(t, g, classReadUsers)
		if first == nil || try(t, g, classReadUsers) != nil {
			t.Fatal("before anything is known, one call at a time is let through")
		}
		g.Observe(first, limitHeaders(7, 3, time.Now().Add(3*time.Second)), nil, time.Now())
		for range 3 {
			if try(t, g, classReadUsers) == nil {
				t.Fatal("what the answer told was left is not used")
			}
		}
		if try(t, g, classReadUsers) != nil {
			t.Error("a fourth call took one of three tokens")
		}
	})
}

func TestRateLimiterAnswersWithoutLimits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newLimiters().Of("test")
		g.Observe(try(t, g, classReadUsers), http.Header{}, nil, time.Now())
		var atOnce []*Permit
		for range 100 {
			let := try(t, g, classWriteUsers)
			if let == nil {
				t.Fatal("a call waits, although the answers tell of no limit")
			}
			atOnce = append(atOnce, let)
		}
		for _, let := range atOnce {
			g.Observe(let, http.Header{}, nil, time.Now())
		}
		refused := try(t, g, classReadUsers)
		g.Observe(refused, http.Header{}, refusal(time.Second), time.Now())
		g.limiters.Forget(refused.reservation.key) // which would go first
		if try(t, g, classReadUsers) != nil {
			t.Error("a 429 stops nobody")
		}
		<-time.After(time.Second)
		probe := try(t, g, classReadUsers)
		if probe == nil || try(t, g, classReadUsers) != nil {
			t.Fatal("after a 429, one call finds out whether it is over")
		}
	})
}

// TestRateLimiterForgetsNothingWithoutHeaders: refused requests carry no headers, and lift no limit.
func TestRateLimiterForgetsNothingWithoutHeaders(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newLimiters().Of("test")
		g.SetHeadroom(0)
		g.Observe(try(t, g, classReadUsers), limitHeaders(2, 1, time.Now().Add(time.Second)), nil, time.Now())
		g.Observe(try(t, g, classReadUsers), http.Header{}, invalid{}, time.Now())
		if try(t, g, classReadUsers) != nil {
			t.Error("an answer without headers lifted the limit")
		}
	})
}

// TestRateLimiterTellsAuth0sAPIsApart: a sign-in's headers tell of the limit on failed sign-ins of one address, and a 429
// to one user's sign-in is nobody else's.
func TestRateLimiterTellsAuth0sAPIsApart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newLimiters().Of("test")
		g.Observe(try(t, g, ClassLogin), limitHeaders(100, 0, time.Now().Add(24*time.Hour)), nil, time.Now())
		if try(t, g, ClassLogin) == nil {
			t.Error("the headers of a sign-in stop the next")
		}
		g.Observe(try(t, g, ClassLogin), http.Header{}, refusal(time.Hour), time.Now())
		if try(t, g, ClassLogin) != nil {
			t.Error("a 429 to a sign-in stops no sign-in")
		}
		if try(t, g, ClassToken) == nil || try(t, g, classReadUsers) == nil {
			t.Error("a 429 to one user's sign-in stops the operator's own token")
		}
	})
}

// TestRateLimiterCountsCallsInFlightInANewlyDetectedPlan has the first answer be true of two plans. The calls that were made by the
// limits of the wrong one are in flight when the right one is detected, and the answers arrive out of order.
func TestRateLimiterCountsCallsInFlightInANewlyDetectedPlan(t *testing.T) {
	for name, order := range map[string][]int{"in order": {0, 1, 2, 3, 4}, "the last first": {4, 3, 2, 1, 0}} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				g := newLimiters().Of("test")
				g.SetHeadroom(0)
				g.Observe(try(t, g, ClassManagement), limitHeaders(10, 9, time.Now().Add(time.Second)), nil, time.Now())
				var inFlight []*Permit
				for range 5 {
					inFlight = append(inFlight, try(t, g, classReadConnections))
				}
				for _, i := range order {
					if inFlight[i] == nil {
						t.Fatal("nine tokens are left, and five calls are not let through")
					}
					g.Observe(inFlight[i], limitHeaders(5, 4-i, time.Now().Add(time.Minute)), nil, time.Now())
					if try(t, g, classReadConnections) != nil {
						t.Fatal("a sixth call took one of five tokens")
					}
				}
			})
		})
	}
}

// TestRateLimiterCountsAnswersBeforeANewlyDetectedPlan has an answer arrive after one that was counted later, and in between, the plan
// is detected by a call of another class.
func TestRateLimiterCountsAnswersBeforeANewlyDetectedPlan(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newLimiters().Of("test")
		g.SetHeadroom(0)
		reset := time.Now().Add(time.Minute)
		g.Observe(try(t, g, ClassManagement), limitHeaders(10, 9, reset), nil, time.Now())
		early, late, other := try(t, g, ClassManagement), try(t, g, ClassManagement), try(t, g, classReadConnections)
		g.Observe(late, limitHeaders(10, 7, reset), nil, time.Now())
		g.Observe(other, limitHeaders(5, 4, reset), nil, time.Now())
		g.Observe(early, limitHeaders(10, 8, reset), nil, time.Now())
		for made := range 8 {
			if try(t, g, ClassManagement) == nil {
				if made < 6 {
					t.Errorf("only %d calls took the 7 tokens that are left", made)
				}
				return
			}
		}
		t.Error("an eighth call took one of seven tokens")
	})
}
