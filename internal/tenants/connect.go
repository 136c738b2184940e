package tenants

import (
	"cmp"
	"context"
	"errors"
	"strings"

	"k8s.io/apimachinery/pkg/types"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/auth0-operator/auth0-operator/api/v1alpha1"
	"github.com/auth0-operator/auth0-operator/internal/auth0"
	"github.com/auth0-operator/auth0-operator/internal/auth0/ratelimit"
	"github.com/auth0-operator/auth0-operator/internal/problem"
	"github.com/auth0-operator/auth0-operator/internal/reference"
	"github.com/auth0-operator/auth0-operator/internal/secret"
)

// Session returns the session of a tenant. The tenant's own reconciliation keeps it open and up to date. After a restart, the
// first caller opens it.
func Session(ctx context.Context, reader client.Reader, pool *auth0.Pool, tenant *v1alpha1.Auth0Tenant) (*auth0.Session, error) {
	if session, ok := pool.Get(client.ObjectKeyFromObject(tenant).String()); ok {
		return session, nil
	}
	return Connect(ctx, reader, pool, tenant)
}

// Connect opens the session of a tenant with the credentials in its Secret, or returns the session that is open with them.
func Connect(ctx context.Context, reader client.Reader, pool *auth0.Pool, tenant *v1alpha1.Auth0Tenant) (*auth0.Session, error) {
	key := client.ObjectKeyFromObject(tenant).String()
	credentials, err := credentialsOf(ctx, reader, tenant)
	if err != nil {
		if _, ok := errors.AsType[*problem.Problem](err); ok {
			pool.Close(key)
		}
		return nil, err
	}
	limiter := pool.Limiters.Of(key)
	limit := ptr.Deref(tenant.Spec.RateLimit, v1alpha1.RateLimit{})
	limiter.SetCap(limit.RequestsPerSecond, cmp.Or(limit.Burst, limit.RequestsPerSecond))
	if since := tenant.Status.UnavailableSince; since != nil {
		limiter.Presume(since.Time)
	}
	limiter.SetHeadroom(ptr.Deref(limit.HeadroomPercent, ratelimit.DefaultHeadroom))
	return pool.Open(key, credentials), nil
}

func credentialsOf(ctx context.Context, reader client.Reader, tenant *v1alpha1.Auth0Tenant) (auth0.Credentials, error) {
	name := tenant.Spec.CredentialsSecretRef.Name
	// One read: a domain and a secret of two versions of the Secret do not belong together.
	values, err := secret.Credentials(ctx, reader, tenant.Namespace, name, []string{"domain", "clientId"}, applicationKeys...)
	if err != nil {
		return auth0.Credentials{}, err
	}
	credentials := auth0.Credentials{Domain: values["domain"], CustomDomain: verifiedCustomDomain(tenant)}
	if credentials.Application, err = applicationIn(values, tenant.Namespace, name); err != nil {
		return auth0.Credentials{}, err
	}
	if credentials.Application.IsPublic() {
		return auth0.Credentials{}, noCredential(tenant.Namespace, name)
	}
	if proof := credentials.Application.Secret; proof != strings.TrimSpace(proof) {
		return auth0.Credentials{}, problem.Stalled(v1alpha1.ReasonSecretInvalid,
			"Secret %s/%s: clientSecret begins or ends with white space; take it away", tenant.Namespace, name)
	}
	if credentials.CABundle, err = caBundle(ctx, reader, tenant); err != nil {
		return auth0.Credentials{}, err
	}
	if err := credentials.Validate(); err != nil {
		return auth0.Credentials{}, problem.Stalled(v1alpha1.ReasonSecretInvalid, "Secret %s/%s: %v; correct it", tenant.Namespace, name, err)
	}
	if known := tenant.Status.Domain; known != "" && known != credentials.Domain {
		return auth0.Credentials{}, problem.Stalled(v1alpha1.ReasonSecretInvalid,
			"Secret %s/%s names the domain %q, but the objects of this Auth0Tenant live in %q; restore the domain, or create another Auth0Tenant for the other one",
			tenant.Namespace, name, credentials.Domain, known)
	}
	return credentials, nil
}

// verifiedCustomDomain returns the custom domain once Auth0 confirmed that it belongs to the tenant. The operator sends passwords
// to it, so write access to a tenant object must not be enough to choose the host.
func verifiedCustomDomain(tenant *v1alpha1.Auth0Tenant) string {
	if declared := tenant.Spec.CustomDomain; declared != nil && *declared == tenant.Status.CustomDomain {
		return *declared
	}
	return ""
}

func caBundle(ctx context.Context, reader client.Reader, tenant *v1alpha1.Auth0Tenant) (string, error) {
	bundle := tenant.Spec.CABundle
	if bundle == nil {
		return "", nil
	}
	key := bundle.Key
	if key == "" {
		key = "ca.crt"
	}
	certificates, err := certificatesIn(ctx, reader, tenant, key)
	if err != nil {
		return "", err
	}
	if err := auth0.CheckCABundle(certificates); err != nil {
		return "", problem.Stalled(v1alpha1.ReasonSecretInvalid, "spec.caBundle: %s %s/%s, key %q: %v", bundle.Kind, tenant.Namespace, bundle.Name, key, err)
	}
	return certificates, nil
}

func certificatesIn(ctx context.Context, reader client.Reader, tenant *v1alpha1.Auth0Tenant, key string) (string, error) {
	bundle := tenant.Spec.CABundle
	if bundle.Kind == "ConfigMap" {
		return secret.ConfigCertificates(ctx, reader, tenant.Namespace, bundle.Name, key)
	}
	return secret.Certificates(ctx, reader, tenant.Namespace, bundle.Name, key)
}

// Usable returns a tenant and, if the tenant is usable now, its session.
func Usable(ctx context.Context, reader client.Reader, pool *auth0.Pool, key types.NamespacedName) (*v1alpha1.Auth0Tenant, *auth0.Session, error) {
	var tenant v1alpha1.Auth0Tenant
	if err := reader.Get(ctx, key, &tenant); err != nil {
		return nil, nil, err
	}
	session, _ := pool.Get(key.String())
	if reference.Usable(&tenant) != nil || session != nil && !session.IsAvailable() {
		session = nil
	}
	return &tenant, session, nil
}
