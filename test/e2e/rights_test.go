package e2e

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	rbacv1 "k8s.io/api/rbac/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/auth0-operator/auth0-operator/api/v1alpha1"
)

// right is one verb on one resource.
type right struct {
	group, resource, verb string
}

func (r right) String() string {
	if r.group == "" {
		return r.verb + " " + r.resource
	}
	return r.verb + " " + r.resource + "." + r.group
}

// role is a Role or ClusterRole of the operator.
type role struct {
	name string
	// namespace is where a Role holds; a ClusterRole holds everywhere.
	namespace string
	rules     []rbacv1.PolicyRule
}

// request is what the audit log says of a request of the operator.
type request struct {
	right
	namespace, name string
	status          int
	at              time.Time
}

// requestsOf reads the requests of a user from an audit log.
func requestsOf(content []byte, user string) ([]request, error) {
	var requests []request
	lines := bufio.NewScanner(bytes.NewReader(content))
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		// audit.k8s.io/v1, as far as it matters here.
		var event struct {
			Verb      string
			User      struct{ Username string }
			ObjectRef *struct {
				APIGroup, Resource, Subresource, Namespace, Name string
			}
			ResponseStatus           struct{ Code int }
			RequestReceivedTimestamp time.Time
		}
		if err := json.Unmarshal(lines.Bytes(), &event); err != nil {
			return nil, fmt.Errorf("%w in %s", err, lines.Bytes())
		}
		// What is not about a resource is discovery, which everybody may read.
		if event.User.Username != user || event.ObjectRef == nil || event.ObjectRef.Resource == "" {
			continue
		}
		resource := event.ObjectRef.Resource
		if event.ObjectRef.Subresource != "" {
			resource += "/" + event.ObjectRef.Subresource
		}
		requests = append(requests, request{
			right:     right{event.ObjectRef.APIGroup, resource, event.Verb},
			namespace: event.ObjectRef.Namespace, name: event.ObjectRef.Name, status: event.ResponseStatus.Code,
			at: event.RequestReceivedTimestamp,
		})
	}
	return requests, lines.Err()
}

// forbidden are the rights that the operator asked for and does not have. Where it watches a namespace that is gone, its Role is gone, too.
func forbidden(requests []request, gone map[string]time.Time) []string {
	var missing []string
	for _, request := range requests {
		deleted, isGone := gone[request.namespace]
		if isGone && request.at.After(deleted) {
			continue
		}
		if request.status == http.StatusForbidden {
			missing = append(missing, fmt.Sprintf("%s in %q", request.right, request.namespace))
		}
	}
	slices.Sort(missing)
	return slices.Compact(missing)
}

// idle are the rights of the roles that no request needed. Roles of the same name, one per namespace, count as one.
func idle(roles []role, requests []request) []string {
	used := map[string]bool{}
	for _, role := range roles {
		for _, request := range requests {
			if role.namespace != "" && role.namespace != request.namespace {
				continue
			}
			for _, right := range request.needs() {
				used[role.name+" grants "+right.String()] = true
			}
		}
	}
	var idle []string
	for _, role := range roles {
		for _, right := range role.rights() {
			if grant := role.name + " grants " + right.String(); !used[grant] && !right.isForRaces() {
				idle = append(idle, grant)
			}
		}
	}
	slices.Sort(idle)
	return slices.Compact(idle)
}

// isForRaces reports whether a run may or may not need the right: an object of ours is read past the cache only while the cache
// has not seen the operator's own last write to it, and client-go patches an Event only if the same one repeats before the
// object's status changes.
func (r right) isForRaces() bool {
	return r.verb == "get" && r.group == v1alpha1.SchemeGroupVersion.Group || r == right{"events.k8s.io", "events", "patch"}
}

// needs are the rights that a request takes: an apply that creates needs the right to create too.
func (r request) needs() []right {
	rights := []right{r.right}
	if r.verb == "patch" && r.status == http.StatusCreated {
		rights = append(rights, right{r.group, r.resource, "create"})
	}
	return rights
}

func (r role) rights() []right {
	var rights []right
	for _, rule := range r.rules {
		for _, group := range rule.APIGroups {
			for _, resource := range rule.Resources {
				for _, verb := range rule.Verbs {
					rights = append(rights, right{group, resource, verb})
				}
			}
		}
	}
	return rights
}

// rolesOf picks the roles that are bound to a ServiceAccount.
func rolesOf(t *testing.T, objects []*unstructured.Unstructured, account string) []role {
	t.Helper()
	bound := map[string]bool{}
	for _, object := range objects {
		var binding rbacv1.ClusterRoleBinding // a RoleBinding has the same fields
		if !strings.HasSuffix(object.GetKind(), "RoleBinding") {
			continue
		}
		if err := runtime.DefaultUnstructuredConverter.FromUnstructured(object.Object, &binding); err != nil {
			t.Fatal(err)
		}
		for _, subject := range binding.Subjects {
			if subject.Kind == "ServiceAccount" && subject.Name == account {
				bound[binding.RoleRef.Kind+" "+object.GetNamespace()+"/"+binding.RoleRef.Name] = true
			}
		}
	}
	var roles []role
	for _, object := range objects {
		if !bound[object.GetKind()+" "+object.GetNamespace()+"/"+object.GetName()] {
			continue
		}
		var content rbacv1.ClusterRole // a Role has the same fields
		if err := runtime.DefaultUnstructuredConverter.FromUnstructured(object.Object, &content); err != nil {
			t.Fatal(err)
		}
		roles = append(roles, role{name: object.GetKind() + " " + object.GetName(), namespace: object.GetNamespace(), rules: content.Rules})
	}
	return roles
}

// checkRights holds what the operator asked the API server against what the chart grants.
func checkRights(t *testing.T, auditFile, user string, roles []role, gone map[string]time.Time) {
	t.Helper()
	content, err := os.ReadFile(auditFile)
	if err != nil {
		t.Fatal(err)
	}
	requests, err := requestsOf(content, user)
	if err != nil {
		t.Fatal(err)
	}
	if len(requests) == 0 || len(roles) == 0 {
		t.Fatalf("%d requests of %s, %d roles of it", len(requests), user, len(roles))
	}
	for _, missing := range forbidden(requests, gone) {
		t.Errorf("the operator lacks a right: %s; add a +kubebuilder:rbac marker where it is needed", missing)
	}
	for _, grant := range idle(roles, requests) {
		t.Errorf("%s, which the operator never used; take it out of the +kubebuilder:rbac markers", grant)
	}
}

// TestRightsAreHeldAgainstTheAuditLog shows that a missing and an idle right are found.
func TestRightsAreHeldAgainstTheAuditLog(t *testing.T) {
	line := func(user, verb, reference string, code int) string {
		return fmt.Sprintf(`{"verb":%q,"user":{"username":%q},"objectRef":%s,"responseStatus":{"code":%d}}`+"\n", verb, user, reference, code)
	}
	log := line("operator", "get", `{"resource":"secrets","namespace":"shop","name":"one"}`, 200) +
		line("operator", "patch", `{"resource":"secrets","namespace":"shop","name":"two"}`, 201) +
		line("operator", "patch", `{"apiGroup":"g","resource":"kinds","subresource":"status","namespace":"shop"}`, 200) +
		line("operator", "list", `{"resource":"configmaps","namespace":"shop"}`, 403) +
		line("somebody", "delete", `{"resource":"secrets","namespace":"shop"}`, 403) +
		line("operator", "get", `{"resource":"leases","namespace":"own"}`, 200) +
		`{"verb":"get","user":{"username":"operator"},"requestURI":"/apis","responseStatus":{"code":200}}` + "\n"
	requests, err := requestsOf([]byte(log), "operator")
	if err != nil {
		t.Fatal(err)
	}
	if difference := cmp.Diff([]string{`list configmaps in "shop"`}, forbidden(requests, nil)); difference != "" {
		t.Errorf("forbidden (-want +got):\n%s", difference)
	}
	rule := func(group, resource string, verbs ...string) rbacv1.PolicyRule {
		return rbacv1.PolicyRule{APIGroups: []string{group}, Resources: []string{resource}, Verbs: verbs}
	}
	roles := []role{
		{name: "Role objects", namespace: "shop", rules: []rbacv1.PolicyRule{rule("", "secrets", "get", "create", "patch", "delete"), rule("g", "kinds/status", "patch", "update")}},
		{name: "Role objects", namespace: "empty", rules: []rbacv1.PolicyRule{rule("", "secrets", "get")}},
		{name: "Role own", namespace: "own", rules: []rbacv1.PolicyRule{rule("", "leases", "get"), rule("", "secrets", "get")}},
	}
	want := []string{"Role objects grants delete secrets", "Role objects grants update kinds/status.g", "Role own grants get secrets"}
	if difference := cmp.Diff(want, idle(roles, requests)); difference != "" {
		t.Errorf("idle (-want +got):\n%s", difference)
	}
}
