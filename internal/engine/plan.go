package engine

import (
	"context"

	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/auth0-operator/auth0-operator/api/v1alpha1"
)

// PlannedAction is what would be done with an object.
type PlannedAction string

const (
	// PlannedCreate means that it is not in Auth0.
	PlannedCreate PlannedAction = "create"
	// PlannedAdopt means that it is in Auth0, is nobody's that the operator knows of, and may be taken over.
	PlannedAdopt PlannedAction = "adopt"
	// PlannedUpdate means that it is held, and differs.
	PlannedUpdate PlannedAction = "update"
	// PlannedNothing means that the object is in sync with Auth0.
	PlannedNothing PlannedAction = "unchanged"
	// PlannedWait means that it cannot be said yet, as something else has to come first.
	PlannedWait PlannedAction = "wait"
	// PlannedStall means that a person would have to act.
	PlannedStall PlannedAction = "stall"
)

// Plan is what the operator would do with an object under managementPolicy Full.
type Plan struct {
	Action      PlannedAction
	Message     string
	Differences []v1alpha1.Difference
}

// Plan finds out what the operator would do with an object. It reads, and writes nothing anywhere.
func (k Kind) Plan(ctx context.Context, deps Deps, all []Kind, object v1alpha1.Managed) Plan {
	observed := object.DeepCopyObject().(v1alpha1.Managed)
	observed.GetManagedSpec().ManagementPolicy = v1alpha1.ManagementPolicyObserve
	// Whatever was Ready before, the manifest has not been looked at.
	observed.GetCommonStatus().ObservedGeneration = -1
	outcome := k.apply(ctx, deps, all, observed)
	plan := Plan{Message: outcome.message, Differences: observed.GetManagedStatus().Differences}
	switch {
	case outcome.protected != "":
		plan.Action, plan.Message = PlannedStall, v1alpha1.ReasonProtected+": no Kubernetes object may manage "+outcome.protected
	case outcome.state == done:
		plan.Action = k.action(object, observed)
	case outcome.state == stalled:
		plan.Action, plan.Message = PlannedStall, outcome.reason+": "+outcome.message
	default:
		plan.Action, plan.Message = PlannedWait, outcome.reason+": "+outcome.message
	}
	if plan.Action == PlannedAdopt && object.GetManagedSpec().AdoptionPolicy != v1alpha1.AdoptionPolicyIfUnmanaged {
		plan.Action = PlannedStall
		plan.Message = v1alpha1.ReasonAlreadyExists + ": it exists already; set spec.adoptionPolicy to IfUnmanaged to take it over"
	}
	return plan
}

// action tells by the ids that were known before and after a look.
func (k Kind) action(before, after client.Object) PlannedAction {
	differs := len(after.(v1alpha1.Managed).GetManagedStatus().Differences) > 0
	switch {
	case k.indexed.ID == nil && !differs:
		return PlannedNothing
	case k.indexed.ID == nil:
		return PlannedUpdate
	case k.indexed.ID(after) == "":
		return PlannedCreate
	case k.Exports() && ownedID(before.(v1alpha1.Managed)) != k.indexed.ID(after):
		// What cannot be exported, such as a token, cannot be there before the object either.
		return PlannedAdopt
	case differs:
		return PlannedUpdate
	}
	return PlannedNothing
}
