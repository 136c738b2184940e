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

// Population is what Auth0 deletes together with an object.
type Population struct {
	Count int
	// One and Many describe it in messages: "a user whom no object declares", "users whom no object declares".
	One, Many string
	// Loss is its fate: "Auth0 deletes them with it".
	Loss string
	// Kind is the kind that declares such things, and Has reports whether the status of an object says that it has one in Auth0.
	// They are empty and nil if every object that declares one holds the deletion.
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
	// populationLag is for how long after the begin of the deletion Auth0's search may still count deleted users.
	populationLag = 2 * time.Minute
	// populationPoll is how soon to count again within that time.
	populationPoll = 15 * time.Second
)

// holdForOthers returns the outcome of a deletion that must wait because Auth0 would also delete what no object declares, nil if
// it need not wait. Declared things were deleted before.
func (w *objectSync[O]) holdForOthers(ctx context.Context, have auth0.Document) (*Outcome, error) {
	if w.Definition.Population == nil || isConfirmed(w.object, w.object) || isConfirmed(w.tenant, w.object) {
		return nil, nil
	}
	population, err := w.Definition.Population(ctx, w.session, have)
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
		w.Definition.Describe(have), why, population.Loss, confirmation(strings.ToLower(w.kind.Name), w.object)), again)
	return &outcome, nil
}

// undeclared counts what no object of the tenant declares. leaving are the objects that are being deleted together with what they
// have in Auth0: it is unknown whether Auth0 still counts that. Other objects that name this one by its value do not hold its
// deletion.
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
