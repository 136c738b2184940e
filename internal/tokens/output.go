package tokens

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/auth0-operator/auth0-operator/api/v1alpha1"
	"github.com/auth0-operator/auth0-operator/internal/auth0"
	"github.com/auth0-operator/auth0-operator/internal/engine"
	"github.com/auth0-operator/auth0-operator/internal/secret"
)

// The output Secret records in annotations what its token was issued for. So neither a restart nor a lost status issues another
// token, which would count against a quota. Tools that restart workloads can watch the content hash.
const (
	annotationInputs    = "auth0-operator.io/token-inputs"
	annotationContent   = "auth0-operator.io/content-hash"
	annotationScope     = "auth0-operator.io/token-scope"
	annotationSubject   = "auth0-operator.io/token-subject"
	annotationIssuedAt  = "auth0-operator.io/token-issued-at"
	annotationExpiresAt = "auth0-operator.io/token-expires-at"
)

// held returns the token in the Secret, without its value, if it was issued for this spec and nobody changed it. It returns nil
// for tokens of a token family, which records more.
func (w *tokenSync) held() *auth0.TokenSet {
	current := w.current
	if w.keepsFamily() || current == nil || current.Annotations[annotationInputs] != w.inputs {
		return nil
	}
	if current.Annotations[annotationContent] != digestOf(w.ours(current.Data)) {
		return nil
	}
	issued, expires := secret.TimeIn(current, annotationIssuedAt), secret.TimeIn(current, annotationExpiresAt)
	if issued.IsZero() || !w.Clock.Now().Before(expires) {
		return nil
	}
	return &auth0.TokenSet{
		Scopes: strings.Fields(current.Annotations[annotationScope]), Subject: current.Annotations[annotationSubject],
		IssuedAt: issued, ExpiresAt: expires, Organization: w.token.Status.Organization,
	}
}

// isDelivered reports whether the output Secret has what the operator wrote last. It is called after a failure, so a Secret that
// cannot be read now counts as unchanged.
func (w *tokenSync) isDelivered(ctx context.Context) bool {
	output := secret.NewOutput(w.Client, w.token, w.token.Spec.OutputSecret)
	output.Expectations = w.Outputs
	current, err := output.Get(ctx)
	if err != nil {
		return true
	}
	return current != nil && current.Annotations[annotationContent] == digestOf(w.ours(current.Data))
}

// ours is the part of the output Secret's data that the operator wrote. Keys that others added stay.
func (w *tokenSync) ours(data map[string][]byte) map[string][]byte {
	// openSecrets has refused a template that cannot be rendered.
	written, _ := tokenData(w.token.Spec.OutputSecret, auth0.TokenSet{IDToken: "any"})
	found := maps.Clone(data)
	maps.DeleteFunc(found, func(key string, _ []byte) bool {
		_, known := written[key]
		return !known
	})
	return found
}

// digestOf is a digest of the data of a Secret.
func digestOf(data map[string][]byte) string {
	var content []string
	for _, key := range slices.Sorted(maps.Keys(data)) {
		content = append(content, key, string(data[key]))
	}
	return digest("token-content", content...)
}

// keep leaves a valid token in its Secret. If another object left the Secret behind, this one becomes its owner.
func (w *tokenSync) keep(ctx context.Context, held auth0.TokenSet) (engine.Outcome, error) {
	if err := w.reconciliation.AddFinalizer(ctx); err != nil {
		return engine.Outcome{}, err
	}
	if err := w.output.Put(ctx, w.current, w.ours(w.current.Data), w.annotations(held, w.current.Annotations[annotationContent])); err != nil {
		return engine.Outcome{}, err
	}
	if err := w.userExists(ctx); err != nil {
		return engine.Outcome{}, err
	}
	return w.done(held), nil
}

// write writes the token to the Secret, or only checks that it can, depending on the writer.
func (w *tokenSync) write(ctx context.Context, issued auth0.TokenSet, write secret.Writer) error {
	issued.Audience = cmp.Or(w.request.Audience, issued.Audience)
	data, err := tokenData(w.token.Spec.OutputSecret, issued)
	if err != nil {
		return err
	}
	return write(ctx, w.current, data, w.annotations(issued, digestOf(data)))
}

// annotations describe the token in the Secret.
func (w *tokenSync) annotations(issued auth0.TokenSet, content string) map[string]string {
	return map[string]string{
		annotationInputs:    w.inputs,
		annotationContent:   content,
		annotationScope:     strings.Join(issued.Scopes, " "),
		annotationSubject:   issued.Subject,
		annotationIssuedAt:  issued.IssuedAt.UTC().Format(time.RFC3339),
		annotationExpiresAt: issued.ExpiresAt.UTC().Format(time.RFC3339),
	}
}

// openConfigMap checks before a token is issued that the ConfigMap can be written. Under Observe it abandons no ConfigMap.
func (w *tokenSync) openConfigMap(ctx context.Context) error {
	if w.token.Spec.ManagementPolicy == v1alpha1.ManagementPolicyObserve {
		return nil
	}
	if err := w.reconciliation.KeepOutputConfigMap(ctx, w.Deps, w.token.Spec.OutputConfigMap); err != nil {
		return err
	}
	return w.writeConfigMap(ctx, secret.Output.Try)
}

// writeConfigMap writes the public values of the token to the ConfigMap, or only checks that it can.
func (w *tokenSync) writeConfigMap(ctx context.Context, write func(secret.Output, context.Context, *corev1.Secret, map[string][]byte, map[string]string) error) error {
	declared := w.token.Spec.OutputConfigMap
	if declared == nil || w.token.Spec.ManagementPolicy == v1alpha1.ManagementPolicyObserve {
		return nil
	}
	domain, status, expires := w.session.LoginDomain(), w.token.Status, ""
	if status.ExpiresAt != nil {
		expires = status.ExpiresAt.UTC().Format(time.RFC3339)
	}
	return engine.WriteConfigMap(ctx, w.Deps, w.token, *declared, map[string]string{
		"domain": domain, "issuer": auth0.IssuerOf(domain), "audience": status.Audience, "scope": strings.Join(status.Scopes, " "), "expiresAt": expires,
	}, write)
}

// outputs are the Secret and ConfigMaps that the token was written to, except the Secret of its token family.
func (w *tokenSync) outputs() []secret.Output {
	outputs := []secret.Output{{Client: w.Client, Owner: w.token, Name: w.token.Spec.OutputSecret.Name, Expectations: w.Outputs}}
	names := slices.Clone(w.token.Status.OutputConfigMaps)
	if declared := w.token.Spec.OutputConfigMap; declared != nil && !slices.Contains(names, declared.Name) {
		names = append(names, declared.Name)
	}
	for _, name := range names {
		outputs = append(outputs, secret.Output{Client: w.Client, Owner: w.token, Destination: secret.ConfigMap, Name: name, Expectations: w.Outputs})
	}
	return outputs
}

// tokenData renders the data of the output Secret. Templates can use every value. The default keys leave out the refresh token,
// because a workload that used it would end the sign-in, and the audience.
func tokenData(output v1alpha1.OutputSecret, issued auth0.TokenSet) (map[string][]byte, error) {
	values := map[string]string{
		"accessToken":  issued.AccessToken,
		"tokenType":    issued.TokenType,
		"scope":        strings.Join(issued.Scopes, " "),
		"expiresAt":    issued.ExpiresAt.UTC().Format(time.RFC3339),
		"idToken":      issued.IDToken,
		"refreshToken": issued.RefreshToken,
		"audience":     issued.Audience,
	}
	if len(output.Data) == 0 {
		delete(values, "refreshToken")
		delete(values, "audience")
		if issued.IDToken == "" {
			delete(values, "idToken")
		}
	}
	return secret.Render(output, values)
}
