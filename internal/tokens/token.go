package tokens

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/auth0-operator/auth0-operator/api/v1alpha1"
	"github.com/auth0-operator/auth0-operator/internal/auth0"
	"github.com/auth0-operator/auth0-operator/internal/auth0/ratelimit"
	"github.com/auth0-operator/auth0-operator/internal/engine"
	"github.com/auth0-operator/auth0-operator/internal/lease"
	"github.com/auth0-operator/auth0-operator/internal/problem"
	"github.com/auth0-operator/auth0-operator/internal/reference"
	"github.com/auth0-operator/auth0-operator/internal/secret"
)

// SignInOf returns the name that a user signs in with, and where the password is.
type SignInOf func(*v1alpha1.Auth0User) (username string, password v1alpha1.SecretKeyReference)

// NewKind returns the kind Auth0Token.
func NewKind(signInOf SignInOf) engine.Kind {
	failures, deletions := &failures{of: map[types.NamespacedName]*failure{}}, &userDeletions{}
	return engine.Register(nil,
		reference.Indexed{
			Inputs: func(object client.Object) []string { return tokenInputs(object.(*v1alpha1.Auth0Token)) },
			// Drift detection reports changes by the user's ID, so the token is indexed by its subject.
			ID:         func(object client.Object) string { return object.(*v1alpha1.Auth0Token).Status.Subject },
			References: referenceFields.References,
			Names:      referenceFields.Names,
			Kinds:      referenceFields.Kinds(),
		},
		func(deps engine.Deps, kind engine.Kind, all []engine.Kind) engine.Handler[*v1alpha1.Auth0Token] {
			deletions.watch(deps, kind)
			return &tokenHandler{Deps: deps, kinds: all, signInOf: signInOf, process: rand.Text(), failures: failures, deletions: deletions}
		}, append(watchRetryTriggers(failures), engine.WatchConfigMaps)...)
}

// referenceFields are the fields that refer to other objects. The user of a token may be deleted before it, which its status reports.
var referenceFields = reference.FieldsOf(reflect.TypeFor[v1alpha1.Auth0Token]())

// tokenInputs lists the Secrets and the ConfigMap that a token reads or writes, and the one-time secrets that it used. It leaves
// out the Secret of the token family, because every refresh writes to it.
func tokenInputs(token *v1alpha1.Auth0Token) []string {
	inputs := []string{reference.SecretInput(token.Spec.OutputSecret.Name)}
	if output := token.Spec.OutputConfigMap; output != nil {
		inputs = append(inputs, reference.ConfigMapInput(output.Name))
	}
	if from := token.Spec.Client.SecretRef; from != nil {
		inputs = append(inputs, reference.SecretInput(from.Name))
	}
	for _, from := range grantSecrets(token) {
		inputs = append(inputs, reference.SecretInput(from.Name))
	}
	for _, used := range token.Status.AppliedSecrets {
		inputs = append(inputs, usedInput(used.Hash))
	}
	return inputs
}

// usedInput is the key of a used one-time secret in reference.InputIndex. The hash is keyed.
func usedInput(hash string) string { return "Used/" + hash }

// tokenHandler reconciles Auth0Tokens: it keeps a valid token in a Secret.
type tokenHandler struct {
	engine.Deps

	signInOf SignInOf
	// kinds are all registered kinds.
	kinds []engine.Kind
	// process identifies this process of the operator.
	process string
	// claims maps a code or refresh token to the Auth0Token that uses it, until the cache shows that.
	claims sync.Map
	// unsaved holds answers of Auth0 that could not be saved yet, by the UID of the object.
	unsaved sync.Map
	// deletions records the tokens whose user was deleted.
	deletions *userDeletions
	// polled is the time of the last poll with a device code, by the UID of the object.
	polled sync.Map
	// failures records the requests that Auth0 refused because something is missing.
	failures *failures
}

// tokenSync is one reconciliation of a token.
type tokenSync struct {
	*tokenHandler
	reconciliation *engine.Reconciliation[*v1alpha1.Auth0Token]
	token          *v1alpha1.Auth0Token
	session        *auth0.Session
	resync         time.Duration
	request        auth0.TokenRequest
	// userID is the ID of the user of userRef. admitted changes when somebody unblocks that user, and when Auth0 gets a new
	// password.
	userID, admitted string
	// unready says why the user cannot sign in now.
	unready error
	// grantSource identifies where the tokens come from.
	grantSource grantSource
	// asked is a digest of the audience and scopes that a refresh asks for.
	asked string
	// inputs is a digest of all that the output Secret depends on, except the client secret: a token outlives it.
	inputs string
	// initialCredentialHash is a keyed hash of the code or refresh token in the spec, for status.
	initialCredentialHash string
	// inputsHash is a keyed hash of all that Auth0's answer to the request depends on.
	inputsHash string

	output      secret.Output
	current     *corev1.Secret
	familyStore familyStore
	// family is never nil; it may be empty.
	family *tokenFamily
}

// Apply implements engine.Handler.
func (h *tokenHandler) Apply(ctx context.Context, reconciliation *engine.Reconciliation[*v1alpha1.Auth0Token]) engine.Outcome {
	w := &tokenSync{tokenHandler: h, reconciliation: reconciliation, token: reconciliation.Object, resync: time.Hour, family: &tokenFamily{}}
	outcome, err := w.apply(ctx)
	if err == nil {
		err = w.writeConfigMap(ctx, secret.Output.Put)
	}
	if err != nil {
		outcome = w.explain(err)
	} else {
		h.failures.forget(w.name())
	}
	expires := w.token.Status.ExpiresAt
	if expires == nil || !h.Clock.Now().Before(expires.Time) {
		return outcome.NotReady()
	}
	if err != nil && !w.isDelivered(ctx) {
		return outcome.NotReadyBecause("Secret " + w.token.Spec.OutputSecret.Name + " does not hold the token")
	}
	// Without another event, nothing reconciles the token before it expires. It is not Ready from then on.
	return outcome.RequeueWithin(expires.Sub(h.Clock.Now()))
}

func (w *tokenSync) apply(ctx context.Context) (engine.Outcome, error) {
	if err := w.prepare(ctx); err != nil {
		return engine.Outcome{}, err
	}
	policy := w.token.Spec.ManagementPolicy
	if w.family.continues(w.grantSource) {
		if policy == v1alpha1.ManagementPolicyObserve {
			return w.observe(&w.family.Tokens), nil
		}
		return w.continueFamily(ctx)
	}
	held := w.held()
	switch {
	case policy == v1alpha1.ManagementPolicyObserve:
		return w.observe(held), nil
	case held != nil && w.Clock.Now().Before(w.renewal(*held)):
		return w.keep(ctx, *held)
	}
	return w.startFamily(ctx)
}

// prepare reads everything that the reconciliation needs, and returns an error that says what is missing. It makes no call to
// Auth0.
func (w *tokenSync) prepare(ctx context.Context) error {
	tenant, err := reference.UsableTenant(ctx, w.Client, w.token)
	if err != nil {
		return err
	}
	w.resync = engine.ResyncInterval(tenant)
	if w.session, err = w.Session(ctx, tenant); err != nil {
		return err
	}
	permissions, err := w.permissions(ctx, tenant)
	if err != nil {
		return err
	}
	if w.awaitsNames() {
		if err := engine.AwaitNamed(ctx, w.Client, w.kinds, tenant, referenceFields.Names(w.token)); err != nil {
			return err
		}
	}
	if err := w.openSecrets(ctx); err != nil {
		return err
	}
	if w.request.Application, err = w.readApplication(ctx); err != nil {
		return err
	}
	if err := w.readGrant(ctx); err != nil {
		return err
	}
	if err := w.mayIssue(permissions); err != nil {
		return err
	}
	if err := w.hashInputs(ctx); err != nil {
		return err
	}
	if former := w.family.Predecessor; !w.family.continues(w.grantSource) && former != nil && former.continues(w.grantSource) {
		w.family = former
	}
	if !w.family.Device.isFor(w.grantSource) {
		w.token.Status.Device = nil
	}
	return nil
}

// awaitsNames reports whether the token waits for the objects that it names. The operator renews an issued token even if they are
// gone.
func (w *tokenSync) awaitsNames() bool {
	return w.token.Status.IssuedAt == nil && w.token.Spec.ManagementPolicy != v1alpha1.ManagementPolicyObserve
}

// openSecrets reads the Secrets that hold issued tokens. It runs before a token is issued, so that a Secret that the operator
// must not write is found in time.
func (w *tokenSync) openSecrets(ctx context.Context) error {
	spec := w.token.Spec.OutputSecret
	if _, err := tokenData(spec, auth0.TokenSet{}); err != nil {
		return err
	}
	inputs := grantSecrets(w.token)
	if from := w.token.Spec.Client.SecretRef; from != nil {
		inputs["spec.client.secretRef"] = v1alpha1.SecretKeyReference{Name: from.Name}
	}
	for _, field := range slices.Sorted(maps.Keys(inputs)) {
		if name := inputs[field].Name; name == spec.Name || name == familySecret(w.token) {
			return problem.Stalled(v1alpha1.ReasonInvalidSpec, "%s and spec.outputSecret both take the Secret %q; the token would overwrite what it is made of: choose another name for one of them", field, name)
		}
	}
	w.output = secret.NewOutput(w.Client, w.token, spec)
	w.output.Expectations = w.Outputs
	var err error
	if w.current, err = w.output.Get(ctx); err != nil {
		return err
	}
	if err := w.openConfigMap(ctx); err != nil {
		return err
	}
	return w.openFamily(ctx)
}

// startFamily requests a token that does not continue an earlier one, and saves it before it does anything else.
func (w *tokenSync) startFamily(ctx context.Context) (engine.Outcome, error) {
	if err := w.reconciliation.AddFinalizer(ctx); err != nil {
		return engine.Outcome{}, err
	}
	if w.unready != nil {
		return engine.Outcome{}, w.unready
	}
	if err := w.initialCredentialIsRedeemed(); err != nil {
		return engine.Outcome{}, err
	}
	if err := w.refusedBefore(); err != nil {
		return engine.Outcome{}, err
	}
	// A workload's token may be about to expire.
	ratelimit.ReservationOf(ctx).RaisePriority(ratelimit.PriorityNew)
	if err := w.session.AwaitsTokens(ctx); err != nil {
		return engine.Outcome{}, err
	}
	if err := w.write(ctx, auth0.TokenSet{}, w.output.Try); err != nil {
		return engine.Outcome{}, err
	}
	w.failures.asking(w.name(), w.failedRequest())
	switch {
	case w.request.Grant == auth0.GrantDeviceCode:
		return w.awaitApproval(ctx)
	case w.request.Grant == auth0.GrantRefreshToken:
		return w.bootstrap(ctx)
	case w.keepsFamily():
		return w.signIn(ctx)
	}
	defer w.Fence.Exchange()()
	issued, err := w.session.IssueToken(context.WithoutCancel(ctx), w.request)
	if err != nil {
		return engine.Outcome{}, w.noteRefusal(err)
	}
	return w.deliver(ctx, issued)
}

// deliver writes a new token to the output Secret and records an Event.
func (w *tokenSync) deliver(ctx context.Context, issued auth0.TokenSet) (engine.Outcome, error) {
	ctx = lease.Recording(context.WithoutCancel(ctx))
	w.count(issued)
	if err := w.write(ctx, issued, w.output.Put); err != nil {
		return engine.Outcome{}, err
	}
	verb := "issued"
	if w.current != nil {
		verb = "renewed"
	}
	if !w.Clock.Now().Before(issued.ExpiresAt) {
		w.show(issued)
		return engine.Outcome{}, problem.Stalled(v1alpha1.ReasonNotRenewable,
			"Auth0 issued a token that has expired already, at %s: see that the clock of the operator's machine is right, and that the API lets its tokens live longer",
			issued.ExpiresAt.UTC().Format(time.RFC3339))
	}
	w.reconciliation.Event(ctx, corev1.EventTypeNormal, v1alpha1.EventIssued, fmt.Sprintf("%s a token for %s into Secret %s", verb, cmp.Or(w.request.Audience, issued.Audience, "the default audience"), w.output.Name))
	return w.done(issued), nil
}

// Deletes implements engine.Deleter. Only the user can restore a deleted sign-in.
func (h *tokenHandler) Deletes(reconciliation *engine.Reconciliation[*v1alpha1.Auth0Token]) bool {
	spec := reconciliation.Object.Spec
	return spec.ManagementPolicy != v1alpha1.ManagementPolicyObserve && spec.DeletionPolicy != v1alpha1.DeletionPolicyRetain
}

// Maintain implements engine.Maintainer. Workloads use an issued token until the object is gone.
func (h *tokenHandler) Maintain(ctx context.Context, reconciliation *engine.Reconciliation[*v1alpha1.Auth0Token]) engine.Outcome {
	if reconciliation.Object.Status.IssuedAt == nil {
		return engine.Outcome{}
	}
	return h.Apply(ctx, reconciliation)
}

// Remove implements engine.Handler. Kubernetes deletes the Secrets with their owner, unless deletionPolicy is Retain.
func (h *tokenHandler) Remove(ctx context.Context, reconciliation *engine.Reconciliation[*v1alpha1.Auth0Token]) engine.Outcome {
	w := &tokenSync{tokenHandler: h, reconciliation: reconciliation, token: reconciliation.Object, resync: time.Minute, family: &tokenFamily{}}
	spec := w.token.Spec
	switch {
	case spec.DeletionPolicy == v1alpha1.DeletionPolicyRetain:
		return w.release(ctx)
	case spec.RevokeOnDelete && spec.ManagementPolicy != v1alpha1.ManagementPolicyObserve:
		return w.revoke(ctx)
	}
	return w.leave(ctx, "")
}

// leave first removes the token's values from outputs that it did not create. Then it removes the finalizer.
func (w *tokenSync) leave(ctx context.Context, message string) engine.Outcome {
	for _, output := range w.outputs() {
		if err := output.Withdraw(ctx); err != nil {
			return engine.FromError(err, w.resync)
		}
	}
	return w.released(message)
}

// released removes the finalizer, and all that this process remembers of the object.
func (w *tokenSync) released(message string) engine.Outcome {
	w.failures.forget(w.name())
	for _, memory := range []*sync.Map{&w.unsaved, &w.polled, &w.deletions.tokens} {
		memory.Delete(w.token.UID)
	}
	w.releaseClaim("")
	w.Metrics.ForgetToken(w.token.Namespace, w.token.Name)
	return engine.RemoveFinalizer(message)
}

// release removes the owner from the Secrets, so that they stay with all that Auth0 issued.
func (w *tokenSync) release(ctx context.Context) engine.Outcome {
	w.Outputs.Forget(client.ObjectKey{Namespace: w.token.Namespace, Name: w.token.Spec.OutputSecret.Name})
	err := w.openFamily(ctx)
	if _, isSomebodyElses := errors.AsType[*problem.Problem](err); err != nil && !isSomebodyElses {
		return engine.FromError(err, w.resync)
	}
	for _, output := range append(w.outputs(), secret.Output{Client: w.Client, Owner: w.token, Name: familySecret(w.token)}) {
		if err := output.Release(ctx); err != nil {
			return engine.FromError(err, w.resync)
		}
	}
	return w.released("left Secret " + w.token.Spec.OutputSecret.Name + ", as spec.deletionPolicy is Retain")
}
