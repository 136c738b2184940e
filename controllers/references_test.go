package controllers

import (
	"maps"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/auth0-operator/auth0-operator/api/v1alpha1"
	"github.com/auth0-operator/auth0-operator/internal/engine"
	"github.com/auth0-operator/auth0-operator/internal/reference"
)

// field is a field of an object, by its path in a manifest: spec.roles.items[0].name.
type field struct {
	path string
	// in is the struct that contains the field.
	in reflect.Type
	// set gives the field a value in a new object.
	set func(object reflect.Value, value reflect.Value)
	of  reflect.Type
}

// fieldsOf lists the fields of a spec. A list is represented by its first entry.
func fieldsOf(of reflect.Type) []field {
	spec, _ := of.FieldByName("Spec")
	return fieldsIn(spec.Type, "spec", func(object reflect.Value) reflect.Value { return object.FieldByIndex(spec.Index) })
}

func fieldsIn(of reflect.Type, path string, find func(reflect.Value) reflect.Value) []field {
	var fields []field
	for i := range of.NumField() {
		at := func(object reflect.Value) reflect.Value { return find(object).Field(i) }
		name, _, _ := strings.Cut(of.Field(i).Tag.Get("json"), ",")
		if name == "" {
			fields = append(fields, fieldsIn(of.Field(i).Type, path, at)...)
			continue
		}
		fields = append(fields, field{path: path + "." + name, in: of, of: of.Field(i).Type, set: func(object, value reflect.Value) { at(object).Set(value) }})
		fields = append(fields, fieldsBelow(of.Field(i).Type, path+"."+name, at)...)
	}
	return fields
}

// fieldsBelow lists the fields of a struct, or of the entries of a list of them.
func fieldsBelow(of reflect.Type, path string, find func(reflect.Value) reflect.Value) []field {
	switch {
	case of.Kind() == reflect.Pointer:
		return fieldsBelow(of.Elem(), path, func(object reflect.Value) reflect.Value {
			pointer := find(object)
			if pointer.IsNil() {
				pointer.Set(reflect.New(of.Elem()))
			}
			return pointer.Elem()
		})
	case of.Kind() == reflect.Slice:
		return fieldsBelow(of.Elem(), path+"[0]", func(object reflect.Value) reflect.Value {
			list := find(object)
			if list.Len() == 0 {
				list.Set(reflect.MakeSlice(of, 1, 1))
			}
			return list.Index(0)
		})
	case of.Kind() == reflect.Struct && of.PkgPath() == reflect.TypeFor[v1alpha1.Auth0User]().PkgPath():
		return fieldsIn(of, path, find)
	}
	return nil
}

var (
	isText      = []reflect.Type{reflect.TypeFor[string](), reflect.TypeFor[*string](), reflect.TypeFor[[]string]()}
	isReference = []reflect.Type{reflect.TypeFor[*v1alpha1.ObjectReference](), reflect.TypeFor[*v1alpha1.LocalReference]()}
	// namesThings are names of fields that hold the name or ID of something else in Auth0.
	namesThings = regexp.MustCompile(`(?i)(audience|connection|realm|organization|role|api|resourceServer|client|identifier|[^u]id)s?$`)
)

// mayName reports whether a field may hold the name of something else in Auth0: its name suggests it, or a reference stands
// beside it.
func mayName(f field) bool {
	if !slices.Contains(isText, f.of) {
		return false
	}
	beside := !strings.HasSuffix(f.in.Name(), "Spec") && slices.ContainsFunc(reflect.VisibleFields(f.in), func(other reflect.StructField) bool {
		return slices.Contains(isReference, other.Type)
	})
	return beside || namesThings.MatchString(f.path)
}

const (
	// anID is only known once the object exists in Auth0, so there is nothing to wait for.
	anID = "an id"
	// partOfAnAPI is a scope of an API. The audience beside it does the waiting.
	partOfAnAPI = "a scope of an API"
	// noObject is what no kind declares, or what belongs to the object itself.
	noObject = "nothing that another object declares"
)

// named says which kind declares what each field names.
var named = map[string]map[string]string{
	"Auth0Client": {
		"spec.allowedClients": anID,
		"spec.clientAuthenticationMethods.privateKeyJwt.credentials[0].kid": noObject,
		"spec.clientId":                                              anID,
		"spec.defaultOrganization.flows":                             noObject,
		"spec.defaultOrganization.organizationId":                    anID,
		"spec.expressConfiguration.connectionProfileId":              noObject,
		"spec.expressConfiguration.linkedClients[0].clientId":        anID,
		"spec.expressConfiguration.oinSubmissionId":                  noObject,
		"spec.expressConfiguration.oktaOinClientId":                  noObject,
		"spec.expressConfiguration.userAttributeProfileId":           noObject,
		"spec.mobile.ios.appBundleIdentifier":                        noObject,
		"spec.mobile.ios.teamId":                                     noObject,
		"spec.myOrganizationConfiguration.connectionProfileId":       noObject,
		"spec.myOrganizationConfiguration.invitationLandingClientId": anID,
		"spec.myOrganizationConfiguration.userAttributeProfileId":    noObject,
		"spec.refreshToken.policies[0].audience":                     "Auth0ResourceServer",
		"spec.resourceServerIdentifier":                              "Auth0ResourceServer",
	},
	"Auth0ClientGrant":  {"spec.audience": "Auth0ResourceServer", "spec.clientId": anID},
	"Auth0Organization": {"spec.clientGrants.items[0].clientGrantId": anID, "spec.connections.items[0].connectionId": anID},
	"Auth0ResourceServer": {
		"spec.authorizationPolicy.policyId": noObject, "spec.identifier": noObject, "spec.tokenEncryption.encryptionKey.kid": noObject,
	},
	"Auth0Connection": {
		"spec.database.customPasswordHash.actionId": noObject, "spec.enabledClients.items[0].clientId": anID, "spec.realms": noObject,
	},
	"Auth0Role": {"spec.permissions.items[0].audience": "Auth0ResourceServer", "spec.permissions.items[0].name": partOfAnAPI},
	"Auth0User": {
		"spec.connection":                            "Auth0Connection",
		"spec.invitation.clientId":                   anID,
		"spec.invitation.resultUrl":                  noObject,
		"spec.organizations.items[0].organizationId": anID,
		"spec.organizations.items[0].roles[0].name":  "Auth0Role",
		"spec.permissions.items[0].audience":         "Auth0ResourceServer",
		"spec.permissions.items[0].name":             partOfAnAPI,
		"spec.roles.items[0].name":                   "Auth0Role",
		"spec.signup.clientId":                       anID,
		"spec.userId":                                anID,
	},
	"Auth0Token": {
		"spec.clientCredentials.audience":     "Auth0ResourceServer",
		"spec.clientCredentials.organization": "Auth0Organization",
		"spec.deviceCode.audience":            "Auth0ResourceServer",
		"spec.password.audience":              "Auth0ResourceServer",
		"spec.password.realm":                 "Auth0Connection",
		"spec.password.scopes":                partOfAnAPI,
		// The password comes from a Secret. For a declared user, there is userRef.
		"spec.password.username":     noObject,
		"spec.refreshToken.audience": "Auth0ResourceServer",
	},
}

// TestNamesAreWaitedFor checks that an object waits for the objects that its fields name, and that it covers every such field.
func TestNamesAreWaitedFor(t *testing.T) {
	kinds := All()
	for _, kind := range kinds {
		object, ok := kind.New().(v1alpha1.Managed)
		if !ok {
			continue
		}
		known := maps.Clone(named[kind.Name])
		for _, f := range fieldsOf(reflect.TypeOf(object).Elem()) {
			if !mayName(f) {
				continue
			}
			declaredBy, ok := known[f.path]
			if !ok {
				t.Errorf("%s: say of %s what it names", kind.Name, f.path)
			}
			delete(known, f.path)
			if ok && strings.HasPrefix(declaredBy, "Auth0") {
				requireNamed(t, kinds, kind, f, declaredBy)
			}
		}
		for path := range known {
			t.Errorf("%s has no field %s", kind.Name, path)
		}
	}
}

// requireNamed fails unless the object of one kind reports the name in the field, and objects of the other kind declare names.
func requireNamed(t *testing.T, kinds []engine.Kind, kind engine.Kind, f field, declaredBy string) {
	t.Helper()
	object := kind.New().(v1alpha1.Managed)
	value := reflect.ValueOf("a-name")
	if f.of.Kind() == reflect.Pointer {
		value = reflect.ValueOf(new("a-name"))
	}
	f.set(reflect.ValueOf(object).Elem(), value)
	if want := (reference.Named{Field: f.path, Kind: declaredBy, Name: "a-name"}); !slices.Contains(kind.Names(object), want) {
		t.Errorf("%s names %+v, want %+v among them", kind.Name, kind.Names(object), want)
	}
	if i := slices.IndexFunc(kinds, func(k engine.Kind) bool { return k.Name == declaredBy }); i < 0 || !kinds[i].IsNamed() {
		t.Errorf("%s: no %s is found by its name", f.path, declaredBy)
	}
}

// state is the progress of an object of a kind.
type state struct {
	kind    string
	isReady bool
}

// TestNoKindsWaitForEachOther checks that the kinds can be put in an order by what each needs before it is created and before it
// is Ready. Otherwise objects could refer to each other in a circle that nothing resolves.
func TestNoKindsWaitForEachOther(t *testing.T) {
	needs := map[state][]state{}
	for _, kind := range All() {
		created, ready := state{kind.Name, false}, state{kind.Name, true}
		needs[ready] = append(needs[ready], created)
		for _, ref := range everyReference(t, kind) {
			needing := created
			if ref.Link {
				needing = ready
			}
			needs[needing] = append(needs[needing], state{ref.Kind, !ref.Weak && !ref.Existing})
		}
		for _, declaredBy := range named[kind.Name] {
			if strings.HasPrefix(declaredBy, "Auth0") {
				needs[created] = append(needs[created], state{declaredBy, false})
			}
		}
	}
	if circle := circleIn(needs); circle != nil {
		t.Errorf("kinds wait for each other: %+v", circle)
	}
}

// TestNoKindsKeepEachOther checks that objects which are deleted together can be deleted in some order.
func TestNoKindsKeepEachOther(t *testing.T) {
	keeps := map[string][]string{}
	for _, kind := range All() {
		for _, ref := range everyReference(t, kind) {
			if !ref.Weak {
				keeps[ref.Kind] = append(keeps[ref.Kind], kind.Name)
			}
		}
	}
	keeps["Auth0Connection"] = append(keeps["Auth0Connection"], "Auth0User")
	if circle := circleIn(keeps); circle != nil {
		t.Errorf("kinds keep each other from being deleted: %v", circle)
	}
}

// TestCirclesAreFound checks that the search finds a circle.
func TestCirclesAreFound(t *testing.T) {
	circle := circleIn(map[string][]string{"a": {"b"}, "b": {"c", "d"}, "d": {"b"}})
	if len(circle) != 3 || circle[0] != circle[2] || slices.Contains(circle, "a") || slices.Contains(circle, "c") {
		t.Errorf("found %v", circle)
	}
}

// everyReference lists the references of objects in which every reference is set.
func everyReference(t *testing.T, kind engine.Kind) []reference.Reference {
	t.Helper()
	object, ok := kind.New().(v1alpha1.Managed)
	if !ok {
		return nil
	}
	// Some fields exclude each other, so each gets an object of its own.
	var all []reference.Reference
	for _, f := range fieldsOf(reflect.TypeOf(object).Elem()) {
		if !slices.Contains(isReference, f.of) {
			continue
		}
		object := kind.New().(v1alpha1.Managed)
		value := reflect.New(f.of.Elem())
		value.Elem().FieldByName("Name").SetString("other")
		f.set(reflect.ValueOf(object).Elem(), value)
		references := kind.References(object)
		if !slices.ContainsFunc(references, func(ref reference.Reference) bool { return ref.Field == f.path }) {
			t.Errorf("%s: %s is no reference of the object: %+v", kind.Name, f.path, references)
		}
		all = append(all, references...)
	}
	return all
}

// circleIn returns a circle of a graph, or nil.
func circleIn[K comparable](graph map[K][]K) []K {
	done := map[K]bool{}
	var path []K
	var visit func(K) []K
	visit = func(node K) []K {
		if at := slices.Index(path, node); at >= 0 {
			return append(slices.Clone(path[at:]), node)
		}
		if done[node] {
			return nil
		}
		path = append(path, node)
		for _, next := range graph[node] {
			if circle := visit(next); circle != nil {
				return circle
			}
		}
		path, done[node] = path[:len(path)-1], true
		return nil
	}
	for node := range graph {
		if circle := visit(node); circle != nil {
			return circle
		}
	}
	return nil
}
