package integration

import (
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	eventsv1 "k8s.io/api/events/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/auth0-operator/auth0-operator/api/v1alpha1"
	"github.com/auth0-operator/auth0-operator/internal/simulator"
)

// outputKind is a kind that writes a Secret.
type outputKind struct {
	fixture *fixture
	// value is one that the kind offers to templates.
	value string
	// secret returns what the object declares of its output Secret.
	secret func(v1alpha1.Managed) *v1alpha1.OutputSecret
}

// eachOutput runs a test for each kind that writes a Secret.
func eachOutput(t *testing.T, test func(e *environment, kind outputKind)) {
	t.Helper()
	t.Parallel()
	for name, kind := range outputs {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e := newEnvironment(t)
			kind.fixture.prepare(e)
			test(e, kind)
		})
	}
}

// outputs are the kinds that write a Secret, each with what declares it.
var outputs = map[string]outputKind{
	"Auth0Client": {&clientFixture, "clientSecret", func(o v1alpha1.Managed) *v1alpha1.OutputSecret {
		return o.(*v1alpha1.Auth0Client).Spec.OutputSecret
	}},
	"Auth0Token": {&tokenFixture, "accessToken", func(o v1alpha1.Managed) *v1alpha1.OutputSecret {
		return &o.(*v1alpha1.Auth0Token).Spec.OutputSecret
	}},
	"Auth0User with a generated password": {&userFixture, "password", func(o v1alpha1.Managed) *v1alpha1.OutputSecret {
		spec := &o.(*v1alpha1.Auth0User).Spec
		if spec.Password == nil || spec.Password.Generate == nil {
			spec.Password = &v1alpha1.UserPassword{Generate: &v1alpha1.GeneratedPassword{OutputSecret: v1alpha1.OutputSecret{Name: "login"}}}
		}
		return &spec.Password.Generate.OutputSecret
	}},
	"Auth0User with an invitation": {&userFixture, "url", func(o v1alpha1.Managed) *v1alpha1.OutputSecret {
		spec := &o.(*v1alpha1.Auth0User).Spec
		if spec.Invitation == nil {
			spec.Invitation = &v1alpha1.UserInvitation{OutputSecret: v1alpha1.OutputSecret{Name: "invitation"}}
		}
		return &spec.Invitation.OutputSecret
	}},
}

// letWrite says on a Secret that an object may write into it, if there is one.
func (e *environment) letWrite(object client.Object, name string) {
	e.Helper()
	secret := &corev1.Secret{ObjectMeta: e.meta(name)}
	patch := client.RawPatch(types.MergePatchType, fmt.Appendf(nil, `{"metadata":{"annotations":{%q:%q}}}`, v1alpha1.AnnotationAdoptableBy, kindOf(object)+"/"+object.GetName()))
	if err := client.IgnoreNotFound(e.kube.Patch(e.ctx, secret, patch)); err != nil {
		e.Fatal(err)
	}
}

// kindOf is the kind of an object.
func kindOf(object client.Object) string { return reflect.TypeOf(object).Elem().Name() }

// TestATemplateDoesNotTellOfASecret has a template fail on a byte of the secret. (A case of the issue: the first byte of a client
// secret was in status.)
func TestATemplateDoesNotTellOfASecret(t *testing.T) {
	eachOutput(t, func(e *environment, kind outputKind) {
		object := kind.fixture.object(e, "leak")
		kind.secret(object).Data = map[string]v1alpha1.SecretTemplate{
			"k": v1alpha1.SecretTemplate(`{{if .` + kind.value + `}}{{index "" (index .` + kind.value + ` 0)}}{{end}}`),
		}
		e.create(object)
		message := e.eventuallyStalled(object, v1alpha1.ReasonInvalidSpec, "uses the function index", "."+kind.value)
		if strings.Contains(message, "out of range") {
			e.Errorf("the message tells of the value: %s", message)
		}
	})
}

// TestKubernetesDoesNotTellOfASecret has Kubernetes parse what is no JSON. It quotes the character at which it stops.
func TestKubernetesDoesNotTellOfASecret(t *testing.T) {
	t.Parallel()
	e := newEnvironment(t)
	tokenFixture.prepare(e)
	token := newToken(e, "leak")
	token.Spec.OutputSecret.Type = string(corev1.SecretTypeDockerConfigJson)
	token.Spec.OutputSecret.Data = map[string]v1alpha1.SecretTemplate{corev1.DockerConfigJsonKey: `{{ if .accessToken }}{"auths": {{ .accessToken }} }{{ else }}{}{{ end }}`}
	e.create(token)
	message := e.eventuallyStalled(token, v1alpha1.ReasonInvalidSpec, "data[.dockerconfigjson]: not what a Secret of this type holds")
	if strings.Contains(message, "character") {
		t.Errorf("the message quotes the token: %s", message)
	}
}

// TestAForgedApplicationTellsOfNoSecret has an application's secret written under the keys that say which application asks for a
// token, and how: nothing of what a Secret holds is public because of the key that it is under.
func TestAForgedApplicationTellsOfNoSecret(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		forged map[string]v1alpha1.SecretTemplate
		reason string
	}{
		"client id":         {map[string]v1alpha1.SecretTemplate{"clientId": "{{ .clientSecret }}", "clientSecret": "any"}, v1alpha1.ReasonGrantRefused},
		"way to send it":    {map[string]v1alpha1.SecretTemplate{"clientId": "any", "tokenEndpointAuthMethod": "{{ .clientSecret }}"}, v1alpha1.ReasonSecretInvalid},
		"signing algorithm": {map[string]v1alpha1.SecretTemplate{"clientId": "any", "privateKey": "any", "signingAlgorithm": "{{ .clientSecret }}"}, v1alpha1.ReasonSecretInvalid},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e := newEnvironment(t)
			victim := clientFixture.object(e, "victim").(*v1alpha1.Auth0Client)
			victim.Spec.OutputSecret.Data = row.forged
			e.create(victim)
			e.eventuallyReady(victim)
			secret := e.client(victim.Status.ClientID)["client_secret"].(string)
			answer, _ := json.Marshal(map[string]string{"error": "access_denied", "error_description": "there is no " + secret})
			e.sim.AddFaults(simulator.Fault{Method: "POST", Route: "/oauth/token", Status: 403, Body: answer})
			token := newToken(e, "leak")
			token.Spec.Client.SecretRef.Name = victim.Spec.OutputSecret.Name
			e.create(token)
			e.eventuallyStalled(token, row.reason)
			if places := e.everything(); strings.Contains(places, secret) {
				at := strings.Index(places, secret)
				t.Errorf("the client secret shows: …%s…", places[max(0, at-300):at])
			}
		})
	}
}

// everything is what people can read who may not read Secrets: objects of ours, Events, logs and metrics.
func (e *environment) everything() string {
	e.Helper()
	text := logs.String() + e.metricsText()
	for _, list := range []client.ObjectList{
		&v1alpha1.Auth0TenantList{}, &v1alpha1.Auth0ClientList{}, &v1alpha1.Auth0UserList{}, &v1alpha1.Auth0TokenList{}, &eventsv1.EventList{},
	} {
		if err := e.kube.List(e.ctx, list, client.InNamespace(e.namespace)); err != nil {
			e.Fatal(err)
		}
		text += fmt.Sprintf("%+v", list)
	}
	return text
}
