package auth0

import (
	"errors"
	"net/http"
	"regexp"
	"strings"
)

// NotEntitledPrefix begins what status keeps of such a refusal, so that it is known again without Auth0's code.
const NotEntitledPrefix = "the tenant's plan does not include this: "

// notEntitled matches the messages about a feature that the plan of the tenant lacks.
var notEntitled = regexp.MustCompile(`(?i)upgrade your (subscription|plan)|not have the entitlement|not (included in|available (on|in|for)) your (plan|subscription)`)

// IsNotEntitled reports whether a call failed because the plan of the tenant lacks something.
func IsNotEntitled(err error) bool {
	failed, ok := errors.AsType[*Error](err)
	return ok && failed.IsNotEntitled()
}

// IsNotEntitled reports whether Auth0 refused something because the plan of the tenant lacks it. The same call is refused until the
// plan changes.
func (e *Error) IsNotEntitled() bool {
	switch {
	case e.Status == http.StatusPaymentRequired:
		return true
	case e.Class != ClassForbidden && e.Class != ClassInvalid:
		return false
	case e.Code == "insufficient_entitlement" || e.Code == "feature_not_enabled":
		return true
	}
	return strings.HasPrefix(e.Message, NotEntitledPrefix) || notEntitled.MatchString(e.Message)
}
