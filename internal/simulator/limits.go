package simulator

import "net/http"

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
