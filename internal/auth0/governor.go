package auth0

import (
	"context"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// longestWait is how long a call may hold its worker while it waits for the rate limit. Beyond, it fails with
// ClassRateLimited and the time to come back.
const longestWait = 5 * time.Second

// Governor keeps the calls to one tenant within Auth0's rate limit, which it learns from the answers, and within a cap
// of its own. Auth0 counts its Management and its Authentication API apart, so the Governor does too. It outlives the
// sessions of its tenant: a changed credential does not refill Auth0's buckets.
type Governor struct {
	mu     sync.Mutex
	cap    *rate.Limiter
	bucket map[api]*bucket
}

// api is a part of Auth0 with rate limits of its own.
type api string

const (
	managementAPI     api = "management"
	authenticationAPI api = "authentication"
)

// bucket is what is known of one of Auth0's token buckets.
type bucket struct {
	// remaining tokens, minus the calls that have been let through since; -1 if unknown.
	remaining int
	// reset is when the next token arrives.
	reset time.Time
	// blockedUntil is set by a 429.
	blockedUntil time.Time
	// probing tells that a call took a token that is only thought to have arrived.
	probing bool
}

// NewGovernor returns a Governor without a cap, which knows nothing of the limits yet.
func NewGovernor() *Governor {
	return &Governor{
		cap: rate.NewLimiter(rate.Inf, 0),
		bucket: map[api]*bucket{
			managementAPI:     {remaining: -1},
			authenticationAPI: {remaining: -1},
		},
	}
}

// SetCap limits the calls to requestsPerSecond on average and burst at once; 0 requests per second means no cap.
func (g *Governor) SetCap(requestsPerSecond, burst int32) {
	if requestsPerSecond <= 0 {
		g.cap.SetLimit(rate.Inf)
		return
	}
	g.cap.SetBurst(int(max(burst, 1)))
	g.cap.SetLimit(rate.Limit(requestsPerSecond))
}

// wait returns when a call may be made. If that takes longer than a worker may be held, it returns an *Error of
// ClassRateLimited at once.
func (g *Governor) wait(ctx context.Context, to api, route string) error {
	for {
		pause := g.take(to, time.Now())
		if pause == 0 {
			break
		}
		if err := sleep(ctx, pause, route); err != nil {
			return err
		}
	}
	reservation := g.cap.Reserve()
	if pause := reservation.Delay(); pause > 0 {
		if err := sleep(ctx, pause, route); err != nil {
			reservation.Cancel()
			return err
		}
	}
	return nil
}

// take takes a token if there is one, and else says how long to wait before asking again.
func (g *Governor) take(from api, now time.Time) time.Duration {
	g.mu.Lock()
	defer g.mu.Unlock()
	b := g.bucket[from]
	if pause := b.blockedUntil.Sub(now); pause > 0 {
		return pause
	}
	if b.remaining > 0 {
		b.remaining--
		return 0
	}
	if b.remaining < 0 {
		return 0
	}
	if pause := b.reset.Sub(now); pause > 0 {
		return pause
	}
	// One token has arrived at reset; the answer to the call that takes it says how it goes on.
	b.reset = now.Add(time.Second)
	b.probing = true
	return 0
}

// observe learns from an answer.
func (g *Governor) observe(from api, header http.Header, failed *Error, now time.Time) {
	g.mu.Lock()
	defer g.mu.Unlock()
	b := g.bucket[from]
	if failed != nil && failed.Class == ClassRateLimited {
		b.remaining = 0
		b.blockedUntil = now.Add(failed.After)
		b.reset = b.blockedUntil
		return
	}
	if from == authenticationAPI {
		// The headers of a sign-in tell of the limit on failed sign-ins of one address, which comes back within a day.
		header = nil
	}
	remaining, err := strconv.Atoi(header.Get("X-RateLimit-Remaining"))
	if err != nil {
		if b.probing && failed == nil {
			// The limit is over, and whoever answers does not tell of any.
			b.remaining, b.probing = -1, false
		}
		return
	}
	if reset, ok := resetTime(header); ok {
		b.remaining, b.probing = remaining, false
		b.reset = reset
	}
}

// resetTime reads when the next token arrives: unix seconds.
func resetTime(header http.Header) (time.Time, bool) {
	seconds, err := strconv.ParseInt(header.Get("X-RateLimit-Reset"), 10, 64)
	return time.Unix(seconds, 0), err == nil
}

// apiOf tells which API a path belongs to.
func apiOf(path string) api {
	if strings.HasPrefix(path, "/api/v2/") {
		return managementAPI
	}
	return authenticationAPI
}

func sleep(ctx context.Context, pause time.Duration, route string) error {
	deadline, bounded := ctx.Deadline()
	if pause > longestWait || bounded && time.Until(deadline) < pause {
		return &Error{Class: ClassRateLimited, Route: route, After: pause, Message: "waiting for Auth0's rate limit"}
	}
	timer := time.NewTimer(pause)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}
