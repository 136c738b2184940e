package tokens

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/auth0-operator/auth0-operator/api/v1alpha1"
	"github.com/auth0-operator/auth0-operator/internal/auth0"
	"github.com/auth0-operator/auth0-operator/internal/problem"
	"github.com/auth0-operator/auth0-operator/internal/secret"
)

// scopeOffline requests a refresh token.
const scopeOffline = "offline_access"

// grantSecrets are the Secrets that a grant names, by field.
func grantSecrets(token *v1alpha1.Auth0Token) map[string]v1alpha1.SecretKeyReference {
	named := map[string]v1alpha1.SecretKeyReference{}
	switch spec := token.Spec; {
	case spec.Password != nil && spec.Password.PasswordSecretRef != nil:
		named["spec.password.passwordSecretRef"] = *spec.Password.PasswordSecretRef
	case spec.RefreshToken != nil:
		named["spec.refreshToken.secretRef"] = spec.RefreshToken.SecretRef
	case spec.AuthorizationCode != nil:
		named["spec.authorizationCode.codeSecretRef"] = spec.AuthorizationCode.CodeSecretRef
		if verifier := spec.AuthorizationCode.CodeVerifierSecretRef; verifier != nil {
			named["spec.authorizationCode.codeVerifierSecretRef"] = *verifier
		}
	}
	return named
}

// readGrant adds to the request what the grant declares.
func (w *tokenSync) readGrant(ctx context.Context) error {
	switch spec := w.token.Spec; {
	case spec.ClientCredentials != nil:
		return w.readClientCredentialsGrant(spec.ClientCredentials)
	case spec.Password != nil:
		return w.readPasswordGrant(ctx, spec.Password)
	case spec.AuthorizationCode != nil:
		return w.readCodeGrant(ctx, spec.AuthorizationCode)
	case spec.RefreshToken != nil:
		return w.readRefreshGrant(ctx, spec.RefreshToken)
	default:
		return w.readDeviceGrant(spec.DeviceCode)
	}
}

func (w *tokenSync) readClientCredentialsGrant(grant *v1alpha1.ClientCredentialsGrant) error {
	if w.request.Application.IsPublic() {
		return problem.Stalled(v1alpha1.ReasonSecretInvalid, "%s has neither a client secret nor a private key, without which Auth0 issues an application no token of its own; in a Secret, add the key \"clientSecret\" or \"privateKey\"",
			credentialsName(w.token))
	}
	w.request.Grant = auth0.GrantClientCredentials
	w.ask(&grant.Audience, grant.Scopes)
	if grant.Organization != nil {
		w.request.Organization = *grant.Organization
	}
	return nil
}

// ask adds the audience and the scopes to the request.
func (w *tokenSync) ask(audience *string, scopes []string) {
	if audience != nil {
		w.request.Audience = *audience
	}
	w.request.Scopes = slices.Sorted(slices.Values(scopes))
}

func (w *tokenSync) readCodeGrant(ctx context.Context, grant *v1alpha1.AuthorizationCodeGrant) error {
	w.request.Grant = auth0.GrantAuthorizationCode
	w.request.RedirectURI = grant.RedirectURI
	var err error
	if w.request.Code, err = w.initialCredential(ctx, grant.CodeSecretRef); err != nil || grant.CodeVerifierSecretRef == nil {
		return err
	}
	w.request.CodeVerifier, err = w.initialCredential(ctx, *grant.CodeVerifierSecretRef)
	return err
}

func (w *tokenSync) readRefreshGrant(ctx context.Context, grant *v1alpha1.RefreshTokenGrant) error {
	w.request.Grant = auth0.GrantRefreshToken
	w.ask(grant.Audience, grant.Scopes)
	var err error
	w.request.RefreshToken, err = w.initialCredential(ctx, grant.SecretRef)
	return err
}

func (w *tokenSync) readDeviceGrant(grant *v1alpha1.DeviceCodeGrant) error {
	w.request.Grant = auth0.GrantDeviceCode
	scopes := grant.Scopes
	if !slices.Contains(scopes, scopeOffline) {
		scopes = append(slices.Clone(scopes), scopeOffline)
	}
	w.ask(grant.Audience, scopes)
	return nil
}

// initialCredential reads a code or refresh token that works once. It returns "" if the Secret is gone and the sign-in already
// has tokens.
func (w *tokenSync) initialCredential(ctx context.Context, from v1alpha1.SecretKeyReference) (string, error) {
	value, err := secret.Value(ctx, w.Reader, w.token.Namespace, from)
	if _, ok := errors.AsType[*problem.Problem](err); ok && w.family.isAlive() {
		return "", nil
	}
	return strings.TrimSpace(value), err
}

// signsInByPassword reports whether the operator itself can sign the user in.
func (w *tokenSync) signsInByPassword() bool { return w.token.Spec.Password != nil }

// keepsFamily reports whether the tokens belong to a token family.
func (w *tokenSync) keepsFamily() bool {
	if w.signsInByPassword() {
		return slices.Contains(w.request.Scopes, scopeOffline)
	}
	return w.token.Spec.ClientCredentials == nil
}

// canRepeat reports whether the operator can sign in again by itself, or with nothing more than a person's approval.
func (w *tokenSync) canRepeat() bool {
	return w.signsInByPassword() || w.token.Spec.DeviceCode != nil
}

// hashInputs computes the digests of the grant source, of the inputs of the output Secret, and of the request.
func (w *tokenSync) hashInputs(ctx context.Context) error {
	r := w.request
	parts := []string{w.session.Domain(), r.Application.ID, r.Audience, strings.Join(r.Scopes, " "), r.Username, r.Realm}
	if w.userID != "" {
		parts = append(parts, w.userID)
	}
	if r.Organization+r.RedirectURI != "" || r.Grant == auth0.GrantDeviceCode {
		parts = append(parts, string(r.Grant), r.Organization, r.RedirectURI)
	}
	base := parts
	if r.Grant == auth0.GrantRefreshToken {
		// A refresh may request other scopes and is still the same sign-in.
		base = parts[:2]
	}
	templates := w.token.Spec.OutputSecret.Data
	for _, key := range slices.Sorted(maps.Keys(templates)) {
		parts = append(parts, key, string(templates[key]))
	}
	w.inputs = digest("token-inputs", parts...)
	w.asked = digest("token-asked", r.Audience, strings.Join(r.Scopes, " "))
	w.grantSource.Base = digest("token-source", append([]string{string(r.Grant)}, base...)...)
	if once := r.Code + r.RefreshToken; once != "" {
		w.grantSource.InitialCredential = digest("token-seed", w.session.Domain(), once)
	}
	var err error
	if w.inputsHash, err = w.hashWhole(ctx); err != nil {
		return err
	}
	if initialCredential := cmp.Or(w.grantSource.InitialCredential, w.family.Source.InitialCredential); initialCredential != "" {
		w.initialCredentialHash, err = w.hash(ctx, "token-seed", []string{initialCredential})
	}
	return err
}

// digest hashes what a token comes from, or its content. It has no key, because a key can get lost: the operator would no longer
// recognise the sign-in and would start it with a replaced token, which ends it. The result is stored only in Secrets, and nobody
// can guess the inputs.
func digest(scope string, parts ...string) string {
	sum := sha256.Sum256(fmt.Appendf(nil, "%s%q", scope, parts))
	return hex.EncodeToString(sum[:])
}

func (w *tokenSync) hash(ctx context.Context, scope string, parts []string) (string, error) {
	return w.Hasher.Hash(ctx, scope, fmt.Sprintf("%q", parts))
}
