package simulator

import (
	"fmt"
	"math"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// quotaProperties are how the tokens of applications are limited, as the body of a property of that name.
const quotaProperties = `
  client_credentials! object # The token quota configuration
    enforce boolean # If enabled, the quota will be enforced and requests in excess of the quota will fail. If disabled, the quota will not be enforced, but notifications for requests exceeding the quota will be available in logs.
    per_day integer range=1..2147483647 # Maximum number of issued tokens per day
    per_hour integer range=1..2147483647 # Maximum number of issued tokens per hour
`

// quotaUse is what was used of a quota in the windows that run at a time. They begin with the hour and the day, in UTC.
type quotaUse map[string]quotaWindow

type quotaWindow struct {
	Start time.Time
	Used  int
}

// quotaPeriods are the windows of a quota, in the order in which headers name them.
var quotaPeriods = []struct {
	name   string
	length time.Duration
}{{"per_hour", time.Hour}, {"per_day", 24 * time.Hour}}

// tokenQuota is a quota that a token counts against.
type tokenQuota struct {
	kind  string // Client or Organization
	key   string
	limit doc // per_hour, per_day, enforce
	use   quotaUse
}

// quotas are the quotas for a token: the application's, and the organization's if the token is for one. An own quota takes
// precedence over the tenant's default.
func (c *call) quotas(o *client, organizationID string) []tokenQuota {
	defaults := object(c.settings(), "default_token_quota")
	holders := []struct {
		kind, key, plural string
		own               doc
	}{{"Client", o.ID, "clients", object(o.Doc, "token_quota")}}
	if organization, ok := c.Organizations.Get(organizationID); ok {
		holders = append(holders, struct {
			kind, key, plural string
			own               doc
		}{"Organization", organization.ID, "organizations", object(organization.Doc, "token_quota")})
	}
	var out []tokenQuota
	for _, h := range holders {
		own := h.own
		if own == nil {
			own = object(defaults, h.plural)
		}
		if limit := object(own, "client_credentials"); limit != nil {
			out = append(out, tokenQuota{h.kind, h.key, limit, c.quotaUse(h.key)})
		}
	}
	return out
}

// quotaUse is what is used in the windows of now.
func (c *call) quotaUse(key string) quotaUse {
	before, _ := c.QuotaUse.Get(key)
	use := quotaUse{}
	for _, period := range quotaPeriods {
		window := quotaWindow{Start: c.now.Truncate(period.length)}
		if before[period.name].Start.Equal(window.Start) {
			window.Used = before[period.name].Used
		}
		use[period.name] = window
	}
	return use
}

// spendQuota counts a token against the quotas, unless one of them is used up. Headers show what is left.
func (c *call) spendQuota(o *client, organizationID string) error {
	quotas := c.quotas(o, organizationID)
	for _, q := range quotas {
		q.describe(c)
	}
	for _, q := range quotas {
		if wait := q.exhausted(c.now); wait > 0 {
			return oauthError(http.StatusTooManyRequests, "too_many_requests", q.kind+" quota exceeded").
				with("Retry-After", strconv.Itoa(seconds(wait)))
		}
	}
	for _, q := range quotas {
		for _, period := range quotaPeriods {
			window := q.use[period.name]
			window.Used++
			q.use[period.name] = window
			c.warnOfQuota(q, period.name)
		}
		c.QuotaUse.Put(q.key, q.use)
		q.describe(c)
	}
	return nil
}

// exhausted is how long to wait until the quota has room again, or 0 if it has room.
func (q *tokenQuota) exhausted(now time.Time) (wait time.Duration) {
	if enforce, said := q.limit["enforce"].(bool); said && !enforce {
		return 0
	}
	for _, period := range quotaPeriods {
		window := q.use[period.name]
		if limit, ok := q.limit[period.name].(float64); ok && float64(window.Used) >= limit {
			wait = max(wait, window.Start.Add(period.length).Sub(now))
		}
	}
	return wait
}

// describe writes the header of the quota.
func (q *tokenQuota) describe(c *call) {
	var buckets []string
	for _, period := range quotaPeriods {
		limit, ok := q.limit[period.name].(float64)
		if !ok {
			continue
		}
		window := q.use[period.name]
		left := math.Max(0, limit-float64(window.Used))
		buckets = append(buckets, fmt.Sprintf("b=%s;q=%.0f;r=%.0f;t=%d", period.name, limit, left,
			seconds(window.Start.Add(period.length).Sub(c.now))))
	}
	if len(buckets) > 0 {
		c.header.Set("Auth0-"+q.kind+"-Quota-Limit", strings.Join(buckets, ","))
	}
}

// warnOfQuota writes into the log when the last token used the quota up to a mark.
func (c *call) warnOfQuota(q tokenQuota, period string) {
	limit, ok := q.limit[period].(float64)
	used := float64(q.use[period].Used)
	for _, percent := range []float64{60, 80, 100} {
		if ok && used == math.Ceil(percent*limit/100) {
			c.logEvent("token_quota_consumption_warning", doc{
				"client_id": c.body["client_id"], "description": fmt.Sprintf("%s %s used %.0f %% of its token quota %s", q.kind, q.key, percent, period),
			})
		}
	}
}

func seconds(d time.Duration) int { return int(math.Ceil(d.Seconds())) }
