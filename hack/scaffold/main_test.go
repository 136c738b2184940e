package main

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// TestNames compares the names of kinds with what the templates make of them.
func TestNames(t *testing.T) {
	for _, row := range []struct{ name, resource, title, column, collection, items string }{
		{"Form", "forms", "a form", "Form", "forms", "forms"},
		{"EmailTemplate", "email-templates", "an email template", "Email Template", "emailTemplates", "email_templates"},
		{"NetworkACL", "network-acls", "a network ACL", "Network ACL", "networkAcls", "network_acls"},
		{"ACLRule", "acl-rules", "an ACL rule", "ACL Rule", "aclRules", "acl_rules"},
		{"Action", "actions/actions", "an action", "Action", "actionsActions", "actions"},
	} {
		k, err := newKind(row.name, row.resource)
		if err != nil {
			t.Error(err)
			continue
		}
		got := []string{k.ATitle(), k.Column(), k.Collection(), k.Items()}
		if want := []string{row.title, row.column, row.collection, row.items}; !slices.Equal(got, want) {
			t.Errorf("%s: got %q, want %q", row.name, got, want)
		}
	}
}

// TestRefusals wants a message that says what to write instead.
func TestRefusals(t *testing.T) {
	for _, row := range []struct{ name, resource, want string }{
		{"emailTemplate", "email-templates", "NAME=emailTemplate is not in CamelCase; write it like EmailTemplate"},
		{"email-template", "email-templates", "not in CamelCase"},
		{"Auth0Form", "forms", "leave out Auth0"},
		{"Form", "/api/v2/forms", "write it like email-templates"},
		{"Form", "prompts/{prompt}", "no path below /api/v2 without parameters"},
		{"Role", "roles", "exists already; choose another NAME"},
	} {
		if err := run("../..", row.name, row.resource); err == nil || !strings.Contains(err.Error(), row.want) {
			t.Errorf("%s %s: got %v, want %q", row.name, row.resource, err, row.want)
		}
	}
}

// TestAddResource adds entries to a table.
func TestAddResource(t *testing.T) {
	root := t.TempDir()
	table := filepath.Join(root, resourceTable)
	if err := os.MkdirAll(filepath.Dir(table), 0o750); err != nil {
		t.Fatal(err)
	}
	const source = "package auth0\n\nvar resources = resourceTable{\n\t\"clients\": {ID: \"client_id\"},\n\t\"roles\":   {},\n}\n"
	if err := os.WriteFile(table, []byte(source), 0o600); err != nil {
		t.Fatal(err)
	}
	for resource, want := range map[string]string{
		"forms":   "\t\"clients\": {ID: \"client_id\"},\n\t\"forms\":   {Paging: Offsets, Items: \"forms\"},\n\t\"roles\":   {},\n}\n",
		"users":   "\t\"roles\":   {},\n\t\"users\":   {Paging: Offsets, Items: \"users\"},\n}\n",
		"actions": "resourceTable{\n\t\"actions\": {Paging: Offsets, Items: \"actions\"},\n\t\"clients\"",
		"roles":   "",
	} {
		content, err := kind{Resource: resource}.addResource(root)
		if err != nil || !strings.Contains(string(content), want) || (content == nil) != (want == "") {
			t.Errorf("%s: got %v\n%s", resource, err, content)
		}
	}
}
