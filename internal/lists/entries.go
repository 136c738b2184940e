package lists

import (
	"slices"

	"github.com/auth0-operator/auth0-operator/internal/auth0"
)

// Each makes the calls in order until one fails, and returns those that succeeded.
func Each(entries []string, call func(string) error) ([]string, error) {
	for i, entry := range entries {
		if err := call(entry); err != nil {
			return entries[:i], err
		}
	}
	return entries, nil
}

// IgnoreExisting ignores the error that something already exists.
func IgnoreExisting(err error) error {
	if auth0.ClassOf(err) == auth0.ClassConflict {
		return nil
	}
	return err
}

// Unique sorts names and removes those that are listed twice.
func Unique(names []string) []string {
	slices.Sort(names)
	return slices.Compact(names)
}

// IgnoreGone ignores the error that something is already gone.
func IgnoreGone(err error) error {
	if auth0.ClassOf(err) == auth0.ClassNotFound {
		return nil
	}
	return err
}
