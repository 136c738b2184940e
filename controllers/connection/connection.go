// Package connection defines Auth0Connection: databases and identity providers.
package connection

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/auth0-operator/auth0-operator/api/v1alpha1"
	"github.com/auth0-operator/auth0-operator/internal/auth0"
	"github.com/auth0-operator/auth0-operator/internal/drift"
	"github.com/auth0-operator/auth0-operator/internal/engine"
	"github.com/auth0-operator/auth0-operator/internal/fields"
	"github.com/auth0-operator/auth0-operator/internal/lists"
	"github.com/auth0-operator/auth0-operator/internal/problem"
	"github.com/auth0-operator/auth0-operator/internal/reference"
	"github.com/auth0-operator/auth0-operator/internal/secret"
)

const (
	// connectionMark is the key in metadata that holds the ownership marker.
	connectionMark = "metadata." + engine.MarkerKey
	// databaseStrategy is Auth0's strategy for databases.
	databaseStrategy = "auth0"
)

// Definition defines Auth0Connection.
var Definition = engine.Definition[*v1alpha1.Auth0Connection]{
	Resource:     "connections",
	Noun:         "connection",
	Scopes:       scopes(),
	Fields:       semantics,
	Renamed:      map[string]string{"database": "options"},
	Desired:      desired,
	Preserve:     preserve,
	Check:        check,
	Warnings:     warnings,
	Explain:      explain,
	Declares:     declares,
	Observe:      observe,
	Find:         find,
	MarkerField:  connectionMark,
	SecretFields: secretFields,
	Create:       create,
	Lists:        listsOf,
	AffectedBy:   affectedBy,
	Export:       export,
	Population:   population,
}

// semantics are the special fields.
var semantics = fields.Semantics{
	Replaced: []string{"options", "metadata", "authentication", "connected_accounts", "cross_app_access_requesting_app"},
	// Free options have no schema.
	Sets:       []string{"options.scope", "options.freeform_scopes", "options.domain_aliases", "options.non_persistent_attrs"},
	Unshown:    []string{"options"},
	Free:       []string{"options"},
	CreateOnly: []string{"name", "strategy"},
	Cleared: map[string]any{
		"is_domain_connection": false, "show_as_button": false, "realms": []any{},
		"authentication.active": true, "connected_accounts.active": false, "connected_accounts.cross_app_access": false,
		"cross_app_access_requesting_app.active": false,
	},
	Kept: []string{connectionMark, "options.enable_script_context"},
}

// scopes are the scopes for connections and, if options are declared, for options, which have their own.
func scopes() []engine.Scope[*v1alpha1.Auth0Connection] {
	updatesOptions := func(c *v1alpha1.Auth0Connection) bool { return engine.Updates(c) && declaresOptions(c) }
	return append(engine.LifecycleScopes[*v1alpha1.Auth0Connection](auth0.ScopesFor("connections")),
		engine.Scope[*v1alpha1.Auth0Connection]{Name: "read:connections_options", Needed: declaresOptions},
		engine.Scope[*v1alpha1.Auth0Connection]{Name: "update:connections_options", Needed: updatesOptions},
		engine.CountScope[*v1alpha1.Auth0Connection]("read:users"))
}

// declaresOptions reports whether a connection has options, or had options that must be cleared.
func declaresOptions(c *v1alpha1.Auth0Connection) bool {
	return c.Spec.Database != nil || c.Spec.Options != nil || len(c.Spec.OptionSecrets) > 0 ||
		slices.ContainsFunc(c.Status.ManagedFields, func(field string) bool { return strings.HasPrefix(field, "options.") })
}

func enabledClients(c *v1alpha1.Auth0Connection) []v1alpha1.EnabledClient {
	if c.Spec.EnabledClients == nil {
		return nil
	}
	return c.Spec.EnabledClients.Items
}

func clientField(i int) string { return fmt.Sprintf("spec.enabledClients.items[%d].clientRef", i) }

func secretFields(c *v1alpha1.Auth0Connection) map[string]v1alpha1.SecretKeyReference {
	refs := map[string]v1alpha1.SecretKeyReference{}
	for _, option := range c.Spec.OptionSecrets {
		refs["options."+option.Path] = option.SecretRef
	}
	if c.Spec.Database != nil {
		for name, ref := range c.Spec.Database.Configuration {
			refs["options.configuration."+name] = ref
		}
	}
	return refs
}

// secretOptions are options of identity providers that hold secrets.
var secretOptions = []string{"client_secret", "clientSecret", "app_secret", "consumerSecret", "twilio_token", "password", "secret"}

// mostOptions is the limit, in bytes, of the options of a connection.
const mostOptions = 128 << 10

// check rejects secrets in plain text, impossible values, and applications that are listed twice, which is easy to overlook in a
// long list.
func check(c *v1alpha1.Auth0Connection) error {
	if c.Spec.Options != nil {
		if err := fields.CheckSize("spec.options", len(c.Spec.Options.Raw), mostOptions); err != nil {
			return err
		}
	}
	named := map[string]bool{}
	for i, item := range enabledClients(c) {
		name, _ := json.Marshal(item)
		if named[string(name)] {
			return fmt.Errorf("spec.enabledClients.items[%d] names an application that is named before: %s; remove one of the two", i, name)
		}
		named[string(name)] = true
	}
	if path := secret.PrivateKeyIn("", map[string]any(optionsOf(c))); path != "" && c.Spec.Database != nil {
		return fmt.Errorf("spec.database: %s holds a private key, which is now exposed: create a new one, put it into a Secret, and name that in spec.database.configuration", path)
	}
	return checkOptions(freeOptions(c))
}

// secretIn returns the path of a secret among options, or "".
func secretIn(options auth0.Document) string {
	for name, value := range options {
		if text, ok := value.(string); ok && text != "" && slices.Contains(secretOptions, name) {
			return name
		}
		if path := secretIn(options.Object(name)); path != "" {
			return name + "." + path
		}
	}
	return ""
}

func desired(c *v1alpha1.Auth0Connection, _ reference.Values) auth0.Document {
	desired := fields.FromSpec(c.Spec, "metadata", "options", "database")
	for _, apart := range []string{"database", "options", "option_secrets", "enabled_clients"} {
		delete(desired, apart)
	}
	if options := optionsOf(c); len(options) > 0 {
		desired["options"] = map[string]any(options)
	}
	return desired
}

func optionsOf(c *v1alpha1.Auth0Connection) auth0.Document {
	if c.Spec.Database == nil {
		return freeOptions(c)
	}
	options := fields.FromSettings(c.Spec.Database)
	// They come from Secrets.
	delete(options, "configuration")
	// These are the only options with camelCase names in Auth0.
	for _, name := range []string{"passwordPolicy", "customScripts", "enabledDatabaseCustomization"} {
		if value, declared := options[fields.Snake(name)]; declared {
			delete(options, fields.Snake(name))
			options[name] = value
		}
	}
	return options
}

func freeOptions(c *v1alpha1.Auth0Connection) auth0.Document {
	if c.Spec.Options == nil {
		return nil
	}
	// The API server accepts only an object.
	options, _ := auth0.ParseDocument(c.Spec.Options.Raw)
	return options
}

func observe(c *v1alpha1.Auth0Connection, have auth0.Document) {
	c.Status.ConnectionID = have.String("id")
}

func find(ctx context.Context, req engine.Request[*v1alpha1.Auth0Connection], _ auth0.Document) ([]auth0.Document, error) {
	return req.Session.Find(ctx, "connections", map[string]string{"name": req.Object.Spec.Name})
}

func create(ctx context.Context, req engine.Request[*v1alpha1.Auth0Connection], desired auth0.Document) (auth0.Document, error) {
	if err := requireOptions(req.Object); err != nil {
		return nil, err
	}
	return req.Session.Create(ctx, "connections", desired)
}

// preserve adds the display name and the other options to a patch. Auth0 resets a missing display name to the name, and replaces
// all options.
func preserve(req engine.Request[*v1alpha1.Auth0Connection], have, patch auth0.Document) error {
	switch name, sent := patch["display_name"]; {
	case sent && name == nil:
		patch["display_name"] = have["name"]
	case !sent && have["display_name"] != nil:
		patch["display_name"] = have["display_name"]
	}
	options := patch.Object("options")
	if options == nil {
		return nil
	}
	if have["options"] == nil {
		// Somebody may have granted the scope since the token was issued.
		req.Session.Renew()
		return problem.Stalled(v1alpha1.ReasonMissingScope,
			"Auth0 does not show the options of connection %q, and a change of one would erase all others; grant the scope read:connections_options of the Management API to the operator's application %s",
			have.String("name"), req.Session.ClientID()).Again(hiddenOptionsRetry)
	}
	leaveOutReplaced(optionsOf(req.Object), options)
	if path := hiddenIn("", req.Object, options); path != "" {
		return problem.Stalled(v1alpha1.ReasonOptionsHidden,
			"options.%s of connection %q is set and not declared; Auth0 hides its current value, and an update would overwrite it: supply it from a Secret in %s",
			path, have.String("name"), secretsField(req.Object))
	}
	return nil
}

// hiddenOptionsRetry is the pause before checking again whether Auth0 returns the options. A new scope takes effect with the next
// token.
const hiddenOptionsRetry = time.Minute

// generations are options that newer ones have replaced. Auth0 accepts either.
var generations = []struct {
	newer string
	older []string
}{
	{"password_options", []string{"passwordPolicy", "password_complexity_options", "password_history", "password_dictionary", "password_no_personal_info"}},
	{"attributes", []string{"requires_username", "validation"}},
}

// leaveOutReplaced removes options that Auth0 does not allow beside the declared ones.
func leaveOutReplaced(declared, options auth0.Document) {
	isDeclared := func(name string) bool { return declared[name] != nil }
	for _, generation := range generations {
		if isDeclared(generation.newer) {
			maps.DeleteFunc(options, func(name string, _ any) bool { return slices.Contains(generation.older, name) })
		} else if slices.ContainsFunc(generation.older, isDeclared) {
			delete(options, generation.newer)
		}
	}
}

// masked matches a value that Auth0 hides.
var masked = regexp.MustCompile(`^[*•]{4,}$`)

// hiddenIn returns the path of an option whose value Auth0 hides, or "".
func hiddenIn(path string, c *v1alpha1.Auth0Connection, options auth0.Document) string {
	for _, name := range slices.Sorted(maps.Keys(options)) {
		inner := path + name
		if _, fromSecret := secretFields(c)["options."+inner]; fromSecret {
			continue
		}
		if text := options.String(name); text != "" && (path == "configuration." || masked.MatchString(text)) {
			return inner
		}
		if hidden := hiddenIn(inner+".", c, options.Object(name)); hidden != "" {
			return hidden
		}
	}
	return ""
}

func secretsField(c *v1alpha1.Auth0Connection) string {
	if c.Spec.Strategy == databaseStrategy {
		return "spec.database.configuration"
	}
	return "spec.optionSecrets"
}

// listsOf has the applications for which the connection is enabled.
func listsOf(req engine.Request[*v1alpha1.Auth0Connection]) []lists.List {
	c := req.Object
	list := lists.List{
		Field: "enabled_clients", Managed: &c.Status.EnabledClients,
		Add: func(ctx context.Context, session *auth0.Session, id string, clients []string) ([]string, error) {
			return clients, session.EnableClients(ctx, id, clients, true)
		},
		Remove: func(ctx context.Context, session *auth0.Session, id string, clients []string) error {
			return session.EnableClients(ctx, id, clients, false)
		},
	}
	if declared := c.Spec.EnabledClients; declared != nil {
		list.Declared, list.Mode = true, declared.Mode
		for i, item := range declared.Items {
			list.Want = append(list.Want, req.References.ID(clientField(i), item.ClientID))
		}
		if makesUsers(c) && !declared.ExcludeOperator {
			list.Want = append(list.Want, req.Session.ClientID())
		}
		list.Want = lists.Unique(list.Want)
	}
	list.Read = func(ctx context.Context, session *auth0.Session, id string) ([]string, error) {
		enabled, err := session.EnabledClients(ctx, id)
		// Without the operator's own application nobody could create users, so it is added and never removed.
		return slices.DeleteFunc(enabled, func(client string) bool {
			return client == session.ClientID() && !slices.Contains(list.Want, client)
		}), err
	}
	return []lists.List{list}
}

// makesUsers reports whether the Management API creates users in the connection. Auth0 allows that only to applications for which
// the connection is enabled.
func makesUsers(c *v1alpha1.Auth0Connection) bool {
	return c.Spec.Strategy == databaseStrategy || auth0.IsPasswordless(c.Spec.Strategy)
}

// explain gives common errors of connections a reason and a remedy.
func explain(_ engine.Request[*v1alpha1.Auth0Connection], failed *auth0.Error) error {
	if failed.Class == auth0.ClassInvalid && strings.HasSuffix(failed.Route, "/clients") {
		return problem.Stalled(v1alpha1.ReasonInvalidSpec, "spec.enabledClients: %s; correct the client id, or name an Auth0Client by clientRef", failed.Message)
	}
	return nil
}

// declares implements Definition.Declares.
func declares(c *v1alpha1.Auth0Connection) string { return c.Spec.Name }

// population implements Definition.Population.
func population(ctx context.Context, session *auth0.Session, have auth0.Document) (engine.Population, error) {
	count, err := session.CountUsers(ctx, fmt.Sprintf("identities.connection:%q", have.String("name")))
	return engine.Population{Count: count, One: "a user whom no object declares", Many: "users whom no object declares", Loss: "Auth0 deletes them with it"}, err
}

// affectedBy implements Definition.AffectedBy. Auth0 enables every connection for a new application while the tenant's flag
// enable_client_connections is on, and disables them for a deleted one.
func affectedBy(write drift.Write) func(*v1alpha1.Auth0Connection) bool {
	switch {
	case write.Resource == "clients" && write.Created():
		return func(c *v1alpha1.Auth0Connection) bool {
			declared := c.Spec.EnabledClients
			return declared != nil && declared.Mode == v1alpha1.ListModeExact && !slices.Contains(c.Status.EnabledClients, write.ID)
		}
	case write.Resource == "clients" && write.Deleted():
		return func(c *v1alpha1.Auth0Connection) bool { return slices.Contains(c.Status.EnabledClients, write.ID) }
	}
	return nil
}
