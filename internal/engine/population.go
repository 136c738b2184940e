package engine

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/auth0-operator/auth0-operator/api/v1alpha1"
	"github.com/auth0-operator/auth0-operator/internal/auth0"
	"github.com/auth0-operator/auth0-operator/internal/display"
)

// Populated is for kinds with whose objects Auth0 deletes people.
type Populated interface {
	// Population counts the people that Auth0 deletes with an object, in one call.
	Population(ctx context.Context, session *auth0.Session, have auth0.Document) (int, error)
}

const (
	// populationLag is for how long after the deletion began Auth0's search may still count users who are gone.
	populationLag = 2 * time.Minute
	// populationPoll is how soon to count again within that time.
	populationPoll = 15 * time.Second
)

// holdForPeople returns what a deletion waits for that would take people with it whom no object declares, nil if for nothing: those
// who are declared went before.
func (w *work[O]) holdForPeople(ctx context.Context, have auth0.Document) (*Outcome, error) {
	populated, ok := w.Adapter.(Populated)
	if !ok || isConfirmed(w.object, w.object) || isConfirmed(w.tenant, w.object) {
		return nil, nil
	}
	count, err := populated.Population(ctx, w.session, have)
	why := fmt.Sprintf("%d users whom no object declares", count)
	if count == 1 {
		why = "a user whom no object declares"
	}
	switch {
	case auth0.ClassOf(err) == auth0.ClassMissingScope:
		why = "perhaps users whom no object declares: to count them takes a scope that the operator's application lacks (" + display.Text(err.Error()) + ")"
	case err != nil || count == 0:
		return nil, err
	}
	again := longestStall
	if w.Clock.Since(w.object.GetDeletionTimestamp().Time) < populationLag {
		again = populationPoll
	}
	outcome := Stall(v1alpha1.ReasonDeletionHeld, fmt.Sprintf(
		"%s has %s, and Auth0 deletes them with it; to keep them, set spec.deletionPolicy to Retain; to delete them, confirm it here: %s",
		w.Adapter.Describe(have), why, confirmation(strings.ToLower(w.kind.Name), w.object)), again)
	return &outcome, nil
}
