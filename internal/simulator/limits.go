package simulator

import "net/http"

// entityLimits are how many objects of a kind a tenant may have, by plan. A simulator without limits has none.
var entityLimits = map[RateLimit]struct{ clients, grants, apis, connections, organizations, roles int }{
	RateLimitFree:        {clients: 10, grants: 100, apis: 10, connections: 100, organizations: 100000, roles: 1000},
	RateLimitSelfService: {clients: 100, grants: 10000, apis: 100, connections: 100, organizations: 100000, roles: 1000},
	RateLimitEnterprise:  {clients: 100000, grants: 100000, apis: 100000, connections: 100000, organizations: 100000, roles: 1000},
}

// maxPermissions is how many permissions a role may have, and a user directly.
const maxPermissions = 1000

func tooMany() *failure {
	return apiError(http.StatusForbidden, "too_many_entities", "You reached the limit of entities of this type for this tenant.")
}

// room rejects another object at the plan's limit. Objects that Auth0 created itself do not count.
func room[T any](t *table[T], limit int, counts func(T) bool) error {
	if limit > 0 && t.Len() >= limit && len(t.Where(counts)) >= limit {
		return tooMany()
	}
	return nil
}
