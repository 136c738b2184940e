package e2e

import (
	"fmt"
	"strings"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/auth0-operator/auth0-operator/api/v1alpha1"
	"github.com/auth0-operator/auth0-operator/test/render"
)

// policies turns on the admission policies of the chart: all samples live under them.
var policies = []string{
	"--set", "admissionPolicies.secrets.enabled=true", "--set", "admissionPolicies.secrets.types={Opaque,kubernetes.io/basic-auth,example.com/token,example.com/invitation}",
	"--set", "admissionPolicies.metadata.enabled=true", "--set", "admissionPolicies.tenantDeletion.enabled=true",
	"--set", "admissionPolicies.managementAPI.enabled=true", "--set", "admissionPolicies.managementAPI.namespaces={" + tenantNamespace + "}",
}

// checkPolicies tries what the admission policies keep out.
func (i *installation) checkPolicies() {
	i.Helper()
	i.stealTheToken()
	i.reachForTheManagementAPI()
	i.fillTheMetadata()
	i.deleteATenant()
	i.deleteWhatWasThereBefore()
}

// stealTheToken does with the operator's token what the operator never does.
func (i *installation) stealTheToken() {
	i.Helper()
	config, _, err := i.cluster.ServiceAccountConfig(i.Context(), render.Namespace, render.Release)
	i.must(err)
	thief, err := client.New(config, client.Options{Scheme: i.kube.Scheme()})
	i.must(err)
	secret := func(name string, kind corev1.SecretType) *corev1.Secret {
		return &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: guestNamespace, Name: name}, Type: kind, StringData: map[string]string{"password": "planted-password"}}
	}
	theirs := secret("theirs", corev1.SecretTypeOpaque)
	i.must(i.kube.Create(i.Context(), theirs))
	token := secret("token", corev1.SecretTypeServiceAccountToken)
	token.Annotations = map[string]string{corev1.ServiceAccountNameKey: "default"}
	overwrite := client.RawPatch("application/merge-patch+json", []byte(`{"stringData":{"password":"other"}}`))
	i.requireDenied("make Secrets of type kubernetes.io/service-account-token", thief.Create(i.Context(), token))
	i.requireDenied("make Secrets of type example.com/other", thief.Create(i.Context(), secret("other", "example.com/other")))
	i.requireDenied("may change only Secrets that it made", thief.Patch(i.Context(), theirs.DeepCopy(), overwrite))
	i.requireDenied("may change only Secrets that it made", thief.Delete(i.Context(), theirs))
	// Others are not concerned.
	i.must(i.kube.Patch(i.Context(), theirs, overwrite))
	i.must(i.kube.Delete(i.Context(), theirs))
}

// reachForTheManagementAPI tries, from another namespace, each field that can give access to the Management API.
func (i *installation) reachForTheManagementAPI() {
	i.Helper()
	try := func(kind, spec string) error {
		i.Helper()
		return i.tryApply(guestNamespace, kind, fmt.Sprintf(`{"tenantRef":{"name":"main","namespace":%q},%s}`, tenantNamespace, spec))
	}
	i.requireDenied("spec.managementApi", try("Auth0ClientGrant", `"clientId":"any","scopes":["read:users"],"managementApi":true`))
	elsewhere := fmt.Sprintf(`{"name":"management","namespace":%q}`, tenantNamespace)
	for kind, spec := range map[string]string{
		"Auth0ClientGrant":  `"clientId":"any","scopes":["read:users"],"resourceServerRef":` + elsewhere,
		"Auth0Role":         `"name":"any","permissions":{"items":[{"name":"read:users","resourceServerRef":` + elsewhere + `}]}`,
		"Auth0User":         `"connection":"Username-Password-Authentication","email":"any@example.com","roles":{"items":[{"roleRef":` + elsewhere + `}]}`,
		"Auth0Organization": `"name":"any","clientGrants":{"items":[{"clientGrantRef":` + elsewhere + `}]}`,
	} {
		i.requireDenied("may give access to the Management API; declare what refers to it there", try(kind, spec))
	}
	for _, spelling := range []string{
		"https://example.eu.auth0.com/api/v2/", "HTTPS://EXAMPLE.EU.AUTH0.COM/API/V2", "https://example.eu.auth0.com//api//v2//",
		"https://example.eu.auth0.com/x/../api/v2/", "https://example.eu.auth0.com/api/%76%32/", "https://example.eu.auth0.com/api/v2/?x=1",
	} {
		for kind, spec := range map[string]string{
			"Auth0ClientGrant":    `"clientId":"any","scopes":["read:users"],"audience":%q`,
			"Auth0ResourceServer": `"identifier":%q`,
			"Auth0Role":           `"name":"any","permissions":{"items":[{"name":"read:users","audience":%q}]}`,
			"Auth0Token":          `"client":{"clientRef":{"name":"any"}},"clientCredentials":{"audience":%q},"outputSecret":{"name":"any"}`,
			"Auth0Client":         `"name":"any","refreshToken":{"rotationType":"rotating","expirationType":"expiring","policies":[{"audience":%q,"scope":["read:users"]}]}`,
		} {
			i.requireDenied("access to that is declared in namespace "+tenantNamespace, try(kind, fmt.Sprintf(spec, spelling)))
		}
	}
}

// fillTheMetadata tries to make an object large by what no schema bounds.
func (i *installation) fillTheMetadata() {
	i.Helper()
	role := &v1alpha1.Auth0Role{ObjectMeta: metav1.ObjectMeta{Namespace: guestNamespace, Name: "large", Labels: map[string]string{}}}
	role.Spec.Name, role.Spec.TenantRef.Name = "large", "main"
	for n := range 100 {
		role.Labels[fmt.Sprint("padding-", n)] = strings.Repeat("n", 63)
	}
	i.requireDenied("may have 64 entries each", i.kube.Create(i.Context(), role))
}

// deleteATenant deletes a tenant that others use, as a slip of the hand does.
func (i *installation) deleteATenant() {
	i.Helper()
	tenant := &v1alpha1.Auth0Tenant{ObjectMeta: metav1.ObjectMeta{Namespace: tenantNamespace, Name: "main"}}
	i.requireDenied("kubectl --namespace "+tenantNamespace+" annotate auth0tenant main auth0-operator.io/deletable=true", i.kube.Delete(i.Context(), tenant))
}

// deleteWhatWasThereBefore wants the operator, and everybody else, to be able to let go of what a policy would refuse today.
func (i *installation) deleteWhatWasThereBefore() {
	i.Helper()
	i.kubectl("", "delete", "validatingadmissionpolicybinding", "--all")
	before := fmt.Sprintf(`{"tenantRef":{"name":"shared","namespace":%q},"identifier":"https://before.example.com/api/v2"}`, tenantNamespace)
	i.eventually(func() error { return i.tryApply(guestNamespace, "Auth0ResourceServer", before) })
	api := &v1alpha1.Auth0ResourceServer{ObjectMeta: metav1.ObjectMeta{Namespace: guestNamespace, Name: "attempt"}}
	i.eventually(func() error {
		i.must(i.kube.Get(i.Context(), client.ObjectKeyFromObject(api), api))
		if api.Status.ID == "" || len(api.Finalizers) == 0 {
			return fmt.Errorf("the API is not made yet: %+v", api.Status)
		}
		return nil
	})
	for _, object := range i.chart {
		if object.GetKind() == "ValidatingAdmissionPolicyBinding" {
			i.must(i.kube.Create(i.Context(), object.DeepCopy()))
		}
	}
	changes := 0
	i.eventually(func() error {
		changes++
		if err := i.tryApply(guestNamespace, "Auth0ResourceServer", fmt.Sprintf(`%s,"name":"change %d"}`, before[:len(before)-1], changes)); err == nil {
			return fmt.Errorf("its spec can still be changed")
		}
		return nil
	})
	i.kubectl("", "label", "auth0resourceserver", "attempt", "--namespace", guestNamespace, "team=shop")
	i.kubectl("", "delete", "auth0resourceserver", "attempt", "--namespace", guestNamespace, "--timeout=60s")
}

// tryApply applies an object as people do, and returns why not. Kubernetes takes it only if nothing refuses it.
func (i *installation) tryApply(namespace, kind, spec string) error {
	i.Helper()
	object := &unstructured.Unstructured{}
	i.must(object.UnmarshalJSON(fmt.Appendf(nil, `{"apiVersion":%q,"kind":%q,"metadata":{"namespace":%q,"name":"attempt"},"spec":%s}`,
		v1alpha1.SchemeGroupVersion, kind, namespace, spec)))
	return i.kube.Apply(i.Context(), client.ApplyConfigurationFromUnstructured(object), client.FieldOwner("somebody"), client.ForceOwnership)
}

func (i *installation) requireDenied(words string, err error) {
	i.Helper()
	if err == nil || !strings.Contains(err.Error(), "ValidatingAdmissionPolicy") || !strings.Contains(err.Error(), words) {
		i.Errorf("want a policy to say %q, got %v", words, err)
	}
}
