package client

import (
	"context"
	"fmt"
	"slices"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/auth0-operator/auth0-operator/api/v1alpha1"
	"github.com/auth0-operator/auth0-operator/internal/auth0"
	"github.com/auth0-operator/auth0-operator/internal/engine"
	"github.com/auth0-operator/auth0-operator/internal/lists"
	"github.com/auth0-operator/auth0-operator/internal/problem"
	"github.com/auth0-operator/auth0-operator/internal/secret"
)

// maxCredentials is Auth0's limit of public keys per application.
const maxCredentials = 2

// clientCredential is a desired public key. One without pem is kept if it exists, but not created.
type clientCredential struct {
	kid, name, pem, alg string
	expires             *metav1.Time
}

func (c clientCredential) body() auth0.Document {
	body := auth0.Document{"credential_type": "public_key", "name": c.name, "pem": c.pem, "alg": c.alg, "kid": c.kid}
	if c.expires != nil {
		body["expires_at"] = c.expires.UTC().Format(time.RFC3339)
	}
	return body
}

// privateKeyJWT is the Private Key JWT method of the spec, or empty.
func privateKeyJWT(c *v1alpha1.Auth0Client) v1alpha1.ClientPrivateKeyJWT {
	if methods := c.Spec.ClientAuthenticationMethods; methods != nil && methods.PrivateKeyJWT != nil {
		return *methods.PrivateKeyJWT
	}
	return v1alpha1.ClientPrivateKeyJWT{}
}

// declaredCredentials reads the public keys of the spec.
func declaredCredentials(ctx context.Context, req engine.Request[*v1alpha1.Auth0Client]) ([]clientCredential, error) {
	var wanted []clientCredential
	for i, declared := range privateKeyJWT(req.Object).Credentials {
		text, err := pemOf(ctx, req, declared)
		if err != nil {
			return nil, err
		}
		public, err := publicKeyIn(text)
		if err != nil {
			return nil, problem.Stalled(v1alpha1.ReasonInvalidSpec, "spec.clientAuthenticationMethods.privateKeyJwt.credentials[%d] (%s): %v; give an RSA public key or a certificate of it",
				i, declared.Name, err)
		}
		credential := clientCredential{kid: public.kid, name: declared.Name, pem: public.pem, alg: algorithmOf(declared.Alg), expires: declared.ExpiresAt}
		if declared.Kid != nil {
			credential.kid = *declared.Kid
		}
		wanted = append(wanted, credential)
	}
	return wanted, nil
}

func pemOf(ctx context.Context, req engine.Request[*v1alpha1.Auth0Client], declared v1alpha1.ClientPublicKey) (string, error) {
	if declared.PEM != nil {
		return *declared.PEM, nil
	}
	return secret.Value(ctx, req.Reader, req.Object.Namespace, *declared.SecretRef)
}

// withCredentials adds the public keys to the creation of an application, which saves later calls.
func withCredentials(ctx context.Context, req engine.Request[*v1alpha1.Auth0Client], desired auth0.Document) error {
	wanted, err := declaredCredentials(ctx, req)
	if err != nil || len(wanted) == 0 {
		return err
	}
	bodies := make([]any, len(wanted))
	for i, credential := range wanted {
		bodies[i] = map[string]any(credential.body())
	}
	desired["client_authentication_methods"] = map[string]any{"private_key_jwt": map[string]any{"credentials": bodies}}
	return nil
}

// accepted lists the credentials that the application accepts for authentication. Only the answer to a creation has more than
// their IDs.
func accepted(have auth0.Document) []auth0.Document {
	return have.Object("client_authentication_methods").Object("private_key_jwt").Objects("credentials")
}

// keepCredentials makes the application accept exactly the wanted public keys, and deletes keys that this object set earlier.
// Without a difference, it makes no call.
func keepCredentials(ctx context.Context, req engine.Request[*v1alpha1.Auth0Client], have auth0.Document, wanted []clientCredential) error {
	w := &credentialWork{Request: req, wanted: wanted, id: req.Object.Status.ClientID, authMethod: have["token_endpoint_auth_method"]}
	for _, credential := range accepted(have) {
		w.accepted = append(w.accepted, credential.String("id"))
		if credential.String("kid") != "" {
			w.note(credential)
		}
	}
	if w.isKept() {
		return w.keepExpiry(ctx)
	}
	if err := w.bringInLine(ctx); err != nil {
		return err
	}
	return w.keepExpiry(ctx)
}

// credentialWork is one reconciliation of an application's public keys.
type credentialWork struct {
	engine.Request[*v1alpha1.Auth0Client]
	id       string
	wanted   []clientCredential
	accepted []string
	// existing are all credentials of the application.
	existing []auth0.Document
	// authMethod must be cleared before the application can use keys.
	authMethod any
}

// note records in status that this object set the credential.
func (w *credentialWork) note(credential auth0.Document) {
	status := &w.Object.Status
	for _, wanted := range w.wanted {
		known := slices.ContainsFunc(status.Credentials, func(c v1alpha1.ClientCredential) bool { return c.ID == credential.String("id") })
		if wanted.kid == credential.String("kid") && !known {
			status.Credentials = slices.DeleteFunc(status.Credentials, func(c v1alpha1.ClientCredential) bool { return c.Kid == wanted.kid })
			status.Credentials = append(status.Credentials, v1alpha1.ClientCredential{
				Kid: wanted.kid, ID: credential.String("id"), Name: credential.String("name"), ExpiresAt: parsedTime(credential.String("expires_at")),
			})
		}
	}
}

func parsedTime(text string) *metav1.Time {
	parsed, err := time.Parse(time.RFC3339, text)
	if err != nil {
		return nil
	}
	return &metav1.Time{Time: parsed.Truncate(time.Second)}
}

// isKept reports whether, by status, the application accepts exactly the wanted keys.
func (w *credentialWork) isKept() bool {
	known := w.Object.Status.Credentials
	if len(known) != len(w.wanted) || len(known) != len(w.accepted) {
		return false
	}
	for _, credential := range known {
		wanted := slices.ContainsFunc(w.wanted, func(c clientCredential) bool { return c.kid == credential.Kid })
		if !wanted || !slices.Contains(w.accepted, credential.ID) {
			return false
		}
	}
	return true
}

// bringInLine creates the missing credentials, makes the application accept them, and deletes the rest.
func (w *credentialWork) bringInLine(ctx context.Context) error {
	var err error
	if w.existing, err = w.Session.ClientCredentials(ctx, w.id); err != nil {
		return err
	}
	for _, credential := range w.wanted {
		if err := w.make(ctx, credential); err != nil {
			return err
		}
	}
	if err := w.accept(ctx, w.wantedIDs()); err != nil {
		return err
	}
	for _, credential := range w.surplus() {
		if err := w.delete(ctx, credential); err != nil {
			return err
		}
	}
	w.Object.Status.Credentials = nil
	for _, credential := range w.existing {
		w.note(credential)
	}
	return nil
}

func (w *credentialWork) find(kid string) auth0.Document {
	at := slices.IndexFunc(w.existing, func(c auth0.Document) bool { return c.String("kid") == kid })
	if at < 0 {
		return nil
	}
	return w.existing[at]
}

// wantedIDs are the IDs of the wanted credentials that exist.
func (w *credentialWork) wantedIDs() []string {
	var ids []string
	for _, wanted := range w.wanted {
		if found := w.find(wanted.kid); found != nil {
			ids = append(ids, found.String("id"))
		}
	}
	return ids
}

// make creates a missing credential. The thumbprint of the key identifies it, so the operator finds it after a lost answer.
func (w *credentialWork) make(ctx context.Context, credential clientCredential) error {
	if w.find(credential.kid) != nil || credential.pem == "" {
		return nil
	}
	if len(w.existing) >= maxCredentials {
		if err := w.makeRoom(ctx); err != nil {
			return err
		}
	}
	created, err := w.Session.CreateClientCredential(ctx, w.id, credential.body())
	if err != nil {
		return err
	}
	w.existing = append(w.existing, created)
	return nil
}

// makeRoom deletes an unwanted credential, preferably one that is not in use.
func (w *credentialWork) makeRoom(ctx context.Context) error {
	unwanted := slices.DeleteFunc(slices.Clone(w.existing), func(c auth0.Document) bool { return slices.Contains(w.wantedIDs(), c.String("id")) })
	if len(unwanted) == 0 {
		return problem.Stalled(v1alpha1.ReasonInvalidSpec, "spec.clientAuthenticationMethods: Auth0 allows an application %d keys", maxCredentials)
	}
	victim := unwanted[0]
	for _, credential := range unwanted {
		if !slices.Contains(w.accepted, credential.String("id")) {
			victim = credential
		}
	}
	if !slices.Contains(w.accepted, victim.String("id")) {
		return w.delete(ctx, victim)
	}
	rest := slices.DeleteFunc(append(slices.Clone(w.accepted), w.wantedIDs()...), func(id string) bool { return id == victim.String("id") })
	if err := w.accept(ctx, lists.Unique(rest)); err != nil {
		return err
	}
	return w.delete(ctx, victim)
}

// surplus are the unwanted credentials that this object set or that the application accepted before. Others may have another
// purpose and stay.
func (w *credentialWork) surplus() []auth0.Document {
	wanted := w.wantedIDs()
	return slices.DeleteFunc(slices.Clone(w.existing), func(credential auth0.Document) bool {
		id := credential.String("id")
		ours := slices.ContainsFunc(w.Object.Status.Credentials, func(c v1alpha1.ClientCredential) bool { return c.ID == id })
		return slices.Contains(wanted, id) || !ours
	})
}

// accept makes the application accept exactly these credentials, unless it already does.
func (w *credentialWork) accept(ctx context.Context, ids []string) error {
	if slices.Equal(lists.Unique(slices.Clone(ids)), lists.Unique(slices.Clone(w.accepted))) {
		return nil
	}
	patch := auth0.Document{"client_authentication_methods": nil}
	if len(ids) > 0 {
		credentials := make([]any, len(ids))
		for i, id := range ids {
			credentials[i] = map[string]any{"id": id}
		}
		patch["client_authentication_methods"] = map[string]any{"private_key_jwt": map[string]any{"credentials": credentials}}
		if w.authMethod != nil {
			patch["token_endpoint_auth_method"] = nil
		}
	}
	if _, err := w.Session.Update(ctx, "clients", w.id, patch); err != nil {
		return err
	}
	// The operator may delete credentials that were in use before.
	for _, id := range w.accepted {
		w.remember(id)
	}
	w.accepted, w.authMethod = ids, nil
	return nil
}

// remember keeps a credential that is no longer in use in status until it is deleted.
func (w *credentialWork) remember(id string) {
	status := &w.Object.Status
	for _, credential := range w.existing {
		known := slices.ContainsFunc(status.Credentials, func(c v1alpha1.ClientCredential) bool {
			return c.ID == id || c.Kid == credential.String("kid")
		})
		if credential.String("id") == id && !known {
			status.Credentials = append(status.Credentials, v1alpha1.ClientCredential{Kid: credential.String("kid"), ID: id})
		}
	}
}

func (w *credentialWork) delete(ctx context.Context, credential auth0.Document) error {
	if err := w.Session.DeleteClientCredential(ctx, w.id, credential.String("id")); err != nil {
		return fmt.Errorf("delete the public key %s: %w", credential.String("kid"), err)
	}
	w.existing = slices.DeleteFunc(w.existing, func(c auth0.Document) bool { return c.String("id") == credential.String("id") })
	return nil
}

// keepExpiry updates the expiry of the public keys as the spec declares.
func (w *credentialWork) keepExpiry(ctx context.Context) error {
	for _, wanted := range w.wanted {
		for i := range w.Object.Status.Credentials {
			known := &w.Object.Status.Credentials[i]
			if known.Kid != wanted.kid || wanted.pem == "" || known.ExpiresAt.Equal(wanted.expires) {
				continue
			}
			var expires any
			if wanted.expires != nil {
				expires = wanted.expires.UTC().Format(time.RFC3339)
			}
			if err := w.Session.UpdateClientCredential(ctx, w.id, known.ID, auth0.Document{"expires_at": expires}); err != nil {
				return err
			}
			known.ExpiresAt = wanted.expires
		}
	}
	return nil
}
