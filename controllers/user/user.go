// Package user defines Auth0User: users.
package user

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"

	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/utils/ptr"

	"github.com/auth0-operator/auth0-operator/api/v1alpha1"
	"github.com/auth0-operator/auth0-operator/internal/auth0"
	"github.com/auth0-operator/auth0-operator/internal/drift"
	"github.com/auth0-operator/auth0-operator/internal/engine"
	"github.com/auth0-operator/auth0-operator/internal/fields"
	"github.com/auth0-operator/auth0-operator/internal/lists"
	"github.com/auth0-operator/auth0-operator/internal/problem"
	"github.com/auth0-operator/auth0-operator/internal/rbac"
	"github.com/auth0-operator/auth0-operator/internal/reference"
	"github.com/auth0-operator/auth0-operator/internal/tenants"
)

const (
	// largestProfile is Auth0's limit, in bytes, of a user profile. Nearly all of it is metadata.
	largestProfile       = 10 << 10
	userPermissionsField = "spec.permissions.items"
)

// reservedAppMetadata are the keys that Auth0 refuses in app_metadata.
var reservedAppMetadata = []string{
	"__tenant", "_id", "blocked", "clientID", "created_at", "email", "email_verified", "globalClientID", "global_client_id",
	"identities", "lastIP", "lastLogin", "loginsCount", "metadata", "multifactor", "multifactor_last_modified", "updated_at", "user_id",
}

// Definition defines Auth0User.
var Definition = engine.Definition[*v1alpha1.Auth0User]{
	Resource:            "users",
	Noun:                "user",
	Scopes:              scopes(),
	Fields:              semantics,
	Desired:             desired,
	Preserve:            preserve,
	Urgent:              urgent,
	Exempt:              exempt,
	Check:               check,
	Warnings:            warnings,
	Explain:             explain,
	ID:                  idOf,
	Describe:            describe,
	Observe:             observe,
	InitializeStatus:    initializeStatus,
	Find:                find,
	MarkerField:         "app_metadata." + engine.MarkerKey,
	IdempotencyKeyField: idempotencyKeyField,
	IdempotencyKeyName:  idempotencyKeyName,
	SecretFields:        secretFields,
	ExplainSecret:       explainSecret,
	Inputs:              inputs,
	OutputSecrets:       outputSecrets,
	OutputConfigMap:     outputConfigMap,
	PublicValues:        publicValues,
	Prepare:             prepare,
	Create:              create,
	Imports:             &engine.Importer[*v1alpha1.Auth0User]{Importable: importable, Importing: importing, Import: importForm},
	Lists:               listsOf,
	Finishes:            finishes,
	Finish:              finish,
	AffectedBy:          affectedBy,
	Export:              export,
	Gives:               gives,
	Holds:               holds,
}

// semantics are the special fields.
var semantics = fields.Semantics{
	Merged:     []string{"user_metadata", "app_metadata"},
	CreateOnly: []string{"connection"},
	WriteOnly:  []string{"verify_email"},
	With: map[string][]string{
		"email":        {"email_verified", "verify_email"},
		"phone_number": {"phone_verified"},
		// Setting a password lifts a block.
		"password": {"blocked"},
	},
	Lifted:  map[string][]string{"password": {"blocked"}},
	Cleared: map[string]any{"blocked": false},
	First:   []string{"blocked"},
	// A user's identifiers cannot be removed, and Auth0 decides whether one is verified.
	Kept: []string{"email", "email_verified", "username", "phone_number", "phone_verified", "app_metadata." + engine.MarkerKey},
	// Auth0 stores both in lower case.
	FoldCase: []string{"email", "username"},
	Apart: [][]string{
		{"username"},
		{"email", "email_verified", "verify_email"},
		{"phone_number", "phone_verified"},
		{"password"},
	},
	// Auth0 applies the other fields of the call before it lifts the block.
	Alone: []string{"password"},
}

// urgent implements Definition.Urgent. Nothing may delay a block.
func urgent(u *v1alpha1.Auth0User) auth0.Document {
	if !ptr.Deref(u.Spec.Blocked, false) || u.Status.Blocked {
		return nil
	}
	return auth0.Document{"blocked": true}
}

func scopes() []engine.Scope[*v1alpha1.Auth0User] {
	writes := func(u *v1alpha1.Auth0User) bool { return u.Spec.ManagementPolicy != v1alpha1.ManagementPolicyObserve }
	creates := func(u *v1alpha1.Auth0User) bool { return writes(u) && u.Spec.UserID == nil && !signsUp(u) }
	deletes := func(u *v1alpha1.Auth0User) bool {
		return writes(u) && u.Spec.DeletionPolicy != v1alpha1.DeletionPolicyRetain
	}
	scopes := []engine.Scope[*v1alpha1.Auth0User]{
		{Name: "read:users"},
		{Name: "create:users", Needed: creates},
		{Name: "update:users", Needed: writes},
		{Name: "delete:users", Needed: deletes},
		{Name: "read:roles", Needed: func(u *v1alpha1.Auth0User) bool { return u.Spec.Roles != nil }},
		{Name: "read:role_members", Needed: func(u *v1alpha1.Auth0User) bool { return u.Spec.Roles != nil }},
		{Name: "create:user_tickets", Needed: func(u *v1alpha1.Auth0User) bool { return writes(u) && u.Spec.Invitation != nil }},
	}
	return append(scopes, organizationScopes()...)
}

func secretFields(u *v1alpha1.Auth0User) map[string]v1alpha1.SecretKeyReference {
	switch password := u.Spec.Password; {
	case password == nil:
		return nil
	case password.SecretRef != nil:
		return map[string]v1alpha1.SecretKeyReference{"password": *password.SecretRef}
	default:
		return map[string]v1alpha1.SecretKeyReference{"password": {Name: password.Generate.OutputSecret.Name, Key: generatedPasswordKey}}
	}
}

// outputSecrets implements Definition.OutputSecrets.
func outputSecrets(u *v1alpha1.Auth0User) []string {
	var names []string
	if u.Spec.Password != nil && u.Spec.Password.Generate != nil {
		names = append(names, u.Spec.Password.Generate.OutputSecret.Name)
	}
	if u.Spec.Invitation != nil {
		names = append(names, u.Spec.Invitation.OutputSecret.Name)
	}
	return names
}

// outputConfigMap implements Definition.OutputConfigMap.
func outputConfigMap(u *v1alpha1.Auth0User) *v1alpha1.OutputConfigMap {
	return u.Spec.OutputConfigMap
}

// publicValues implements Definition.PublicValues.
func publicValues(req engine.Request[*v1alpha1.Auth0User], have auth0.Document) map[string]string {
	domain := req.Session.LoginDomain()
	return map[string]string{"userId": have.String("user_id"), "domain": domain, "issuer": auth0.IssuerOf(domain)}
}

// inputs names the Secrets other than that of a password from a Secret.
func inputs(u *v1alpha1.Auth0User) []string {
	names := outputSecrets(u)
	if u.Spec.Signup != nil && u.Spec.Signup.SecretRef != nil {
		names = append(names, u.Spec.Signup.SecretRef.Name)
	}
	return names
}

// connectionField refers to the connection of a user.
const connectionField = "spec.connectionRef"

const (
	signupClientField     = "spec.signup.clientRef"
	invitationClientField = "spec.invitation.clientRef"
)

func roleField(i int) string { return fmt.Sprintf("spec.roles.items[%d].roleRef", i) }

func check(u *v1alpha1.Auth0User) error {
	if err := checkMetadata("spec.userMetadata", u.Spec.UserMetadata); err != nil {
		return err
	}
	if _, reserved := u.Spec.UserMetadata[engine.MarkerKey]; reserved {
		return fmt.Errorf("spec.userMetadata: the key %q is reserved; choose another", engine.MarkerKey)
	}
	if err := checkMetadata("spec.appMetadata", u.Spec.AppMetadata); err != nil {
		return err
	}
	for key := range u.Spec.AppMetadata {
		if slices.Contains(reservedAppMetadata, key) || key == engine.MarkerKey {
			return fmt.Errorf("spec.appMetadata: the key %q is reserved; choose another", key)
		}
	}
	if size := fields.JSONSize(u.Spec.UserMetadata) + fields.JSONSize(u.Spec.AppMetadata); size > largestProfile {
		return fmt.Errorf("spec.userMetadata and spec.appMetadata take %d bytes; Auth0 allows a user profile %d in all", size, largestProfile)
	}
	return nil
}

func checkMetadata(field string, metadata map[string]apiextensionsv1.JSON) error {
	for key := range metadata {
		if key == "" || strings.ContainsAny(key, ".$") {
			return fmt.Errorf("%s: the key %q contains '.' or '$' or is empty, which Auth0 refuses; rename it", field, key)
		}
	}
	return nil
}

func desired(u *v1alpha1.Auth0User, references reference.Values) auth0.Document {
	desired := auth0.Document{"connection": connectionOf(u, references)}
	fields.Put(desired, "username", u.Spec.Username)
	fields.Put(desired, "phone_number", u.Spec.PhoneNumber)
	fields.Put(desired, "phone_verified", u.Spec.PhoneVerified)
	fields.Put(desired, "name", u.Spec.Name)
	fields.Put(desired, "given_name", u.Spec.GivenName)
	fields.Put(desired, "family_name", u.Spec.FamilyName)
	fields.Put(desired, "nickname", u.Spec.Nickname)
	fields.Put(desired, "picture", u.Spec.Picture)
	fields.Put(desired, "blocked", u.Spec.Blocked)
	fields.Put(desired, "email_verified", u.Spec.EmailVerified)
	if u.Spec.Email != nil {
		desired["email"] = strings.ToLower(*u.Spec.Email)
		// Auth0 sends an email by default.
		desired["verify_email"] = u.Spec.VerifyEmail != nil && *u.Spec.VerifyEmail
	}
	putMetadata(desired, "user_metadata", u.Spec.UserMetadata)
	putMetadata(desired, "app_metadata", u.Spec.AppMetadata)
	return desired
}

// connectionOf is the name of the connection that holds a user.
func connectionOf(u *v1alpha1.Auth0User, references reference.Values) string {
	return cmp.Or(u.Spec.Connection, references[connectionField].Name)
}

// primaryConnection is the connection of the user's first identity.
func primaryConnection(have auth0.Document) string {
	for _, identity := range have.Objects("identities") {
		return identity.String("connection")
	}
	return ""
}

func putMetadata(document auth0.Document, field string, metadata map[string]apiextensionsv1.JSON) {
	if len(metadata) == 0 {
		return
	}
	object := make(map[string]any, len(metadata))
	for key, value := range metadata {
		// The API server accepts only valid JSON.
		object[key], _ = auth0.ParseValue(value.Raw)
	}
	document[field] = object
}

func idOf(u *v1alpha1.Auth0User) string {
	if u.Status.UserID == "" && u.Spec.UserID != nil {
		return *u.Spec.UserID
	}
	return u.Status.UserID
}

// initializeStatus shows the user's identifiers before the user exists.
func initializeStatus(u *v1alpha1.Auth0User) {
	u.Status.Login = cmp.Or(u.Status.Login, loginOf(u))
}

func describe(have auth0.Document) string { return "user " + have.String("user_id") }

func observe(u *v1alpha1.Auth0User, have auth0.Document) {
	u.Status.UserID = have.String("user_id")
	u.Status.Connection = cmp.Or(u.Spec.Connection, primaryConnection(have), u.Status.Connection)
	u.Status.LastLogin, _, _ = strings.Cut(have.String("last_login"), "T")
	u.Status.Logins = coarse(have["logins_count"])
	u.Status.MultifactorEnrolments = lengthOf(have["multifactor"])
	u.Status.LinkedIdentities = max(lengthOf(have["identities"])-1, 0)
	u.Status.Email = have.String("email")
	u.Status.EmailVerified = have.Bool("email_verified")
	u.Status.Blocked = have.Bool("blocked")
	u.Status.Login = cmp.Or(have.String("email"), have.String("username"), have.String("phone_number"), u.Status.Login)
}

// coarse rounds a count down to 1, 2, 5, 10, 20, 50, …, so that status does not change with every login.
func coarse(count any) int64 {
	number, ok := count.(json.Number)
	if !ok {
		return 0
	}
	exact, err := number.Int64()
	if err != nil {
		return 0
	}
	var step int64
	for power := int64(1); power <= exact; power *= 10 {
		for _, digit := range []int64{1, 2, 5} {
			if digit*power <= exact {
				step = digit * power
			}
		}
	}
	return step
}

func lengthOf(list any) int32 {
	items, _ := list.([]any)
	return int32(min(len(items), math.MaxInt32))
}

// find looks for a user whose creation got no answer, and for others with the same email, username or phone number.
func find(ctx context.Context, req engine.Request[*v1alpha1.Auth0User], _ auth0.Document) ([]auth0.Document, error) {
	session, u := req.Session, req.Object
	found, err := findByLogin(ctx, req)
	if err != nil {
		return nil, err
	}
	found = slices.DeleteFunc(found, func(user auth0.Document) bool { return !inConnection(user, connectionOf(u, req.References)) })
	if signsUp(u) {
		return found, nil
	}
	created := databaseUserID(derivedUserID(u.UID))
	if slices.ContainsFunc(found, func(user auth0.Document) bool { return user.String("user_id") == created }) {
		return found, nil
	}
	user, err := session.Get(ctx, "users", created)
	if auth0.ClassOf(err) == auth0.ClassNotFound {
		return found, nil
	}
	return append(found, user), err
}

// findByLogin also looks for the login of an earlier sign-up that got no answer.
func findByLogin(ctx context.Context, req engine.Request[*v1alpha1.Auth0User]) ([]auth0.Document, error) {
	u, connection := req.Object, connectionOf(req.Object, req.References)
	found, err := findLogin(ctx, req.Session, connection, loginOf(u))
	tried := u.Status.Creating
	if err != nil || tried == "" || strings.EqualFold(tried, loginOf(u)) {
		return found, err
	}
	before, err := findLogin(ctx, req.Session, connection, tried)
	return append(found, before...), err
}

func findLogin(ctx context.Context, session *auth0.Session, connection, login string) ([]auth0.Document, error) {
	switch {
	case login == "":
		return nil, nil
	case strings.Contains(login, "@"):
		return session.FindUsersByEmail(ctx, login)
	}
	field := "username"
	if strings.HasPrefix(login, "+") {
		field = "phone_number"
	} else {
		// Auth0 stores usernames in lower case, and the search is case-sensitive.
		login = strings.ToLower(login)
	}
	return session.SearchUsers(ctx, fmt.Sprintf("%s:%q AND identities.connection:%q", field, login, connection))
}

func inConnection(user auth0.Document, connection string) bool {
	return slices.ContainsFunc(user.Objects("identities"), func(identity auth0.Document) bool {
		return identity.String("connection") == connection
	})
}

// create chooses the user's ID, so that a second attempt cannot create a second user.
func create(ctx context.Context, req engine.Request[*v1alpha1.Auth0User], desired auth0.Document) (auth0.Document, error) {
	u, session := req.Object, req.Session
	if u.Spec.UserID != nil {
		return nil, problem.Stalled(v1alpha1.ReasonUserNotFound,
			"spec.userId: there is no user %q in tenant %s; wait until the user signs in for the first time, or delete this object and create one with the right id", *u.Spec.UserID, session.Domain())
	}
	if desired["password"] == nil && !auth0.IsPasswordless(desired.String("connection")) {
		desired["password"] = randomPassword(0)
	}
	if signsUp(u) {
		return signUp(ctx, req, desired)
	}
	desired["user_id"] = derivedUserID(u.UID)
	return session.Create(ctx, "users", desired)
}

// preserve adds a block to the call that sets a password, because setting a password lifts the block.
func preserve(_ engine.Request[*v1alpha1.Auth0User], have, patch auth0.Document) error {
	if _, sets := patch["password"]; sets && have.Bool("blocked") {
		patch["blocked"] = true
	}
	return nil
}

// derivedUserID derives the user's ID from the UID of the object, in the form of Auth0's own IDs.
func derivedUserID(uid types.UID) string {
	sum := sha256.Sum256([]byte("auth0-operator/" + uid))
	return hex.EncodeToString(sum[:12])
}

func databaseUserID(id string) string { return "auth0|" + id }

func listsOf(req engine.Request[*v1alpha1.Auth0User]) []lists.List {
	u, references := req.Object, req.References
	return []lists.List{roles(u, references), permissions(u, references), memberships(u, references), memberRoles(u, references)}
}

func roles(u *v1alpha1.Auth0User, references reference.Values) lists.List {
	list := lists.List{
		Field: "roles", Managed: &u.Status.Roles, Members: auth0.RoleMembers,
		Read: func(ctx context.Context, session *auth0.Session, id string) ([]string, error) {
			roles, err := session.UserRoles(ctx, id)
			names := make([]string, len(roles))
			for i, role := range roles {
				names[i] = role.Name
			}
			return names, err
		},
		Add: assignRoles, Bulk: &lists.Bulk{Most: auth0.MostAssigned, Add: assignRole},
		Remove: func(ctx context.Context, session *auth0.Session, id string, names []string) error {
			// A role that no longer exists is not assigned any more.
			ids, _, err := session.RoleIDs(ctx, names)
			if err != nil || len(ids) == 0 {
				return err
			}
			return session.RemoveUserRoles(ctx, id, slices.Sorted(maps.Values(ids)))
		},
	}
	if u.Spec.Roles != nil {
		list.Declared, list.Mode = true, u.Spec.Roles.Mode
		for i, role := range u.Spec.Roles.Items {
			list.Want = append(list.Want, references.Name(roleField(i), role.Name))
		}
		list.Want = lists.Unique(list.Want)
	}
	return list
}

// assignRoles assigns the roles that exist, and reports those that do not.
func assignRoles(ctx context.Context, session *auth0.Session, id string, names []string) ([]string, error) {
	ids, unknown, err := session.RoleIDs(ctx, names)
	if err != nil {
		return nil, err
	}
	if len(ids) > 0 {
		if err := session.AssignUserRoles(ctx, id, slices.Sorted(maps.Values(ids))); err != nil {
			return nil, err
		}
	}
	known := slices.Collect(maps.Keys(ids))
	if len(unknown) > 0 {
		return known, problem.Waiting(v1alpha1.ReasonRoleNotFound,
			"spec.roles: role %s does not exist in the tenant; create it, or correct the name (it is case-sensitive)", problem.Quoted(unknown, "or")).
			Breaking().Again(rbac.MissingRetry)
	}
	return known, nil
}

func permissions(u *v1alpha1.Auth0User, references reference.Values) lists.List {
	list := lists.List{
		Field: "permissions", Managed: &u.Status.Permissions,
		Read: func(ctx context.Context, session *auth0.Session, id string) ([]string, error) {
			permissions, err := session.UserPermissions(ctx, id)
			return rbac.EntriesOf(permissions), err
		},
		Add: func(ctx context.Context, session *auth0.Session, id string, entries []string) ([]string, error) {
			if err := session.GrantUserPermissions(ctx, id, rbac.Parse(entries)); err != nil {
				return nil, err
			}
			return entries, nil
		},
		Remove: func(ctx context.Context, session *auth0.Session, id string, entries []string) error {
			return session.RevokeUserPermissions(ctx, id, rbac.Parse(entries))
		},
	}
	if u.Spec.Permissions != nil {
		list.Declared, list.Mode = true, u.Spec.Permissions.Mode
		list.Want = rbac.Declared(userPermissionsField, u.Spec.Permissions.Items, references)
	}
	return list
}

// exempt leaves to the identity provider the fields that it manages.
func exempt(have auth0.Document) (exempt []string, keeper string) {
	identities := have.Objects("identities")
	if len(identities) == 0 {
		return nil, ""
	}
	login := []string{"email", "email_verified", "verify_email", "username", "phone_number", "phone_verified", "password"}
	profile := []string{"name", "given_name", "family_name", "nickname", "picture"}
	switch provider := identities[0].String("provider"); provider {
	case "auth0":
		return nil, ""
	case "email", "sms":
		return login, "the passwordless sign-in of connection " + identities[0].String("connection")
	default:
		return append(login, profile...), "the identity provider of connection " + identities[0].String("connection")
	}
}

// explain gives common errors of users a reason and a remedy.
func explain(req engine.Request[*v1alpha1.Auth0User], failed *auth0.Error) error {
	u, session := req.Object, req.Session
	connection := cmp.Or(connectionOf(u, req.References), u.Status.Connection, connectionField)
	switch {
	case auth0.IsPasswordRefused(failed):
		return problem.Stalled(v1alpha1.ReasonPasswordRejected,
			"the password%s breaks the password policy of connection %q (%s); choose another", passwordOrigin(u), connection, failed.Message).OfSecret()
	case failed.Class == auth0.ClassInvalid && failed.Route == "POST /dbconnections/signup":
		return problem.Stalled(v1alpha1.ReasonSignupRefused,
			"Auth0 refused the sign-up: %s; check that connection %q exists, allows sign-ups, and is enabled for the application of spec.signup, or set spec.provisioning to Management",
			failed.Message, connection)
	case failed.Code == "inexistent_connection":
		return problem.Stalled(v1alpha1.ReasonConnectionNotFound,
			"spec.connection: %q does not exist in tenant %s; create it, or delete this object and create it with another connection", connection, session.Domain())
	case strings.HasPrefix(failed.Message, "Connection must be enabled for this client"), strings.HasPrefix(failed.Message, "The connection is disabled"):
		return problem.Stalled(v1alpha1.ReasonConnectionNotEnabled,
			"connection %q is not enabled for the operator's application %s, so Auth0 creates no users in it; %s, or enable it in Auth0 Dashboard → Authentication → Database → %s → Applications",
			connection, session.ClientID(), tenants.HowToEnable, connection)
	case strings.Contains(failed.Message, "Missing required property: email"), strings.Contains(failed.Message, "Missing required property: username"):
		return problem.Stalled(v1alpha1.ReasonInvalidSpec,
			"connection %q identifies its users by something that the spec does not declare (%s); declare it, or choose another connection", connection, failed.Message)
	case strings.HasPrefix(failed.Message, "Cannot set username for connection without requires_username"):
		return problem.Stalled(v1alpha1.ReasonInvalidSpec,
			"spec.username: connection %q has no usernames; remove username, or set spec.database.requiresUsername on its Auth0Connection", connection)
	case failed.Class == auth0.ClassNotFound && strings.HasPrefix(failed.Message, "No organization found"):
		return problem.Stalled(v1alpha1.ReasonInvalidSpec, "spec.organizations names an organization that does not exist; correct its id, or name an Auth0Organization by organizationRef")
	case failed.Class == auth0.ClassConflict:
		return problem.Stalled(v1alpha1.ReasonAlreadyExists,
			"another user of connection %q has this email, username or phone number: %s", connection, failed.Message)
	}
	return rbac.Explain(session, failed)
}

func passwordOrigin(u *v1alpha1.Auth0User) string {
	for _, ref := range secretFields(u) {
		return fmt.Sprintf(" in Secret %s, key %s,", ref.Name, ref.Key)
	}
	return ""
}

// affectedBy implements Definition.AffectedBy. Auth0 deletes a user with the connection. A user also loses deleted roles, permissions
// and memberships.
func affectedBy(write drift.Write) func(*v1alpha1.Auth0User) bool {
	name := write.Before.String("name")
	switch write.Resource {
	case "roles":
		if name == "" || write.After.String("name") == name {
			return nil
		}
		return func(u *v1alpha1.Auth0User) bool {
			return slices.Contains(u.Status.Roles, name) || slices.ContainsFunc(u.Status.OrganizationRoles, func(entry string) bool {
				_, role := auth0.ParseMemberRole(entry)
				return role == name
			})
		}
	case "connections":
		if name == "" || !write.Deleted() {
			return nil
		}
		return func(u *v1alpha1.Auth0User) bool { return u.Status.Connection == name }
	case "organizations":
		if !write.Deleted() {
			return nil
		}
		return func(u *v1alpha1.Auth0User) bool { return slices.Contains(u.Status.Organizations, write.ID) }
	}
	isLost := rbac.Lost(write)
	if isLost == nil {
		return nil
	}
	return func(u *v1alpha1.Auth0User) bool { return slices.ContainsFunc(u.Status.Permissions, isLost) }
}
