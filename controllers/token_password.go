package controllers

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/types"

	"github.com/auth0-operator/auth0-operator/api/v1alpha1"
	"github.com/auth0-operator/auth0-operator/internal/auth0"
	"github.com/auth0-operator/auth0-operator/internal/engine"
	"github.com/auth0-operator/auth0-operator/internal/problem"
	"github.com/auth0-operator/auth0-operator/internal/reference"
	"github.com/auth0-operator/auth0-operator/internal/secret"
)

// signIn is the field under which status remembers a sign-in that was refused.
const signIn = "signIn"

// signInRefusals are Auth0's answers to a sign-in that must not be repeated as it is: it would block the account, and the
// operator's address for everybody; or the code is used up.
var signInRefusals = []string{codeInvalidGrant, "unauthorized", "password_leaked", "too_many_attempts", "mfa_required"}

// readPasswordGrant completes the request with who signs in.
func (w *tokenSync) readPasswordGrant(ctx context.Context, grant *v1alpha1.PasswordGrant) error {
	w.request.Grant = auth0.GrantPassword
	w.ask(grant.Audience, grant.Scopes)
	var from v1alpha1.SecretKeyReference
	if grant.UserRef == nil {
		w.request.Username, from = *grant.Username, *grant.PasswordSecretRef
	} else {
		user, err := w.referredUser(ctx, grant.UserRef.Name)
		if err != nil {
			return err
		}
		w.userID = user.Status.UserID
		w.request.Username, w.request.Realm = loginOf(user), cmp.Or(user.Spec.Connection, user.Status.Connection)
		w.admitted = fmt.Sprint(user.Spec.Blocked != nil && *user.Spec.Blocked, user.Annotations[v1alpha1.AnnotationUnblock], user.Status.AppliedSecrets)
		from = (userAdapter{}).SecretFields(user)["password"]
	}
	if grant.Realm != nil {
		w.request.Realm = *grant.Realm
	}
	if w.request.Realm != "" {
		w.request.Grant = auth0.GrantPasswordRealm
	}
	var err error
	w.request.Password, err = secret.Value(ctx, w.Reader, w.token.Namespace, from)
	return err
}

// referredUser returns the user of userRef. Who is not Ready is not to sign in: the password may just be changed.
func (w *tokenSync) referredUser(ctx context.Context, name string) (*v1alpha1.Auth0User, error) {
	var user v1alpha1.Auth0User
	err := w.Client.Get(ctx, types.NamespacedName{Namespace: w.token.Namespace, Name: name}, &user)
	switch {
	case apierrors.IsNotFound(err):
		return nil, problem.Waiting(v1alpha1.ReasonUserNotReady, "spec.password.userRef: Auth0User %s does not exist; create it, or correct the name", name)
	case err != nil:
		return nil, fmt.Errorf("read Auth0User %s: %w", name, err)
	case reference.TenantKey(&user) != reference.TenantKey(w.token):
		return nil, problem.Stalled(v1alpha1.ReasonInvalidSpec, "spec.password.userRef: Auth0User %s belongs to another tenant; name one of the same tenant", name)
	case user.Spec.Password == nil:
		return nil, problem.Stalled(v1alpha1.ReasonInvalidSpec, "spec.password.userRef: Auth0User %s has no spec.password, so nobody knows its password; add one, or name a user who has", name)
	case !meta.IsStatusConditionTrue(user.Status.Conditions, v1alpha1.ConditionReady):
		w.unready = problem.Waiting(v1alpha1.ReasonUserNotReady, "spec.password.userRef: Auth0User %s %s", name, reference.NotReady(&user))
	}
	return &user, nil
}

// signsIn reports whether Auth0 counts refusals of the request against somebody, or against a code.
func (w *tokenSync) signsIn() bool { return w.request.Username+w.request.Code != "" }

// refusedBefore returns Auth0's answer to a request that it refused already: to a sign-in for good, to others for a while.
func (w *tokenSync) refusedBefore() error {
	if engine.Requested(w.token) {
		// The request stands even if this attempt gets no answer.
		w.forgetRefusal()
		w.failures.forget(w.name())
		return nil
	}
	for _, before := range w.token.Status.AppliedSecrets {
		if w.signsIn() && before.Field == signIn && before.Hash == w.inputsHash {
			code, message, _ := strings.Cut(before.Refused, ": ")
			return &auth0.Error{Class: auth0.ClassForbidden, Code: code, Message: message}
		}
	}
	return w.failures.stillFailing(w.name(), w.failedRequest(), w.Clock.Now())
}

// noteRefusal remembers a sign-in that Auth0 refused, so that not even a restart repeats it.
func (w *tokenSync) noteRefusal(err error) error {
	failed, ok := errors.AsType[*auth0.Error](err)
	if ok && w.signsIn() && slices.Contains(signInRefusals, failed.Code) {
		w.forgetRefusal()
		refused := v1alpha1.AppliedSecret{Field: signIn, Hash: w.inputsHash, Refused: failed.Code + ": " + failed.Name(strings.TrimSuffix(failed.Message, "."))}
		w.token.Status.AppliedSecrets = append(w.token.Status.AppliedSecrets, refused)
	}
	return err
}

func (w *tokenSync) forgetRefusal() {
	status := &w.token.Status
	status.AppliedSecrets = slices.DeleteFunc(status.AppliedSecrets, func(s v1alpha1.AppliedSecret) bool { return s.Field == signIn })
}

// hashWhole is a keyed hash of everything that the answer to a sign-in, or to another request, depends on.
func (w *tokenSync) hashWhole(ctx context.Context) (string, error) {
	r := w.request
	return w.hash(ctx, "sign-in/"+string(w.token.UID), []string{w.inputs, r.Username, r.Password, r.Application.Secret, r.Application.PrivateKey, r.Code, r.CodeVerifier, w.admitted})
}
