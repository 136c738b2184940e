package simulator_test

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/auth0-operator/auth0-operator/internal/simulator"
)

const (
	right = realm + `"username":"chuck@example.com","password":"Has 1 good password"}`
	wrong = realm + `"username":"chuck@example.com","password":"wrong"}`
)

// limits are the rate-limit headers of the last answer; the reset is in seconds from now.
func (n *tenant) limits() string {
	n.t.Helper()
	h := n.last.Header
	if h.Get("X-RateLimit-Limit") == "" {
		return "none"
	}
	reset, err := strconv.ParseInt(h.Get("X-RateLimit-Reset"), 10, 64)
	if err != nil {
		n.t.Fatal(err)
	}
	// Nothing but the test moves the clock by more than a few seconds.
	seconds := time.Unix(reset, 0).Sub(n.Now()).Round(12 * time.Second).Seconds()
	return fmt.Sprintf("%s/%s +%.0f", h.Get("X-RateLimit-Limit"), h.Get("X-RateLimit-Remaining"), seconds)
}

func TestHeadersOfTheAuthenticationAPI(t *testing.T) {
	for _, plan := range []simulator.RateLimit{simulator.RateLimitFree, simulator.RateLimitSelfService, simulator.RateLimitEnterprise} {
		n := start(t, simulator.Options{RateLimit: plan})
		n.application()
		for _, test := range []struct{ request, answer, limits string }{
			{right, `200 {"access_token":"<access>","...":0}`, "100/100 +0"},
			{wrong, `403 ...`, "100/99 +864"},
			{wrong, `403 ...`, "100/98 +1728"},
			{wrong, `403 ...`, "100/97 +2592"},
			{right, `200 ...`, "100/97 +2592"}, // a success gives nothing back
			{`POST /dbconnections/signup {"connection":"Username-Password-Authentication","email":"a@example.com","password":"Has 1 good password"}`, `200 ...`, "50/49 +0"},
		} {
			n.play(step{test.request, test.answer})
			if got := n.limits(); got != test.limits {
				t.Errorf("%s: %s gives %s, not %s", plan, test.request, got, test.limits)
			}
		}
		if status, _ := n.do("POST", "/dbconnections/change_password", `{"connection":"Username-Password-Authentication","email":"a@example.com"}`); status != http.StatusOK || n.limits() != "10/9 +60" {
			t.Errorf("%s: changing the password gives %d, %s", plan, status, n.limits())
		}
		n.userInfo("garbage", http.StatusUnauthorized)
		if got := n.limits(); got != "1000/999 +0" {
			t.Errorf("%s: a bad token at /userinfo gives %s", plan, got)
		}
		for left := 9; left >= 0; left-- {
			n.userInfo(n.vars["access"], http.StatusOK)
			if got := n.limits(); got != fmt.Sprintf("10/%d +12", left) {
				t.Errorf("%s: /userinfo gives %s", plan, got)
			}
		}
		n.userInfo(n.vars["access"], http.StatusTooManyRequests)
		n.Advance(12 * time.Second)
		n.userInfo(n.vars["access"], http.StatusOK)
	}
}

func (n *tenant) userInfo(token string, want int) {
	n.t.Helper()
	request, _ := http.NewRequestWithContext(n.t.Context(), http.MethodGet, n.URL+"/userinfo", http.NoBody)
	request.Header.Set("Authorization", "Bearer "+token)
	response, err := n.http.Do(request)
	if err != nil {
		n.t.Fatal(err)
	}
	_ = response.Body.Close()
	n.last = response
	if response.StatusCode != want {
		n.t.Errorf("/userinfo gives %d, not %d", response.StatusCode, want)
	}
}

func TestLoginsOfOneUserAreLimited(t *testing.T) {
	n := start(t, simulator.Options{RateLimit: simulator.RateLimitEnterprise})
	n.application()
	for range 10 {
		n.play(step{right, `200 ...`}, step{wrong, `403 ...`}) // both count
	}
	n.play(
		step{right, `429 {"statusCode":429,"error":"Too Many Requests","message":"</^Too many requests. Check the X-RateLimit-Limit/>","errorCode":"too_many_requests"}`},
		step{strings.Replace(right, "chuck@", "nobody@", 1), `403 ...`}, // another user
		step{`POST /_sim/clock {"advance":"6s"}`, `200 ...`},
		step{right, `200 ...`},
		step{right, `429 ...`},
		step{`POST /_sim/clock {"advance":"1m"}`, `200 ...`},
	)
	for range 10 {
		n.play(step{right, `200 ...`})
	}
	n.play(step{right, `429 ...`})

	free := start(t, simulator.Options{})
	free.application()
	for range 30 {
		free.play(step{right, `200 ...`})
	}
	if got := free.limits(); got != "none" {
		t.Errorf("without a plan, headers are %s", got)
	}
}

func TestSuspiciousAddressesAreThrottled(t *testing.T) {
	for _, plan := range []simulator.RateLimit{simulator.RateLimitNone, simulator.RateLimitEnterprise} {
		n := start(t, simulator.Options{RateLimit: plan})
		n.application()
		for i := range 100 {
			n.play(step{strings.Replace(wrong, "chuck@", fmt.Sprintf("nobody%d@", i), 1), `403 ...`})
			n.Advance(time.Second) // the limit of the plan is not what this is about
		}
		n.play(
			step{right, `429 {"error":"too_many_attempts","error_description":"We have detected suspicious login behavior and further attempts will be blocked. Please contact the administrator."}`},
			step{`GET dashboard:/api/v2/logs?q=type:limit_mu&fields=type,ip`, `200 [{"type":"limit_mu","ip":"127.0.0.1"}]`},
			step{`PATCH dashboard:/api/v2/clients/$app {"is_token_endpoint_ip_header_trusted":true}`, `200 ...`},
		)
		n.header = http.Header{"Auth0-Forwarded-For": {"203.0.113.7"}}
		n.play(
			step{right, `200 ...`}, // another address
			step{`GET dashboard:/api/v2/users/auth0%7Cchuck?fields=last_ip`, `200 {"last_ip":"203.0.113.7"}`},
		)
		n.header = nil
		n.play(
			step{right, `429 ...`},
			step{`POST /_sim/clock {"advance":"864s"}`, `200 ...`},
			step{right, `200 ...`},
			step{wrong, `403 ...`},
			step{right, `429 ...`},
		)
	}
}
