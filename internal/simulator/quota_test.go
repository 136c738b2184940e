package simulator_test

import (
	"net/http"
	"regexp"
	"testing"
	"time"

	"github.com/auth0-operator/auth0-operator/internal/simulator"
)

// machine asks for a token of its own as the application of n.quotaTenant.
const machine = `POST /oauth/token {"grant_type":"client_credentials","client_id":"$app","client_secret":"$secret","audience":"urn:api"`

// quotaTenant has an application with a grant that organizations can use, and one that does.
func quotaTenant(t *testing.T) *tenant {
	t.Helper()
	n := start(t, simulator.Options{})
	n.login()
	n.Advance(n.Now().Truncate(24 * time.Hour).Add(24*time.Hour + 59*time.Minute).Sub(n.Now())) // a minute before one o'clock
	n.play(
		step{`POST dashboard:/api/v2/clients {"name":"app"}`, `201 {"client_id":"<app>","client_secret":"<secret>","...":0}`},
		step{`POST dashboard:/api/v2/resource-servers {"identifier":"urn:api","scopes":[{"value":"go"}]}`, `201 ...`},
		step{`POST dashboard:/api/v2/client-grants {"client_id":"$app","audience":"urn:api","scope":["go"],"organization_usage":"allow"}`, `201 {"id":"<grant>","...":0}`},
		step{`POST dashboard:/api/v2/organizations {"name":"acme"}`, `201 {"id":"<org>","...":0}`},
		step{`POST dashboard:/api/v2/organizations/$org/client-grants {"grant_id":"$grant"}`, `201 ...`},
	)
	return n
}

var secondsLeft = regexp.MustCompile(`t=\d+`)

// quotaHeaders are what the last answer says of quotas; the time that is left is not compared.
func (n *tenant) quotaHeaders() string {
	h := n.last.Header
	return secondsLeft.ReplaceAllString(h.Get("Auth0-Client-Quota-Limit")+"|"+h.Get("Auth0-Organization-Quota-Limit"), "t=N")
}

func TestTokenQuotas(t *testing.T) {
	const (
		clientExceeded = `429 {"error":"too_many_requests","error_description":"Client quota exceeded"}`
		hourly         = `{"client_credentials":{"per_hour":2,"per_day":3,"enforce":true}}`
	)
	type exchange struct{ request, answer, headers string }
	for _, test := range []struct {
		name      string
		setup     string
		exchanges []exchange
	}{
		{"of the application", `PATCH dashboard:/api/v2/clients/$app {"token_quota":` + hourly + `}`, []exchange{
			{machine + `}`, `200 ...`, "b=per_hour;q=2;r=1;t=N,b=per_day;q=3;r=2;t=N|"},
			{machine + `,"scope":"fly"}`, `403 ...`, "|"},
			{machine + `}`, `200 ...`, "b=per_hour;q=2;r=0;t=N,b=per_day;q=3;r=1;t=N|"},
			{machine + `}`, clientExceeded, "b=per_hour;q=2;r=0;t=N,b=per_day;q=3;r=1;t=N|"},
			{`POST /_sim/clock {"advance":"1m"}`, `200 ...`, "|"}, // the hour is over
			{machine + `}`, `200 ...`, "b=per_hour;q=2;r=1;t=N,b=per_day;q=3;r=0;t=N|"},
			{machine + `}`, clientExceeded, "b=per_hour;q=2;r=1;t=N,b=per_day;q=3;r=0;t=N|"},
			{`POST /_sim/clock {"advance":"23h"}`, `200 ...`, "|"},
			{machine + `}`, `200 ...`, "b=per_hour;q=2;r=1;t=N,b=per_day;q=3;r=2;t=N|"},
		}},
		{"by default", `PATCH dashboard:/api/v2/tenants/settings {"default_token_quota":{"clients":{"client_credentials":{"per_hour":1}}}}`, []exchange{
			{machine + `}`, `200 ...`, "b=per_hour;q=1;r=0;t=N|"},
			{machine + `}`, clientExceeded, "b=per_hour;q=1;r=0;t=N|"},
			{`PATCH dashboard:/api/v2/clients/$app {"token_quota":` + hourly + `}`, `200 ...`, "|"}, // its own goes before
			{machine + `}`, `200 ...`, "b=per_hour;q=2;r=0;t=N,b=per_day;q=3;r=1;t=N|"},
			{`PATCH dashboard:/api/v2/clients/$app {"token_quota":null}`, `200 ...`, "|"},
			{machine + `}`, clientExceeded, "b=per_hour;q=1;r=0;t=N|"},
		}},
		{"of an organization", `PATCH dashboard:/api/v2/organizations/$org {"token_quota":{"client_credentials":{"per_day":1}}}`, []exchange{
			{machine + `}`, `200 ...`, "|"},
			{machine + `,"organization":"$org"}`, `200 ...`, "|b=per_day;q=1;r=0;t=N"},
			{machine + `,"organization":"acme"}`, `429 {"error":"too_many_requests","error_description":"Organization quota exceeded"}`, "|b=per_day;q=1;r=0;t=N"},
			{machine + `}`, `200 ...`, "|"},
		}},
		{"that are not enforced", `PATCH dashboard:/api/v2/clients/$app {"token_quota":{"client_credentials":{"per_day":1,"enforce":false}}}`, []exchange{
			{machine + `}`, `200 ...`, "b=per_day;q=1;r=0;t=N|"},
			{machine + `}`, `200 ...`, "b=per_day;q=1;r=0;t=N|"},
		}},
		{"do not count tokens for the Management API", `PATCH dashboard:/api/v2/clients/operator {"token_quota":{"client_credentials":{"per_day":1}}}`, []exchange{
			{`POST /oauth/token {"grant_type":"client_credentials","client_id":"operator","client_secret":"operator-secret","audience":"https://$domain/api/v2/"}`, `200 ...`, "|"},
			{`POST /oauth/token {"grant_type":"client_credentials","client_id":"operator","client_secret":"operator-secret","audience":"https://$domain/api/v2/"}`, `200 ...`, "|"},
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			n := quotaTenant(t)
			n.play(step{test.setup, `200 ...`})
			for _, e := range test.exchanges {
				n.play(step{e.request, e.answer})
				if got := n.quotaHeaders(); got != e.headers {
					t.Errorf("%s gives %s, not %s", e.request, got, e.headers)
				}
			}
		})
	}
}

func TestTokenQuotaRefusals(t *testing.T) {
	n := quotaTenant(t)
	n.play(
		step{`PATCH dashboard:/api/v2/clients/$app {"token_quota":{"per_day":1}}`, `400 ...`},
		step{`PATCH dashboard:/api/v2/clients/$app {"token_quota":{"client_credentials":{"per_day":0}}}`, `400 ...`},
		step{`PATCH dashboard:/api/v2/organizations/$org {"token_quota":{"client_credentials":{"per_week":1}}}`, `400 ...`},
		step{`PATCH dashboard:/api/v2/tenants/settings {"default_token_quota":{"client_credentials":{"per_day":1}}}`, `400 ...`},
		step{`PATCH dashboard:/api/v2/clients/$app {"token_quota":{"client_credentials":{"per_day":5}}}`, `200 ...`},
	)
	for range 5 {
		n.play(step{machine + `}`, `200 ...`})
	}
	n.play(step{machine + `}`, `429 ...`})
	wait, err := time.ParseDuration(n.last.Header.Get("Retry-After") + "s")
	if err != nil || wait > 24*time.Hour || wait < 23*time.Hour || n.last.StatusCode != http.StatusTooManyRequests {
		t.Errorf("Retry-After is %v, %v", wait, err)
	}
	n.play(
		step{`GET dashboard:/api/v2/logs?q=type:feccft&fields=type,client_id`, `200 [{"type":"feccft","client_id":"$app"}]`},
		step{`GET dashboard:/api/v2/logs?q=type:token_quota_consumption_warning&fields=client_id`, `200 [{"client_id":"$app"},{"client_id":"$app"},{"client_id":"$app"}]`},
		step{`POST /_sim/clock {"advance":"` + wait.String() + `"}`, `200 ...`},
		step{machine + `}`, `200 ...`},
	)
}
