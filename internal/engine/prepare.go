package engine

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"

	"github.com/auth0-operator/auth0-operator/api/v1alpha1"
	"github.com/auth0-operator/auth0-operator/internal/auth0"
	"github.com/auth0-operator/auth0-operator/internal/auth0/ratelimit"
	"github.com/auth0-operator/auth0-operator/internal/fields"
	"github.com/auth0-operator/auth0-operator/internal/lists"
	"github.com/auth0-operator/auth0-operator/internal/problem"
	"github.com/auth0-operator/auth0-operator/internal/reference"
	"github.com/auth0-operator/auth0-operator/internal/secret"
)

// prepare collects everything that the reconciliation needs, and fails if something is missing. It makes calls only for a token,
// and for the access that an object outside of the tenant's namespace is about to give.
func (w *objectSync[O]) prepare(ctx context.Context) error {
	tenant, err := reference.UsableTenant(ctx, w.Client, w.object)
	if err != nil {
		return err
	}
	w.tenant, w.resync = tenant, ResyncInterval(tenant)
	if w.Definition.Check != nil {
		if err := w.Definition.Check(w.object); err != nil {
			return problem.Stalled(v1alpha1.ReasonInvalidSpec, "%s", err)
		}
	}
	if err := w.resolve(ctx); err != nil {
		return err
	}
	if !w.observes() {
		if err := w.awaitNamed(ctx); err != nil {
			return err
		}
	}
	if err := w.openSession(ctx); err != nil {
		return err
	}
	if err := w.permit(ctx); err != nil {
		return err
	}
	if err := w.contend(ctx); err != nil {
		return err
	}
	w.desired = w.Definition.Desired(w.object, w.references)
	w.desiredHash = w.hashDesired()
	if w.observes() {
		return w.recallUnshown(ctx)
	}
	if err := w.refuseProtected(w.desired, w.session.ClientID()); err != nil {
		return err
	}
	if err := w.prepareOutputs(ctx); err != nil {
		return err
	}
	if err := w.readSecrets(ctx); err != nil {
		return err
	}
	return w.recallUnshown(ctx)
}

// prepareOutputs prepares the Secrets that the object writes, and what its kind writes before it reads Auth0.
func (w *objectSync[O]) prepareOutputs(ctx context.Context) error {
	if err := w.keepOutputs(ctx); err != nil {
		return err
	}
	if err := w.tryConfigMap(ctx); err != nil {
		return err
	}
	if w.Definition.Prepare != nil {
		return w.Definition.Prepare(ctx, w.req())
	}
	return nil
}

// resolve resolves the references. An object that is about to be created does not wait for its links.
func (w *objectSync[O]) resolve(ctx context.Context) (err error) {
	links, others := []reference.Reference{}, []reference.Reference{}
	for _, ref := range w.refersTo() {
		if ref.Link && w.Definition.ID(w.object) == "" && !w.observes() {
			links = append(links, ref)
		} else {
			others = append(others, ref)
		}
	}
	if w.references, err = reference.Resolve(ctx, w.Client, w.object, others); err != nil {
		return err
	}
	linked, err := reference.Resolve(ctx, w.Client, w.object, links)
	if known, ok := errors.AsType[*problem.Problem](err); ok && !known.Stalled {
		w.unlinked = err
		return nil
	}
	maps.Copy(w.references, linked)
	return err
}

// refersTo lists the objects of this group that the object refers to, besides its tenant.
func (w *objectSync[O]) refersTo() []reference.Reference {
	if w.Definition.References != nil {
		return w.Definition.References(w.object)
	}
	return nil
}

// lateInitialize adds to the desired document what Auth0 has and keeps.
func (w *objectSync[O]) lateInitialize(have auth0.Document) {
	if w.Definition.LateInitialize != nil {
		w.Definition.LateInitialize(w.object, w.desired, have)
	}
}

func (w *objectSync[O]) observes() bool {
	return w.object.GetManagedSpec().ManagementPolicy == v1alpha1.ManagementPolicyObserve
}

// openSession opens a session with the scopes of the kind. It refuses writes if only a list showed the object.
func (w *objectSync[O]) openSession(ctx context.Context) (err error) {
	if w.session, err = w.Session(ctx, w.tenant); err != nil {
		return err
	}
	if w.shown != nil {
		w.session = w.session.ReadOnly()
	}
	return w.requireScopes(ctx)
}

func (w *objectSync[O]) requireScopes(ctx context.Context) error {
	needed := w.Definition.neededScopes(w.object)
	granted, err := w.session.Scopes(ctx)
	if err != nil || len(lists.Without(needed, granted)) == 0 {
		return err
	}
	w.session.Renew()
	if granted, err = w.session.Scopes(ctx); err != nil {
		return err
	}
	if missing := lists.Without(needed, granted); len(missing) > 0 {
		return missingScope(w.session, missing)
	}
	return nil
}

// readSecrets reads the values that come from Secrets, and keeps the ones that changed since they were last sent.
func (w *objectSync[O]) readSecrets(ctx context.Context) error {
	if w.Definition.SecretFields == nil {
		return nil
	}
	w.secretValues, w.secrets = map[string]any{}, map[string]any{}
	for field, ref := range w.Definition.SecretFields(w.object) {
		if w.fields.Declares(w.desired, field) {
			return problem.Stalled(v1alpha1.ReasonInvalidSpec, "%s is both declared and taken from a Secret; remove one of the two", field)
		}
		value, err := secret.Value(ctx, w.Reader, w.object.GetNamespace(), ref)
		if err != nil {
			return inEntry(field, err)
		}
		hash, err := w.hashSecret(ctx, field, value)
		if err != nil {
			return err
		}
		w.applied = append(w.applied, v1alpha1.AppliedSecret{Field: field, Hash: hash})
		w.secretValues[field] = value
		if w.refusedBefore(&w.applied[len(w.applied)-1]) || !w.mustSend(field, hash) {
			continue
		}
		w.secrets[field] = value
		if err := w.checkSecret(ctx, field, value, ref); err != nil {
			return err
		}
	}
	if len(w.secrets) > 0 && w.managed() {
		// A person changed a Secret, which the object does not show.
		ratelimit.ReservationOf(ctx).RaisePriority(ratelimit.PriorityEdited)
	}
	return nil
}

// inEntry adds to a problem in which entry of a list the value belongs.
func inEntry(field string, err error) error {
	known, ok := errors.AsType[*problem.Problem](err)
	if !ok || !fields.IsInList(field) {
		return err
	}
	named := *known
	named.Message = field + ": " + known.Message
	return &named
}

// checkSecret refuses a value that Auth0 does not accept, and warns of one that is likely a mistake.
func (w *objectSync[O]) checkSecret(ctx context.Context, field, value string, ref v1alpha1.SecretKeyReference) error {
	if w.Definition.CheckSecret == nil {
		return nil
	}
	wrong, warning := w.Definition.CheckSecret(w.object, field, value)
	if wrong != "" {
		return problem.Stalled(v1alpha1.ReasonSecretInvalid, "the value in Secret %s, key %s, %s", ref.Name, ref.Key, wrong)
	}
	if warning != "" {
		w.reconciliation.Event(ctx, corev1.EventTypeWarning, v1alpha1.EventSuspicious, fmt.Sprintf("the value in Secret %s, key %s, %s", ref.Name, ref.Key, warning))
	}
	return nil
}

// refusedBefore reports whether Auth0 refused a secret value already: another attempt would cost a call for the same answer. A
// person who changed the rules instead can request a reconciliation.
func (w *objectSync[O]) refusedBefore(applied *v1alpha1.AppliedSecret) bool {
	for _, before := range w.object.GetManagedStatus().AppliedSecrets {
		if before.Field == applied.Field && before.Hash == applied.Hash && before.Refused != "" && !Requested(w.object) {
			applied.Refused = before.Refused
			w.failure = &auth0.Error{Class: auth0.ClassInvalid, Message: before.Refused}
			return true
		}
	}
	return false
}

// rememberRefused records that Auth0 refused the secret values that were sent.
func (w *objectSync[O]) rememberRefused(failed *auth0.Error) {
	status := w.object.GetManagedStatus()
	for i := range w.applied {
		if _, sent := w.secrets[w.applied[i].Field]; sent {
			w.applied[i].Refused = failed.Name(strings.TrimSuffix(failed.Message, "."))
			status.AppliedSecrets = withSecret(status.AppliedSecrets, w.applied[i])
		}
	}
}

func withSecret(all []v1alpha1.AppliedSecret, one v1alpha1.AppliedSecret) []v1alpha1.AppliedSecret {
	all = slices.DeleteFunc(slices.Clone(all), func(before v1alpha1.AppliedSecret) bool { return before.Field == one.Field })
	return append(all, one)
}

// mustSend reports whether a secret value has not been sent yet. If the key of the hashes was lost, it is unknown whether the
// value changed. It then counts as sent, because sending it could undo a change that a person made since.
func (w *objectSync[O]) mustSend(field, hash string) bool {
	for _, before := range w.object.GetManagedStatus().AppliedSecrets {
		if before.Field == field {
			return before.Refused != "" || before.Hash != hash && secret.SameKey(before.Hash, hash)
		}
	}
	return true
}
