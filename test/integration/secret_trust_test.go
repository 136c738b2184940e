package integration

import (
	"bytes"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/interceptor"

	"github.com/auth0-operator/auth0-operator/api/v1alpha1"
	"github.com/auth0-operator/auth0-operator/internal/secret"
	"github.com/auth0-operator/auth0-operator/internal/simulator"
)

// evil is a host of somebody's choice, which says what it is sent.
func (e *environment) evil() *simulator.Server {
	e.Helper()
	evil, err := simulator.Start(simulator.Options{ClientID: operatorClientID, ClientSecret: operatorClientSecret})
	if err != nil {
		e.Fatal(err)
	}
	e.Cleanup(func() { _ = evil.Close() })
	e.create(&corev1.ConfigMap{ObjectMeta: e.meta("evil-ca"), Data: map[string]string{"ca.crt": string(evil.CA)}})
	return evil
}

// requireNothingSent fails if a host got a call.
func requireNothingSent(e *environment, to *simulator.Server) {
	e.Helper()
	if requests := to.Requests(); requests.Total > 0 {
		e.Errorf("%d calls went to another host: %+v", requests.Total, requests.ByRoute)
	}
}

// evilTenant is a tenant that names a Secret as its credentials.
func (e *environment) evilTenant(credentials string) *v1alpha1.Auth0Tenant {
	return &v1alpha1.Auth0Tenant{ObjectMeta: e.meta("harvest"), Spec: v1alpha1.Auth0TenantSpec{
		CredentialsSecretRef: v1alpha1.SecretReference{Name: credentials},
		CABundle:             &v1alpha1.CABundleReference{Kind: "ConfigMap", Name: "evil-ca"},
	}}
}

// TestCredentialsAreOfTheirType has a tenant name a Secret of another type, and the right one afterwards.
func TestCredentialsAreOfTheirType(t *testing.T) {
	t.Parallel()
	e := newEnvironment(t)
	untyped := e.credentials("untyped")
	untyped.Type = ""
	e.create(untyped)
	tenant := e.tenant()
	tenant.Name, tenant.Spec.CredentialsSecretRef.Name = "second", "untyped"
	e.create(tenant)
	e.eventuallyStalled(tenant, v1alpha1.ReasonSecretInvalid, "has the type Opaque", "spec.credentialsSecretRef",
		"kubectl create secret generic untyped --namespace "+e.namespace+" --type=auth0-operator.io/credentials --from-literal=domain=")
	requireNothingSent(e, e.sim)
	e.deleteAndWait(untyped)
	e.eventuallyReconciling(tenant, v1alpha1.ReasonSecretNotFound, "--type=auth0-operator.io/credentials")
	e.create(e.credentials("untyped"))
	e.eventuallyReady(tenant)
}

// TestADomainIsNotSwapped goes through what sent a team's client secret to a host of somebody's choice: to have the operator write
// another domain into the team's Secret, or a Secret of their own, and to name it in a tenant. Kinds and ways to write are all tried.
func TestADomainIsNotSwapped(t *testing.T) {
	eachOutput(t, func(e *environment, kind outputKind) {
		evil := e.evil()
		team := e.credentials("team-credentials")
		old := e.credentials("old-credentials")
		old.Type = ""
		e.create(team)
		e.create(old)
		for _, secret := range []string{"team-credentials", "old-credentials"} {
			swap := kind.fixture.object(e, "swap-"+secret)
			mayAdopt(swap)
			*kind.secret(swap) = v1alpha1.OutputSecret{Name: secret, Data: map[string]v1alpha1.SecretTemplate{"domain": v1alpha1.SecretTemplate(evil.Domain)}}
			e.create(swap)
			e.eventuallyStalled(swap, v1alpha1.ReasonSecretConflict, secret)
			e.deleteAndWait(swap)
		}
		forged := kind.fixture.object(e, "forge")
		*kind.secret(forged) = v1alpha1.OutputSecret{Name: "forged", Data: map[string]v1alpha1.SecretTemplate{
			"domain": v1alpha1.SecretTemplate(evil.Domain), "clientId": operatorClientID, "clientSecret": operatorClientSecret, "ca.crt": v1alpha1.SecretTemplate(evil.CA),
		}}
		mayAdopt(forged)
		e.create(forged)
		e.eventuallyReady(forged)
		for _, credentials := range []string{"old-credentials", "forged"} {
			tenant := e.evilTenant(credentials)
			e.create(tenant)
			e.eventuallyStalled(tenant, v1alpha1.ReasonSecretInvalid, "has the type Opaque")
			e.deleteAndWait(tenant)
		}
		e.get(team)
		if domain := string(team.Data["domain"]); domain != e.sim.Domain {
			e.Errorf("the domain of the team's credentials is %q", domain)
		}
		requireNothingSent(e, evil)
	})
}

// TestNoOutputSecretIsTrusted has a tenant name the output Secret of another object as its authority: while that owns it, after it left
// it behind, and where it wrote into a Secret of somebody's.
func TestNoOutputSecretIsTrusted(t *testing.T) {
	t.Parallel()
	e := newEnvironment(t)
	tokenFixture.prepare(e)
	e.create(e.secret("adopted", map[string]string{"theirs": "yes"}))
	objects := map[string]*v1alpha1.Auth0Token{}
	for _, name := range []string{"owned", "left", "adopted"} {
		token := newToken(e, name)
		token.Spec.OutputSecret = v1alpha1.OutputSecret{Name: name, Data: map[string]v1alpha1.SecretTemplate{"ca.crt": v1alpha1.SecretTemplate(e.sim.CA)}}
		token.Spec.DeletionPolicy = v1alpha1.DeletionPolicyRetain
		e.letWrite(token, name)
		e.create(token)
		e.eventuallyReady(token)
		objects[name] = token
	}
	e.deleteAndWait(objects["left"])
	for name := range objects {
		tenant := e.tenant()
		tenant.Name, tenant.Spec.CABundle = "trusts-"+name, &v1alpha1.CABundleReference{Kind: "Secret", Name: name}
		e.create(tenant)
		e.eventuallyStalled(tenant, v1alpha1.ReasonSecretInvalid, "spec.caBundle: Secret "+e.namespace+"/"+name+" is an output Secret")
	}
	e.deleteAndWait(objects["adopted"])
	e.create(e.secret("own", map[string]string{"ca.crt": string(e.sim.CA)}))
	tenant := e.tenant()
	tenant.Name, tenant.Spec.CABundle = "trusts-own", &v1alpha1.CABundleReference{Kind: "Secret", Name: "own"}
	e.create(tenant)
	e.eventuallyReady(tenant)
}

// TestCredentialsAreUsedForNothingElse names credentials, and other Secrets with a purpose of their own, wherever a spec takes a
// value from a Secret.
func TestCredentialsAreUsedForNothingElse(t *testing.T) {
	t.Parallel()
	e := newEnvironment(t)
	tokenFixture.prepare(e)
	providerFixture.prepare(e)
	// So that there is a key of the hashes.
	e.create(e.secret("good", map[string]string{"password": userPassword}))
	first := newUser(e, "first", "first@example.com")
	first.Spec.Password = passwordFrom("good")
	e.create(first)
	e.eventuallyReady(first)
	account := &corev1.ServiceAccount{ObjectMeta: e.meta("robot")}
	e.create(account)
	robot := &corev1.Secret{ObjectMeta: e.meta("robot"), Type: corev1.SecretTypeServiceAccountToken, StringData: map[string]string{"clientSecret": "any", "clientId": "any"}}
	robot.Annotations = map[string]string{corev1.ServiceAccountNameKey: "robot"}
	e.create(robot)
	tokenFamily := &corev1.Secret{ObjectMeta: e.meta("family"), Type: "auth0-operator.io/refresh-token", StringData: map[string]string{"clientSecret": "any", "clientId": "any"}}
	e.create(tokenFamily)
	for secret, purpose := range map[string]string{
		"credentials": "is for the credentials of an Auth0Tenant", "robot": "is for access to Kubernetes", "family": "is for the operator alone", "auth0-operator-hash-key": "is for the operator alone",
	} {
		key := v1alpha1.SecretKeyReference{Name: secret, Key: "clientSecret"}
		for name, object := range map[string]v1alpha1.Managed{
			"password": func() v1alpha1.Managed {
				user := newUser(e, "", secret+"@example.com")
				user.Spec.Password = &v1alpha1.UserPassword{SecretRef: &key}
				return user
			}(),
			"signup": func() v1alpha1.Managed {
				user := newUser(e, "", "signup-"+secret+"@example.com")
				user.Spec.Provisioning, user.Spec.Signup = v1alpha1.ProvisioningSignup, &v1alpha1.UserSignup{SecretRef: &v1alpha1.SecretReference{Name: secret}}
				user.Spec.Password = passwordFrom("good")
				return user
			}(),
			"client": func() v1alpha1.Managed {
				c := newClient(e, "client-"+secret)
				c.Spec.ClientSecret = &v1alpha1.ClientSecret{SecretRef: key}
				return c
			}(),
			"api": func() v1alpha1.Managed {
				api := resourceServerFixture.object(e, "").(*v1alpha1.Auth0ResourceServer)
				api.Spec.SigningSecretRef = &key
				return api
			}(),
			"token": func() v1alpha1.Managed {
				token := newToken(e, "")
				token.Spec.Client.SecretRef.Name = secret
				return token
			}(),
			"token-password": func() v1alpha1.Managed {
				token := passwordTokenFixture.object(e, "").(*v1alpha1.Auth0Token)
				token.Spec.Password.PasswordSecretRef = &key
				return token
			}(),
			"token-refresh": func() v1alpha1.Managed {
				token := refreshTokenFixture.object(e, "").(*v1alpha1.Auth0Token)
				token.Spec.RefreshToken.SecretRef = key
				return token
			}(),
			"connection": func() v1alpha1.Managed {
				c := providerFixture.object(e, "").(*v1alpha1.Auth0Connection)
				for i := range c.Spec.OptionSecrets {
					c.Spec.OptionSecrets[i].SecretRef = key
				}
				return c
			}(),
		} {
			object.SetName(name + "-of-" + secret)
			e.create(object)
			e.eventuallyStalled(object, v1alpha1.ReasonSecretInvalid, "Secret "+e.namespace+"/"+secret+" "+purpose)
		}
	}
}

// TestASecretOfSomebodyElsesIsNotWritten has each kind write into Secrets that are not its own. None is changed, whatever adoptionPolicy says, nor
// what says on it that the object may, if it is somebody else's all the same.
func TestASecretOfSomebodyElsesIsNotWritten(t *testing.T) {
	eachOutput(t, func(e *environment, kind outputKind) {
		config := &corev1.ConfigMap{ObjectMeta: e.meta("owner")}
		e.create(config)
		owned := func(controller *bool) func(*corev1.Secret) {
			return func(s *corev1.Secret) {
				s.OwnerReferences = []metav1.OwnerReference{{APIVersion: "v1", Kind: "ConfigMap", Name: config.Name, UID: config.UID, Controller: controller}}
			}
		}
		e.create(func() client.Object {
			tenant := e.evilTenant("named")
			tenant.Spec.CABundle = &v1alpha1.CABundleReference{Kind: "Secret", Name: "trusted"}
			return tenant
		}())
		for secret, row := range map[string]struct {
			make   func(*corev1.Secret)
			permit bool
			says   string
		}{
			"plain": {func(*corev1.Secret) {}, false, "kubectl annotate secret plain --namespace " + e.namespace + " auth0-operator.io/adoptable-by="},
			"for-another": {func(s *corev1.Secret) {
				s.Annotations = map[string]string{v1alpha1.AnnotationAdoptableBy: "Auth0Client/another"}
			}, false, "kubectl annotate"},
			"owned":      {owned(nil), true, "belongs to ConfigMap owner"},
			"controlled": {owned(new(true)), true, "belongs to ConfigMap owner"},
			"helm":       {func(s *corev1.Secret) { s.Labels = map[string]string{"app.kubernetes.io/managed-by": "Helm"} }, true, "is managed by Helm"},
			"credential": {func(s *corev1.Secret) { s.Type = v1alpha1.CredentialsSecretType }, true, "is for the credentials of an Auth0Tenant"},
			"family":     {func(s *corev1.Secret) { s.Type = "auth0-operator.io/refresh-token" }, true, "is for the operator alone"},
			"named":      {func(*corev1.Secret) {}, true, "is named by Auth0Tenant harvest"},
			"trusted":    {func(*corev1.Secret) {}, true, "is named by Auth0Tenant harvest"},
		} {
			victim := e.secret(secret, map[string]string{"theirs": "yes", "domain": "theirs"})
			row.make(victim)
			object := kind.fixture.object(e, "into-"+secret)
			mayAdopt(object)
			*kind.secret(object) = v1alpha1.OutputSecret{Name: secret, Data: map[string]v1alpha1.SecretTemplate{"domain": "evil.example.com"}}
			e.create(victim)
			if row.permit {
				e.letWrite(object, secret)
			}
			e.get(victim)
			before := victim.DeepCopy()
			e.create(object)
			e.eventuallyStalled(object, v1alpha1.ReasonSecretConflict, row.says)
			e.deleteAndWait(object)
			e.get(victim)
			if !maps.EqualFunc(victim.Data, before.Data, bytes.Equal) ||
				!slices.EqualFunc(victim.OwnerReferences, before.OwnerReferences, func(a, b metav1.OwnerReference) bool { return a.UID == b.UID }) {
				e.Errorf("%s was written into: keys %v, owners %v", secret, slices.Collect(maps.Keys(victim.Data)), victim.OwnerReferences)
			}
		}
		for _, absent := range []string{"named", "trusted"} {
			e.deleteAndWait(&corev1.Secret{ObjectMeta: e.meta(absent)})
			object := kind.fixture.object(e, "instead-of-"+absent)
			mayAdopt(object)
			*kind.secret(object) = v1alpha1.OutputSecret{Name: absent, Data: map[string]v1alpha1.SecretTemplate{"domain": "evil.example.com"}}
			e.create(object)
			e.eventuallyStalled(object, v1alpha1.ReasonSecretConflict, "is named by Auth0Tenant harvest")
			e.deleteAndWait(object)
		}
	})
}

// TestNoSecretIsForged asks for Secrets that are something in themselves.
func TestNoSecretIsForged(t *testing.T) {
	t.Parallel()
	e := newEnvironment(t)
	for name, forge := range map[string]func(*v1alpha1.OutputSecret){
		"the types auth0-operator.io/":           func(s *v1alpha1.OutputSecret) { s.Type = v1alpha1.CredentialsSecretType },
		"the types auth0-operator.io/… are":      func(s *v1alpha1.OutputSecret) { s.Type = "auth0-operator.io/refresh-token" },
		"that Kubernetes uses for tokens":        func(s *v1alpha1.OutputSecret) { s.Type = "kubernetes.io/service-account-token" },
		"a type that Kubernetes uses for tokens": func(s *v1alpha1.OutputSecret) { s.Type = "bootstrap.kubernetes.io/token" },
		"auth0-operator.io/… are reserved for the operator": func(s *v1alpha1.OutputSecret) {
			s.Labels = map[string]v1alpha1.SecretLabel{"auth0-operator.io/adopted-by": "x"}
		},
		"app.kubernetes.io/managed-by and auth0-oper": func(s *v1alpha1.OutputSecret) {
			s.Labels = map[string]v1alpha1.SecretLabel{"app.kubernetes.io/managed-by": "x"}
		},
	} {
		c := newClient(e, "forge")
		forge(c.Spec.OutputSecret)
		if err := e.kube.Create(e.ctx, c); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("want a refusal that says %q, got: %v", name, err)
		}
	}
	c := newClient(e, "key")
	c.Spec.OutputSecret.Name = "auth0-operator-hash-key"
	e.create(c)
	e.eventuallyStalled(c, v1alpha1.ReasonSecretConflict, "is for the operator alone")
}

// TestAnAdoptedSecretStays has each kind write into a Secret that lets it: what others keep there stays, during its life and after.
func TestAnAdoptedSecretStays(t *testing.T) {
	eachOutput(t, func(e *environment, kind outputKind) {
		object := kind.fixture.object(e, "guest")
		*kind.secret(object) = v1alpha1.OutputSecret{Name: "theirs", Labels: map[string]v1alpha1.SecretLabel{"team": "ours"}, Data: map[string]v1alpha1.SecretTemplate{
			"ours": v1alpha1.SecretTemplate("{{ ." + kind.value + " }}"), "more": "yes",
		}}
		theirs := e.secret("theirs", map[string]string{"theirs": "yes"})
		e.create(theirs)
		e.letWrite(object, "theirs")
		e.create(object)
		e.eventuallyReady(object)
		expect := func(want ...string) func() error {
			return func() error {
				e.get(theirs)
				var keys []string
				for key, value := range theirs.Data {
					if len(value) > 0 && string(value) != "edited" && key != "password" {
						keys = append(keys, key)
					}
				}
				slices.Sort(keys)
				if !slices.Equal(keys, want) || len(theirs.OwnerReferences) > 0 || string(theirs.Data["theirs"]) != "yes" {
					return fmt.Errorf("the Secret has the keys %v, want %v; owners %v", keys, want, theirs.OwnerReferences)
				}
				return nil
			}
		}
		e.eventually(expect("more", "ours", "theirs"))

		change(e, theirs, func(s *corev1.Secret) {
			s.Data["later"] = []byte("yes")
			if kind.value != "url" {
				// A link is not recreated for that.
				s.Data["more"] = []byte("edited")
			}
		})
		e.eventually(expect("later", "more", "ours", "theirs"))
		change(e, object, func(o v1alpha1.Managed) { delete(kind.secret(o).Data, "more") })
		e.eventually(expect("later", "ours", "theirs"))
		e.reconcile(object)
		version := theirs.ResourceVersion
		e.reconcile(object)
		e.get(theirs)
		if theirs.ResourceVersion != version {
			e.Error("the Secret was written again, with nothing to write")
		}

		e.deleteAndWait(object)
		if err := expect("later", "theirs")(); err != nil {
			e.Error(err)
		}
		if theirs.Data["password"] != nil || theirs.Labels["team"] != "" || theirs.Annotations["auth0-operator.io/adopted-by"] != "" {
			e.Errorf("something is left: labels %v, annotations %v", theirs.Labels, theirs.Annotations)
		}
	})
}

// TestAnAdoptedSecretIsWithdrawn takes the word back that lets an object write, and gives it to another object.
func TestAnAdoptedSecretIsWithdrawn(t *testing.T) {
	t.Parallel()
	e := newEnvironment(t)
	tokenFixture.prepare(e)
	theirs := e.secret("token", map[string]string{"theirs": "yes"})
	e.create(theirs)
	first, second := newToken(e, "first"), newToken(e, "second")
	e.letWrite(first, "token")
	e.create(first)
	e.eventuallyReady(first)
	e.letWrite(second, "token")
	e.eventuallyStalled(first, v1alpha1.ReasonSecretConflict, "auth0-operator.io/adoptable-by=Auth0Token/first")
	e.create(second)
	e.eventuallyReady(second)
	e.deleteAndWait(first)
	if err := checkToken(e, second); err != nil {
		t.Errorf("the first took the second's values with it: %v", err)
	}
	e.get(theirs)
	if string(theirs.Data["theirs"]) != "yes" {
		t.Errorf("what was there is gone")
	}
}

// TestASecretThatAppearsInBetweenIsNotWritten has somebody make a Secret after the operator saw that there is none, and before it
// writes its own.
func TestASecretThatAppearsInBetweenIsNotWritten(t *testing.T) {
	t.Parallel()
	for name, theirs := range map[string]corev1.Secret{
		"other keys":  {Data: map[string][]byte{"theirs": []byte("yes")}},
		"same keys":   {Data: map[string][]byte{"ours": []byte("theirs")}},
		"credentials": {Type: v1alpha1.CredentialsSecretType, Data: map[string][]byte{"theirs": []byte("yes")}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e := newBareEnvironment(t)
			owner := newClient(e, "owner")
			e.create(owner)
			theirs.ObjectMeta = e.meta("contested")
			direct, err := client.NewWithWatch(e.config, client.Options{Scheme: kube.Scheme(), Mapper: kube.RESTMapper()})
			if err != nil {
				t.Fatal(err)
			}
			appears := sync.OnceFunc(func() { e.create(&theirs) })
			output := secret.Output{Owner: owner, Name: "contested", Client: interceptor.NewClient(direct, interceptor.Funcs{
				Apply: func(ctx context.Context, c client.WithWatch, secret runtime.ApplyConfiguration, options ...client.ApplyOption) error {
					appears()
					return c.Apply(ctx, secret, options...)
				},
			})}
			if err := output.Put(e.ctx, nil, map[string][]byte{"ours": []byte("yes")}, map[string]string{}); err == nil {
				t.Error("somebody else's Secret was written")
			}
			current := &corev1.Secret{ObjectMeta: e.meta("contested")}
			e.get(current)
			if !maps.EqualFunc(current.Data, theirs.Data, bytes.Equal) || len(current.OwnerReferences) > 0 || current.Type != theirs.Type || len(current.Labels) > 0 {
				t.Errorf("the Secret has keys %v, owners %v, type %s, labels %v", slices.Collect(maps.Keys(current.Data)), current.OwnerReferences, current.Type, current.Labels)
			}
		})
	}
}
