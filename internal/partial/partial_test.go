package partial_test

import (
	"context"
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/api/validate/content"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/watch"
	toolscache "k8s.io/client-go/tools/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"

	"github.com/auth0-operator/auth0-operator/api/v1alpha1"
	"github.com/auth0-operator/auth0-operator/controllers"
	"github.com/auth0-operator/auth0-operator/internal/engine"
	"github.com/auth0-operator/auth0-operator/internal/partial"
	"github.com/auth0-operator/auth0-operator/internal/reference"
)

var indexes = engine.IndexesOf(controllers.All())

// cached returns an object as the cache holds it.
func cached(t *testing.T, object v1alpha1.Object) v1alpha1.Object {
	t.Helper()
	transformed, err := partial.Transform(indexes)(object.DeepCopyObject())
	if err != nil {
		t.Fatal(err)
	}
	return transformed.(v1alpha1.Object)
}

func encodedSize(t *testing.T, object any) int {
	t.Helper()
	encoded, err := json.Marshal(object)
	if err != nil {
		t.Fatal(err)
	}
	return len(encoded)
}

// fill sets every field: each string to length bytes, each list and map to items entries.
func fill(value reflect.Value, length, items int) {
	switch value.Kind() {
	case reflect.Bool:
		value.SetBool(true)
	case reflect.Int32, reflect.Int64:
		value.SetInt(1)
	case reflect.String:
		value.SetString(strings.Repeat("a", length))
	case reflect.Pointer:
		value.Set(reflect.New(value.Type().Elem()))
		fill(value.Elem(), length, items)
	case reflect.Struct:
		for _, field := range value.Fields() {
			if field.CanSet() {
				fill(field, length, items)
			}
		}
	case reflect.Slice:
		if value.Type().Elem().Kind() == reflect.Uint8 {
			value.SetBytes([]byte(`"` + strings.Repeat("a", length) + `"`))
			return
		}
		value.Set(reflect.MakeSlice(value.Type(), items, items))
		for i := range items {
			fill(value.Index(i), length, items)
		}
	case reflect.Map:
		value.Set(reflect.MakeMap(value.Type()))
		for i := range items {
			key, item := reflect.New(value.Type().Key()).Elem(), reflect.New(value.Type().Elem()).Elem()
			key.SetString(fmt.Sprint(i) + strings.Repeat("a", length))
			fill(item, length, items)
			value.SetMapIndex(key, item)
		}
	default:
		panic("fill does not know " + value.Kind().String())
	}
}

// TestTheCacheHoldsAPartOfALargeObject fills every field of every kind and checks what the cache holds.
func TestTheCacheHoldsAPartOfALargeObject(t *testing.T) {
	for _, kind := range controllers.All() {
		for name, size := range map[string]struct{ length, items int }{"long strings": {20_000, 1}, "long lists": {40, 40}, "many names": {250, 8}} {
			t.Run(kind.Name+" with "+name, func(t *testing.T) {
				whole := kind.New()
				fill(reflect.ValueOf(whole).Elem().FieldByName("Spec"), size.length, size.items)
				fill(reflect.ValueOf(whole).Elem().FieldByName("Status"), size.length, size.items)
				*whole.GetCommonStatus() = v1alpha1.CommonStatus{ObservedGeneration: 3, Conditions: []metav1.Condition{{Type: "Ready", Message: strings.Repeat("m", 2000)}}}
				if managed, ok := whole.(v1alpha1.Managed); ok {
					*managed.GetManagedSpec() = v1alpha1.ManagedSpec{TenantRef: v1alpha1.TenantReference{Name: "main", Namespace: "auth0"}}
				}
				whole.SetName("large")
				part := cached(t, whole)
				if encodedSize(t, whole) <= partial.MostCached {
					if difference := cmp.Diff(whole, part); difference != "" {
						t.Errorf("a small object is changed (-want +got):\n%s", difference)
					}
					return
				}
				if !partial.Is(part) || part.GetName() != "large" || cmp.Diff(whole.GetCommonStatus(), part.GetCommonStatus()) != "" {
					t.Errorf("the part is %.2000v", part)
				}
				for index, want := range indexes(whole) {
					if got, _ := partial.Values(part, index); len(want) > 0 && partial.Refusal(part) == "" && cmp.Diff(want, got) != "" {
						t.Errorf("index %s (-whole +part):\n%s", index, cmp.Diff(want, got))
					}
				}
				part.SetAnnotations(nil)
				if size := encodedSize(t, part); size > partial.MostCached*3/2 {
					t.Errorf("the part has %d bytes", size)
				}
				if again := cached(t, cached(t, whole)); cmp.Diff(cached(t, whole), again) != "" {
					t.Error("a second transformation changes the part")
				}
			})
		}
	}
}

func newUser(edit func(*v1alpha1.Auth0User)) *v1alpha1.Auth0User {
	user := &v1alpha1.Auth0User{ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: "ada"}}
	user.Spec.TenantRef.Name = "main"
	edit(user)
	return user
}

// TestRefusedForItsSize checks that each way to use too much memory gives a message, and that a merely large object gives none.
func TestRefusedForItsSize(t *testing.T) {
	const kib = 1 << 10
	for name, row := range map[string]struct {
		edit func(*v1alpha1.Auth0User)
		want string
	}{
		"large":        {func(u *v1alpha1.Auth0User) { u.Spec.Name = new(strings.Repeat("n", 400*kib)) }, ""},
		"large status": {func(u *v1alpha1.Auth0User) { u.Status.Creating = strings.Repeat("n", 1000*kib) }, ""},
		"managed fields": {func(u *v1alpha1.Auth0User) {
			u.ManagedFields = []metav1.ManagedFieldsEntry{{Manager: strings.Repeat("n", 1000*kib)}}
		}, ""},
		"spec":        {func(u *v1alpha1.Auth0User) { u.Spec.Name = new(strings.Repeat("n", 600*kib)) }, "have 601 KiB; at most 512 KiB"},
		"annotations": {func(u *v1alpha1.Auth0User) { u.Annotations = map[string]string{"a": strings.Repeat("n", 600*kib)} }, "have 601 KiB"},
		"labels": {func(u *v1alpha1.Auth0User) {
			u.Labels = map[string]string{}
			for i := range 40_000 {
				u.Labels[fmt.Sprint("label-", i)] = "a"
			}
		}, "KiB; at most 512 KiB"},
		"owners": {func(u *v1alpha1.Auth0User) {
			u.OwnerReferences = []metav1.OwnerReference{{Name: strings.Repeat("n", 600*kib)}}
		}, "have 601 KiB"},
		"references": {func(u *v1alpha1.Auth0User) {
			u.Spec.Roles = &v1alpha1.UserRoles{}
			for i := range 1000 {
				u.Spec.Roles.Items = append(u.Spec.Roles.Items, v1alpha1.UserRole{RoleRef: &v1alpha1.ObjectReference{Name: fmt.Sprint("role-", i)}})
			}
		}, "names 1001 other objects and Secrets; at most 250"},
	} {
		t.Run(name, func(t *testing.T) {
			whole := newUser(row.edit)
			part := cached(t, whole)
			if got := partial.Refusal(part); row.want == "" && got != "" || !strings.Contains(got, row.want) {
				t.Errorf("refused with %q; want %q", got, row.want)
			}
			if err := partial.Refuse(whole, indexes); err != nil || partial.Refusal(whole) != partial.Refusal(part) {
				t.Errorf("the object itself is refused with %q, its part with %q: %v", partial.Refusal(whole), partial.Refusal(part), err)
			}
			if tenants, _ := partial.Values(part, reference.TenantIndex); partial.Is(part) && len(tenants) != 1 {
				t.Errorf("the index of tenants has %q", tenants)
			}
			if size := encodedSize(t, part); size > 2*partial.MostCached {
				t.Errorf("the part has %d bytes", size)
			}
		})
	}
}

// TestNobodyCanForgeAPart checks that the API server rejects the annotations of a part.
func TestNobodyCanForgeAPart(t *testing.T) {
	part := cached(t, newUser(func(u *v1alpha1.Auth0User) { u.Spec.Name = new(strings.Repeat("n", 1<<20)) }))
	if len(part.GetAnnotations()) != 2 {
		t.Fatalf("the part has the annotations %v", part.GetAnnotations())
	}
	for key := range part.GetAnnotations() {
		if problems := content.IsLabelKey(key); len(problems) == 0 {
			t.Errorf("%q is a valid annotation", key)
		}
	}
}

// TestGetReturnsWholeObjects reads a large object through a cache of parts.
func TestGetReturnsWholeObjects(t *testing.T) {
	scheme := runtime.NewScheme()
	if err := v1alpha1.AddToScheme(scheme); err != nil {
		t.Fatal(err)
	}
	whole := newUser(func(u *v1alpha1.Auth0User) { u.Spec.Name = new(strings.Repeat("n", 100<<10)) })
	server := fake.NewClientBuilder().WithScheme(scheme).WithObjects(whole).Build()
	parts := fake.NewClientBuilder().WithScheme(scheme).WithObjects(cached(t, whole)).Build()
	reader := partial.Client{Client: parts, Reader: server}
	key := client.ObjectKeyFromObject(whole)

	var got v1alpha1.Auth0User
	if err := reader.Get(t.Context(), key, &got); err != nil || partial.Is(&got) || *got.Spec.Name != *whole.Spec.Name {
		t.Errorf("Get returns %v: %v", got.ObjectMeta, err)
	}
	if err := reader.Get(t.Context(), key, &got, partial.Allowed); err != nil || !partial.Is(&got) {
		t.Errorf("Get with Allowed returns %v: %v", got.ObjectMeta, err)
	}
	var list v1alpha1.Auth0UserList
	if err := reader.List(t.Context(), &list); err != nil || !partial.Is(&list.Items[0]) {
		t.Fatalf("List returns %v: %v", list.Items, err)
	}
	visited := 0
	if err := partial.Visit(t.Context(), reader, &list, func(user *v1alpha1.Auth0User) {
		visited++
		if partial.Is(user) {
			t.Error("Visit visits a part")
		}
	}); err != nil || visited != 1 || !partial.Is(&list.Items[0]) {
		t.Errorf("Visit visits %d, and leaves %v: %v", visited, list.Items[0].ObjectMeta, err)
	}
}

// TestMetadataOfSecretsIsBounded checks that the cache drops the metadata that others can make long.
func TestMetadataOfSecretsIsBounded(t *testing.T) {
	secret := &metav1.PartialObjectMetadata{TypeMeta: metav1.TypeMeta{Kind: "Secret"}, ObjectMeta: metav1.ObjectMeta{
		Name: "credentials", Annotations: map[string]string{"a": strings.Repeat("n", 256<<10)}, Labels: map[string]string{},
	}}
	for i := range 5000 {
		secret.Labels[fmt.Sprint("label-", i)] = "a"
		secret.Finalizers = append(secret.Finalizers, fmt.Sprint("example.com/", i))
		secret.OwnerReferences = append(secret.OwnerReferences, metav1.OwnerReference{Name: fmt.Sprint("owner-", i)})
	}
	if _, err := partial.Transform(indexes)(secret); err != nil || encodedSize(t, secret) > 1<<10 {
		t.Errorf("the cache holds %d bytes: %v", encodedSize(t, secret), err)
	}
}

// TestListsArriveInPages lists from a server that would send all objects at once.
func TestListsArriveInPages(t *testing.T) {
	const objects = 95
	var limits []int64
	server := &toolscache.ListWatch{ListWithContextFunc: func(_ context.Context, options metav1.ListOptions) (runtime.Object, error) {
		if options.ResourceVersion != "" {
			t.Errorf("asked for resourceVersion %q, of which the API server sends everything at once", options.ResourceVersion)
		}
		limits = append(limits, options.Limit)
		first := 0
		_, _ = fmt.Sscan(options.Continue, &first)
		page := &v1alpha1.Auth0UserList{}
		for i := first; i < min(first+int(options.Limit), objects); i++ {
			user := newUser(func(u *v1alpha1.Auth0User) {
				u.Name, u.Spec.Name = fmt.Sprint("user-", i), new(strings.Repeat("n", 1<<20))
			})
			page.Items = append(page.Items, *user)
		}
		if next := first + int(options.Limit); next < objects {
			page.Continue = fmt.Sprint(next)
		}
		page.ResourceVersion = "17"
		return page, nil
	}, WatchFuncWithContext: func(context.Context, metav1.ListOptions) (watch.Interface, error) { return watch.NewFake(), nil }}

	listed, err := toolscache.ToListerWithContext(partial.InPages(server, partial.Transform(indexes))).
		ListWithContext(t.Context(), metav1.ListOptions{ResourceVersion: "0", Limit: 500})
	if err != nil {
		t.Fatal(err)
	}
	users := listed.(*v1alpha1.Auth0UserList)
	if len(users.Items) != objects || users.ResourceVersion != "17" || users.Continue != "" || users.Items[94].Name != "user-94" {
		t.Errorf("the list has %d items and %+v", len(users.Items), users.ListMeta)
	}
	if len(limits) != 5 || limits[0] != 20 {
		t.Errorf("asked for pages of %v", limits)
	}
	if size := encodedSize(t, users); size > objects*1024 {
		t.Errorf("the list has %d bytes", size)
	}
}
