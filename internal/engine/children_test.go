package engine_test

import (
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/runtime"

	"github.com/auth0-operator/auth0-operator/internal/auth0"
	"github.com/auth0-operator/auth0-operator/internal/engine"
	"github.com/auth0-operator/auth0-operator/internal/reference"
)

// TestChild is a kind whose objects are below another one in Auth0.
type TestChild struct{ base }

type TestChildList struct{ listOf[TestChild] }

func (l *TestChild) DeepCopyObject() runtime.Object     { return copyOf(l) }
func (l *TestChildList) DeepCopyObject() runtime.Object { return copyOf(l) }

const childResource = "organizations/{organization}/discovery-domains"

func init() {
	auth0.AddResource(childResource, auth0.Resource{Scopes: "roles"})
	engine.AddTypes(&TestChild{}, &TestChildList{})
}

func newChildren(t *testing.T) (*world, *served) {
	t.Helper()
	w := newWorld(t, engine.NewKind(define(engine.Definition[*TestChild]{
		Resource: childResource, Noun: "domain",
		Path: func(child *TestChild, _ reference.Values) []string { return []string{child.Annotations["parent"]} },
	})))
	s := w.serve(&served{lists: []string{"organizations/org_1/discovery-domains"}})
	return w, s
}

func (w *world) declareChild() *TestChild {
	w.Helper()
	child := &TestChild{}
	w.declare(child, "child", map[string]any{"name": "shop", "status": "pending"})
	w.edit(child, func(*spec) { child.Annotations = map[string]string{"parent": "org_1"} })
	return child
}

const childPath = "organizations/org_1/discovery-domains"

// TestChildLivesBelowItsParent: each call of the life of a child fills the parameters of its path.
func TestChildLivesBelowItsParent(t *testing.T) {
	w, s := newChildren(t)
	child := w.declareChild()
	w.requireReady(child)
	w.requireCalls("POST " + childPath)
	if child.Status.ID != auth0.JoinID("org_1", "id_1") {
		t.Errorf("the id is %q", child.Status.ID)
	}
	w.edit(child, func(spec *spec) { spec.Settings["status"] = "verified" })
	w.requireReady(child)
	w.requireCalls("GET "+childPath+"/id_1", "PATCH "+childPath+"/id_1")
	w.requireServed(s, childPath+"/id_1", `{"created_at":"`+createdAt+`","id":"id_1","name":"shop","status":"verified"}`)
	w.requireGone(child)
	w.requireCalls("GET "+childPath+"/id_1", "DELETE "+childPath+"/id_1", "GET "+childPath+"/id_1")
}

// TestChildIsGoneWithItsParent: Auth0 deletes a child with its parent.
func TestChildIsGoneWithItsParent(t *testing.T) {
	w, s := newChildren(t)
	child := w.declareChild()
	w.requireReady(child)
	s.lists = nil
	delete(s.objects, childPath+"/id_1")
	w.forgetCalls()
	w.requireGone(child)
	w.requireCalls("GET " + childPath + "/id_1")
}

// TestChildSurvivesCrashes lets each write to Kubernetes and each call to Auth0 fail once, before and after its effect.
func TestChildSurvivesCrashes(t *testing.T) {
	for at := 1; at <= 8; at++ {
		for _, after := range []bool{false, true} {
			for _, inAuth0 := range []bool{false, true} {
				w, s := newChildren(t)
				// Auth0 refuses a second child of the same name.
				s.refuses = func(method, _ string, _ auth0.Document) (int, string) {
					if method == "POST" && len(s.objects) > 0 {
						return 409, `{"statusCode":409,"error":"Conflict","message":"There is a domain of that name."}`
					}
					return 0, ""
				}
				child := w.declareChild()
				w.mishapAt(at, inAuth0, after)
				w.requireReady(child)
				if len(s.objects) != 1 || !strings.HasPrefix(child.Status.ID, "org_1 ") {
					t.Errorf("call %d: %d children, id %q", at, len(s.objects), child.Status.ID)
				}
				w.requireGone(child)
				if len(s.objects) != 0 {
					t.Errorf("call %d: a child is left", at)
				}
			}
		}
	}
}
