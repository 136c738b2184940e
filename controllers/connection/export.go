package connection

import (
	"context"
	"encoding/json"
	"slices"
	"strings"

	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"

	"github.com/auth0-operator/auth0-operator/api/v1alpha1"
	"github.com/auth0-operator/auth0-operator/internal/auth0"
	"github.com/auth0-operator/auth0-operator/internal/engine"
	"github.com/auth0-operator/auth0-operator/internal/fields"
)

// export implements Definition.Export. Secrets in the options of an identity provider stay in Auth0, unmanaged.
func export(ctx context.Context, session *auth0.Session, have auth0.Document, names engine.Names, c *v1alpha1.Auth0Connection) (bool, error) {
	settings := fields.Without(have, "options", "enabled_clients")
	settings["metadata"] = engine.WithoutMarker(have.Object("metadata"))
	if err := fields.ToSpec(&c.Spec, settings, "metadata"); err != nil {
		return false, err
	}
	if err := exportOptions(have, c); err != nil {
		return false, err
	}
	enabled, err := session.EnabledClients(ctx, have.String("id"))
	if err != nil || len(enabled) == 0 {
		return true, err
	}
	c.Spec.EnabledClients = &v1alpha1.EnabledClients{
		Mode: v1alpha1.ListModeExact, ExcludeOperator: !slices.Contains(enabled, session.ClientID()),
	}
	for _, id := range enabled {
		if id == session.ClientID() {
			continue
		}
		var item v1alpha1.EnabledClient
		item.ClientRef, item.ClientID = names.RefOrID("Auth0Client", id)
		c.Spec.EnabledClients.Items = append(c.Spec.EnabledClients.Items, item)
	}
	return true, nil
}

func exportOptions(have auth0.Document, c *v1alpha1.Auth0Connection) error {
	options := have.Object("options")
	if len(options) == 0 {
		return nil
	}
	if have.String("strategy") == "auth0" {
		database := fields.Without(options, "configuration", "customScripts")
		c.Spec.Database = &v1alpha1.DatabaseOptions{}
		return fields.ToSpec(c.Spec.Database, database)
	}
	encoded, err := json.Marshal(withoutSecrets(options))
	c.Spec.Options = &apiextensionsv1.JSON{Raw: encoded}
	return err
}

// withoutSecrets removes what is, or may be, a secret of an identity provider.
func withoutSecrets(options map[string]any) map[string]any {
	rest := map[string]any{}
	for key, value := range options {
		name := strings.ToLower(key)
		if slices.ContainsFunc([]string{"secret", "password", "token", "key", "configuration"}, func(word string) bool { return strings.Contains(name, word) }) {
			continue
		}
		if nested, ok := value.(map[string]any); ok {
			value = withoutSecrets(nested)
		}
		rest[key] = value
	}
	return rest
}
