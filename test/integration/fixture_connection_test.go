package integration

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"slices"

	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"

	"github.com/auth0-operator/auth0-operator/api/v1alpha1"
	"github.com/auth0-operator/auth0-operator/internal/simulator"
)

const (
	databaseKey    = "planted-Database-Key-1"
	providerSecret = "planted-Provider-Secret-1"
)

// connectionFixture is a database with customers of a shop.
var connectionFixture = fixture{
	prepare: func(e *environment) {
		e.dashboard("POST", "/api/v2/clients", map[string]any{"name": "shop", "app_type": "regular_web"})
		e.create(e.secret("database", map[string]string{"key": databaseKey}))
	},
	object: func(e *environment, name string) v1alpha1.Managed {
		login := v1alpha1.CustomScript("function login(email, password, callback) { callback(null); }")
		return &v1alpha1.Auth0Connection{ObjectMeta: e.meta(name), Spec: v1alpha1.Auth0ConnectionSpec{
			ManagedSpec: e.managedSpec(),
			Name:        "customers",
			Strategy:    "auth0",
			DisplayName: new("Customers"),
			Metadata:    map[string]v1alpha1.MetadataValue{"team": "shop", "tier": "1"},
			Database: &v1alpha1.DatabaseOptions{
				PasswordPolicy:  new(v1alpha1.PasswordPolicy("fair")),
				PasswordHistory: &v1alpha1.PasswordHistory{Enable: true, Size: new(int32(7))},
				DisableSignup:   new(true),
				MFA:             &v1alpha1.DatabaseMFA{Active: new(false)},
				CustomScripts:   &v1alpha1.CustomScripts{Login: &login, ChangePassword: &login},
				Configuration:   map[string]v1alpha1.SecretKeyReference{"KEY": {Name: "database", Key: "key"}},
			},
			EnabledClients: &v1alpha1.EnabledClients{Items: []v1alpha1.EnabledClient{{ClientID: new(e.clientNamed("shop"))}}},
		}}
	},
	check: func(e *environment, object v1alpha1.Managed) error {
		return checkConnection(e, object.(*v1alpha1.Auth0Connection))
	},
	count:  func(e *environment) int { return len(e.connectionsNamed("customers")) },
	writes: func(report simulator.Report) int { return report.Writes() },
	create: call{"POST", "/api/v2/connections"},

	change: func(object v1alpha1.Managed) {
		spec := &object.(*v1alpha1.Auth0Connection).Spec
		spec.DisplayName = new("Our customers")
		spec.Metadata["tier"] = "2"
		spec.Database.PasswordHistory.Size = new(int32(3))
		spec.EnabledClients.Items = []v1alpha1.EnabledClient{}
	},
	clear: func(object v1alpha1.Managed) {
		spec := &object.(*v1alpha1.Auth0Connection).Spec
		spec.DisplayName, spec.EnabledClients, spec.Metadata = nil, nil, nil
		spec.Database.PasswordHistory, spec.Database.DisableSignup, spec.Database.Configuration, spec.Database.CustomScripts = nil, nil, nil, nil
	},
	cleared: func(e *environment, object v1alpha1.Managed) error {
		have := e.connectionOf(object)
		options := have["options"].(map[string]any)
		var failures []error
		for _, name := range []string{"password_history", "disable_signup", "configuration", "customScripts"} {
			if options[name] != nil {
				failures = append(failures, fmt.Errorf("options.%s is left: %v", name, options[name]))
			}
		}
		if have["display_name"] != "customers" {
			failures = append(failures, fmt.Errorf("display_name is %v", have["display_name"]))
		}
		if metadata := have["metadata"].(map[string]any); len(metadata) != 1 {
			failures = append(failures, fmt.Errorf("metadata besides the mark is left: %v", metadata))
		}
		// The operator's own application stays: without it, nobody could create users.
		return errors.Join(append(failures, checkList("enabled clients", e.enabledClients(have), []string{operatorClientID}))...)
	},
	drift: func(e *environment, object v1alpha1.Managed) {
		e.dashboard("PATCH", connectionPath(object), map[string]any{
			"options": map[string]any{"passwordPolicy": "low", "theirs": "stays"}, "metadata": map[string]any{"theirs": "stays"},
		})
	},
	deleteRemotely: func(e *environment, object v1alpha1.Managed) { e.dashboard("DELETE", connectionPath(object), nil) },
	existing: func(e *environment) {
		e.dashboard("POST", "/api/v2/connections", map[string]any{"name": "customers", "strategy": "auth0"})
	},

	existsReason:   v1alpha1.ReasonAlreadyExists,
	conflictReason: v1alpha1.ReasonConflict,
	makeInvalid: func(object v1alpha1.Managed) {
		clients := object.(*v1alpha1.Auth0Connection).Spec.EnabledClients
		clients.Items = append(clients.Items, clients.Items[0])
	},
	fix: func(object v1alpha1.Managed) {
		clients := object.(*v1alpha1.Auth0Connection).Spec.EnabledClients
		clients.Items = clients.Items[:1]
	},
	withoutScope: func(e *environment) string {
		e.withoutScopes("create:connections")
		return "create:connections"
	},
	scopeReason: v1alpha1.ReasonMissingScope,
}

// providerFixture is a connection to an identity provider.
var providerFixture = func() fixture {
	s := connectionFixture
	s.prepare = func(e *environment) {
		connectionFixture.prepare(e)
		e.create(e.secret("provider", map[string]string{"secret": providerSecret}))
	}
	s.object = func(e *environment, name string) v1alpha1.Managed {
		connection := connectionFixture.object(e, name).(*v1alpha1.Auth0Connection)
		connection.Spec.Strategy, connection.Spec.Database = "oidc", nil
		connection.Spec.ShowAsButton = new(true)
		connection.Spec.Options = &apiextensionsv1.JSON{Raw: []byte(`{"client_id":"us","issuer":"https://id.example.com","authorization_endpoint":"https://id.example.com/authorize",` +
			`"scope":"openid email","upstream_params":{"screen_name":{"alias":"login_hint"}}}`)}
		connection.Spec.OptionSecrets = []v1alpha1.OptionSecret{{Path: "client_secret", SecretRef: v1alpha1.SecretKeyReference{Name: "provider", Key: "secret"}}}
		return connection
	}
	s.change = func(object v1alpha1.Managed) {
		spec := &object.(*v1alpha1.Auth0Connection).Spec
		spec.Options.Raw = []byte(`{"client_id":"them","issuer":"https://id.example.com","authorization_endpoint":"https://id.example.com/authorize",` +
			`"scope":"openid","upstream_params":{"screen_name":{"alias":"login_hint"}}}`)
		spec.Metadata = nil
	}
	s.clear = func(object v1alpha1.Managed) {
		spec := &object.(*v1alpha1.Auth0Connection).Spec
		spec.Options.Raw = []byte(`{"client_id":"us","issuer":"https://id.example.com","authorization_endpoint":"https://id.example.com/authorize"}`)
		spec.OptionSecrets, spec.ShowAsButton = nil, nil
	}
	s.cleared = func(e *environment, object v1alpha1.Managed) error {
		have := e.connectionOf(object)
		options := have["options"].(map[string]any)
		if options["client_secret"] != nil || options["scope"] != nil || options["upstream_params"] != nil || have["show_as_button"] != false {
			return fmt.Errorf("something is left: %v", have)
		}
		return nil
	}
	s.drift = func(e *environment, object v1alpha1.Managed) {
		e.dashboard("PATCH", connectionPath(object), map[string]any{"options": map[string]any{"client_id": "other"}})
	}
	s.existing = func(e *environment) {
		e.dashboard("POST", "/api/v2/connections", map[string]any{"name": "customers", "strategy": "oidc", "options": map[string]any{"theirs": "stays"}})
	}
	s.makeInvalid = func(object v1alpha1.Managed) {
		object.(*v1alpha1.Auth0Connection).Spec.Options.Raw = []byte(`{"nested":{"client_secret":"in the open"}}`)
	}
	s.fix = func(object v1alpha1.Managed) {
		object.(*v1alpha1.Auth0Connection).Spec.Options.Raw = []byte(`{"client_id":"us","issuer":"https://id.example.com","authorization_endpoint":"https://id.example.com/authorize",` +
			`"nested":{"client_secret":""}}`)
	}
	return s
}()

func connectionPath(object v1alpha1.Managed) string {
	return "/api/v2/connections/" + object.(*v1alpha1.Auth0Connection).Status.ConnectionID
}

func (e *environment) connectionOf(object v1alpha1.Managed) map[string]any {
	e.Helper()
	return e.dashboard("GET", connectionPath(object), nil)
}

func (e *environment) connectionsNamed(name string) []map[string]any {
	e.Helper()
	return e.dashboardList("/api/v2/connections?name=" + url.QueryEscape(name))
}

// clientNamed returns the id of the application with a name.
func (e *environment) clientNamed(name string) string {
	e.Helper()
	for _, client := range e.dashboardList("/api/v2/clients?per_page=100") {
		if client["name"] == name {
			return client["client_id"].(string)
		}
	}
	e.Fatalf("there is no application %s", name)
	return ""
}

func (e *environment) enabledClients(connection map[string]any) []string {
	e.Helper()
	page := e.dashboard("GET", "/api/v2/connections/"+connection["id"].(string)+"/clients?take=1000", nil)
	var ids []string
	for _, item := range page["clients"].([]any) {
		ids = append(ids, item.(map[string]any)["client_id"].(string))
	}
	slices.Sort(ids)
	return ids
}

// checkConnection compares a connection in Auth0 with what its object declares.
func checkConnection(e *environment, object *v1alpha1.Auth0Connection) error {
	e.Helper()
	status, answer := e.sim.Dashboard("GET", connectionPath(object), nil)
	if status != 200 {
		return fmt.Errorf("connection %s: %d %s", object.Status.ConnectionID, status, answer)
	}
	var have map[string]any
	if err := json.Unmarshal(answer, &have); err != nil {
		return err
	}
	spec := object.Spec
	var failures []error
	expect := func(field string, is, want any) {
		if isText, wantText := asJSON(is), asJSON(want); isText != wantText {
			failures = append(failures, fmt.Errorf("%s is %s, want %s", field, isText, wantText))
		}
	}
	if spec.DisplayName != nil {
		expect("display_name", have["display_name"], *spec.DisplayName)
	}
	metadata, _ := have["metadata"].(map[string]any)
	expect("mark", metadata["auth0_operator"], holder(object))
	for key, value := range spec.Metadata {
		expect("metadata."+key, metadata[key], value)
	}
	options, _ := have["options"].(map[string]any)
	if spec.Database != nil {
		expectDatabase(spec.Database, options, expect)
	} else {
		expectOptions(spec, options, expect)
	}
	if spec.EnabledClients != nil {
		var want []string
		for _, item := range spec.EnabledClients.Items {
			want = append(want, *item.ClientID)
		}
		if spec.Strategy == "auth0" {
			want = append(want, operatorClientID)
		}
		failures = append(failures, checkList("enabled clients", e.enabledClients(have), want))
	}
	return errors.Join(failures...)
}

func expectDatabase(want *v1alpha1.DatabaseOptions, options map[string]any, expect func(string, any, any)) {
	expect("passwordPolicy", options["passwordPolicy"], want.PasswordPolicy)
	mfa, _ := options["mfa"].(map[string]any)
	expect("mfa.active", mfa["active"], want.MFA.Active)
	if want.PasswordHistory != nil {
		expect("password_history", options["password_history"], want.PasswordHistory)
	}
	if want.DisableSignup != nil {
		expect("disable_signup", options["disable_signup"], want.DisableSignup)
	}
	if want.CustomScripts != nil {
		expect("customScripts", options["customScripts"], map[string]any{"login": want.CustomScripts.Login, "change_password": want.CustomScripts.ChangePassword})
	}
	if want.Configuration != nil {
		expect("configuration", options["configuration"], map[string]any{"KEY": simulator.Encrypted(databaseKey)})
	}
}

func expectOptions(spec v1alpha1.Auth0ConnectionSpec, options map[string]any, expect func(string, any, any)) {
	var want map[string]any
	if err := json.Unmarshal(spec.Options.Raw, &want); err != nil {
		panic(err)
	}
	for name, value := range want {
		expect("options."+name, options[name], value)
	}
	if len(spec.OptionSecrets) > 0 {
		expect("options.client_secret", options["client_secret"], providerSecret)
	}
}

// asJSON shows a value with sorted keys.
func asJSON(value any) string {
	encoded, err := json.Marshal(value)
	if err != nil {
		return err.Error()
	}
	var plain any
	if err := json.Unmarshal(encoded, &plain); err != nil {
		return err.Error()
	}
	encoded, _ = json.Marshal(plain)
	return string(encoded)
}
