package controllers

import (
	"regexp"
	"testing"

	"github.com/auth0-operator/auth0-operator/internal/auth0"
)

// TestResourcesAreInTheTable looks up the resource of each kind. The lookup panics for a resource that package auth0 does not know.
func TestResourcesAreInTheTable(t *testing.T) {
	found := 0
	for _, kind := range All() {
		if kind.Resource() == "" {
			continue
		}
		found++
		if auth0.ScopesFor(kind.Resource()) == "" {
			t.Errorf("resource %s has no scopes", kind.Resource())
		}
	}
	if found < 7 {
		t.Errorf("%d kinds have a resource, want 7 or more", found)
	}
}

func TestEveryKindSaysWhichScopesItNeeds(t *testing.T) {
	for _, kind := range All() {
		for _, scope := range kind.Scopes {
			if !regexp.MustCompile(`^(create|read|update|delete):[a-z_]+$`).MatchString(scope) {
				t.Errorf("%s needs the scope %q", kind.Name, scope)
			}
		}
	}
}
