// Package clientgrant defines Auth0ClientGrant: the scopes of an API that an application may use.
package clientgrant

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"k8s.io/utils/ptr"

	"github.com/auth0-operator/auth0-operator/api/v1alpha1"
	"github.com/auth0-operator/auth0-operator/internal/auth0"
	"github.com/auth0-operator/auth0-operator/internal/drift"
	"github.com/auth0-operator/auth0-operator/internal/engine"
	"github.com/auth0-operator/auth0-operator/internal/fields"
	"github.com/auth0-operator/auth0-operator/internal/problem"
	"github.com/auth0-operator/auth0-operator/internal/rbac"
	"github.com/auth0-operator/auth0-operator/internal/reference"
)

const (
	grantClientField = "spec.clientRef"
	grantAPIField    = "spec.resourceServerRef"
)

// Definition defines Auth0ClientGrant.
var Definition = engine.Definition[*v1alpha1.Auth0ClientGrant]{
	Resource:     "client-grants",
	Noun:         "client grant",
	Fields:       semantics,
	Renamed:      map[string]string{"scopes": "scope"},
	Desired:      desired,
	Check:        check,
	Warnings:     warnings,
	Explain:      explain,
	Describe:     describe,
	Observe:      observe,
	Find:         find,
	Intent:       intent,
	Prepare:      prepare,
	Create:       create,
	AffectedBy:   affectedBy,
	Export:       export,
	RetainReason: retainReason,
	Protects:     protects,
	Gives:        gives,
}

// semantics are the special fields.
var semantics = fields.Semantics{
	CreateOnly: []string{"client_id", "default_for", "audience", "subject_type"},
	Cleared:    map[string]any{"scope": []any{}, "allow_all_scopes": false, "allow_any_organization": false, "authorization_details_types": []any{}},
}

func check(grant *v1alpha1.Auth0ClientGrant) error {
	if ptr.Deref(grant.Spec.AllowAnyOrganization, false) && ptr.Deref(grant.Spec.OrganizationUsage, "") == "deny" {
		return errors.New("spec.allowAnyOrganization: no organization may be named under organizationUsage: deny; remove one of them")
	}
	return nil
}

// desired leaves out the audience of the Management API, which only the session knows.
func desired(grant *v1alpha1.Auth0ClientGrant, references reference.Values) auth0.Document {
	spec := grant.Spec
	desired := fields.FromSpec(spec)
	for _, field := range []string{"client_ref", "resource_server_ref", "management_api", "scopes"} {
		delete(desired, field)
	}
	if spec.DefaultFor == nil {
		desired["client_id"] = references.ID(grantClientField, spec.ClientID)
	}
	if spec.ManagementAPI == nil {
		desired["audience"] = references.Name(grantAPIField, spec.Audience)
	}
	if desired["subject_type"] == nil {
		desired["subject_type"] = "client"
	}
	if !ptr.Deref(spec.AllowAllScopes, false) {
		scopes := make([]any, len(spec.Scopes))
		for i, scope := range spec.Scopes {
			scopes[i] = scope
		}
		desired["scope"] = scopes
	}
	return desired
}

// audienceOf is the identifier of the API of a grant.
func audienceOf(session *auth0.Session, wanted auth0.Document) string {
	if audience := wanted.String("audience"); audience != "" {
		return audience
	}
	return session.ManagementAudience()
}

// prepare checks that the known grant is still the declared one.
func prepare(ctx context.Context, req engine.Request[*v1alpha1.Auth0ClientGrant]) error {
	grant, session := req.Object, req.Session
	wanted := desired(grant, req.References)
	if err := refuseAllScopes(req, audienceOf(session, wanted)); err != nil {
		return err
	}
	status := &grant.Status
	if status.ID == "" || status.ClientID == wanted.String("client_id") && status.Audience == audienceOf(session, wanted) {
		return nil
	}
	// Another application or API has replaced the former one under the same name, and the former grant is still in Auth0.
	if err := leaveBehind(ctx, req); err != nil {
		return err
	}
	status.ID, status.ClientID, status.Audience, status.Owned, status.ManagedFields = "", "", "", nil, nil
	return req.Save(ctx)
}

// leaveBehind deletes the grant in status, if the object owns it and its policy does not retain it.
func leaveBehind(ctx context.Context, req engine.Request[*v1alpha1.Auth0ClientGrant]) error {
	grant := req.Object
	before := auth0.Document{"id": grant.Status.ID, "client_id": grant.Status.ClientID, "audience": grant.Status.Audience}
	why, err := req.RetainReason(ctx, before)
	if err != nil {
		return err
	}
	if grant.Spec.DeletionPolicy == v1alpha1.DeletionPolicyRetain {
		why = "stays, as spec.deletionPolicy is Retain"
	}
	message := describe(before) + ": the spec now means another application or API"
	if why != "" {
		req.Event(ctx, v1alpha1.EventLeft, "left in Auth0: "+message+"; the former one "+why)
		return nil
	}
	if err := req.Session.Delete(ctx, "client-grants", grant.Status.ID); err != nil {
		return err
	}
	req.Event(ctx, v1alpha1.EventDeleted, "deleted "+message)
	return nil
}

// protects implements Definition.Protects. With other scopes, the operator could not do its work, or could do more than it was
// allowed.
func protects(session *auth0.Session, operators []string, have auth0.Document) string {
	application := have.String("client_id")
	if slices.Contains(operators, application) && session.IsManagementAudience(audienceOf(session, have)) && subjectTypeOf(have) == "client" {
		return fmt.Sprintf("the operator's own access to the Management API (client grant of application %s)", application)
	}
	return ""
}

// subjectTypeOf is "client" if Auth0 returns none.
func subjectTypeOf(grant auth0.Document) string {
	if grant.String("subject_type") == "user" {
		return "user"
	}
	return "client"
}

// intent records what distinguishes the grant from another one for the same application and API.
func intent(desired auth0.Document) auth0.Document {
	note := desired.Clone()
	if len(desired.Strings("scope")) > rbac.MostRecordedScopes {
		delete(note, "scope")
	}
	return note
}

func describe(have auth0.Document) string {
	return fmt.Sprintf("client grant %s (application %s, API %s)", have.String("id"), have.String("client_id"), have.String("audience"))
}

func observe(grant *v1alpha1.Auth0ClientGrant, have auth0.Document) {
	grant.Status.ID = have.String("id")
	grant.Status.ClientID = have.String("client_id")
	grant.Status.Audience = have.String("audience")
}

func find(ctx context.Context, req engine.Request[*v1alpha1.Auth0ClientGrant], wanted auth0.Document) ([]auth0.Document, error) {
	values := map[string]string{"audience": audienceOf(req.Session, wanted)}
	if client := wanted.String("client_id"); client != "" {
		values["client_id"] = client
	}
	found, err := req.Session.Find(ctx, "client-grants", values)
	return slices.DeleteFunc(found, func(grant auth0.Document) bool {
		return grant.String("client_id") != wanted.String("client_id") || grant.String("default_for") != wanted.String("default_for") ||
			subjectTypeOf(grant) != subjectTypeOf(wanted)
	}), err
}

func create(ctx context.Context, req engine.Request[*v1alpha1.Auth0ClientGrant], desired auth0.Document) (auth0.Document, error) {
	desired["audience"] = audienceOf(req.Session, desired)
	return req.Session.Create(ctx, "client-grants", desired)
}

// retainReason retains grants that Auth0 itself created.
func retainReason(_ *auth0.Session, have auth0.Document) string {
	if have.Bool("is_system") {
		return "Auth0's own"
	}
	return ""
}

// explain gives common errors of client grants a reason and a remedy.
func explain(req engine.Request[*v1alpha1.Auth0ClientGrant], failed *auth0.Error) error {
	grant, session := req.Object, req.Session
	switch {
	case failed.Code == "inexistent_client":
		field, name := declaredAs("spec.clientRef", grant.Spec.ClientRef, "spec.clientId", ptr.Deref(grant.Spec.ClientID, ""))
		return problem.Stalled(v1alpha1.ReasonInvalidSpec, "%s: tenant %s has no application %q; create it, or delete this object and create one with the right %s",
			field, session.Domain(), name, strings.TrimPrefix(field, "spec."))
	case failed.Class == auth0.ClassNotFound && failed.Route == "POST /api/v2/client-grants":
		field, name := declaredAs("spec.resourceServerRef", grant.Spec.ResourceServerRef, "spec.audience", ptr.Deref(grant.Spec.Audience, ""))
		if session.IsManagementAudience(name + "/") {
			return problem.Stalled(v1alpha1.ReasonInvalidSpec, "%s: the identifier of the Management API ends with a slash; delete this object and create one with spec.managementApi: true instead", field)
		}
		return problem.Stalled(v1alpha1.ReasonInvalidSpec, "%s: tenant %s has no API %q (Auth0 says: %s); create it, or delete this object and create one with the right %s",
			field, session.Domain(), name, failed.Message, strings.TrimPrefix(field, "spec."))
	case failed.Class == auth0.ClassInvalid && strings.Contains(failed.Message, "scope"):
		return explainScopes(grant, failed)
	}
	return nil
}

// declaredAs returns the field that names an object, and the name.
func declaredAs(refField string, ref *v1alpha1.ObjectReference, field, id string) (where, name string) {
	if ref != nil {
		return refField, ref.Name
	}
	return field, id
}

// explainScopes explains an error about the scopes of a grant, and quotes Auth0.
func explainScopes(grant *v1alpha1.Auth0ClientGrant, failed *auth0.Error) error {
	said := strings.TrimSuffix(failed.Message, ".")
	switch {
	case ptr.Deref(grant.Spec.AllowAllScopes, false):
		return problem.Stalled(v1alpha1.ReasonInvalidSpec, "spec.allowAllScopes: Auth0 refuses it (%s); list the permissions in spec.scopes instead", said)
	case !strings.Contains(said, "not defined") && !strings.Contains(said, "not exist"):
		return problem.Stalled(v1alpha1.ReasonRejected, "spec.scopes: Auth0 refuses them (%s); correct them", said)
	case grant.Spec.ManagementAPI != nil:
		return problem.Stalled(v1alpha1.ReasonPermissionNotFound, "spec.scopes: the Management API does not define all of them, and nobody can add some (Auth0 says: %s); correct them", said)
	}
	return problem.Waiting(v1alpha1.ReasonPermissionNotFound, "spec.scopes: the API does not define all of them (Auth0 says: %s); add them to its scopes, or take them out of the grant", said).
		Breaking().Again(rbac.MissingRetry)
}

// refuseAllScopes rejects allowAllScopes for the Management API, because Auth0 does not grant it there.
func refuseAllScopes(req engine.Request[*v1alpha1.Auth0ClientGrant], audience string) error {
	if ptr.Deref(req.Object.Spec.AllowAllScopes, false) && req.Session.IsManagementAudience(audience) {
		return problem.Stalled(v1alpha1.ReasonInvalidSpec, "spec.allowAllScopes is not for the Management API (%s): Auth0 refuses it for its own APIs; list the permissions in spec.scopes", audience)
	}
	return nil
}

// export implements Definition.Export.
func export(_ context.Context, session *auth0.Session, have auth0.Document, names engine.Names, grant *v1alpha1.Auth0ClientGrant) (bool, error) {
	client, audience := have.String("client_id"), have.String("audience")
	if have.Bool("is_system") || client == session.ClientID() {
		return false, nil
	}
	settings := fields.Without(have, "client_id", "audience")
	if err := fields.ToSpec(&grant.Spec, settings); err != nil {
		return false, err
	}
	if !have.Bool("allow_all_scopes") {
		// An empty list is a declaration, too.
		grant.Spec.Scopes = append([]string{}, have.Strings("scope")...)
	}
	if grant.Spec.DefaultFor == nil {
		grant.Spec.ClientRef, grant.Spec.ClientID = names.RefOrID("Auth0Client", client)
	}
	if audience == session.ManagementAudience() {
		grant.Spec.ManagementAPI = new(true)
	} else {
		grant.Spec.ResourceServerRef, grant.Spec.Audience = names.RefOrID(engine.APIByIdentifier, audience)
	}
	return true, nil
}

// gives implements Definition.Gives. It returns the scopes of a grant for the Management API.
func gives(_ context.Context, req engine.Request[*v1alpha1.Auth0ClientGrant]) ([]engine.Access, error) {
	spec := req.Object.Spec
	if spec.ManagementAPI == nil && !req.Session.IsManagementAPI(req.References.Name(grantAPIField, spec.Audience)) {
		return nil, nil
	}
	if ptr.Deref(spec.AllowAllScopes, false) {
		return []engine.Access{{Field: "spec.allowAllScopes", Scopes: rbac.AllScopes()}}, nil
	}
	return []engine.Access{{Field: "spec.scopes", Scopes: spec.Scopes}}, nil
}

// affectedBy implements Definition.AffectedBy. Auth0 deletes a grant with its application or API, and removes the scopes that the API
// loses.
func affectedBy(write drift.Write) func(*v1alpha1.Auth0ClientGrant) bool {
	if write.Resource == "clients" && write.Deleted() {
		return func(grant *v1alpha1.Auth0ClientGrant) bool { return grant.Status.ClientID == write.ID }
	}
	api, lost := rbac.LostScopes(write)
	if len(lost) == 0 && !rbac.IsDeletedAPI(write) {
		return nil
	}
	return func(grant *v1alpha1.Auth0ClientGrant) bool { return grant.Status.Audience == api }
}

// warnings implements Definition.Warnings.
func warnings(grant *v1alpha1.Auth0ClientGrant) []string {
	for _, scope := range grant.Spec.Scopes {
		if strings.Contains(scope, ",") {
			return []string{"spec.scopes: an item with a comma is one scope; if you meant several, give each an item of its own"}
		}
	}
	return nil
}
