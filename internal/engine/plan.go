package engine

import (
	"context"

	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/auth0-operator/auth0-operator/api/v1alpha1"
)

// PlannedAction is what the operator would do with an object.
type PlannedAction string

const (
	// PlannedCreate means that the object does not exist in Auth0.
	PlannedCreate PlannedAction = "create"
	// PlannedAdopt means that it exists in Auth0, has no known owner, and may be adopted.
	PlannedAdopt PlannedAction = "adopt"
	// PlannedUpdate means that it is managed, and differs.
	PlannedUpdate PlannedAction = "update"
	// PlannedNothing means that the object is in sync with Auth0.
	PlannedNothing PlannedAction = "unchanged"
	// PlannedWait means that something else has to happen before the plan is known.
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

// Plan finds out what the operator would do with an object. It only reads.
func (k Kind) Plan(ctx context.Context, deps Deps, all []Kind, object v1alpha1.Managed) Plan {
	observed := object.DeepCopyObject().(v1alpha1.Managed)
	observed.GetManagedSpec().ManagementPolicy = v1alpha1.ManagementPolicyObserve
	// Whatever was Ready before, the manifest was not reconciled.
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

// action compares the ids that were known before and after an observation.
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
		// What cannot be exported, such as a token, cannot exist before the object either.
		return PlannedAdopt
	case differs:
		return PlannedUpdate
	}
	return PlannedNothing
}
