package client

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/auth0-operator/auth0-operator/api/v1alpha1"
	"github.com/auth0-operator/auth0-operator/internal/auth0"
	"github.com/auth0-operator/auth0-operator/internal/engine"
	"github.com/auth0-operator/auth0-operator/internal/problem"
	"github.com/auth0-operator/auth0-operator/internal/secret"
)

// prepare checks that the credentials can be written before an application is created. Otherwise nobody would know its secret.
func prepare(ctx context.Context, req engine.Request[*v1alpha1.Auth0Client]) error {
	c := req.Object
	warnOfUnknownClients(ctx, req)
	if c.Spec.OutputSecret == nil || c.Status.ClientID != "" {
		return nil
	}
	output, current, err := clientOutput(ctx, req)
	if err != nil {
		return err
	}
	data, err := clientData(req, auth0.Document{}, keyPair{})
	if err != nil {
		return err
	}
	return output.Try(ctx, current, data, map[string]string{})
}

// publish writes the credentials to their Secret.
func publish(ctx context.Context, req engine.Request[*v1alpha1.Auth0Client], have auth0.Document) error {
	c := req.Object
	if c.Spec.OutputSecret == nil {
		return nil
	}
	output, current, err := clientOutput(ctx, req)
	if err != nil {
		return err
	}
	if generatedKey(c) != nil {
		pair, err := currentKeyPair(req, current)
		if err != nil {
			return err
		}
		return publishKeyPair(ctx, req, current, pair, have)
	}
	if holdsSecret(c) && have.String("client_secret") == "" {
		scopes, err := req.Session.Scopes(ctx)
		if err != nil {
			return err
		}
		return secretNotShown(output.Name, scopes, have)
	}
	data, err := clientData(req, have, keyPair{})
	if err != nil {
		return err
	}
	return output.Put(ctx, current, data, map[string]string{})
}

// secretNotShown says why Auth0 returns no client secret, and what to do.
func secretNotShown(output string, scopes []string, have auth0.Document) error {
	methods := slices.Sorted(maps.Keys(have.Object("client_authentication_methods")))
	switch {
	case len(methods) > 0:
		return problem.Stalled(v1alpha1.ReasonInvalidSpec,
			"spec.outputSecret: Auth0 shows no client secret, as the application authenticates by %s; Secret %s stays as it is. Declare its keys in spec.clientAuthenticationMethods, or let it use a client secret",
			strings.Join(methods, ", "), output)
	case !slices.Contains(scopes, "read:client_keys"):
		return problem.Stalled(v1alpha1.ReasonMissingScope,
			"Auth0 does not show the client secret; Secret %s stays as it is until the operator's application has the scope read:client_keys", output)
	}
	return problem.Stalled(v1alpha1.ReasonInvalidSpec,
		"spec.outputSecret: Auth0 shows no client secret, as token_endpoint_auth_method is %q; Secret %s stays as it is. Set spec.tokenEndpointAuthMethod to client_secret_post, or remove clientSecret there",
		have.String("token_endpoint_auth_method"), output)
}

func clientOutput(ctx context.Context, req engine.Request[*v1alpha1.Auth0Client]) (secret.Output, *corev1.Secret, error) {
	output := secret.NewOutput(req.Client, req.Object, *req.Object.Spec.OutputSecret)
	output.Expectations = req.Outputs
	current, err := output.Get(ctx)
	return output, current, err
}

// holdsSecret reports whether the output Secret holds a client secret.
func holdsSecret(c *v1alpha1.Auth0Client) bool {
	return c.Spec.OutputSecret != nil && c.Spec.ClientAuthenticationMethods == nil
}

// clientData renders the data of the output Secret. Templates can use every value. The default keys are those that an Auth0Token
// reads.
func clientData(req engine.Request[*v1alpha1.Auth0Client], have auth0.Document, pair keyPair) (map[string][]byte, error) {
	c, domain := req.Object, req.Session.LoginDomain()
	values := map[string]string{"domain": domain, "clientId": have.String("client_id")}
	if holdsSecret(c) {
		values["clientSecret"] = have.String("client_secret")
	}
	if method := c.Spec.TokenEndpointAuthMethod; method != nil && *method == auth0.MethodBasic {
		values["tokenEndpointAuthMethod"] = *method
	}
	if generatedKey(c) != nil {
		values["privateKey"], values["keyId"], values["signingAlgorithm"] = pair.current.pem, pair.current.kid(), pair.current.alg
	}
	if len(c.Spec.OutputSecret.Data) > 0 {
		addDomains(values, req.Session)
	}
	return secret.Render(*c.Spec.OutputSecret, values)
}

// addDomains adds the tenant's domains to the values for templates.
func addDomains(values map[string]string, session *auth0.Session) {
	domain, canonical := session.LoginDomain(), session.Domain()
	values["issuer"], values["tokenUrl"] = auth0.IssuerOf(domain), tokenURLOf(domain)
	values["canonicalDomain"], values["canonicalIssuer"], values["canonicalTokenUrl"] = canonical, auth0.IssuerOf(canonical), tokenURLOf(canonical)
	values["customDomain"] = ""
	if domain != canonical {
		values["customDomain"] = domain
	}
}

func tokenURLOf(domain string) string { return "https://" + domain + "/oauth/token" }

// secretRotationAsked reports whether the annotation requests a new secret. A value from before the application exists does not
// count, because a new application has a new secret.
func secretRotationAsked(c *v1alpha1.Auth0Client) bool {
	handled := ""
	if c.Status.SecretRotation != nil {
		handled = c.Status.SecretRotation.LastHandledRequest
	}
	return c.Annotations[v1alpha1.AnnotationRotateSecret] != handled
}

// rotatesAt is the time of the next scheduled rotation of the secret, or the zero time.
func rotatesAt(c *v1alpha1.Auth0Client) time.Time {
	rotation := c.Status.SecretRotation
	if c.Spec.RotateSecretEvery == nil || rotation == nil || rotation.RotatedAt == nil {
		return time.Time{}
	}
	return rotation.RotatedAt.Add(c.Spec.RotateSecretEvery.Duration)
}

// rotateSecret rotates the client secret when that is due. The old secret stops working at once, so the new one is written right
// away. A hash of the old one is saved before: after a lost answer, it shows whether Auth0 has replaced the secret.
func rotateSecret(ctx context.Context, req engine.Request[*v1alpha1.Auth0Client], have auth0.Document) error {
	c, now := req.Object, req.Clock.Now()
	if c.Status.SecretRotation == nil {
		c.Status.SecretRotation = &v1alpha1.ClientSecretRotation{}
	}
	rotation := c.Status.SecretRotation
	if c.Spec.RotateSecretEvery != nil && rotation.RotatedAt == nil {
		rotation.RotatedAt = &metav1.Time{Time: now.Truncate(time.Second)}
	}
	scheduled := rotatesAt(c)
	if rotation.Replacing == "" && !secretRotationAsked(c) && (scheduled.IsZero() || now.Before(scheduled)) {
		return nil
	}
	current, err := req.Hasher.Hash(ctx, "client-secret/"+string(c.UID), have.String("client_secret"))
	if err != nil {
		return err
	}
	if rotation.Replacing != "" {
		req.ExpectLateEffect()
	}
	if rotation.Replacing == "" {
		rotation.Replacing = current
		if err := req.Save(ctx); err != nil {
			return err
		}
	}
	if rotation.Replacing == current {
		rotated, err := req.Session.RotateClientSecret(ctx, c.Status.ClientID)
		if err != nil {
			return err
		}
		if err := publish(ctx, req, rotated); err != nil {
			return err
		}
	}
	c.Status.SecretRotation = &v1alpha1.ClientSecretRotation{
		RotatedAt: &metav1.Time{Time: now.Truncate(time.Second)}, LastHandledRequest: c.Annotations[v1alpha1.AnnotationRotateSecret],
	}
	req.Event(ctx, v1alpha1.EventSecretRotated, "Auth0 made a new client secret, now in Secret "+c.Spec.OutputSecret.Name+"; the former one has stopped working")
	return nil
}

// checkRotation rejects a rotation whose new secret nobody would get.
func checkRotation(c *v1alpha1.Auth0Client) error {
	if c.Status.ClientID == "" || !secretRotationAsked(c) {
		return nil
	}
	switch {
	case c.Spec.ClientSecret != nil:
		return fmt.Errorf("the annotation %s asks for a new client secret, which spec.clientSecret takes from a Secret; change the value there, and remove the annotation", v1alpha1.AnnotationRotateSecret)
	case !holdsSecret(c):
		return fmt.Errorf("the annotation %s asks for a new client secret, but no spec.outputSecret would take it; add one, or remove the annotation", v1alpha1.AnnotationRotateSecret)
	}
	return nil
}
