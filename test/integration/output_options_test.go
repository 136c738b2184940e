package integration

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/auth0-operator/auth0-operator/api/v1alpha1"
)

// applicationWith declares an application whose output Secret has these templates.
func applicationWith(e *environment, templates map[string]v1alpha1.SecretTemplate) *v1alpha1.Auth0Client {
	e.Helper()
	object := clientFixture.object(e, "one").(*v1alpha1.Auth0Client)
	object.Spec.OutputSecret.Data = templates
	return object
}

// outputOf returns a Secret.
func (e *environment) outputOf(name string) *corev1.Secret {
	e.Helper()
	secret := &corev1.Secret{ObjectMeta: e.meta(name)}
	e.get(secret)
	return secret
}

// TestOutputsFollowTheCustomDomain shows both domains, by name.
func TestOutputsFollowTheCustomDomain(t *testing.T) {
	t.Parallel()
	e := newEnvironment(t)
	custom := strings.Replace(e.sim.Domain, "localhost", "127.0.0.1", 1)
	application := applicationWith(e, map[string]v1alpha1.SecretTemplate{
		"now":   "{{ .domain }} {{ .issuer }} {{ .tokenUrl }} {{ .customDomain }}",
		"fixed": "{{ .canonicalDomain }} {{ .canonicalIssuer }} {{ .canonicalTokenUrl }}",
	})
	e.create(application)
	e.eventuallyReady(application)
	of := func(domain, custom string) string {
		return fmt.Sprintf("%s https://%s/ https://%s/oauth/token %s", domain, domain, domain, custom)
	}
	requireNow := func(want string) {
		t.Helper()
		e.eventually(func() error {
			if data := e.outputOf("shop-one").Data; string(data["now"]) != want || string(data["fixed"]) != strings.TrimSuffix(of(e.sim.Domain, ""), " ") {
				return fmt.Errorf("the Secret holds %q and %q, want %q", data["now"], data["fixed"], want)
			}
			return nil
		})
	}
	requireNow(of(e.sim.Domain, ""))

	domain := e.dashboard("POST", "/api/v2/custom-domains", map[string]any{"domain": custom, "type": "auth0_managed_certs"})
	e.dashboard("POST", "/api/v2/custom-domains/"+domain["custom_domain_id"].(string)+"/verify", nil)
	change(e, e.tenant(), func(tenant *v1alpha1.Auth0Tenant) { tenant.Spec.CustomDomain = &custom })
	requireNow(of(custom, custom))
	change(e, e.tenant(), func(tenant *v1alpha1.Auth0Tenant) { tenant.Spec.CustomDomain = nil })
	requireNow(of(e.sim.Domain, ""))
}

// TestOutputSecretHasAnnotations sets, changes and removes them, and leaves those of others.
func TestOutputSecretHasAnnotations(t *testing.T) {
	eachOutput(t, func(e *environment, kind outputKind) {
		object := kind.fixture.object(e, "one")
		output := kind.secret(object)
		output.Annotations = map[string]v1alpha1.SecretAnnotation{"reloader.stakater.com/match": "true", "example.com/team": "web"}
		e.create(object)
		e.eventuallyReady(object)
		require := func(match, team string) {
			e.Helper()
			e.eventually(func() error {
				have := e.outputOf(output.Name).Annotations
				if have["reloader.stakater.com/match"] != match || have["example.com/team"] != team {
					return fmt.Errorf("the annotations are %v", have)
				}
				return nil
			})
		}
		require("true", "web")
		if kind.value == "url" {
			// The link is not shown again, so that its Secret is not written until there is another.
			return
		}
		change(e, object, func(o v1alpha1.Managed) {
			kind.secret(o).Annotations = map[string]v1alpha1.SecretAnnotation{"reloader.stakater.com/match": "false"}
		})
		e.eventuallyReady(object)
		require("false", "")
		change(e, object, func(o v1alpha1.Managed) { kind.secret(o).Annotations = nil })
		e.eventuallyReady(object)
		require("", "")
	})
}

// TestAnAdoptedSecretGetsNoAnnotations: one that has the Secret copied elsewhere would copy what others keep in it.
func TestAnAdoptedSecretGetsNoAnnotations(t *testing.T) {
	t.Parallel()
	e := newEnvironment(t)
	e.create(e.secret("shop-one", map[string]string{"theirs": "kept"}))
	application := applicationWith(e, nil)
	application.Spec.OutputSecret.Annotations = map[string]v1alpha1.SecretAnnotation{"reflector.v1.k8s.emberstack.com/reflection-allowed": "true"}
	e.letWrite(application, "shop-one")
	e.create(application)
	e.eventuallyReady(application)
	secret := e.outputOf("shop-one")
	if _, set := secret.Annotations["reflector.v1.k8s.emberstack.com/reflection-allowed"]; set || len(secret.Data["clientId"]) == 0 {
		t.Errorf("annotations %v, %d keys", secret.Annotations, len(secret.Data))
	}
}

// sessionKey returns the random value in a Secret.
func sessionKey(e *environment) string {
	e.Helper()
	return string(e.outputOf("shop-one").Data["SESSION_KEY"])
}

// TestARandomValueStays as long as its key is in the Secret.
func TestARandomValueStays(t *testing.T) {
	t.Parallel()
	e := newEnvironment(t)
	templates := map[string]v1alpha1.SecretTemplate{"SESSION_KEY": "{{ random 40 }}", "ID": "{{ .clientId }}"}
	application := applicationWith(e, templates)
	e.create(application)
	e.eventuallyReady(application)
	made := sessionKey(e)
	if len(made) != 40 {
		t.Fatalf("the value has %d characters, want 40", len(made))
	}
	e.reconcile(application)
	version := e.outputOf("shop-one").ResourceVersion
	e.reconcile(application)
	if now := e.outputOf("shop-one").ResourceVersion; now != version {
		t.Error("a second look wrote the Secret")
	}
	change(e, application, func(c *v1alpha1.Auth0Client) {
		c.Spec.OutputSecret.Data["SESSION_KEY"], c.Spec.OutputSecret.Data["MORE"] = "{{ random 64 }}", "{{ random 16 }}"
		c.Spec.OutputSecret.Data["ID"] = "id={{ .clientId }}"
	})
	e.eventuallyReady(application)
	e.restartOperator()
	e.eventuallyReady(e.tenant())
	e.reconcile(application)
	if sessionKey(e) != made || len(e.outputOf("shop-one").Data["MORE"]) != 16 {
		t.Error("the value changed with another template or a restart")
	}

	secret := e.outputOf("shop-one")
	change(e, secret, func(s *corev1.Secret) { delete(s.Data, "SESSION_KEY") })
	e.eventually(func() error {
		if now := sessionKey(e); now == made || len(now) != 64 {
			return fmt.Errorf("a deleted key was not made again")
		}
		return nil
	})
	made = sessionKey(e)
	change(e, application, func(c *v1alpha1.Auth0Client) { c.Spec.OutputSecret.Type = "example.com/session" })
	e.eventuallyStalled(application, v1alpha1.ReasonSecretConflict, "key MORE could get lost", "outputSecret.type")
	if sessionKey(e) != made {
		t.Error("the value is lost")
	}
}

// TestARandomValueIsNoneThatWasThereBefore: what a key held for another template is known to others.
func TestARandomValueIsNoneThatWasThereBefore(t *testing.T) {
	t.Parallel()
	e := newEnvironment(t)
	application := applicationWith(e, map[string]v1alpha1.SecretTemplate{"SESSION_KEY": "{{ .clientId }}"})
	e.create(application)
	e.eventuallyReady(application)
	change(e, application, func(c *v1alpha1.Auth0Client) { c.Spec.OutputSecret.Data["SESSION_KEY"] = "{{ random 32 }}" })
	e.eventuallyReady(application)
	if key := sessionKey(e); key == application.Status.ClientID || len(key) != 32 {
		t.Errorf("the value has %d characters", len(key))
	}
	for template, says := range map[v1alpha1.SecretTemplate]string{
		"{{ random 8 }}": "ask for 16 to 256", "{{ random 5000 }}": "ask for 16 to 256", "key={{ random 32 }}": "alone in a key",
	} {
		change(e, application, func(c *v1alpha1.Auth0Client) { c.Spec.OutputSecret.Data["SESSION_KEY"] = template })
		e.eventuallyStalled(application, v1alpha1.ReasonInvalidSpec, says)
	}
}

// TestASecretThatTheSpecDropsIsAbandoned says what becomes of it.
func TestASecretThatTheSpecDropsIsAbandoned(t *testing.T) {
	t.Parallel()
	withoutOutput := map[string]func(v1alpha1.Managed){
		"Auth0Client": func(o v1alpha1.Managed) { o.(*v1alpha1.Auth0Client).Spec.OutputSecret = nil },
		"Auth0User with a generated password": func(o v1alpha1.Managed) {
			o.(*v1alpha1.Auth0User).Spec.Password = nil
		},
		"Auth0User with an invitation": func(o v1alpha1.Managed) { o.(*v1alpha1.Auth0User).Spec.Invitation = nil },
	}
	for name, drop := range withoutOutput {
		for _, adopted := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s, adopted %v", name, adopted), func(t *testing.T) {
				t.Parallel()
				e := newEnvironment(t)
				kind := outputs[name]
				kind.fixture.prepare(e)
				object := kind.fixture.object(e, "one")
				output := kind.secret(object).Name
				if adopted {
					e.create(e.secret(output, map[string]string{"theirs": "kept"}))
					e.letWrite(object, output)
				}
				e.create(object)
				e.eventuallyReady(object)
				keys := len(e.outputOf(output).Data)
				change(e, object, drop)
				e.eventuallyReady(object)
				e.eventually(func() error {
					if !slices.ContainsFunc(e.events(object), func(event string) bool { return strings.Contains(event, "does not name Secret "+output) }) {
						return fmt.Errorf("events %v", e.events(object))
					}
					return nil
				})
				want := keys
				if adopted {
					want = 1
				}
				if have := len(e.outputOf(output).Data); have != want {
					t.Errorf("the Secret has %d keys, want %d", have, want)
				}
				if len(object.GetManagedStatus().OutputSecrets) > 0 {
					t.Errorf("status names %v", object.GetManagedStatus().OutputSecrets)
				}
				e.deleteAndWait(object)
			})
		}
	}
}

// sessionFixture is an application whose Secret holds a random value besides its credentials.
var sessionFixture = func() fixture {
	s := clientFixture
	s.check = func(e *environment, object v1alpha1.Managed) error {
		data, application := e.outputOf("shop-one").Data, e.client(object.(*v1alpha1.Auth0Client).Status.ClientID)
		if string(data["clientId"]) != application["client_id"] || string(data["clientSecret"]) != application["client_secret"] || len(data["SESSION_KEY"]) != 40 {
			return fmt.Errorf("the Secret does not hold the credentials and a session key, but %d keys", len(data))
		}
		return nil
	}
	return s
}()

// withSessionKey has a random value made for an application.
func withSessionKey(object v1alpha1.Managed) {
	object.(*v1alpha1.Auth0Client).Spec.OutputSecret.Data = map[string]v1alpha1.SecretTemplate{
		"SESSION_KEY": "{{ random 40 }}", "ID": "{{ .clientId }}",
		"domain": "{{ .domain }}", "clientId": "{{ .clientId }}", "clientSecret": "{{ .clientSecret }}",
	}
}

// annotationSession is where a test keeps the random value that is to stay.
const annotationSession = "test/session"

// changeBesideSessionKey changes what the Secret holds besides.
func changeBesideSessionKey(e *environment, object v1alpha1.Managed) {
	e.Helper()
	made := sessionKey(e)
	change(e, object, func(o v1alpha1.Managed) {
		o.SetAnnotations(map[string]string{annotationSession: made})
		o.(*v1alpha1.Auth0Client).Spec.OutputSecret.Data["ID"] = "id={{ .clientId }}"
	})
}

// sessionKeyStays fails unless the random value is the one that the test kept, or any if it kept none.
func sessionKeyStays(e *environment) {
	e.Helper()
	application := &v1alpha1.Auth0Client{ObjectMeta: e.meta("one")}
	e.get(application)
	e.eventually(func() error {
		var secret corev1.Secret
		if err := e.kube.Get(e.ctx, client.ObjectKey{Namespace: e.namespace, Name: "shop-one"}, &secret); err != nil {
			return err
		}
		made, kept := string(secret.Data["SESSION_KEY"]), application.Annotations[annotationSession]
		if len(made) != 40 || kept != "" && made != kept {
			return fmt.Errorf("the random value has %d characters, and changed", len(made))
		}
		return nil
	})
}

// TestAudienceOfAToken is a value for templates, and stays the same at every look.
func TestAudienceOfAToken(t *testing.T) {
	t.Parallel()
	e := newEnvironment(t)
	tokenFixture.prepare(e)
	token := tokenFixture.object(e, "one").(*v1alpha1.Auth0Token)
	token.Spec.OutputSecret.Data = map[string]v1alpha1.SecretTemplate{"config": `audience={{ .audience }}`}
	e.create(token)
	e.eventuallyReady(token)
	e.reconcile(token)
	output := &corev1.Secret{ObjectMeta: e.meta(token.Spec.OutputSecret.Name)}
	e.get(output)
	if have, want := string(output.Data["config"]), "audience="+ordersAPI; have != want || len(output.Data) != 1 {
		t.Errorf("the Secret holds %q and %d keys, want %q alone", have, len(output.Data), want)
	}
}
