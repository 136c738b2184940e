package plugin

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"sigs.k8s.io/yaml"

	"github.com/auth0-operator/auth0-operator/api/v1alpha1"
	"github.com/auth0-operator/auth0-operator/controllers"
	"github.com/auth0-operator/auth0-operator/internal/auth0"
	"github.com/auth0-operator/auth0-operator/internal/engine"
	"github.com/auth0-operator/auth0-operator/internal/tenants"
)

// export holds the flags of the command.
type export struct {
	*plugin
	kinds  []string
	users  string
	output string
}

func (p *plugin) exportCommand() *cobra.Command {
	e := &export{plugin: p}
	command := &cobra.Command{
		Use:   "export [TENANT]",
		Short: "Write what is in a tenant as manifests that take it over without changing it",
		Long: `export reads applications, APIs, client grants, connections, roles, organizations and chosen users, and writes manifests with
references between them. adoptionPolicy IfUnmanaged takes over what is there, and deletionPolicy Retain leaves it there when
an object is deleted. Applying the manifests changes nothing in Auth0 but for the operator's mark on what can carry one.

Secrets are never written: they stay in Auth0, unmanaged. Left out are Auth0's own objects, and the operator's application
and its grants.

It uses the credentials of the Auth0Tenant, which you must be allowed to read.`,
		Example: `  kubectl auth0 export main --namespace auth0 --output tenant/
  kubectl auth0 export --kinds Auth0Client,Auth0ClientGrant
  kubectl auth0 export --kinds Auth0User --users 'email:*@example.com'`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(command *cobra.Command, args []string) error { return e.run(command.Context(), args) },
	}
	command.Flags().StringSliceVar(&e.kinds, "kinds", nil, "kinds to write (default: all; of users, those that --users chooses)")
	command.Flags().StringVar(&e.users, "users", "", "which users to write, in Auth0's search syntax; at most 1000 (default: none)")
	command.Flags().StringVarP(&e.output, "output", "o", "", "directory to write to, a file for each kind (default: standard output)")
	return command
}

func (e *export) run(ctx context.Context, args []string) error {
	kube, namespace, err := e.connect()
	if err != nil {
		return err
	}
	tenant, err := findTenant(ctx, kube, namespace, args)
	if err != nil {
		return err
	}
	shared := deps(kube)
	session, err := tenants.Connect(ctx, shared.Reader, shared.Pool, tenant)
	if err != nil {
		return err
	}
	kinds, err := e.chosen()
	if err != nil {
		return err
	}
	found, err := e.read(ctx, session, kinds)
	if err != nil {
		return err
	}
	for _, kind := range kinds {
		if err := e.writeKind(ctx, session, tenant, kind, found); err != nil {
			return err
		}
	}
	return nil
}

// chosen are the kinds to export.
func (e *export) chosen() ([]engine.Kind, error) {
	var kinds []engine.Kind
	for _, kind := range controllers.All() {
		if kind.Exports() && (len(e.kinds) == 0 || slices.Contains(e.kinds, kind.Name)) {
			kinds = append(kinds, kind)
		}
	}
	for _, name := range e.kinds {
		if !slices.ContainsFunc(kinds, func(kind engine.Kind) bool { return kind.Name == name }) {
			return nil, fmt.Errorf("--kinds: there is no kind %q that can be exported", name)
		}
	}
	return kinds, nil
}

// exported are the exported documents of each kind, and the names of their manifests.
type exported struct {
	documents map[string][]auth0.Document
	names     engine.Names
}

// read reads the objects of all kinds before it writes any, so that they can refer to each other.
func (e *export) read(ctx context.Context, session *auth0.Session, kinds []engine.Kind) (*exported, error) {
	found := &exported{documents: map[string][]auth0.Document{}, names: engine.Names{}}
	for _, kind := range kinds {
		documents, err := e.list(ctx, session, kind)
		if err != nil {
			return nil, fmt.Errorf("list each %s: %w", kind.Name, err)
		}
		fmt.Fprintf(e.progress, "%s: %d\n", kind.Name, len(documents))
		found.documents[kind.Name] = documents
		for _, document := range documents {
			found.name(kind.Name, document)
		}
	}
	return found, nil
}

func (e *export) list(ctx context.Context, session *auth0.Session, kind engine.Kind) ([]auth0.Document, error) {
	if kind.Name != "Auth0User" {
		return session.All(ctx, kind.Resource())
	}
	if e.users == "" {
		return nil, nil
	}
	return session.AllUsers(ctx, e.users)
}

// name chooses the name of an object: the value of the first of these fields that it has.
func (f *exported) name(kind string, document auth0.Document) {
	id := cmp.Or(document.String("client_id"), document.String("user_id"), document.String("id"))
	called := cmp.Or(document.String("name"), document.String("identifier"), id)
	switch kind {
	case "Auth0ClientGrant":
		id = document.String("id")
		client := cmp.Or(f.names["Auth0Client"][document.String("client_id")], document.String("default_for"), document.String("client_id"))
		called = client + " " + strings.TrimPrefix(document.String("audience"), "https://")
	case "Auth0User":
		called = cmp.Or(document.String("email"), document.String("username"), id)
	}
	f.names.Add(kind, id, called)
	// Permissions and grants name APIs by identifier, users name connections by name.
	switch kind {
	case "Auth0ResourceServer":
		if !document.Bool("is_system") {
			f.names.Alias("identifier", document.String("identifier"), f.names[kind][id])
		}
	case "Auth0Connection":
		f.names.Alias("connection", document.String("name"), f.names[kind][id])
	}
}

func (e *export) writeKind(ctx context.Context, session *auth0.Session, tenant *v1alpha1.Auth0Tenant, kind engine.Kind, found *exported) error {
	var manifests bytes.Buffer
	for i, document := range found.documents[kind.Name] {
		object, err := kind.Export(ctx, session, document, found.names)
		if err != nil {
			return fmt.Errorf("%s %d: %w", kind.Name, i, err)
		}
		if object == nil {
			continue
		}
		object.SetName(found.nameOf(kind.Name, document))
		object.SetNamespace(tenant.Namespace)
		object.GetManagedSpec().TenantRef.Name = tenant.Name
		object.GetObjectKind().SetGroupVersionKind(v1alpha1.SchemeGroupVersion.WithKind(kind.Name))
		if err := writeManifest(&manifests, object); err != nil {
			return err
		}
	}
	if manifests.Len() == 0 {
		return nil
	}
	if e.output == "" {
		_, err := io.Copy(e.out, &manifests)
		return err
	}
	if err := os.MkdirAll(e.output, 0o750); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(e.output, strings.ToLower(kind.Name)+".yaml"), manifests.Bytes(), 0o600)
}

func (f *exported) nameOf(kind string, document auth0.Document) string {
	for _, field := range []string{"client_id", "user_id", "id"} {
		if name, ok := f.names[kind][document.String(field)]; ok {
			return name
		}
	}
	return ""
}

// writeManifest writes an object without the fields that only a cluster sets.
func writeManifest(out io.Writer, object v1alpha1.Managed) error {
	encoded, err := yaml.Marshal(object)
	if err != nil {
		return err
	}
	var fields map[string]any
	if err := yaml.Unmarshal(encoded, &fields); err != nil {
		return err
	}
	delete(fields, "status")
	if encoded, err = yaml.Marshal(fields); err != nil {
		return err
	}
	_, err = fmt.Fprintf(out, "---\n%s", encoded)
	return err
}
