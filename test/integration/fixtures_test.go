package integration

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"slices"

	corev1 "k8s.io/api/core/v1"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/auth0-operator/auth0-operator/api/v1alpha1"
	"github.com/auth0-operator/auth0-operator/internal/simulator"
)

const (
	ordersAPI    = "https://orders.example.com/"
	userPassword = "planted-User-Password-1"
	m2mClientID  = "MachineClientMachineClientMach01"
)

// seedOrders creates an API with three permissions.
func seedOrders(e *environment) {
	e.Helper()
	e.dashboard("POST", "/api/v2/resource-servers", map[string]any{"identifier": ordersAPI, "name": "Orders", "scopes": []any{
		map[string]any{"value": "read:orders"}, map[string]any{"value": "write:orders"}, map[string]any{"value": "delete:orders"},
	}})
}

// seedRoles creates roles by name.
func seedRoles(e *environment, names ...string) {
	e.Helper()
	for _, name := range names {
		e.dashboard("POST", "/api/v2/roles", map[string]any{"name": name})
	}
}

// userFixture is the user of the files for tests and variants that edit it: it edits fields, and compares Auth0 with the spec.
var userFixture = func() fixture {
	s := fromFiles("Auth0User")
	s.check = func(e *environment, object v1alpha1.Managed) error { return checkUser(e, object.(*v1alpha1.Auth0User)) }
	s.change = func(object v1alpha1.Managed) {
		spec := &object.(*v1alpha1.Auth0User).Spec
		spec.Name = new("Augusta Ada King")
		spec.Email = new("countess@example.com")
		spec.UserMetadata["theme"] = apiextensionsv1.JSON{Raw: []byte(`["light","dark"]`)}
		spec.Roles.Items = []v1alpha1.UserRole{{Name: new("viewer")}}
		spec.Permissions.Items = []v1alpha1.Permission{{Audience: new(ordersAPI), Name: "write:orders"}, {Audience: new(ordersAPI), Name: "delete:orders"}}
	}
	s.clear = func(object v1alpha1.Managed) {
		spec := &object.(*v1alpha1.Auth0User).Spec
		spec.GivenName, spec.Blocked, spec.UserMetadata, spec.Roles, spec.Permissions = nil, nil, nil, nil, nil
	}
	s.cleared = checkClearedUser
	s.invalid = []mistake{{func(object v1alpha1.Managed) {
		object.(*v1alpha1.Auth0User).Spec.AppMetadata["a.b"] = apiextensionsv1.JSON{Raw: []byte(`1`)}
	}, v1alpha1.ReasonInvalidSpec, "a.b"}}
	s.fix = func(object v1alpha1.Managed) { delete(object.(*v1alpha1.Auth0User).Spec.AppMetadata, "a.b") }
	return s
}()

// checkClearedUser compares a user in Auth0 with the fields that its object does not declare any more.
func checkClearedUser(e *environment, object v1alpha1.Managed) error {
	e.Helper()
	user := e.user(object.(*v1alpha1.Auth0User).Status.UserID)
	var failures []error
	if user["given_name"] != nil || user["blocked"] == true {
		failures = append(failures, fmt.Errorf("given_name and blocked are still set: %v", user))
	}
	if metadata, _ := user["user_metadata"].(map[string]any); len(metadata) > 0 {
		failures = append(failures, fmt.Errorf("user_metadata is left: %v", metadata))
	}
	if left := append(e.userRoles(user), e.userPermissions(user)...); len(left) > 0 {
		failures = append(failures, fmt.Errorf("roles and permissions are left: %v", left))
	}
	return errors.Join(failures...)
}

func userPath(id string) string { return "/api/v2/users/" + url.PathEscape(id) }

func (e *environment) users() []map[string]any {
	e.Helper()
	return e.dashboardList("/api/v2/users")
}

func (e *environment) user(id string) map[string]any {
	e.Helper()
	return e.dashboard("GET", userPath(id), nil)
}

func (e *environment) userRoles(user map[string]any) []string {
	e.Helper()
	return fieldOf(e.dashboardList(userPath(user["user_id"].(string))+"/roles"), "name")
}

func (e *environment) userPermissions(user map[string]any) []string {
	e.Helper()
	return fieldOf(e.dashboardList(userPath(user["user_id"].(string))+"/permissions"), "permission_name")
}

func fieldOf(list []map[string]any, field string) []string {
	values := make([]string, len(list))
	for i, item := range list {
		values[i], _ = item[field].(string)
	}
	slices.Sort(values)
	return values
}

// withoutScopes removes scopes from the operator's own client grant.
func (e *environment) withoutScopes(scopes ...string) {
	e.Helper()
	for _, grant := range e.dashboardList("/api/v2/client-grants?client_id=" + operatorClientID) {
		var left []string
		for _, scope := range grant["scope"].([]any) {
			if !slices.Contains(scopes, scope.(string)) {
				left = append(left, scope.(string))
			}
		}
		e.dashboard("PATCH", "/api/v2/client-grants/"+grant["id"].(string), map[string]any{"scope": left})
	}
}

// checkUser compares a user in Auth0 with what its object declares.
func checkUser(e *environment, object *v1alpha1.Auth0User) error {
	e.Helper()
	status, answer := e.sim.Dashboard("GET", userPath(object.Status.UserID), nil)
	if status != 200 {
		return fmt.Errorf("user %s: %d %s", object.Status.UserID, status, answer)
	}
	var user map[string]any
	if err := json.Unmarshal(answer, &user); err != nil {
		return err
	}
	spec := object.Spec
	var failures []error
	expect := func(field string, want *string) {
		if want != nil && user[field] != *want {
			failures = append(failures, fmt.Errorf("%s is %v, want %s", field, user[field], *want))
		}
	}
	expect("email", spec.Email)
	expect("name", spec.Name)
	expect("given_name", spec.GivenName)
	if spec.Blocked != nil && user["blocked"] != *spec.Blocked {
		failures = append(failures, fmt.Errorf("blocked is %v, want %v", user["blocked"], *spec.Blocked))
	}
	failures = append(failures,
		checkMetadata(answer, "user_metadata", spec.UserMetadata),
		checkMetadata(answer, "app_metadata", spec.AppMetadata))
	if spec.Roles != nil {
		want := make([]string, len(spec.Roles.Items))
		for i, role := range spec.Roles.Items {
			want[i] = valueOf(role.Name)
		}
		failures = append(failures, checkList("roles", e.userRoles(user), want))
	}
	if spec.Permissions != nil {
		want := make([]string, len(spec.Permissions.Items))
		for i, permission := range spec.Permissions.Items {
			want[i] = permission.Name
		}
		failures = append(failures, checkList("permissions", e.userPermissions(user), want))
	}
	return errors.Join(failures...)
}

// checkMetadata compares the text of each value, so that it notices a lost digit.
func checkMetadata(answer []byte, field string, want map[string]apiextensionsv1.JSON) error {
	var user map[string]json.RawMessage
	if err := json.Unmarshal(answer, &user); err != nil {
		return err
	}
	var have map[string]json.RawMessage
	if raw := user[field]; raw != nil {
		if err := json.Unmarshal(raw, &have); err != nil {
			return err
		}
	}
	for key, value := range want {
		if string(have[key]) != string(value.Raw) {
			return fmt.Errorf("%s.%s is %s, want %s", field, key, have[key], value.Raw)
		}
	}
	return nil
}

func checkList(name string, have, want []string) error {
	slices.Sort(want)
	if !slices.Equal(have, want) {
		return fmt.Errorf("%s are %v, want %v", name, have, want)
	}
	return nil
}

// tokenFixture is a token by client credentials.
var tokenFixture = fixture{
	prepare: func(e *environment) {
		seedOrders(e)
		client := e.dashboard("POST", "/api/v2/clients", map[string]any{"name": "machine", "app_type": "non_interactive", "grant_types": []string{"client_credentials"}})
		e.dashboard("POST", "/api/v2/client-grants", map[string]any{"client_id": client["client_id"], "audience": ordersAPI, "scope": []string{"read:orders", "write:orders"}})
		e.create(e.secret("machine", map[string]string{"clientId": client["client_id"].(string), "clientSecret": client["client_secret"].(string)}))
	},
	object: func(e *environment, name string) v1alpha1.Managed {
		return &v1alpha1.Auth0Token{ObjectMeta: e.meta(name), Spec: v1alpha1.Auth0TokenSpec{
			ManagedSpec:       e.managedSpec(),
			Client:            v1alpha1.TokenClient{SecretRef: &v1alpha1.SecretReference{Name: "machine"}},
			ClientCredentials: &v1alpha1.ClientCredentialsGrant{Audience: ordersAPI, Scopes: []string{"read:orders"}},
			OutputSecret:      v1alpha1.OutputSecret{Name: "token"},
		}}
	},
	check: func(e *environment, object v1alpha1.Managed) error {
		return checkToken(e, object.(*v1alpha1.Auth0Token))
	},
	count: func(e *environment) int {
		var secret corev1.Secret
		if err := e.kube.Get(e.ctx, client.ObjectKey{Namespace: e.namespace, Name: "token"}, &secret); err != nil {
			return 0
		}
		return 1
	},
	writes: func(report simulator.Report) int { return report.Count("POST", "/oauth/token") },
	create: call{"POST", "/oauth/token"},

	change: func(object v1alpha1.Managed) {
		object.(*v1alpha1.Auth0Token).Spec.ClientCredentials.Scopes = []string{"write:orders"}
	},
	clear: func(object v1alpha1.Managed) { object.(*v1alpha1.Auth0Token).Spec.ClientCredentials.Scopes = nil },
	cleared: func(_ *environment, object v1alpha1.Managed) error {
		return checkList("scopes", object.(*v1alpha1.Auth0Token).Status.Scopes, []string{"read:orders", "write:orders"})
	},
	drift: func(e *environment, _ v1alpha1.Managed) {
		secret := &corev1.Secret{ObjectMeta: e.meta("token")}
		change(e, secret, func(s *corev1.Secret) { s.Data["accessToken"] = []byte("edited") })
	},
	deleteRemotely: func(e *environment, _ v1alpha1.Managed) { e.delete(&corev1.Secret{ObjectMeta: e.meta("token")}) },
	existing: func(e *environment) {
		e.create(e.secret("token", map[string]string{"accessToken": "somebody's"}))
	},
	existsReason:   v1alpha1.ReasonSecretConflict,
	conflictReason: v1alpha1.ReasonSecretConflict,
	permit: func(e *environment, object v1alpha1.Managed) {
		for _, name := range []string{"token", "token-refresh-token"} {
			e.letWrite(object, name)
		}
	},
	invalid: []mistake{{func(object v1alpha1.Managed) {
		object.(*v1alpha1.Auth0Token).Spec.OutputSecret.Data = map[string]v1alpha1.SecretTemplate{"TOKEN": "{{ .password }}"}
	}, v1alpha1.ReasonInvalidSpec, "TOKEN"}},
	fix: func(object v1alpha1.Managed) { object.(*v1alpha1.Auth0Token).Spec.OutputSecret.Data = nil },
	withoutScope: func(e *environment) string {
		for _, grant := range e.dashboardList("/api/v2/client-grants?audience=" + url.QueryEscape(ordersAPI)) {
			e.dashboard("PATCH", "/api/v2/client-grants/"+grant["id"].(string), map[string]any{"scope": []string{"write:orders"}})
		}
		return "read:orders"
	},
	scopeReason: v1alpha1.ReasonScopeNotGranted,
}

// signupFixture is the same user, signed up through an application.
var signupFixture = func() fixture {
	s := userFixture
	s.prepare = func(e *environment) {
		userFixture.prepare(e)
		app := e.dashboard("POST", "/api/v2/clients", map[string]any{"name": "shop", "app_type": "regular_web"})
		e.enableConnectionFor(app["client_id"].(string), connection, true)
		e.create(e.secret("shop", map[string]string{"clientId": app["client_id"].(string)}))
	}
	s.object = func(e *environment, name string) v1alpha1.Managed {
		user := userFixture.object(e, name).(*v1alpha1.Auth0User)
		user.Spec.Provisioning = v1alpha1.ProvisioningSignup
		user.Spec.Signup = &v1alpha1.UserSignup{SecretRef: &v1alpha1.SecretReference{Name: "shop"}}
		return user
	}
	s.writes = func(report simulator.Report) int {
		return report.Writes() + report.Count("POST", "/dbconnections/signup")
	}
	s.create = call{"POST", "/dbconnections/signup"}
	s.withoutScope = func(e *environment) string {
		e.withoutScopes("update:users")
		return "update:users"
	}
	return s
}()

// passwordTokenFixture is a token for a user who signs in.
var passwordTokenFixture = func() fixture {
	s := tokenFixture
	s.prepare = func(e *environment) {
		seedOrders(e)
		userFixture.existing(e)
		app := e.dashboard("POST", "/api/v2/clients", map[string]any{"name": "machine", "app_type": "regular_web", "grant_types": []string{"http://auth0.com/oauth/grant-type/password-realm"}})
		e.enableConnectionFor(app["client_id"].(string), connection, true)
		e.create(e.secret("machine", map[string]string{"clientId": app["client_id"].(string), "clientSecret": app["client_secret"].(string)}))
		e.create(e.secret("ada", map[string]string{"password": "Correct-Horse-1"}))
	}
	s.object = func(e *environment, name string) v1alpha1.Managed {
		token := tokenFixture.object(e, name).(*v1alpha1.Auth0Token)
		token.Spec.ClientCredentials = nil
		token.Spec.Password = &v1alpha1.PasswordGrant{
			Username: new("ada@example.com"), PasswordSecretRef: &v1alpha1.SecretKeyReference{Name: "ada", Key: "password"},
			Realm: new(connection), Audience: new(ordersAPI), Scopes: []string{"read:orders"},
		}
		return token
	}
	s.change = func(object v1alpha1.Managed) {
		object.(*v1alpha1.Auth0Token).Spec.Password.Scopes = []string{"write:orders"}
	}
	s.clear = func(object v1alpha1.Managed) { object.(*v1alpha1.Auth0Token).Spec.Password.Scopes = nil }
	s.cleared = func(_ *environment, object v1alpha1.Managed) error {
		return checkList("scopes", slices.Sorted(slices.Values(object.(*v1alpha1.Auth0Token).Status.Scopes)), []string{"address", "delete:orders", "email", "openid", "phone", "profile", "read:orders", "write:orders"})
	}
	s.withoutScope = func(e *environment) string {
		for _, c := range e.dashboardList("/api/v2/clients") {
			if c["name"] == "machine" {
				e.dashboard("PATCH", "/api/v2/clients/"+c["client_id"].(string), map[string]any{"grant_types": []string{"client_credentials"}})
			}
		}
		return "password-realm"
	}
	s.scopeReason = v1alpha1.ReasonGrantTypeNotAllowed
	return s
}()
