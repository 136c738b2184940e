package integration

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/auth0-operator/auth0-operator/api/v1alpha1"
)

// publicOutputs are the kinds that write a ConfigMap, each with the keys that it has by default.
var publicOutputs = map[string]struct {
	fixture *fixture
	keys    []string
	declare func(v1alpha1.Managed, *v1alpha1.OutputConfigMap)
}{
	"Auth0Client": {&clientFixture, []string{"clientId", "domain"}, func(o v1alpha1.Managed, output *v1alpha1.OutputConfigMap) {
		o.(*v1alpha1.Auth0Client).Spec.OutputConfigMap = output
	}},
	"Auth0Token": {&tokenFixture, []string{"audience", "domain", "expiresAt", "issuer", "scope"}, func(o v1alpha1.Managed, output *v1alpha1.OutputConfigMap) {
		o.(*v1alpha1.Auth0Token).Spec.OutputConfigMap = output
	}},
	"Auth0User": {&userFixture, []string{"domain", "issuer", "userId"}, func(o v1alpha1.Managed, output *v1alpha1.OutputConfigMap) {
		o.(*v1alpha1.Auth0User).Spec.OutputConfigMap = output
	}},
}

// eachPublicOutput runs a test for each kind that writes a ConfigMap, with an object that declares one of the name "public".
func eachPublicOutput(t *testing.T, test func(e *environment, object v1alpha1.Managed, keys []string, declare func(v1alpha1.Managed, *v1alpha1.OutputConfigMap))) {
	t.Helper()
	t.Parallel()
	for name, kind := range publicOutputs {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e := newEnvironment(t)
			kind.fixture.prepare(e)
			object := kind.fixture.object(e, "one")
			kind.declare(object, &v1alpha1.OutputConfigMap{Name: "public"})
			test(e, object, kind.keys, kind.declare)
		})
	}
}

// configMap returns a ConfigMap.
func (e *environment) configMap(name string) *corev1.ConfigMap {
	e.Helper()
	config := &corev1.ConfigMap{ObjectMeta: e.meta(name)}
	e.get(config)
	return config
}

// TestPublicValuesGoToAConfigMap has it written, restored after an edit and a deletion, and let go.
func TestPublicValuesGoToAConfigMap(t *testing.T) {
	eachPublicOutput(t, func(e *environment, object v1alpha1.Managed, keys []string, declare func(v1alpha1.Managed, *v1alpha1.OutputConfigMap)) {
		e.create(object)
		e.eventuallyReady(object)
		written := e.configMap("public")
		if have := slices.Sorted(maps.Keys(written.Data)); !slices.Equal(have, keys) || slices.Contains(slices.Collect(maps.Values(written.Data)), "") {
			e.Errorf("the ConfigMap has %v, want a value for each of %v", written.Data, keys)
		}
		if !metav1.IsControlledBy(written, object) {
			e.Error("the ConfigMap does not go with its object")
		}
		e.reconcile(object)
		if now := e.configMap("public").ResourceVersion; now != written.ResourceVersion {
			e.Error("a second pass wrote the ConfigMap")
		}

		change(e, written.DeepCopy(), func(c *corev1.ConfigMap) { c.Data["domain"] = "evil.example.com" })
		holds := func() error {
			config := &corev1.ConfigMap{ObjectMeta: e.meta("public")}
			if err := e.kube.Get(e.ctx, client.ObjectKeyFromObject(config), config); err != nil {
				return err
			}
			if config.Data["domain"] != written.Data["domain"] {
				return fmt.Errorf("the ConfigMap holds the domain %q", config.Data["domain"])
			}
			return nil
		}
		e.eventually(holds)
		e.deleteAndWait(e.configMap("public"))
		e.eventually(holds)

		change(e, object, func(o v1alpha1.Managed) { declare(o, nil) })
		e.eventuallyReady(object)
		e.eventually(func() error {
			if !slices.ContainsFunc(e.events(object), func(event string) bool { return strings.Contains(event, "does not name ConfigMap public") }) {
				return fmt.Errorf("events %v", e.events(object))
			}
			return nil
		})
		if named := object.GetManagedStatus().OutputConfigMaps; len(named) > 0 || len(e.configMap("public").Data) == 0 {
			e.Errorf("status names %v", named)
		}
		e.deleteAndWait(object)
	})
}

// TestAConfigMapOfSomebodyElseIsNotWritten unless its annotation lets the object; the others' keys then stay.
func TestAConfigMapOfSomebodyElseIsNotWritten(t *testing.T) {
	eachPublicOutput(t, func(e *environment, object v1alpha1.Managed, keys []string, _ func(v1alpha1.Managed, *v1alpha1.OutputConfigMap)) {
		theirs := &corev1.ConfigMap{ObjectMeta: e.meta("public"), Data: map[string]string{"theirs": "kept", "domain": "theirs"}}
		e.create(theirs)
		e.create(object)
		e.eventuallyStalled(object, v1alpha1.ReasonSecretConflict, "kubectl annotate configmap public", "outputConfigMap.name")
		if have := e.configMap("public"); have.ResourceVersion != theirs.ResourceVersion {
			e.Errorf("it was written into: %v", have.Data)
		}
		change(e, e.configMap("public"), func(c *corev1.ConfigMap) {
			delete(c.Data, "domain")
			c.Annotations = map[string]string{v1alpha1.AnnotationAdoptableBy: kindOf(object) + "/one"}
		})
		e.eventuallyReady(object)
		if have := e.configMap("public").Data; have["theirs"] != "kept" || len(have) != len(keys)+1 {
			e.Errorf("the ConfigMap holds %v", have)
		}
		e.deleteAndWait(object)
		if have := e.configMap("public"); !slices.Equal(slices.Sorted(maps.Keys(have.Data)), []string{"theirs"}) {
			e.Errorf("it holds %v after the object", have.Data)
		}
	})
}

// TestAConfigMapHoldsNoSecret refuses templates that use one, in the schema where that can see it.
func TestAConfigMapHoldsNoSecret(t *testing.T) {
	eachPublicOutput(t, func(e *environment, object v1alpha1.Managed, _ []string, declare func(v1alpha1.Managed, *v1alpha1.OutputConfigMap)) {
		templates := func(text string) *v1alpha1.OutputConfigMap {
			return &v1alpha1.OutputConfigMap{Name: "public", Data: map[string]v1alpha1.SecretTemplate{"any": v1alpha1.SecretTemplate(text)}}
		}
		for _, text := range []string{
			"{{ .clientSecret }}", "{{.accessToken}}", "a {{ print .refreshToken }}", "{{ if .password }}{{ end }}", "{{ random 32 }}", "{{- .url -}}", "{{ .privateKey }}",
		} {
			refused := object.DeepCopyObject().(v1alpha1.Managed)
			declare(refused, templates(text))
			if err := e.kube.Create(e.ctx, refused); err == nil || !strings.Contains(err.Error(), "must not contain secrets") {
				e.Errorf("%s: %v", text, err)
			}
		}
		// A brace in a text hides the rest from the schema.
		declare(object, templates(`{{ print "}" .clientSecret .accessToken }}`))
		e.create(object)
		e.eventuallyStalled(object, v1alpha1.ReasonInvalidSpec, "output ConfigMap uses .", "it can use the values ")
		if err := e.kube.Get(e.ctx, client.ObjectKey{Namespace: e.namespace, Name: "public"}, &corev1.ConfigMap{}); err == nil {
			e.Error("a ConfigMap was written")
		}
	})
}

// TestNoOutputConfigMapIsTrusted: whom a tenant trusts is not for the spec of another object to say, nor what is written there.
func TestNoOutputConfigMapIsTrusted(t *testing.T) {
	t.Parallel()
	e := newEnvironment(t)
	application := applicationWith(e, nil)
	application.Spec.OutputConfigMap = &v1alpha1.OutputConfigMap{Name: "own-ca", Data: map[string]v1alpha1.SecretTemplate{"ca.crt": "mine"}}
	e.create(application)
	e.eventuallyReady(application)
	trusting := e.evilTenant("any-credentials")
	trusting.Spec.CABundle = &v1alpha1.CABundleReference{Kind: "ConfigMap", Name: "own-ca"}
	e.create(e.credentials("any-credentials"))
	e.create(trusting)
	e.eventuallyStalled(trusting, v1alpha1.ReasonSecretInvalid, "is an output ConfigMap of another object")
	trusted := e.evilTenant("any-credentials")
	trusted.Name = "trusting"
	trusted.Spec.CABundle = &v1alpha1.CABundleReference{Kind: "ConfigMap", Name: "trusted"}
	e.create(trusted)
	other := clientFixture.object(e, "two").(*v1alpha1.Auth0Client)
	other.Spec.OutputConfigMap = &v1alpha1.OutputConfigMap{Name: "trusted"}
	e.create(other)
	e.eventuallyStalled(other, v1alpha1.ReasonSecretConflict, "ConfigMap", "is named by Auth0Tenant")
}

// withPublicValues has the ConfigMap written besides.
func withPublicValues(object v1alpha1.Managed) {
	object.(*v1alpha1.Auth0Client).Spec.OutputConfigMap = &v1alpha1.OutputConfigMap{Name: "public"}
}

// publicValuesAreThere waits until the ConfigMap names the one application.
func publicValuesAreThere(e *environment) {
	e.Helper()
	e.eventually(func() error {
		application := &v1alpha1.Auth0Client{ObjectMeta: e.meta("one")}
		e.get(application)
		config := &corev1.ConfigMap{ObjectMeta: e.meta("public")}
		if err := e.kube.Get(e.ctx, client.ObjectKeyFromObject(config), config); err != nil {
			return err
		}
		if id := config.Data["clientId"]; id == "" || id != application.Status.ClientID {
			return fmt.Errorf("the ConfigMap names %q, status %q", id, application.Status.ClientID)
		}
		return nil
	})
}

// adoptedOutput lets the application write into a Secret and a ConfigMap that are there before.
func adoptedOutput(e *environment) {
	e.Helper()
	e.create(e.secret("shop-one", map[string]string{"theirs": "kept"}))
	e.letWrite(&v1alpha1.Auth0Client{ObjectMeta: e.meta("one")}, "shop-one")
	e.create(&corev1.ConfigMap{
		ObjectMeta: metav1.ObjectMeta{Namespace: e.namespace, Name: "public", Annotations: map[string]string{v1alpha1.AnnotationAdoptableBy: "Auth0Client/one"}},
		Data:       map[string]string{"theirs": "kept"},
	})
}

// dropOutputs removes both from the spec.
func dropOutputs(e *environment, object v1alpha1.Managed) {
	e.Helper()
	change(e, object, func(o v1alpha1.Managed) {
		o.(*v1alpha1.Auth0Client).Spec.OutputSecret, o.(*v1alpha1.Auth0Client).Spec.OutputConfigMap = nil, nil
	})
}

// nameOtherOutputs changes the spec again, and names others.
func nameOtherOutputs(e *environment, object v1alpha1.Managed) {
	e.Helper()
	change(e, object, func(o v1alpha1.Managed) {
		o.(*v1alpha1.Auth0Client).Spec.OutputSecret = &v1alpha1.OutputSecret{Name: "shop-other"}
		o.(*v1alpha1.Auth0Client).Spec.OutputConfigMap = &v1alpha1.OutputConfigMap{Name: "public-other"}
	})
}

// outputsAreTheOthers waits until nothing of the application's is in the former outputs, and all of it in the others.
func outputsAreTheOthers(e *environment) {
	e.Helper()
	e.eventually(func() error {
		application := &v1alpha1.Auth0Client{ObjectMeta: e.meta("one")}
		e.get(application)
		status := application.Status.ManagedStatus
		if !slices.Equal(status.OutputSecrets, []string{"shop-other"}) || !slices.Equal(status.OutputConfigMaps, []string{"public-other"}) {
			return fmt.Errorf("status names %v and %v", status.OutputSecrets, status.OutputConfigMaps)
		}
		for former, keys := range map[string][]string{"Secret": slices.Collect(maps.Keys(e.outputOf("shop-one").Data)), "ConfigMap": slices.Collect(maps.Keys(e.configMap("public").Data))} {
			if !slices.Equal(keys, []string{"theirs"}) {
				return fmt.Errorf("the former %s has %v", former, keys)
			}
		}
		if config := e.configMap("public-other").Data; len(config) != 2 || len(e.outputOf("shop-other").Data) != 3 {
			return fmt.Errorf("the other ConfigMap has %v", config)
		}
		return nil
	})
}

// fixtureWithOutput is an application of which the test looks at the outputs itself.
var fixtureWithOutput = func() fixture {
	s := clientFixture
	s.check = func(*environment, v1alpha1.Managed) error { return nil }
	return s
}()
