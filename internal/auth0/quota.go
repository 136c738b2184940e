package auth0

import (
	"net/http"
	"strconv"
	"strings"
	"time"
)

// Quota is a limit on how many tokens an application or an organization may obtain within a period.
type Quota struct {
	// Of is Client or Organization.
	Of string
	// Period is per_hour or per_day.
	Period    string
	Limit     int32
	Remaining int32
	ResetsAt  time.Time
}

// quotaHeaders report the rest of a quota, by its owner.
var quotaHeaders = map[string]string{"Client": "Auth0-Client-Quota-Limit", "Organization": "Auth0-Organization-Quota-Limit"}

// isQuota reports whether a 429 is about a quota. One about the rate limit lacks these headers.
func isQuota(header http.Header) bool {
	for _, name := range quotaHeaders {
		for _, quota := range parseBuckets("", header.Get(name), time.Time{}) {
			if quota.Remaining == 0 {
				return true
			}
		}
	}
	return false
}

// parseQuota reads the quotas from an answer.
func parseQuota(header http.Header, now time.Time) []Quota {
	var quotas []Quota
	for _, of := range []string{"Client", "Organization"} {
		quotas = append(quotas, parseBuckets(of, header.Get(quotaHeaders[of]), now)...)
	}
	return quotas
}

// parseBuckets reads a header like b=per_hour;q=10;r=7;t=3540,b=per_day;q=100;r=97;t=82740. It skips what it cannot read.
func parseBuckets(of, header string, now time.Time) []Quota {
	var quotas []Quota
	for bucket := range strings.SplitSeq(header, ",") {
		values := map[string]string{}
		for part := range strings.SplitSeq(bucket, ";") {
			key, value, _ := strings.Cut(strings.TrimSpace(part), "=")
			values[key] = value
		}
		limit, errLimit := strconv.ParseInt(values["q"], 10, 32)
		remaining, errRemaining := strconv.ParseInt(values["r"], 10, 32)
		seconds, errSeconds := strconv.ParseInt(values["t"], 10, 32)
		if errLimit != nil || errRemaining != nil || errSeconds != nil || values["b"] == "" {
			continue
		}
		quotas = append(quotas, Quota{
			Of: of, Period: values["b"], Limit: int32(limit), Remaining: int32(remaining),
			ResetsAt: now.Add(time.Duration(seconds) * time.Second),
		})
	}
	return quotas
}
