package tokens

import (
	"cmp"
	"errors"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"

	"github.com/auth0-operator/auth0-operator/api/v1alpha1"
	"github.com/auth0-operator/auth0-operator/internal/auth0"
	"github.com/auth0-operator/auth0-operator/internal/engine"
	"github.com/auth0-operator/auth0-operator/internal/problem"
)

// GrantRetry is the pause before a refused request is repeated: somebody may be creating the grant.
const GrantRetry = time.Minute

// soonestRetry is the first pause before a request is repeated after something was missing that may appear soon.
const soonestRetry = 2 * time.Second

// explain turns an error into an outcome. It gives errors of the token endpoint a reason and a remedy.
func (w *tokenSync) explain(err error) engine.Outcome {
	var failed *auth0.Error
	if !errors.As(err, &failed) {
		return engine.FromError(err, w.resync)
	}
	failed = w.withoutClientID(failed)
	for _, explain := range []func(*auth0.Error) *problem.Problem{w.explainQuota, w.explainSignIn, w.explainGrant} {
		if explained := explain(failed); explained != nil {
			w.failures.refused(w.name(), w.failedRequest(), explained, w.Clock.Now())
			return engine.FromError(explained, w.resync).WithRequestID(failed)
		}
	}
	return engine.FromAuth0(failed, w.session, w.resync, w.Clock.Now())
}

func (w *tokenSync) explainQuota(failed *auth0.Error) *problem.Problem {
	if failed.Class != auth0.ClassQuota {
		return nil
	}
	next := w.Clock.Now().Add(failed.After).UTC().Truncate(time.Minute).Add(time.Minute)
	return problem.Waiting(v1alpha1.ReasonQuotaExceeded, "%s; Auth0 issues the next token at %s", failed.Message, next.Format("2006-01-02 15:04 MST")).Again(failed.After)
}

// askAgain says how a person repeats a sign-in. untilChange also says when the operator repeats it.
const (
	askAgain    = "set the annotation " + v1alpha1.AnnotationReconcileRequestedAt + " to a new value"
	untilChange = "it is not repeated until the password, the user or the application changes, or you " + askAgain
)

// explainSignIn explains an error that concerns the user or the user's credentials.
func (w *tokenSync) explainSignIn(failed *auth0.Error) *problem.Problem {
	who := cmp.Or(w.request.Username, w.token.Status.Subject, "the user")
	said := strings.TrimSuffix(failed.Message, ".")
	switch failed.Code {
	case codeInvalidGrant:
		return w.explainInvalidGrant(who, said)
	case "unauthorized":
		return problem.Stalled(v1alpha1.ReasonUserBlocked,
			"Auth0 refuses the sign-in of %s: %s; unblock the user (spec.blocked of the Auth0User, or Auth0 Dashboard → User Management → Users → (the user) → Unblock), and %s", who, said, askAgain).Again(w.soon())
	case "too_many_attempts":
		return problem.Stalled(v1alpha1.ReasonTooManyAttempts,
			"Auth0's attack protection blocks the sign-in of %s: %s; correct the password, lift the block (annotation %s of the Auth0User, or Auth0 Dashboard → Users → (the user) → Unblock), and %s", who, said, v1alpha1.AnnotationUnblock, askAgain)
	case "password_leaked":
		return problem.Stalled(v1alpha1.ReasonPasswordLeaked,
			"Auth0 refuses the password of %s, as it is known from a data breach: %s; give the user another one; %s", who, said, untilChange)
	case "mfa_required":
		return problem.Stalled(v1alpha1.ReasonMFARequired,
			"the sign-in of %s takes a second factor: %s; use spec.deviceCode or spec.authorizationCode, where a person gives it, or exempt the user from it; %s", who, said, untilChange)
	}
	return nil
}

func (w *tokenSync) explainInvalidGrant(who, said string) *problem.Problem {
	const gone = "exist anymore"
	if w.signsInByPassword() && strings.Contains(w.family.Lost, gone) {
		// The operator signed in again with the password, and Auth0 words that refusal differently.
		said = strings.TrimSuffix(w.family.Lost, ".")
	}
	switch {
	case strings.Contains(said, gone):
		return problem.Stalled(v1alpha1.ReasonUserNotFound, "%s does not exist any more (%s); the token cannot be renewed: delete this object, or sign another user in", who, said)
	case w.request.Grant == auth0.GrantAuthorizationCode && w.family.Lost == "":
		return problem.Stalled(v1alpha1.ReasonCodeRefused,
			"Auth0 refuses the code in Secret %s: %s; it was used before, has expired, or belongs to another redirectUri or code verifier: sign in again and put the new code there", w.token.Spec.AuthorizationCode.CodeSecretRef.Name, said)
	case w.signsInByPassword():
		return problem.Stalled(v1alpha1.ReasonWrongPassword, "Auth0 refuses the sign-in of %s: %s; correct the password; %s", who, said, untilChange)
	}
	return problem.Stalled(v1alpha1.ReasonRefreshTokenRefused,
		"Auth0 no longer accepts the refresh token: %s; it was revoked, has expired, or was used by something else, too: sign in again and put the new %s into Secret %s", said, w.initialCredentialName(), w.initialCredentialSecret())
}

// initialCredentialName is the name, in messages, of what a person must provide to sign in again. initialCredentialSecret is the
// Secret to put it into.
func (w *tokenSync) initialCredentialName() string {
	if w.token.Spec.AuthorizationCode != nil {
		return "code"
	}
	return "refresh token"
}

func (w *tokenSync) initialCredentialSecret() string {
	for field, from := range grantSecrets(w.token) {
		if !strings.HasSuffix(field, "codeVerifierSecretRef") {
			return from.Name
		}
	}
	return ""
}

// explainGrant explains an error that concerns the application or what it requests.
func (w *tokenSync) explainGrant(failed *auth0.Error) *problem.Problem {
	application, audience := w.applicationName(), cmp.Or(w.request.Audience, "the default audience")
	said := strings.TrimSuffix(failed.Message, ".")
	mentions := func(text string) bool { return strings.Contains(failed.Message, text) }
	switch {
	case failed.Class == auth0.ClassUnauthorized && w.token.Spec.Client.ClientRef != nil:
		// The secret may have been rotated a moment ago.
		return w.invalidCredentials(said).Again(w.soon())
	case failed.Class == auth0.ClassUnauthorized:
		return w.invalidCredentials(said)
	case failed.Code == "unauthorized_client" && mentions("connection"):
		return problem.Stalled(v1alpha1.ReasonConnectionNotEnabled,
			"Auth0 lets nobody sign in to application %s through the connection %s: %s; enable it (spec.enabledClients of the Auth0Connection, or Auth0 Dashboard → Authentication → (the connection) → Applications)", application, w.request.Realm, said).Again(w.soon())
	case failed.Code == "unauthorized_client":
		return problem.Stalled(v1alpha1.ReasonGrantTypeNotAllowed,
			"%s; add the grant type to application %s (spec.grantTypes of the Auth0Client, or Auth0 Dashboard → Applications → (the application) → Advanced Settings → Grant Types)", said, application).Again(w.soon())
	case failed.Code == "server_error" && mentions("default connection"):
		return problem.Stalled(v1alpha1.ReasonInvalidSpec, "spec.password.realm: the tenant has no default directory (%s); name the connection", said)
	case mentions("unknown connection"):
		return problem.Stalled(v1alpha1.ReasonConnectionNotFound, "spec.password.realm: the tenant has no connection %q; create it, or correct the name", w.request.Realm).Again(w.soon())
	case mentions("invalid audience"), mentions("Service not"):
		return problem.Stalled(v1alpha1.ReasonAudienceNotFound, "no API in Auth0 has the audience %s (%s); create the API, or correct the audience", audience, said).Again(w.soon())
	case mentions("client-grant"):
		return problem.Stalled(v1alpha1.ReasonClientGrantMissing,
			"application %s is not authorised for the API %s; authorise it by an Auth0ClientGrant, or in Auth0 Dashboard → Applications → APIs → (the API) → Machine to Machine Applications", application, audience).Again(w.soon())
	case mentions("not been granted scopes"):
		return problem.Stalled(v1alpha1.ReasonScopeNotGranted,
			"application %s is authorised for the API %s, but not with all the scopes (%s); grant them (spec.scopes of the Auth0ClientGrant, or Auth0 Dashboard → Applications → APIs → (the API)), or ask for fewer", application, audience, said).Again(w.soon())
	case failed.Class == auth0.ClassInvalid, failed.Class == auth0.ClassForbidden:
		return problem.Stalled(v1alpha1.ReasonGrantRefused, "Auth0 issues application %s no token for %s: %s", application, audience, said).Again(w.soon())
	}
	return nil
}

func (w *tokenSync) invalidCredentials(said string) *problem.Problem {
	if w.token.Spec.Client.ClientRef != nil && w.request.Application.IsPublic() {
		return problem.Stalled(v1alpha1.ReasonInvalidCredentials,
			"Auth0 refuses %s (%s), which was named without a secret, as its appType is native or spa; set its spec.tokenEndpointAuthMethod, to none if it has no secret", credentialsName(w.token), said)
	}
	return problem.Stalled(v1alpha1.ReasonInvalidCredentials, "Auth0 rejected the client ID, the client secret or the private key in %s (%s); correct it", credentialsName(w.token), said)
}

// soon is the pause before a request is repeated after something was missing. It may appear in Auth0 at any moment, or take a
// person until tomorrow, so the pause grows with the time since then, up to the resync interval.
func (w *tokenSync) soon() time.Duration {
	stalled := meta.FindStatusCondition(w.token.Status.Conditions, v1alpha1.ConditionStalled)
	if stalled == nil {
		return soonestRetry
	}
	return max(soonestRetry, min(w.Clock.Since(stalled.LastTransitionTime.Time), w.resync))
}
