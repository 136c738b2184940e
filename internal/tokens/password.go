package tokens

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

// signIn is the field in status.appliedSecrets that records a refused sign-in.
const signIn = "signIn"

// signInRefusals are the errors after which the same sign-in must not be repeated. It would block the account, or the operator's
// IP address for all users, or the code is used up.
var signInRefusals = []string{codeInvalidGrant, "unauthorized", "password_leaked", "too_many_attempts", "mfa_required"}

// readPasswordGrant adds the user's credentials to the request.
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
		w.request.Username, from = w.signInOf(user)
		w.request.Realm = cmp.Or(user.Spec.Connection, user.Status.Connection)
		w.admitted = fmt.Sprint(user.Spec.Blocked != nil && *user.Spec.Blocked, user.Annotations[v1alpha1.AnnotationUnblock], user.Status.AppliedSecrets)
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

// referredUser returns the user of userRef. A user that is not Ready cannot sign in yet, because the operator may be changing the
// password.
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

// signsIn reports whether Auth0 counts refusals of the request against a user or a code.
func (w *tokenSync) signsIn() bool { return w.request.Username+w.request.Code != "" }

// refusedBefore returns Auth0's earlier refusal of the same request. A refusal of a sign-in stands for good, any other for a
// while.
func (w *tokenSync) refusedBefore() error {
	if engine.Requested(w.token) {
		// A reconcile request counts even if this attempt gets no answer.
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

// noteRefusal records a refused sign-in in status, so that the operator does not repeat it even after a restart.
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

// hashWhole is a keyed hash of all that Auth0's answer to the request depends on.
func (w *tokenSync) hashWhole(ctx context.Context) (string, error) {
	r := w.request
	return w.hash(ctx, "sign-in/"+string(w.token.UID), []string{w.inputs, r.Username, r.Password, r.Application.Secret, r.Application.PrivateKey, r.Code, r.CodeVerifier, w.admitted})
}
