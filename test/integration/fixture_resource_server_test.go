package integration

import (
	"errors"
	"fmt"
	"net/http"
	"slices"

	"github.com/auth0-operator/auth0-operator/api/v1alpha1"
	"github.com/auth0-operator/auth0-operator/internal/simulator"
)

const (
	apisRoute     = "/api/v2/resource-servers"
	signingSecret = "planted-signing-secret-0123"
	// garbledKey begins like a public key.
	garbledKey = "-----BEGIN PUBLIC KEY-----\nand then not"
)

// resourceServerFixture is an API with a setting of each sort.
var resourceServerFixture = fixture{
	prepare: func(e *environment) {
		e.create(e.secret("signing", map[string]string{"secret": signingSecret}))
	},
	object: func(e *environment, name string) v1alpha1.Managed {
		return &v1alpha1.Auth0ResourceServer{ObjectMeta: e.meta(name), Spec: v1alpha1.Auth0ResourceServerSpec{
			ManagedSpec: e.managedSpec(),
			Identifier:  ordersAPI,
			Name:        new("Orders"),
			Scopes: &v1alpha1.ResourceServerScopes{Items: []v1alpha1.ResourceServerScope{
				{Value: "read:orders", Description: new("See orders")}, {Value: "write:orders"}, {Value: "delete.orders"},
			}},
			SigningAlg:       new("HS256"),
			SigningSecretRef: &v1alpha1.SecretKeyReference{Name: "signing", Key: "secret"},
			TokenLifetime:    new(int64(3600)),
			EnforcePolicies:  new(true),
			TokenDialect:     new("access_token_authz"),
			SubjectTypeAuthorization: &v1alpha1.SubjectTypeAuthorization{
				User: &v1alpha1.UserAuthorization{Policy: "require_client_grant"},
			},
			AuthorizationDetails: []v1alpha1.AuthorizationDetail{{Type: "payment"}},
		}}
	},
	check: func(e *environment, object v1alpha1.Managed) error {
		return checkResourceServer(e, object.(*v1alpha1.Auth0ResourceServer))
	},
	count:  func(e *environment) int { return len(e.apis(ordersAPI)) },
	writes: func(report simulator.Report) int { return report.Writes() },
	create: call{http.MethodPost, apisRoute},

	change: func(object v1alpha1.Managed) {
		spec := &object.(*v1alpha1.Auth0ResourceServer).Spec
		spec.Name = new("All orders")
		spec.Scopes.Items = []v1alpha1.ResourceServerScope{{Value: "write:orders", Description: new("Change orders")}, {Value: "read:orders"}, {Value: "approve:orders"}}
		spec.TokenLifetime = new(int64(1800))
		spec.SubjectTypeAuthorization.Client = &v1alpha1.ClientAuthorization{Policy: "deny_all"}
	},
	clear: func(object v1alpha1.Managed) {
		spec := &object.(*v1alpha1.Auth0ResourceServer).Spec
		spec.Scopes, spec.TokenLifetime, spec.EnforcePolicies, spec.TokenDialect, spec.SubjectTypeAuthorization, spec.AuthorizationDetails = nil, nil, nil, nil, nil, nil
	},
	cleared: func(e *environment, object v1alpha1.Managed) error {
		api := e.api(object.(*v1alpha1.Auth0ResourceServer).Status.ID)
		var failures []error
		for field, want := range map[string]any{"token_lifetime": 86400.0, "enforce_policies": false, "token_dialect": "access_token", "authorization_details": nil} {
			if api[field] != want {
				failures = append(failures, fmt.Errorf("%s is %v, want %v", field, api[field], want))
			}
		}
		if left := scopesOf(api); len(left) > 0 {
			failures = append(failures, fmt.Errorf("scopes are left: %v", left))
		}
		if policy := policyOf(api, "user"); policy != "allow_all" {
			failures = append(failures, fmt.Errorf("the policy for users is %v", policy))
		}
		return errors.Join(failures...)
	},
	drift: func(e *environment, object v1alpha1.Managed) {
		e.dashboard("PATCH", apiPath(object.(*v1alpha1.Auth0ResourceServer).Status.ID), map[string]any{
			"name":   "Somebody's",
			"scopes": []any{map[string]any{"value": "write:orders", "description": "theirs"}, map[string]any{"value": "their:scope"}},
		})
	},
	deleteRemotely: func(e *environment, object v1alpha1.Managed) {
		e.dashboard("DELETE", apiPath(object.(*v1alpha1.Auth0ResourceServer).Status.ID), nil)
	},
	existing: func(e *environment) {
		e.dashboard("POST", apisRoute, map[string]any{"identifier": ordersAPI, "name": "Somebody's orders", "scopes": []any{map[string]any{"value": "their:scope"}}})
	},
	existsReason:   v1alpha1.ReasonAlreadyExists,
	conflictReason: v1alpha1.ReasonConflict,
	makeInvalid: func(object v1alpha1.Managed) {
		object.(*v1alpha1.Auth0ResourceServer).Spec.TokenEncryption = &v1alpha1.TokenEncryption{
			Format: "compact-nested-jwe", EncryptionKey: v1alpha1.TokenEncryptionKey{Alg: "RSA-OAEP-256", PEM: garbledKey},
		}
	},
	fix: func(object v1alpha1.Managed) {
		object.(*v1alpha1.Auth0ResourceServer).Spec.TokenEncryption = nil
	},
	withoutScope: func(e *environment) string {
		e.withoutScopes("create:resource_servers")
		return "create:resource_servers"
	},
	scopeReason: v1alpha1.ReasonMissingScope,
}

func apiPath(id string) string { return apisRoute + "/" + id }

// apis lists the APIs with an identifier.
func (e *environment) apis(identifier string) []map[string]any {
	e.Helper()
	return slices.DeleteFunc(e.dashboardList(apisRoute+"?per_page=100"), func(api map[string]any) bool { return api["identifier"] != identifier })
}

func (e *environment) api(id string) map[string]any {
	e.Helper()
	return e.dashboard("GET", apiPath(id), nil)
}

// scopesOf returns the scopes of an API with their descriptions.
func scopesOf(api map[string]any) map[string]string {
	scopes := map[string]string{}
	list, _ := api["scopes"].([]any)
	for _, item := range list {
		scope := item.(map[string]any)
		description, _ := scope["description"].(string)
		scopes[scope["value"].(string)] = description
	}
	return scopes
}

// policyOf returns what an API says about tokens for users or clients.
func policyOf(api map[string]any, subjectType string) any {
	authorization, _ := api["subject_type_authorization"].(map[string]any)
	policy, _ := authorization[subjectType].(map[string]any)
	return policy["policy"]
}

// checkResourceServer compares an API in Auth0 with what its object declares.
func checkResourceServer(e *environment, object *v1alpha1.Auth0ResourceServer) error {
	e.Helper()
	found := e.apis(object.Spec.Identifier)
	if len(found) != 1 || found[0]["id"] != object.Status.ID {
		return fmt.Errorf("the APIs of that identifier are %v, want one with the id %s", found, object.Status.ID)
	}
	api, spec := found[0], object.Spec
	var failures []error
	expect := func(field string, declared bool, want any) {
		if declared && api[field] != want {
			failures = append(failures, fmt.Errorf("%s is %v, want %v", field, api[field], want))
		}
	}
	expect("name", spec.Name != nil, valueOf(spec.Name))
	expect("signing_alg", spec.SigningAlg != nil, valueOf(spec.SigningAlg))
	expect("enforce_policies", spec.EnforcePolicies != nil, valueOf(spec.EnforcePolicies))
	expect("token_dialect", spec.TokenDialect != nil, valueOf(spec.TokenDialect))
	expect("token_lifetime", spec.TokenLifetime != nil, float64(valueOf(spec.TokenLifetime)))
	if spec.Scopes != nil {
		have := scopesOf(api)
		for _, scope := range spec.Scopes.Items {
			if description, there := have[scope.Value]; !there || description != valueOf(scope.Description) {
				failures = append(failures, fmt.Errorf("scope %s is not as declared: %v", scope.Value, have))
			}
		}
		exact := spec.Scopes.Mode == v1alpha1.ListModeExact
		for value := range have {
			declared := slices.ContainsFunc(spec.Scopes.Items, func(scope v1alpha1.ResourceServerScope) bool { return scope.Value == value })
			if !declared && (exact || value != "their:scope") {
				failures = append(failures, fmt.Errorf("scope %s is there", value))
			}
		}
	}
	if types := spec.SubjectTypeAuthorization; types != nil && types.User != nil && policyOf(api, "user") != types.User.Policy {
		failures = append(failures, fmt.Errorf("the policy for users is %v", policyOf(api, "user")))
	}
	if types := spec.SubjectTypeAuthorization; types != nil && types.Client != nil && policyOf(api, "client") != types.Client.Policy {
		failures = append(failures, fmt.Errorf("the policy for clients is %v", policyOf(api, "client")))
	}
	return errors.Join(failures...)
}

// valueOf returns what is pointed to, or the zero value.
func valueOf[T any](pointer *T) T {
	if pointer == nil {
		return *new(T)
	}
	return *pointer
}
