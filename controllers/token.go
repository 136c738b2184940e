package controllers

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/auth0-operator/auth0-operator/api/v1alpha1"
	"github.com/auth0-operator/auth0-operator/internal/auth0"
	"github.com/auth0-operator/auth0-operator/internal/engine"
	"github.com/auth0-operator/auth0-operator/internal/problem"
	"github.com/auth0-operator/auth0-operator/internal/reference"
	"github.com/auth0-operator/auth0-operator/internal/secret"
)

// +kubebuilder:rbac:groups=auth0-operator.io,resources=auth0tokens,verbs=get;list;watch;patch
// +kubebuilder:rbac:groups=auth0-operator.io,resources=auth0tokens/status,verbs=patch

// The output Secret itself remembers what its token was issued for, so that neither a restart nor a lost status issues
// another: each one counts.
const (
	annotationInputs    = "auth0-operator.io/token-inputs"
	annotationContent   = "auth0-operator.io/token-content"
	annotationScope     = "auth0-operator.io/token-scope"
	annotationSubject   = "auth0-operator.io/token-subject"
	annotationIssuedAt  = "auth0-operator.io/token-issued-at"
	annotationExpiresAt = "auth0-operator.io/token-expires-at"
)

// renewalShare is the part of a token's lifetime before its expiry in which it is replaced.
const renewalShare = 5

func tokenKind() engine.Kind {
	return engine.Register[v1alpha1.Auth0Token]("Auth0Token", nil,
		func() client.ObjectList { return &v1alpha1.Auth0TokenList{} },
		reference.Indexed{
			Inputs: func(object client.Object) []string { return tokenInputs(object.(*v1alpha1.Auth0Token)) },
			References: func(object client.Object) []reference.Reference {
				return tokenReferences(object.(*v1alpha1.Auth0Token))
			},
		},
		func(deps engine.Deps, _ engine.Kind, _ []engine.Kind) engine.Handler[*v1alpha1.Auth0Token] {
			return &tokenHandler{deps}
		})
}

// tokenInputs lists what a token is made of, and the Secret that holds it.
func tokenInputs(token *v1alpha1.Auth0Token) []string {
	inputs := []string{reference.SecretInput(token.Spec.Client.SecretRef.Name), reference.SecretInput(token.Spec.OutputSecret.Name)}
	if grant := token.Spec.Password; grant != nil {
		if grant.PasswordSecretRef != nil {
			inputs = append(inputs, reference.SecretInput(grant.PasswordSecretRef.Name))
		}
	}
	return inputs
}

// tokenReferences lists the objects that a token refers to.
func tokenReferences(token *v1alpha1.Auth0Token) []reference.Reference {
	grant := token.Spec.Password
	if grant == nil || grant.UserRef == nil {
		return nil
	}
	user := reference.To(token, "spec.password.userRef", "Auth0User", v1alpha1.ObjectReference{Name: grant.UserRef.Name})
	// A user may go; the token says so.
	user.Weak = true
	return []reference.Reference{user}
}

// tokenHandler keeps a token in a Secret.
type tokenHandler struct{ engine.Deps }

// tokenWork is what one pass over a token needs.
type tokenWork struct {
	*tokenHandler
	pass    *engine.Pass[*v1alpha1.Auth0Token]
	token   *v1alpha1.Auth0Token
	session *auth0.Session
	resync  time.Duration
	output  secret.Output
	request auth0.TokenRequest
	// inputs is a keyed hash of all that the token depends on, but for the client secret: a token outlives it.
	inputs string
}

// Apply implements engine.Handler.
func (h *tokenHandler) Apply(ctx context.Context, pass *engine.Pass[*v1alpha1.Auth0Token]) engine.Outcome {
	w := &tokenWork{tokenHandler: h, pass: pass, token: pass.Object, resync: time.Hour}
	outcome, err := w.apply(ctx)
	if err == nil {
		return outcome
	}
	outcome = w.explain(err)
	if expires := w.token.Status.ExpiresAt; expires == nil || !h.Clock.Now().Before(expires.Time) {
		return outcome.Lost()
	}
	return outcome
}

func (w *tokenWork) apply(ctx context.Context) (engine.Outcome, error) {
	if err := w.prepare(ctx); err != nil {
		return engine.Outcome{}, err
	}
	current, err := w.output.Get(ctx)
	if err != nil {
		return engine.Outcome{}, err
	}
	held, err := w.held(ctx, current)
	if err != nil {
		return engine.Outcome{}, err
	}
	policy := w.token.Spec.ManagementPolicy
	if policy == v1alpha1.ManagementPolicyObserve {
		return w.observe(held), nil
	}
	if held != nil && (policy == v1alpha1.ManagementPolicyCreateOnly || w.Clock.Now().Before(w.renewal(*held))) {
		return w.keep(ctx, current, *held)
	}
	return w.issue(ctx, current)
}

func (w *tokenWork) prepare(ctx context.Context) error {
	tenant, err := reference.UsableTenant(ctx, w.Client, w.token)
	if err != nil {
		return err
	}
	w.resync = engine.ResyncInterval(tenant)
	if w.session, err = w.Session(ctx, tenant); err != nil {
		return err
	}
	w.output = secret.Output{Client: w.Client, Owner: w.token, Name: w.token.Spec.OutputSecret.Name}
	// Templates that cannot be filled must show before a token is issued that could not be written.
	if _, err := tokenData(w.token.Spec.OutputSecret, auth0.TokenSet{}); err != nil {
		return err
	}
	name := w.token.Spec.Client.SecretRef.Name
	if name == w.token.Spec.OutputSecret.Name {
		return problem.Stalled(v1alpha1.ReasonInvalidSpec, "spec.outputSecret.name and spec.client.secretRef.name are both %q; the token would overwrite the credentials", name)
	}
	application, err := engine.Application(ctx, w.Reader, w.token.Namespace, name)
	if err != nil {
		return err
	}
	w.request = auth0.TokenRequest{Application: application}
	if err := w.readGrant(ctx); err != nil {
		return err
	}
	w.inputs, err = w.hashInputs(ctx)
	return err
}

// readGrant completes the request with what the grant asks for.
func (w *tokenWork) readGrant(ctx context.Context) error {
	if grant := w.token.Spec.ClientCredentials; grant != nil {
		w.request.Grant = auth0.GrantClientCredentials
		w.request.Audience, w.request.Scopes = grant.Audience, slices.Sorted(slices.Values(grant.Scopes))
		return nil
	}
	return w.readPasswordGrant(ctx, w.token.Spec.Password)
}

func (w *tokenWork) hashInputs(ctx context.Context) (string, error) {
	parts := []string{w.session.Domain(), w.request.Application.ID, w.request.Audience, strings.Join(w.request.Scopes, " "), w.request.Username, w.request.Realm}
	templates := w.token.Spec.OutputSecret.Data
	for _, key := range slices.Sorted(maps.Keys(templates)) {
		parts = append(parts, key, string(templates[key]))
	}
	return w.Hasher.Hash(ctx, "token-inputs", fmt.Sprintf("%q", parts))
}

// held returns the token in the Secret, without its value, if it was issued for this spec and nobody changed it.
func (w *tokenWork) held(ctx context.Context, current *corev1.Secret) (*auth0.TokenSet, error) {
	if current == nil || current.Annotations[annotationInputs] != w.inputs {
		return nil, nil
	}
	content, err := w.hashContent(ctx, current.Data)
	if err != nil || current.Annotations[annotationContent] != content {
		return nil, err
	}
	issued, expires := timeIn(current, annotationIssuedAt), timeIn(current, annotationExpiresAt)
	if issued.IsZero() || !w.Clock.Now().Before(expires) {
		return nil, nil
	}
	return &auth0.TokenSet{
		Scopes: strings.Fields(current.Annotations[annotationScope]), Subject: current.Annotations[annotationSubject],
		IssuedAt: issued, ExpiresAt: expires,
	}, nil
}

// timeIn reads an annotation, the zero time if it is not there or somebody edited it.
func timeIn(current *corev1.Secret, annotation string) time.Time {
	parsed, err := time.Parse(time.RFC3339, current.Annotations[annotation])
	if err != nil {
		return time.Time{}
	}
	return parsed
}

func (w *tokenWork) hashContent(ctx context.Context, data map[string][]byte) (string, error) {
	var content strings.Builder
	for _, key := range slices.Sorted(maps.Keys(data)) {
		fmt.Fprintf(&content, "%q=%q\n", key, data[key])
	}
	return w.Hasher.Hash(ctx, "token-content/"+w.token.Namespace+"/"+w.output.Name, content.String())
}

// keep leaves a valid token where it is. A Secret that another object left behind becomes this one's.
func (w *tokenWork) keep(ctx context.Context, current *corev1.Secret, held auth0.TokenSet) (engine.Outcome, error) {
	if err := w.pass.KeepUntilRemoved(ctx); err != nil {
		return engine.Outcome{}, err
	}
	if err := w.output.Put(ctx, current, current.Data, w.annotations(held, current.Annotations[annotationContent])); err != nil {
		return engine.Outcome{}, err
	}
	return w.done(held), nil
}

// issue has a token issued and writes it down before anything else.
func (w *tokenWork) issue(ctx context.Context, current *corev1.Secret) (engine.Outcome, error) {
	if err := w.pass.KeepUntilRemoved(ctx); err != nil {
		return engine.Outcome{}, err
	}
	if err := w.refusedBefore(ctx); err != nil {
		return engine.Outcome{}, err
	}
	if err := w.write(ctx, current, auth0.TokenSet{}, w.output.Try); err != nil {
		return engine.Outcome{}, err
	}
	// Somebody's token runs out.
	auth0.TurnOf(ctx).Raise(auth0.LaneNew)
	issued, err := w.session.IssueToken(ctx, w.request)
	if err != nil {
		return engine.Outcome{}, w.noteRefusal(ctx, err)
	}
	w.token.Status.AppliedSecrets = nil
	if err := w.write(ctx, current, issued, w.output.Put); err != nil {
		return engine.Outcome{}, err
	}
	verb := "issued"
	if current != nil {
		verb = "renewed"
	}
	w.pass.Event(ctx, corev1.EventTypeNormal, "Issued", fmt.Sprintf("%s a token for %s into Secret %s", verb, cmp.Or(w.request.Audience, "the default audience"), w.output.Name))
	return w.done(issued), nil
}

// write puts the token into the Secret, or tries whether that would work.
func (w *tokenWork) write(ctx context.Context, current *corev1.Secret, issued auth0.TokenSet, write secret.Writer) error {
	data, err := tokenData(w.token.Spec.OutputSecret, issued)
	if err != nil {
		return err
	}
	content, err := w.hashContent(ctx, data)
	if err != nil {
		return err
	}
	return write(ctx, current, data, w.annotations(issued, content))
}

// annotations say what the Secret holds.
func (w *tokenWork) annotations(issued auth0.TokenSet, content string) map[string]string {
	return map[string]string{
		annotationInputs:    w.inputs,
		annotationContent:   content,
		annotationScope:     strings.Join(issued.Scopes, " "),
		annotationSubject:   issued.Subject,
		annotationIssuedAt:  issued.IssuedAt.UTC().Format(time.RFC3339),
		annotationExpiresAt: issued.ExpiresAt.UTC().Format(time.RFC3339),
	}
}

// tokenData makes the data of the output Secret. Templates can use every value; the default keys are those that Auth0
// issued.
func tokenData(output v1alpha1.OutputSecret, issued auth0.TokenSet) (map[string][]byte, error) {
	values := map[string]string{
		"accessToken":  issued.AccessToken,
		"tokenType":    issued.TokenType,
		"scope":        strings.Join(issued.Scopes, " "),
		"expiresAt":    issued.ExpiresAt.UTC().Format(time.RFC3339),
		"idToken":      issued.IDToken,
		"refreshToken": issued.RefreshToken,
	}
	for _, optional := range []string{"idToken", "refreshToken"} {
		if len(output.Data) == 0 && values[optional] == "" {
			delete(values, optional)
		}
	}
	return secret.Render(output, values)
}

// renewal is when a token is to be replaced.
func (w *tokenWork) renewal(held auth0.TokenSet) time.Time {
	lifetime := held.ExpiresAt.Sub(held.IssuedAt)
	before := lifetime / renewalShare
	if w.token.Spec.RenewBefore != nil {
		before = min(w.token.Spec.RenewBefore.Duration, lifetime/2)
	}
	return held.ExpiresAt.Add(-before)
}

// show takes into status what is in the Secret.
func (w *tokenWork) show(held auth0.TokenSet) {
	status := &w.token.Status
	status.Audience = w.request.Audience
	status.Subject = held.Subject
	status.Scopes = held.Scopes
	status.IssuedAt = &metav1.Time{Time: held.IssuedAt.Truncate(time.Second)}
	status.ExpiresAt = &metav1.Time{Time: held.ExpiresAt.Truncate(time.Second)}
	status.RenewsAt = nil
	if w.token.Spec.ManagementPolicy != v1alpha1.ManagementPolicyCreateOnly {
		status.RenewsAt = &metav1.Time{Time: w.renewal(held).Truncate(time.Second)}
	}
	status.Differences = nil
}

func (w *tokenWork) done(held auth0.TokenSet) engine.Outcome {
	w.show(held)
	message := "Secret " + w.output.Name + " holds a valid token"
	if renews := w.token.Status.RenewsAt; renews != nil {
		return engine.DoneUntil(v1alpha1.ReasonReconciled, message, renews.Sub(w.Clock.Now()))
	}
	return engine.Done(v1alpha1.ReasonReconciled, message, w.resync)
}

func (w *tokenWork) observe(held *auth0.TokenSet) engine.Outcome {
	if held == nil {
		return engine.Done(v1alpha1.ReasonObserved, "managementPolicy Full would issue a token into Secret "+w.output.Name, w.resync)
	}
	w.show(*held)
	return engine.Done(v1alpha1.ReasonObserved, "Secret "+w.output.Name+" holds a valid token", w.resync)
}

// Remove implements engine.Handler. The Secret goes with its owner, unless it is to stay.
func (h *tokenHandler) Remove(ctx context.Context, pass *engine.Pass[*v1alpha1.Auth0Token]) engine.Outcome {
	if pass.Object.Spec.DeletionPolicy != v1alpha1.DeletionPolicyRetain {
		return engine.Released("")
	}
	output := secret.Output{Client: h.Client, Owner: pass.Object, Name: pass.Object.Spec.OutputSecret.Name}
	if err := output.Release(ctx); err != nil {
		return engine.FromError(err, time.Minute)
	}
	return engine.Released("left Secret " + output.Name + ", as spec.deletionPolicy is Retain")
}

// explain gives the answers of the token endpoint a reason and a way out.
func (w *tokenWork) explain(err error) engine.Outcome {
	var failed *auth0.Error
	if !errors.As(err, &failed) {
		return engine.FromError(err, w.resync)
	}
	from := w.token.Spec.Client.SecretRef.Name
	switch {
	case refusesUser(failed):
		err = problem.Stalled(v1alpha1.ReasonSignInRefused,
			"Auth0 refuses the sign-in of %s: %s; it is not repeated until the password, the user or the application changes, or a reconciliation is requested",
			w.request.Username, strings.TrimSuffix(failed.Message, "."))
	case failed.Class == auth0.ClassUnauthorized:
		err = problem.Stalled(v1alpha1.ReasonInvalidCredentials,
			"Auth0 refuses the clientId or clientSecret in Secret %s (%s); correct the Secret", from, failed.Message)
	case failed.Code == "unauthorized_client":
		err = problem.Stalled(v1alpha1.ReasonGrantRefused,
			"%s Add the grant type to application %s in Auth0 Dashboard → Applications → (the application) → Advanced Settings → Grant Types", failed.Message, w.request.Application.ID)
	case failed.Class == auth0.ClassInvalid:
		err = problem.Stalled(v1alpha1.ReasonGrantRefused, "Auth0 refuses the request for a token: %s", failed.Message)
	case failed.Class == auth0.ClassForbidden:
		err = problem.Stalled(v1alpha1.ReasonGrantRefused,
			"Auth0 issues application %s no token for %s: %s; check that the API exists and that the application is authorised for it, with these scopes",
			w.request.Application.ID, cmp.Or(w.request.Audience, "the default audience"), failed.Message).Again(grantRetry)
	default:
		return engine.FromAuth0(failed, w.session, w.resync)
	}
	return engine.FromError(err, w.resync)
}

// grantRetry is how soon to ask again for a token that was refused: the grant may be on its way.
const grantRetry = time.Minute
