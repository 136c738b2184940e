package engine_test

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/utils/clock"
	clocktesting "k8s.io/utils/clock/testing"

	"github.com/auth0-operator/auth0-operator/internal/auth0"
	"github.com/auth0-operator/auth0-operator/internal/engine"
	"github.com/auth0-operator/auth0-operator/internal/lists"
)

// TestHook is a kind whose objects are entries of a list, in a declared order: the bindings of a trigger.
type TestHook struct{ base }

type TestHookList struct{ listOf[TestHook] }

func (l *TestHook) DeepCopyObject() runtime.Object     { return copyOf(l) }
func (l *TestHookList) DeepCopyObject() runtime.Object { return copyOf(l) }

const (
	bindings = "triggers/{trigger}/bindings"
	login    = "triggers/login/bindings"
	signUp   = "triggers/sign-up/bindings"
)

func init() {
	auth0.AddResource("hooks", auth0.Resource{Scopes: "roles"})
	auth0.AddResource(bindings, auth0.Resource{Singleton: true, Scopes: "roles"})
	engine.AddTypes(&TestHook{}, &TestHookList{})
}

func newHooks(t *testing.T, now clock.WithTickerAndDelayedExecution, delay time.Duration) (*world, *served) {
	t.Helper()
	s := &served{lists: []string{"hooks"}, objects: map[string]auth0.Document{login: {"bindings": []any{}}, signUp: {"bindings": []any{}}}}
	w := newWorldAt(t, now, engine.NewKind(define(engine.Definition[*TestHook]{
		Resource: "hooks", Noun: "hook", Assembled: &engine.Assembled[*TestHook]{
			Place: func(hook *TestHook) (lists.Place, bool) {
				order, _ := strconv.Atoi(hook.Annotations["order"])
				entry := lists.Entry{Value: auth0.Document{"ref": hook.Status.ID}}
				return lists.Place{List: hook.Annotations["trigger"], Order: order, Entry: entry}, hook.Annotations["trigger"] != ""
			},
			Managed: func(hook *TestHook) *string { return &hook.Status.List },
			Exact:   func(hook *TestHook) bool { return hook.Annotations["exact"] != "" },
			Read: func(ctx context.Context, session *auth0.Session, list string) ([]lists.Entry, error) {
				have, err := session.Get(ctx, bindings, list)
				var entries []lists.Entry
				for _, one := range have.Objects("bindings") {
					entries = append(entries, lists.Entry{ID: one.String("ref"), Value: one})
				}
				return entries, err
			},
			Write: func(ctx context.Context, session *auth0.Session, list string, entries []lists.Entry) error {
				all := []any{}
				for _, entry := range entries {
					all = append(all, map[string]any(entry.Value))
				}
				if s.beforeUpdate != nil {
					s.beforeUpdate()
				}
				_, err := session.Update(ctx, bindings, list, auth0.Document{"bindings": all})
				return err
			},
		},
	})))
	s.refuses = func(method, _ string, body auth0.Document) (int, string) {
		if method == "POST" && s.list("hooks") != "[]" && strings.Contains(s.list("hooks"), `"name":"`+body.String("name")+`"`) {
			return 409, `{"statusCode":409,"error":"Conflict","message":"There is a hook of that name."}`
		}
		return 0, ""
	}
	w.hookLoop().SetJoinDelay(delay)
	served := w.serve(s)
	return w, served
}

type hookLoop interface {
	SetJoinDelay(delay time.Duration)
	Joined(tenant, list string) int
}

func (w *world) hookLoop() hookLoop {
	return w.loops["TestHook"].(interface{ Inner() any }).Inner().(hookLoop)
}

// declareHook declares a hook at a place of the list of a trigger.
func (w *world) declareHook(name, trigger string, order int) *TestHook {
	w.Helper()
	hook := &TestHook{}
	w.declare(hook, name, map[string]any{"name": name})
	w.edit(hook, func(*spec) { hook.Annotations = map[string]string{"trigger": trigger, "order": strconv.Itoa(order)} })
	return hook
}

// requireList checks the list of a trigger, by the names of the hooks.
func (w *world) requireList(s *served, path string, want ...string) {
	w.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	var have []string
	for _, one := range s.objects[path].Objects("bindings") {
		name := one.String("ref")
		if hook := s.objects["hooks/"+name]; hook != nil {
			name = hook.String("name")
		}
		have = append(have, name)
	}
	if !slices.Equal(have, want) {
		w.Errorf("%s is %v, want %v", path, have, want)
	}
}

func (s *served) addByHand(path, entry string, at int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	list, _ := s.objects[path]["bindings"].([]any)
	s.objects[path]["bindings"] = slices.Insert(slices.Clone(list), at, any(map[string]any{"ref": entry, "by": "hand"}))
}

// TestListOfManyObjects: the list has the declared order, keeps what others added, and each object removes only its own entry.
func TestListOfManyObjects(t *testing.T) {
	w, s := newHooks(t, clock.RealClock{}, 0)
	s.addByHand(login, "of a person", 0)
	late, early := w.declareHook("late", "login", 20), w.declareHook("early", "login", 10)
	w.requireReady(late)
	w.requireCalls("POST hooks", "GET "+login, "PATCH "+login)
	w.requireReady(early)
	w.requireCalls("POST hooks", "GET "+login, "PATCH "+login)
	w.requireList(s, login, "of a person", "early", "late")
	w.look(early)
	w.look(late)
	w.requireCalls()

	same := w.declareHook("a", "login", 20)
	w.requireReady(same)
	w.requireList(s, login, "of a person", "early", "a", "late")

	w.edit(late, func(*spec) { late.Annotations["order"] = "5" })
	w.requireReady(late)
	w.requireList(s, login, "of a person", "late", "early", "a")

	w.edit(early, func(*spec) { early.Annotations["trigger"] = "sign-up" })
	w.requireReady(early)
	w.requireList(s, login, "of a person", "late", "a")
	w.requireList(s, signUp, "early")

	w.requireGone(late)
	w.requireList(s, login, "of a person", "a")
	w.requireGone(same)
	w.requireGone(early)
	w.requireList(s, login, "of a person")
	w.requireList(s, signUp)
}

// TestExactListOfManyObjects: one object that declares an exact list removes what others added.
func TestExactListOfManyObjects(t *testing.T) {
	w, s := newHooks(t, clock.RealClock{}, 0)
	s.addByHand(login, "of a person", 0)
	first, second := w.declareHook("first", "login", 1), w.declareHook("second", "login", 2)
	w.requireReady(first)
	w.requireReady(second)
	w.requireList(s, login, "of a person", "first", "second")
	w.edit(second, func(*spec) { second.Annotations["exact"] = "true" })
	w.requireReady(second)
	w.requireList(s, login, "first", "second")
	w.requireGone(second)
	w.requireList(s, login, "first")
}

// TestManyObjectsShareOneWrite: objects that are reconciled at the same time cost one read and one write of the list together.
func TestManyObjectsShareOneWrite(t *testing.T) {
	now := clocktesting.NewFakeClock(time.Now())
	w, s := newHooks(t, now, time.Second)
	const many = 6
	var want []string
	for i := range many {
		name := fmt.Sprintf("hook-%02d", i)
		w.declareHook(name, "login", many-i)
		want = append([]string{name}, want...)
	}
	var all sync.WaitGroup
	for i := range many {
		all.Go(func() { w.reconcile("TestHook", fmt.Sprintf("hook-%02d", i)) })
	}
	for w.hookLoop().Joined(namespace+"/main", "login") < many {
		select {
		case <-t.Context().Done():
			t.Fatal("not all objects join the write")
		case <-time.After(time.Millisecond):
		}
	}
	now.Step(time.Second)
	all.Wait()
	w.requireList(s, login, want...)
	calls := 0
	for _, call := range w.auth0.calls {
		if strings.HasSuffix(call, login) {
			calls++
		}
	}
	if calls != 2 {
		t.Errorf("%d calls for the list, want 2: %v", calls, w.auth0.calls)
	}
}

// TestObjectsThatWriteAtOnceLoseNoEntry: without any pause for others, each write has the entries of all before it, also if the first
// one takes longer than the others.
func TestObjectsThatWriteAtOnceLoseNoEntry(t *testing.T) {
	w, s := newHooks(t, clock.RealClock{}, 0)
	var isLater atomic.Bool
	s.beforeUpdate = func() {
		if !isLater.Swap(true) {
			<-time.After(200 * time.Millisecond)
		}
	}
	var want []string
	var all sync.WaitGroup
	for i := range 8 {
		name := fmt.Sprintf("hook-%d", i)
		w.declareHook(name, "login", i)
		want = append(want, name)
	}
	for _, name := range want {
		all.Go(func() { w.reconcile("TestHook", name) })
	}
	all.Wait()
	w.requireList(s, login, want...)
}

// TestListOfManyObjectsIsRestored: what somebody removes from the list is there again after the next comparison.
func TestListOfManyObjectsIsRestored(t *testing.T) {
	now := clocktesting.NewFakeClock(time.Now())
	w, s := newHooks(t, now, 0)
	hook := w.declareHook("hook", "login", 1)
	w.requireReady(hook)
	s.objects[login]["bindings"] = []any{}
	now.Step(2 * time.Minute)
	w.edit(hook, func(*spec) { hook.Annotations["order"] = "2" })
	w.requireReady(hook)
	w.requireList(s, login, "hook")
}

// TestListOfManyObjectsSurvivesCrashes lets each write to Kubernetes and each call to Auth0 fail once, before and after its effect.
func TestListOfManyObjectsSurvivesCrashes(t *testing.T) {
	everyMishap(t, func(t *testing.T, mishap func(*world)) *world {
		t.Helper()
		w, s := newHooks(t, clock.RealClock{}, 0)
		s.addByHand(login, "of a person", 0)
		other := w.declareHook("other", "login", 2)
		w.requireReady(other)
		mishap(w)
		hook := w.declareHook("hook", "login", 1)
		w.requireReady(hook)
		w.requireList(s, login, "of a person", "hook", "other")
		w.requireGone(hook)
		w.requireList(s, login, "of a person", "other")
		return w
	})
}
