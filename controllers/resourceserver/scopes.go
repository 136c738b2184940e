package resourceserver

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/auth0-operator/auth0-operator/api/v1alpha1"
	"github.com/auth0-operator/auth0-operator/internal/auth0"
	"github.com/auth0-operator/auth0-operator/internal/engine"
	"github.com/auth0-operator/auth0-operator/internal/partial"
	"github.com/auth0-operator/auth0-operator/internal/problem"
	"github.com/auth0-operator/auth0-operator/internal/rbac"
	"github.com/auth0-operator/auth0-operator/internal/reference"
)

// Auth0 takes a deleted scope from all roles, users and client grants, and does not return it to them. So the operator delays the
// deletion of a scope that is in use, and status says who loses it.

const (
	// scopeGrace is how long the operator keeps an undeclared scope that is in use.
	scopeGrace = time.Minute
	// mostRolesRead bounds the calls of a search for roles with a scope.
	mostRolesRead = 20
	// mostHoldersNamed bounds the size of the status and the message.
	mostHoldersNamed = 5
)

// delayRemoval keeps scopes that are in use for a while.
func delayRemoval(ctx context.Context, req engine.Request[*v1alpha1.Auth0ResourceServer], have, patch auth0.Document) (*problem.Problem, error) {
	api, now := req.Object, req.Clock.Now()
	going := rbac.RemovedScopes(have, patch)
	noted := slices.DeleteFunc(slices.Clone(api.Status.RemovingScopes), func(scope v1alpha1.RemovingScope) bool {
		return !slices.Contains(going, scope.Value)
	})
	unknown := slices.DeleteFunc(slices.Clone(going), func(value string) bool { return isNoted(noted, value) })
	held, err := scopeHolders(ctx, req, unknown)
	if err != nil {
		return nil, err
	}
	for _, value := range unknown {
		if holders := held[value]; len(holders) > 0 {
			noted = append(noted, v1alpha1.RemovingScope{Value: value, At: metav1.NewTime(now.Add(scopeGrace).Truncate(time.Second)), HeldBy: holders})
		}
	}
	api.Status.RemovingScopes = noted
	waiting := slices.DeleteFunc(slices.Clone(noted), func(scope v1alpha1.RemovingScope) bool { return !scope.At.After(now) })
	if len(waiting) == 0 {
		return nil, nil
	}
	putBack(patch, have, waiting)
	next := slices.MinFunc(waiting, func(a, b v1alpha1.RemovingScope) int { return a.At.Compare(b.At.Time) })
	return problem.Waiting(v1alpha1.ReasonScopesInUse, "%s", removalMessage(waiting)).Breaking().Again(next.At.Sub(now)), nil
}

func isNoted(noted []v1alpha1.RemovingScope, value string) bool {
	return slices.ContainsFunc(noted, func(scope v1alpha1.RemovingScope) bool { return scope.Value == value })
}

// putBack adds the waiting scopes back to a patch.
func putBack(patch, have auth0.Document, waiting []v1alpha1.RemovingScope) {
	before, _ := have["scopes"].([]any)
	after, _ := patch["scopes"].([]any)
	after = slices.Clone(after)
	for _, entry := range have.Objects("scopes") {
		if isNoted(waiting, entry.String("value")) {
			after = append(after, map[string]any(entry))
		}
	}
	patch["scopes"] = after
	if len(before) == len(after) && !slices.ContainsFunc(after, func(entry any) bool {
		return !slices.ContainsFunc(before, func(other any) bool { return reflect.DeepEqual(entry, other) })
	}) {
		delete(patch, "scopes")
	}
}

// forgetRemoved removes deleted scopes from status.
func forgetRemoved(api *v1alpha1.Auth0ResourceServer, have auth0.Document) {
	left := rbac.ScopeValues(have)
	api.Status.RemovingScopes = slices.DeleteFunc(slices.Clone(api.Status.RemovingScopes), func(scope v1alpha1.RemovingScope) bool {
		return !slices.Contains(left, scope.Value)
	})
}

func removalMessage(waiting []v1alpha1.RemovingScope) string {
	parts := make([]string, len(waiting))
	for i, scope := range waiting {
		parts[i] = fmt.Sprintf("%s at %s from %s", scope.Value, scope.At.UTC().Format(time.RFC3339), strings.Join(scope.HeldBy, ", "))
	}
	return "scopes that are no longer declared are taken from those who have them: " + strings.Join(parts, "; ") + "; to keep one, declare it again before"
}

// scopeHolders finds who has scopes of an API. It first searches the objects in the cluster, which costs no call. For scopes
// without a result it searches Auth0.
func scopeHolders(ctx context.Context, req engine.Request[*v1alpha1.Auth0ResourceServer], values []string) (map[string][]string, error) {
	if len(values) == 0 {
		return nil, nil
	}
	holders := &holderSearch{Request: req, values: values, found: map[string][]string{}}
	for _, search := range []func(context.Context) error{holders.inObjects, holders.inClientGrants, holders.inRoles} {
		if len(holders.open()) == 0 {
			break
		}
		if err := search(ctx); err != nil {
			return nil, err
		}
	}
	return holders.found, nil
}

// holderSearch is a search for those who have scopes of an API.
type holderSearch struct {
	engine.Request[*v1alpha1.Auth0ResourceServer]

	values []string
	found  map[string][]string
}

// open lists the scopes without a known holder.
func (s *holderSearch) open() []string {
	return slices.DeleteFunc(slices.Clone(s.values), func(value string) bool { return len(s.found[value]) > 0 })
}

// note records a holder of a scope if the search is for that scope.
func (s *holderSearch) note(value, holder string) {
	if slices.Contains(s.values, value) && !slices.Contains(s.found[value], holder) && len(s.found[value]) < mostHoldersNamed {
		s.found[value] = append(s.found[value], holder)
	}
}

// inObjects searches the Auth0Roles, Auth0Users and Auth0ClientGrants in namespaces that the tenant admits.
func (s *holderSearch) inObjects(ctx context.Context) error {
	tenant := reference.TenantKey(s.Object)
	admission, err := reference.AdmissionOf(ctx, s.Client, tenant)
	if err != nil {
		return err
	}
	var failures []error
	visit := func(object v1alpha1.Managed) {
		admitted, err := admission.Admits(ctx, object)
		if failures = append(failures, err); admitted {
			s.inObject(object)
		}
	}
	for _, list := range []client.ObjectList{&v1alpha1.Auth0RoleList{}, &v1alpha1.Auth0UserList{}, &v1alpha1.Auth0ClientGrantList{}} {
		err := s.Client.List(ctx, list, client.MatchingFields{reference.TenantIndex: tenant.String()})
		if err == nil {
			err = partial.Visit(ctx, s.Client, list, visit)
		}
		if err = errors.Join(append(failures, err)...); err != nil {
			return fmt.Errorf("find those with a scope of %s: %w", s.Object.Spec.Identifier, err)
		}
	}
	return nil
}

// inObject records the scopes that an object declares.
func (s *holderSearch) inObject(object v1alpha1.Managed) {
	switch holder := object.(type) {
	case *v1alpha1.Auth0Role:
		if permissions := holder.Spec.Permissions; permissions != nil {
			s.notePermissions("Auth0Role", holder, permissions.Items)
		}
	case *v1alpha1.Auth0User:
		if permissions := holder.Spec.Permissions; permissions != nil {
			s.notePermissions("Auth0User", holder, permissions.Items)
		}
	case *v1alpha1.Auth0ClientGrant:
		for _, scope := range holder.Spec.Scopes {
			if s.isOurs(holder, holder.Spec.ResourceServerRef, holder.Spec.Audience) {
				s.note(scope, "Auth0ClientGrant "+client.ObjectKeyFromObject(holder).String())
			}
		}
	}
}

func (s *holderSearch) notePermissions(kind string, object client.Object, permissions []v1alpha1.Permission) {
	for _, permission := range permissions {
		if s.isOurs(object, permission.ResourceServerRef, permission.Audience) {
			s.note(permission.Name, kind+" "+client.ObjectKeyFromObject(object).String())
		}
	}
}

// isOurs reports whether an object names this API, by reference or by identifier.
func (s *holderSearch) isOurs(object client.Object, ref *v1alpha1.ObjectReference, identifier *string) bool {
	if ref != nil {
		return reference.To(object, "", "Auth0ResourceServer", *ref).Key == client.ObjectKeyFromObject(s.Object)
	}
	return ptr.Deref(identifier, "") == s.Object.Spec.Identifier
}

// inClientGrants searches the client grants for the API in Auth0.
func (s *holderSearch) inClientGrants(ctx context.Context) error {
	if granted, err := s.Session.Scopes(ctx); err != nil || !slices.Contains(granted, "read:client_grants") {
		return err
	}
	grants, err := s.Session.Find(ctx, "client-grants", map[string]string{"audience": s.Object.Spec.Identifier})
	for _, grant := range grants {
		for _, scope := range grant.Strings("scope") {
			s.note(scope, "the client grant of application "+grant.String("client_id"))
		}
	}
	return err
}

// inRoles searches roles in Auth0 until each scope has a known holder. If there are more roles than it may read, it assumes that
// the rest hold the open scopes.
func (s *holderSearch) inRoles(ctx context.Context) error {
	if granted, err := s.Session.Scopes(ctx); err != nil || !slices.Contains(granted, "read:roles") {
		return err
	}
	roles, err := s.Session.List(ctx, "roles")
	if err != nil {
		return err
	}
	for i, role := range roles {
		open := s.open()
		if len(open) == 0 {
			return nil
		}
		if i == mostRolesRead {
			for _, value := range open {
				s.note(value, fmt.Sprintf("perhaps some of %d roles that were not looked at", len(roles)-i))
			}
			return nil
		}
		permissions, err := s.Session.RolePermissions(ctx, role.String("id"))
		if err != nil && auth0.ClassOf(err) != auth0.ClassNotFound {
			return err
		}
		for _, permission := range permissions {
			if permission.Audience == s.Object.Spec.Identifier {
				s.note(permission.Name, "role "+role.String("name"))
			}
		}
	}
	return nil
}
