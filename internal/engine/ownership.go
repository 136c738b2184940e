package engine

import (
	"context"
	"fmt"
	"maps"
	"strings"

	"github.com/auth0-operator/auth0-operator/api/v1alpha1"
	"github.com/auth0-operator/auth0-operator/internal/auth0"
	"github.com/auth0-operator/auth0-operator/internal/problem"
)

// An object in Auth0 belongs to the one Kubernetes object that created or adopted it. Two things prove that: its marker in Auth0,
// and status.owned, which only a creation and an adoption set. An id in status proves nothing: managementPolicy Observe also
// writes one. See docs/decisions/0019-ownership.md.

// mayManage fails unless this Kubernetes object may change an object in Auth0: it belongs to it, or may be adopted.
func (w *objectSync[O]) mayManage(ctx context.Context, have auth0.Document) (belongs bool, err error) {
	if err := w.refuseProtected(have, w.session.ClientID()); err != nil {
		return false, err
	}
	foreign, err := w.holder(ctx, have)
	if err != nil {
		return false, err
	}
	if foreign != "" {
		return false, w.claimed(have, foreign)
	}
	if belongs, err := w.belongs(ctx, have); err != nil || belongs {
		return belongs, err
	}
	if !w.Definition.isSingleton() && w.object.GetManagedSpec().AdoptionPolicy != v1alpha1.AdoptionPolicyIfUnmanaged {
		return false, problem.Stalled(v1alpha1.ReasonAlreadyExists,
			"%s exists already; set spec.adoptionPolicy to IfUnmanaged to take it over", w.Definition.Describe(have))
	}
	operators, err := w.operators(ctx)
	if err != nil {
		return false, err
	}
	if err := w.refuseProtected(have, operators...); err != nil {
		return false, err
	}
	return false, w.mayAdopt(ctx, have)
}

// refuseProtected fails if nobody may manage an object in Auth0. operators are client ids of the operator's applications.
func (w *objectSync[O]) refuseProtected(have auth0.Document, operators ...string) error {
	if what := w.protects(have, operators...); what != "" {
		return problem.Stalled(v1alpha1.ReasonProtected,
			"no Kubernetes object may manage %s; delete this object, or set spec.managementPolicy to Observe", what)
	}
	return nil
}

// protects says what an object in Auth0 is, if nobody may manage it.
func (w *objectSync[O]) protects(have auth0.Document, operators ...string) string {
	if w.Definition.Protects != nil {
		return w.Definition.Protects(w.session, operators, have)
	}
	return ""
}

// operators returns the client ids of the applications with which Auth0Tenants of this cluster access the same tenant in Auth0.
// What was created for a Kubernetes object stays its own even if an Auth0Tenant uses it later.
func (w *objectSync[O]) operators(ctx context.Context) ([]string, error) {
	if w.Definition.Protects == nil {
		return nil, nil
	}
	var tenants v1alpha1.Auth0TenantList
	if err := w.Client.List(ctx, &tenants); err != nil {
		return nil, fmt.Errorf("find the applications of other Auth0Tenants: %w", err)
	}
	var operators []string
	for _, tenant := range tenants.Items {
		if tenant.Status.ClientID != "" && strings.EqualFold(tenant.Status.Domain, w.session.Domain()) {
			operators = append(operators, tenant.Status.ClientID)
		}
	}
	return operators, nil
}

// retainReason says why this Kubernetes object may not delete an object in Auth0, "" if it may.
func (w *objectSync[O]) retainReason(ctx context.Context, have auth0.Document) (string, error) {
	if what := w.protects(have, w.session.ClientID()); what != "" {
		return "is " + what, nil
	}
	foreign, err := w.holder(ctx, have)
	if err != nil {
		return "", err
	}
	if foreign != "" {
		return "is held by " + foreign, nil
	}
	if belongs, err := w.belongs(ctx, have); err != nil || !belongs {
		return "was neither created nor taken over by this object", err
	}
	if w.Definition.RetainReason != nil {
		if why := w.Definition.RetainReason(w.session, have); why != "" {
			return "is " + why, nil
		}
	}
	return "", nil
}

// belongs reports whether this Kubernetes object created or adopted an object in Auth0.
func (w *objectSync[O]) belongs(ctx context.Context, have auth0.Document) (bool, error) {
	if w.manages(have) {
		return true, nil
	}
	return w.isOurs(ctx, have)
}

// managed reports whether this Kubernetes object created or adopted something in Auth0.
func (w *objectSync[O]) managed() bool { return ownedID(w.object) != "" }

// manages reports whether, by its status, this Kubernetes object created or adopted this very object in Auth0.
func (w *objectSync[O]) manages(have auth0.Document) bool {
	return w.managed() && ownedID(w.object) == w.idOf(have)
}

// ownedID is the id in Auth0 of what a Kubernetes object created or adopted, "" if there is none.
func ownedID(object v1alpha1.Managed) string {
	owned := object.GetManagedStatus().Owned
	if owned == nil || owned.UID != object.GetUID() {
		return ""
	}
	return owned.ID
}

// own records in status that an object in Auth0 was created or adopted. Nothing else may call it.
func (w *objectSync[O]) own(have auth0.Document) {
	w.object.GetManagedStatus().Owned = &v1alpha1.OwnedObject{ID: w.idOf(have), UID: w.object.GetUID()}
}

// isOurs reports whether an object in Auth0 carries the marker of this Kubernetes object, or the idempotency key of its creation.
func (w *objectSync[O]) isOurs(ctx context.Context, have auth0.Document) (bool, error) {
	if w.hasMarker(have) || w.hasIntent(have) {
		return true, nil
	}
	proof, err := w.idempotencyKeyFor(ctx)
	return err == nil && proof != "" && w.fields.ValueAt(have, w.idempotencyKeyField()) == proof, err
}

// dropOwnership removes from status what was set in Auth0 through this object, because it is about to represent something that
// others made.
func (w *objectSync[O]) dropOwnership() {
	status := w.object.GetManagedStatus()
	status.ManagedFields, status.FormerValues, status.AppliedSecrets = nil, nil, nil
	maps.Copy(w.secrets, w.secretValues)
	w.reset()
	if w.Definition.Assembled != nil {
		*w.Definition.Assembled.Managed(w.object) = ""
	}
	for _, list := range w.lists() {
		*list.Managed = nil
	}
}

// reset clears the records of the kind, on which the desired document may depend.
func (w *objectSync[O]) reset() {
	if w.Definition.Reset != nil {
		w.Definition.Reset(w.object)
		w.desired = w.Definition.Desired(w.object, w.references)
	}
}
