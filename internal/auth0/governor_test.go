package auth0

import (
	"context"
	"net/http"
	"strconv"
	"testing"
	"time"
)

var epoch = time.Unix(1_000_000, 0)

func limits(remaining int, reset time.Time) http.Header {
	header := http.Header{}
	header.Set("X-RateLimit-Remaining", strconv.Itoa(remaining))
	header.Set("X-RateLimit-Reset", strconv.FormatInt(reset.Unix(), 10))
	return header
}

func TestGovernorLetsThroughWhatTheAnswersAllow(t *testing.T) {
	g := NewGovernor()
	if pause := g.take(managementAPI, epoch); pause != 0 {
		t.Errorf("the first call waits %s; nothing is known of any limit", pause)
	}
	g.observe(managementAPI, limits(2, epoch.Add(3*time.Second)), nil, epoch)
	for call := range 2 {
		if pause := g.take(managementAPI, epoch); pause != 0 {
			t.Errorf("call %d of 2 waits %s", call, pause)
		}
	}
	if pause := g.take(managementAPI, epoch); pause != 3*time.Second {
		t.Errorf("with nothing left, a call waits %s, want until the next token", pause)
	}
	if pause := g.take(authenticationAPI, epoch); pause != 0 {
		t.Errorf("the Authentication API has limits of its own, and a call waits %s", pause)
	}
	if pause := g.take(managementAPI, epoch.Add(3*time.Second)); pause != 0 {
		t.Errorf("the token that arrived is not used for %s", pause)
	}
	if pause := g.take(managementAPI, epoch.Add(3*time.Second)); pause == 0 {
		t.Error("one token let two calls through")
	}
}

func TestGovernorStopsAtA429(t *testing.T) {
	g := NewGovernor()
	g.observe(managementAPI, limits(5, epoch.Add(time.Second)), nil, epoch)
	g.observe(managementAPI, http.Header{}, &Error{Class: ClassRateLimited, After: 2 * time.Second}, epoch)
	if pause := g.take(managementAPI, epoch.Add(time.Second)); pause != time.Second {
		t.Errorf("a call waits %s, want the rest of what the 429 asked for", pause)
	}
}

func TestGovernorForgetsNothingWithoutHeaders(t *testing.T) {
	g := NewGovernor()
	g.observe(managementAPI, limits(0, epoch.Add(time.Second)), nil, epoch)
	g.observe(managementAPI, http.Header{}, nil, epoch)
	if pause := g.take(managementAPI, epoch); pause == 0 {
		t.Error("an answer without headers lifted the limit")
	}
}

func TestGovernorGoesOnAfterA429FromWhoeverTellsNoLimits(t *testing.T) {
	g := NewGovernor()
	g.observe(managementAPI, http.Header{}, &Error{Class: ClassRateLimited, After: time.Second}, epoch)
	after := epoch.Add(time.Second)
	if pause := g.take(managementAPI, after); pause != 0 {
		t.Fatalf("the first call after the block waits %s", pause)
	}
	if pause := g.take(managementAPI, after); pause == 0 {
		t.Error("a second call did not wait for the answer to the first")
	}
	g.observe(managementAPI, http.Header{}, nil, after)
	for call := range 10 {
		if pause := g.take(managementAPI, after); pause != 0 {
			t.Fatalf("call %d after a success waits %s", call, pause)
		}
	}
}

func TestGovernorFailsRatherThanHoldAWorkerForLong(t *testing.T) {
	g := NewGovernor()
	g.observe(managementAPI, http.Header{}, &Error{Class: ClassRateLimited, After: time.Hour}, time.Now())
	err := g.wait(t.Context(), managementAPI, "GET /x")
	if ClassOf(err) != ClassRateLimited {
		t.Fatalf("got %v", err)
	}
	bounded, cancel := context.WithTimeout(t.Context(), time.Second)
	defer cancel()
	g.observe(authenticationAPI, http.Header{}, &Error{Class: ClassRateLimited, After: 3 * time.Second}, time.Now())
	if err := g.wait(bounded, authenticationAPI, "POST /x"); ClassOf(err) != ClassRateLimited {
		t.Errorf("a call that cannot be made in time got %v", err)
	}
}

func TestGovernorCap(t *testing.T) {
	g := NewGovernor()
	g.SetCap(1, 2)
	for range 2 {
		if err := g.wait(t.Context(), managementAPI, "GET /x"); err != nil {
			t.Fatal(err)
		}
	}
	canceled, cancel := context.WithCancel(t.Context())
	cancel()
	if err := g.wait(canceled, managementAPI, "GET /x"); err == nil {
		t.Error("a third call at once passed a burst of two")
	}
	g.SetCap(0, 0)
	if err := g.wait(canceled, managementAPI, "GET /x"); err != nil {
		t.Errorf("without a cap, a call waits: %v", err)
	}
}

func TestGovernorIgnoresTheLimitOnFailedSignIns(t *testing.T) {
	g := NewGovernor()
	g.observe(authenticationAPI, limits(0, epoch.Add(24*time.Hour)), nil, epoch)
	if pause := g.take(authenticationAPI, epoch); pause != 0 {
		t.Errorf("after a sign-in, the next token waits %s", pause)
	}
	g.observe(authenticationAPI, http.Header{}, &Error{Class: ClassRateLimited, After: time.Second}, epoch)
	if pause := g.take(authenticationAPI, epoch); pause != time.Second {
		t.Errorf("after a 429, the next token waits %s", pause)
	}
}
