package engine_test

import (
	"strings"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/auth0-operator/auth0-operator/api/v1alpha1"
	"github.com/auth0-operator/auth0-operator/internal/auth0"
	"github.com/auth0-operator/auth0-operator/internal/engine"
	"github.com/auth0-operator/auth0-operator/internal/fields"
	"github.com/auth0-operator/auth0-operator/internal/reference"
)

// TestText is a kind of which each tenant has one object for each prompt and language, which PUT replaces.
type TestText struct{ base }

type TestTextList struct{ listOf[TestText] }

func (l *TestText) DeepCopyObject() runtime.Object     { return copyOf(l) }
func (l *TestTextList) DeepCopyObject() runtime.Object { return copyOf(l) }

// TestMail is a kind of which each tenant has one object for each name, which POST creates and nobody can delete.
type TestMail struct{ base }

type TestMailList struct{ listOf[TestMail] }

func (l *TestMail) DeepCopyObject() runtime.Object     { return copyOf(l) }
func (l *TestMailList) DeepCopyObject() runtime.Object { return copyOf(l) }

const (
	textResource = "prompts/{prompt}/custom-text/{language}"
	english      = "prompts/login/custom-text/en"
	french       = "prompts/login/custom-text/fr"
	welcome      = "email-templates/welcome"
)

func init() {
	auth0.AddResource(textResource, auth0.Resource{Singleton: true, Replace: true, Scopes: "roles"})
	auth0.AddResource("email-templates/{name}", auth0.Resource{Singleton: true, Optional: true, Creates: "email-templates", Scopes: "roles"})
	engine.AddTypes(&TestText{}, &TestTextList{}, &TestMail{}, &TestMailList{})
}

// pathOf returns the values of the path, which an annotation has.
func pathOf[O object](object O, _ reference.Values) []string {
	return strings.Split(object.GetAnnotations()["path"], "/")
}

func (w *world) declareAt(object object, name, path string, settings map[string]any) {
	w.Helper()
	w.declare(object, name, settings)
	w.edit(object, func(*spec) { object.SetAnnotations(map[string]string{"path": path}) })
}

func newTexts(t *testing.T) (*world, *served) {
	t.Helper()
	w := newWorld(t, engine.NewKind(define(engine.Definition[*TestText]{
		Resource: textResource, Noun: "custom text", Path: pathOf[*TestText], Fields: fields.Semantics{Merged: []string{"login"}},
	})))
	s := w.serve(&served{objects: map[string]auth0.Document{
		english: {"login": map[string]any{"title": "Welcome", "footer": "Bye"}}, french: {"login": map[string]any{"title": "Bienvenue"}},
	}})
	return w, s
}

func titled(title string) map[string]any {
	return map[string]any{"login": map[string]any{"title": title}}
}

// TestSingletonsByPath: there is one object for the values of the path. The older one wins, and others are not concerned.
func TestSingletonsByPath(t *testing.T) {
	w, s := newTexts(t)
	first, second, other := &TestText{}, &TestText{}, &TestText{}
	w.declareAt(first, "first", "login/en", titled("Hello"))
	w.declareAt(second, "second", "login/en", titled("Hi"))
	w.declareAt(other, "other", "login/fr", titled("Salut"))
	message := w.requireReason(second, v1alpha1.ReasonConflict)
	if !strings.Contains(message, "TestText auth0/first manages the custom text login en") {
		t.Errorf("the message says not what is managed: %s", message)
	}
	w.requireCalls()
	w.requireReady(first)
	w.requireCalls("GET "+english, "PUT "+english)
	w.requireReady(other)
	w.requireCalls("GET "+french, "PUT "+french)
	w.requireServed(s, english, `{"login":{"footer":"Bye","title":"Hello"}}`)
	w.look(first)
	w.requireCalls("GET " + english)

	w.requireGone(first)
	w.requireReady(second)
	w.requireServed(s, english, `{"login":{"footer":"Bye","title":"Hi"}}`)
	w.requireGone(second)
	w.requireGone(other)
	w.requireServed(s, english, `{"login":{"footer":"Bye","title":"Welcome"}}`)
	w.requireServed(s, french, `{"login":{"title":"Bienvenue"}}`)
}

// TestPathOfSingletonMustNotChange: an object whose path changes nevertheless keeps what it adopted, and sets it back.
func TestPathOfSingletonMustNotChange(t *testing.T) {
	w, s := newTexts(t)
	text := &TestText{}
	w.declareAt(text, "text", "login/en", titled("Hello"))
	w.requireReady(text)
	w.forgetCalls()
	w.edit(text, func(*spec) { text.Annotations["path"] = "login/fr" })
	w.requireReason(text, v1alpha1.ReasonInvalidSpec)
	w.requireCalls()
	w.requireGone(text)
	w.requireServed(s, english, `{"login":{"footer":"Bye","title":"Welcome"}}`)
	w.requireServed(s, french, `{"login":{"title":"Bienvenue"}}`)
}

func newMails(t *testing.T) (*world, *served) {
	t.Helper()
	w := newWorld(t, engine.NewKind(define(engine.Definition[*TestMail]{
		Resource: "email-templates/{name}", Noun: "email template", Path: pathOf[*TestMail],
		Fields: fields.Semantics{Cleared: map[string]any{"enabled": false}, Kept: []string{"template", "body"}},
	})))
	s := &served{}
	s.refuses = func(method, path string, body auth0.Document) (int, string) {
		switch {
		case method != "POST":
			return 0, ""
		case s.objects[path+"/"+body.String("template")] != nil:
			return 409, `{"statusCode":409,"error":"Conflict","message":"Template already exists."}`
		}
		s.objects[path+"/"+body.String("template")] = body
		return 200, asJSON(body)
	}
	served := w.serve(s)
	return w, served
}

func mail() map[string]any {
	return map[string]any{"template": "welcome", "body": "Hello", "enabled": true}
}

// TestSingletonIsCreatedByItsFirstWrite: what Auth0 lacks is created, updated from then on, and disabled in the end.
func TestSingletonIsCreatedByItsFirstWrite(t *testing.T) {
	w, s := newMails(t)
	template := &TestMail{}
	w.declareAt(template, "mail", "welcome", mail())
	w.requireReady(template)
	w.requireCalls("GET "+welcome, "POST email-templates")
	w.edit(template, func(spec *spec) { spec.Settings["body"] = "Hi" })
	w.requireReady(template)
	w.requireCalls("GET "+welcome, "PATCH "+welcome)
	w.requireServed(s, welcome, `{"body":"Hi","enabled":true,"template":"welcome"}`)
	w.requireGone(template)
	w.requireServed(s, welcome, `{"body":"Hi","enabled":false,"template":"welcome"}`)
}

// TestSingletonIsCreatedByOthersMeanwhile: what appears between the read and the creation is adopted at once.
func TestSingletonIsCreatedByOthersMeanwhile(t *testing.T) {
	w, s := newMails(t)
	creates := s.refuses
	s.refuses = func(method, path string, body auth0.Document) (int, string) {
		if method == "POST" {
			s.objects[welcome] = auth0.Document{"template": "welcome", "body": "of a person", "enabled": false, "from": "me"}
		}
		return creates(method, path, body)
	}
	template := &TestMail{}
	w.declareAt(template, "mail", "welcome", mail())
	if ready := w.look(template); ready.Status != metav1.ConditionTrue {
		t.Errorf("it is not Ready after one reconciliation: %+v", ready)
	}
	w.requireServed(s, welcome, `{"body":"Hello","enabled":true,"from":"me","template":"welcome"}`)
}

// TestOptionalSingletonSurvivesCrashes lets each write to Kubernetes and each call to Auth0 fail once, before and after its effect.
func TestOptionalSingletonSurvivesCrashes(t *testing.T) {
	everyMishap(t, func(t *testing.T, mishap func(*world)) *world {
		t.Helper()
		w, s := newMails(t)
		mishap(w)
		template := &TestMail{}
		w.declareAt(template, "mail", "welcome", mail())
		w.requireReady(template)
		w.requireServed(s, welcome, `{"body":"Hello","enabled":true,"template":"welcome"}`)
		w.requireGone(template)
		w.requireServed(s, welcome, `{"body":"Hello","enabled":false,"template":"welcome"}`)
		return w
	})
}

// TestSingletonByPathSurvivesCrashes lets each write to Kubernetes and each call to Auth0 fail once, before and after its effect.
func TestSingletonByPathSurvivesCrashes(t *testing.T) {
	everyMishap(t, func(t *testing.T, mishap func(*world)) *world {
		t.Helper()
		w, s := newTexts(t)
		mishap(w)
		text := &TestText{}
		w.declareAt(text, "text", "login/en", titled("Hello"))
		w.requireReady(text)
		w.requireGone(text)
		w.requireServed(s, english, `{"login":{"footer":"Bye","title":"Welcome"}}`)
		return w
	})
}
