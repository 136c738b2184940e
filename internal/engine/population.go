package engine

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/auth0-operator/auth0-operator/api/v1alpha1"
	"github.com/auth0-operator/auth0-operator/internal/auth0"
	"github.com/auth0-operator/auth0-operator/internal/reference"
)

// Populated is for kinds with whose objects Auth0 deletes what no object may have declared, such as people.
type Populated interface {
	// Population says what Auth0 deletes with an object. It makes one call.
	Population(ctx context.Context, session *auth0.Session, have auth0.Document) (Population, error)
}

// Population is what Auth0 deletes with an object.
type Population struct {
	Count int
	// One and Many name it for people: "a user whom no object declares", "users whom no object declares".
	One, Many string
	// Loss is what becomes of it: "Auth0 deletes them with it".
	Loss string
	// Kind is the kind that declares such things, and Has reports whether the status of an object says that it has one in Auth0. Empty
	// and nil where all that declares them holds the deletion.
	Kind string
	Has  func(v1alpha1.Managed) bool
}

func (p Population) String() string {
	if p.Count == 1 {
		return p.One
	}
	return fmt.Sprintf("%d %s", p.Count, p.Many)
}

const (
	// populationLag is for how long after the deletion began Auth0's search may still count users who are gone.
	populationLag = 2 * time.Minute
	// populationPoll is how soon to count again within that time.
	populationPoll = 15 * time.Second
)

// holdForOthers returns what a deletion waits for that would take with it what no object declares, nil if for nothing: what is
// declared went before.
func (w *objectSync[O]) holdForOthers(ctx context.Context, have auth0.Document) (*Outcome, error) {
	populated, ok := w.Adapter.(Populated)
	if !ok || isConfirmed(w.object, w.object) || isConfirmed(w.tenant, w.object) {
		return nil, nil
	}
	population, err := populated.Population(ctx, w.session, have)
	if err == nil && population.Count > 0 && population.Has != nil {
		var leaving []string
		if population.Count, leaving, err = w.undeclared(ctx, population); len(leaving) > 0 {
			outcome := Wait(v1alpha1.ReasonInUse, InUse(leaving), deletionPoll).KeepReady()
			return &outcome, err
		}
	}
	why, again := population.String(), longestStall
	failed, refused := errors.AsType[*auth0.Error](err)
	switch {
	case refused && failed.Class == auth0.ClassMissingScope:
		w.session.Renew()
		why = "perhaps " + population.Many + ", which the operator cannot count (" + scopeMissed(w.session, failed).Message + ")"
		again = scopeRetry
	case err != nil || population.Count == 0:
		return nil, err
	}
	if w.Clock.Since(w.object.GetDeletionTimestamp().Time) < populationLag {
		again = populationPoll
	}
	outcome := Stall(v1alpha1.ReasonDeletionHeld, fmt.Sprintf(
		"%s has %s, and %s; to keep it, set spec.deletionPolicy to Retain; to delete it, confirm that here: %s",
		w.Adapter.Describe(have), why, population.Loss, confirmation(strings.ToLower(w.kind.Name), w.object)), again)
	return &outcome, nil
}

// undeclared counts what no object of the tenant declares. leaving are the objects that are being deleted with what they have in
// Auth0, of which nobody knows whether it was counted. Others that name this object by its value do not hold its deletion.
func (w *objectSync[O]) undeclared(ctx context.Context, population Population) (count int, leaving []string, err error) {
	i := slices.IndexFunc(w.kinds, func(kind Kind) bool { return kind.Name == population.Kind })
	list := w.kinds[i].NewList()
	if err := w.Client.List(ctx, list, client.MatchingFields{reference.TenantIndex: reference.TenantKey(w.object).String()}, client.UnsafeDisableDeepCopy); err != nil {
		return 0, nil, fmt.Errorf("find each %s that has a part in %s: %w", population.Kind, w.object.GetName(), err)
	}
	count = population.Count
	for _, object := range objectsIn(list) {
		managed := object.(v1alpha1.Managed)
		if !population.Has(managed) {
			continue
		}
		count--
		if managed.GetDeletionTimestamp() != nil && !staysInAuth0(managed) {
			leaving = append(leaving, population.Kind+" "+client.ObjectKeyFromObject(object).String())
		}
	}
	return max(count, 0), leaving, nil
}
