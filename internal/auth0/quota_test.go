package auth0

import (
	"net/http"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestQuotaIsReadFromTheAnswer(t *testing.T) {
	now := time.Unix(5000, 0)
	header := http.Header{}
	header.Set("Auth0-Client-Quota-Limit", "b=per_hour;q=10;r=7;t=3540,b=per_day;q=100;r=97;t=82740,nonsense,b=x;q=;r=1;t=1")
	header.Set("Auth0-Organization-Quota-Limit", "b=per_day;q=5;r=0;t=60")
	want := []Quota{
		{"Client", "per_hour", 10, 7, now.Add(3540 * time.Second)},
		{"Client", "per_day", 100, 97, now.Add(82740 * time.Second)},
		{"Organization", "per_day", 5, 0, now.Add(time.Minute)},
	}
	if difference := cmp.Diff(want, parseQuota(header, now)); difference != "" {
		t.Errorf("(-want +have)\n%s", difference)
	}
}

// TestQuotaHoldsNobodyElseBack distinguishes the used-up quota of one application from the rate limit of the tenant.
func TestQuotaHoldsNobodyElseBack(t *testing.T) {
	body := []byte(`{"error":"too_many_requests","error_description":"Client quota exceeded"}`)
	for name, header := range map[string]http.Header{
		"with headers":    {"Auth0-Client-Quota-Limit": {"b=per_hour;q=1;r=0;t=60"}, "Retry-After": {"60"}},
		"without headers": {"Retry-After": {"60"}},
	} {
		failed := newError("POST /oauth/token", &http.Response{StatusCode: http.StatusTooManyRequests, Header: header}, body, time.Now())
		if failed.Class != ClassQuota || failed.After != time.Minute {
			t.Errorf("%s: %s after %s", name, failed.Class, failed.After)
		}
	}
	rate := newError("POST /oauth/token", &http.Response{StatusCode: http.StatusTooManyRequests, Header: http.Header{"Auth0-Client-Quota-Limit": {"b=per_hour;q=9;r=5;t=60"}}},
		[]byte(`{"error":"too_many_requests","error_description":"Rate limit exceeded."}`), time.Now())
	if rate.Class != ClassRateLimited {
		t.Errorf("a rate limit is taken for a quota: %s", rate.Class)
	}
}

func TestDeviceFlowIsRead(t *testing.T) {
	now := time.Unix(5000, 0)
	flow, err := parseDeviceFlow([]byte(`{"device_code":"d","user_code":"QTZL-MCBW","verification_uri":"https://x/activate","verification_uri_complete":"https://x/activate?user_code=QTZL-MCBW","expires_in":900}`), now)
	want := DeviceFlow{"d", "QTZL-MCBW", "https://x/activate", "https://x/activate?user_code=QTZL-MCBW", defaultInterval, now.Add(15 * time.Minute)}
	if err != nil || flow != want {
		t.Errorf("%+v %v", flow, err)
	}
	if _, err := parseDeviceFlow([]byte(`{}`), now); ClassOf(err) != ClassUnavailable {
		t.Errorf("an empty answer: %v", err)
	}
}

func TestRefreshRulesAreRead(t *testing.T) {
	for text, want := range map[string]RefreshRules{
		`{}`: {},
		`{"rotation_type":"rotating","expiration_type":"expiring","leeway":30,"token_lifetime":3600,"idle_token_lifetime":60}`: {true, 30 * time.Second, time.Hour, time.Minute},
		`{"rotation_type":"rotating","expiration_type":"expiring"}`:                                                            {true, 0, 30 * 24 * time.Hour, 15 * 24 * time.Hour},
		`{"rotation_type":"non-rotating","expiration_type":"non-expiring","leeway":0,"token_lifetime":2592000}`:                {},
		`{"expiration_type":"expiring","infinite_token_lifetime":true,"infinite_idle_token_lifetime":true}`:                    {},
	} {
		settings, err := ParseDocument([]byte(text))
		if err != nil {
			t.Fatal(err)
		}
		if have := parseRefreshRules(settings); have != want {
			t.Errorf("%s: %+v, want %+v", text, have, want)
		}
	}
}
