package e2e

import (
	"context"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/yaml"

	"github.com/auth0-operator/auth0-operator/api/v1alpha1"
	"github.com/auth0-operator/auth0-operator/controllers"
	"github.com/auth0-operator/auth0-operator/internal/simulator"
	"github.com/auth0-operator/auth0-operator/test/program"
	"github.com/auth0-operator/auth0-operator/test/render"
)

const (
	operatorClientID     = "OperatorClientOperatorClient0001"
	operatorClientSecret = "planted-operator-client-secret-0123456789"
)

// manager is the built operator.
var manager string

func TestMain(m *testing.M) {
	code, err := run(m)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	os.Exit(code)
}

// run builds the operator and runs the tests.
func run(m *testing.M) (code int, err error) {
	if manager, err = program.Build(context.Background(), "manager"); err != nil {
		return 1, err
	}
	return m.Run(), nil
}

// auth0 is a simulated tenant with what testdata/auth0.yaml says.
type auth0 struct {
	*simulator.Server
	// placeholders are what stands in the samples for values of a tenant of one's own.
	placeholders map[string]string
}

func newAuth0(t *testing.T) *auth0 {
	t.Helper()
	sim, err := simulator.Start(simulator.Options{ClientID: operatorClientID, ClientSecret: operatorClientSecret})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = sim.Close() })
	a := &auth0{Server: sim, placeholders: map[string]string{
		"example.eu.auth0.com": sim.Domain,
		"YOUR_CLIENT_ID":       operatorClientID,
		"YOUR_CLIENT_SECRET":   operatorClientSecret,
		"OPERATOR_CLIENT_ID":   operatorClientID,
		// The simulator's certificate is good for both.
		"login.example.com": strings.Replace(sim.Domain, "localhost", "127.0.0.1", 1),
	}}
	a.prepare(t)
	return a
}

// prepare makes what the samples refer to and do not declare.
func (a *auth0) prepare(t *testing.T) {
	t.Helper()
	var steps []struct {
		Path string
		Body map[string]any
		// Keep names the placeholders _ID and _SECRET that stand for the application which was made, and ID the id that the
		// samples give it.
		Keep, ID string
	}
	a.read(t, "testdata/auth0.yaml", &steps)
	for _, step := range steps {
		answer := a.administer(t, step.Path, step.Body)
		if step.ID != "" {
			a.placeholders[step.ID] = answer["client_id"].(string)
		}
		if step.Keep != "" {
			a.placeholders[step.Keep+"_ID"] = answer["client_id"].(string)
			a.placeholders[step.Keep+"_SECRET"] = answer["client_secret"].(string)
			a.enableEverywhere(t, answer["client_id"].(string))
		}
	}
	domain := a.administer(t, "/custom-domains", map[string]any{"domain": a.placeholders["login.example.com"], "type": "auth0_managed_certs"})
	a.administer(t, "/custom-domains/"+domain["custom_domain_id"].(string)+"/verify", nil)
	a.signIn(t)
}

// signIn puts what comes of signing in with a browser in the place of the placeholders: a code that is still good, and a
// refresh token.
func (a *auth0) signIn(t *testing.T) {
	t.Helper()
	a.placeholders["THE_CODE_FROM_THE_REDIRECT"] = a.authorize(t)
	form := url.Values{
		"grant_type": {"authorization_code"}, "code": {a.authorize(t)}, "redirect_uri": {callback}, "code_verifier": {verifier},
		"client_id": {a.placeholders["YOUR_APPLICATION_CLIENT_ID"]}, "client_secret": {a.placeholders["YOUR_APPLICATION_CLIENT_SECRET"]},
	}
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, a.URL+"/oauth/token", strings.NewReader(form.Encode()))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	authorities := x509.NewCertPool()
	authorities.AppendCertsFromPEM(a.CA)
	browser := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: authorities, MinVersion: tls.VersionTLS12}}}
	response, err := browser.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	var answer map[string]any
	if err := json.NewDecoder(response.Body).Decode(&answer); err != nil || answer["refresh_token"] == nil {
		t.Fatalf("the sign-in gives no refresh token: %v %v", answer, err)
	}
	a.placeholders["A_REFRESH_TOKEN_OF_THE_APPLICATION"] = answer["refresh_token"].(string)
}

// callback and verifier are what the samples have.
const (
	callback = "https://shop.example.com/callback"
	verifier = "THE_PKCE_CODE_VERIFIER_OF_THE_SIGN_IN"
)

// authorize returns the code of a sign-in.
func (a *auth0) authorize(t *testing.T) string {
	t.Helper()
	challenge := sha256.Sum256([]byte(verifier))
	code, err := a.Authorize(simulator.Login{
		ClientID: a.placeholders["YOUR_APPLICATION_CLIENT_ID"], UserID: a.someUser(t), RedirectURI: callback, Audience: "https://orders.example.com/",
		Scope: "openid offline_access read:orders", CodeChallengeMethod: "S256", CodeChallenge: base64.RawURLEncoding.EncodeToString(challenge[:]),
	})
	if err != nil {
		t.Fatal(err)
	}
	return code
}

// someUser is the id of a user whom no sample is about.
func (a *auth0) someUser(t *testing.T) string {
	t.Helper()
	var users []struct {
		Email string
		ID    string `json:"user_id"`
	}
	a.list(t, "/users?per_page=100", &users)
	for _, user := range users {
		if user.Email == "smoke-test@example.com" {
			return user.ID
		}
	}
	t.Fatal("testdata/auth0.yaml makes no smoke-test@example.com")
	return ""
}

// administer makes a call as an administrator does in the dashboard.
func (a *auth0) administer(t *testing.T, path string, body any) map[string]any {
	t.Helper()
	status, response := a.Dashboard(http.MethodPost, "/api/v2"+path, body)
	if status >= http.StatusBadRequest && status != http.StatusConflict {
		t.Fatalf("the simulator answers POST %s with %d: %s", path, status, response)
	}
	var answer map[string]any
	if err := json.Unmarshal(response, &answer); err != nil {
		t.Fatal(err)
	}
	return answer
}

// enableEverywhere lets an application use every connection that there is.
func (a *auth0) enableEverywhere(t *testing.T, clientID string) {
	t.Helper()
	var connections []struct{ ID string }
	a.list(t, "/connections", &connections)
	for _, connection := range connections {
		change := []any{map[string]any{"client_id": clientID, "status": true}}
		if status, answer := a.Dashboard(http.MethodPatch, "/api/v2/connections/"+connection.ID+"/clients", change); status >= http.StatusBadRequest {
			t.Fatalf("enable an application: %d %s", status, answer)
		}
	}
}

func (a *auth0) list(t *testing.T, path string, into any) {
	t.Helper()
	status, response := a.Dashboard(http.MethodGet, "/api/v2"+path, nil)
	if err := json.Unmarshal(response, into); status != http.StatusOK || err != nil {
		t.Fatalf("the simulator answers GET %s with %d: %v\n%s", path, status, err, response)
	}
}

// users counts the users of the tenant.
func (a *auth0) users(t *testing.T) int {
	t.Helper()
	var users []any
	a.list(t, "/users?per_page=100", &users)
	return len(users)
}

// read reads a YAML file, with the placeholders filled in.
func (a *auth0) read(t *testing.T, file string, into any) {
	t.Helper()
	content, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if err := yaml.UnmarshalStrict([]byte(a.fill(string(content))), into); err != nil {
		t.Fatalf("%s: %v", file, err)
	}
}

// fill puts values in the place of placeholders, of longer ones first: one may be part of another.
func (a *auth0) fill(text string) string {
	names := slices.SortedFunc(maps.Keys(a.placeholders), func(x, y string) int { return len(y) - len(x) })
	for _, name := range names {
		text = strings.ReplaceAll(text, name, a.placeholders[name])
	}
	return text
}

// readSamples reads config/samples/<kind> of every kind, with what they refer to and do not contain.
func (i *installation) readSamples() {
	i.Helper()
	files, err := filepath.Glob(filepath.Join(render.Root(), "config", "samples", "auth0*", "*.yaml"))
	if err != nil || len(files) == 0 {
		i.Fatalf("no samples: %v", err)
	}
	secrets := map[string]*unstructured.Unstructured{}
	for _, file := range files {
		content, err := os.ReadFile(file)
		i.must(err)
		objects, err := render.Objects([]byte(i.auth0.fill(string(content))))
		i.must(err)
		for _, object := range objects {
			object.SetNamespace(namespaceOf(object))
			switch object.GetKind() {
			case "Secret":
				mergeSecret(secrets, object)
			case "Auth0Tenant":
				i.must(unstructured.SetNestedStringMap(object.Object, map[string]string{"kind": "ConfigMap", "name": "auth0-ca"}, "spec", "caBundle"))
				i.samples = append(i.samples, object)
			default:
				// What one sample declares is there already, as another refers to it.
				i.must(unstructured.SetNestedField(object.Object, "IfUnmanaged", "spec", "adoptionPolicy"))
				i.samples = append(i.samples, object)
			}
		}
	}
	i.dropUnsatisfied()
	i.inputs = i.readInputs(secrets)
}

// namespaceOf is where a sample goes: with the tenants, unless it refers to one of another namespace.
func namespaceOf(object *unstructured.Unstructured) string {
	if namespace, _, _ := unstructured.NestedString(object.Object, "spec", "tenantRef", "namespace"); namespace != "" {
		return guestNamespace
	}
	return tenantNamespace
}

// mergeSecret adds to what another sample says of the same Secret.
func mergeSecret(secrets map[string]*unstructured.Unstructured, object *unstructured.Unstructured) {
	known, ok := secrets[object.GetName()]
	if !ok {
		secrets[object.GetName()] = object
		return
	}
	data, _, _ := unstructured.NestedStringMap(known.Object, "stringData")
	more, _, _ := unstructured.NestedStringMap(object.Object, "stringData")
	maps.Copy(more, data)
	_ = unstructured.SetNestedStringMap(known.Object, more, "stringData") // a map of strings is never refused
}

// readInputs makes the Secrets of the samples and of testdata/secrets.yaml, in both namespaces, and the simulator's CA.
func (i *installation) readInputs(secrets map[string]*unstructured.Unstructured) []*unstructured.Unstructured {
	i.Helper()
	var further map[string]map[string]string
	i.auth0.read(i.T, "testdata/secrets.yaml", &further)
	for _, sample := range i.samples {
		for name, key := range secretKeysIn(sample.Object["spec"]) {
			if _, known := further[name]; !known && secrets[name] == nil {
				further[name] = map[string]string{key: "planted-0123456789-Example-Only-1906!"}
			}
		}
	}
	for name, data := range further {
		object := &unstructured.Unstructured{Object: map[string]any{"apiVersion": "v1", "kind": "Secret"}}
		object.SetName(name)
		i.must(unstructured.SetNestedStringMap(object.Object, data, "stringData"))
		secrets[name] = object
	}
	authority := &unstructured.Unstructured{Object: map[string]any{"apiVersion": "v1", "kind": "ConfigMap"}}
	authority.SetName("auth0-ca")
	i.must(unstructured.SetNestedStringMap(authority.Object, map[string]string{"ca.crt": string(i.auth0.CA)}, "data"))

	var inputs []*unstructured.Unstructured
	for _, object := range append(slices.Collect(maps.Values(secrets)), authority) {
		for _, namespace := range []string{tenantNamespace, guestNamespace} {
			object = object.DeepCopy()
			object.SetNamespace(namespace)
			inputs = append(inputs, object)
		}
	}
	return inputs
}

// secretKeysIn finds where a spec takes a value from a key of a Secret, by the names of the fields: passwordSecretRef.
func secretKeysIn(value any) map[string]string {
	found := map[string]string{}
	switch value := value.(type) {
	case []any:
		for _, item := range value {
			maps.Copy(found, secretKeysIn(item))
		}
	case map[string]any:
		for field, item := range value {
			reference, _ := item.(map[string]any)
			name, hasName := reference["name"].(string)
			key, hasKey := reference["key"].(string)
			if hasName && hasKey && strings.HasSuffix(strings.ToLower(field), "secretref") {
				found[name] = key
			}
			maps.Copy(found, secretKeysIn(item))
		}
	}
	return found
}

// dropUnsatisfied leaves out the samples that refer to what no other sample declares in the same tenant: people fill these
// in. Of each kind, some must remain.
func (i *installation) dropUnsatisfied() {
	i.Helper()
	for {
		declared := map[string]bool{}
		for _, sample := range i.samples {
			declared[nameOf(sample.GetKind(), sample.GetNamespace(), sample.GetName(), tenantOf(sample))] = true
		}
		before := len(i.samples)
		i.samples = slices.DeleteFunc(i.samples, func(sample *unstructured.Unstructured) bool {
			for _, wanted := range referencesIn(sample.Object["spec"], sample) {
				if !declared[wanted] {
					i.Logf("left out: %s %s refers to %s, which no sample declares", sample.GetKind(), sample.GetName(), wanted)
					return true
				}
			}
			return false
		})
		if len(i.samples) == before {
			break
		}
	}
	for _, kind := range controllers.All() {
		if !slices.ContainsFunc(i.samples, func(sample *unstructured.Unstructured) bool { return sample.GetKind() == kind.Name }) {
			i.Errorf("no sample of %s can be applied with the others", kind.Name)
		}
	}
}

// nameOf tells objects apart, and apart from those of the same name that belong to another tenant.
func nameOf(kind, namespace, name, tenant string) string {
	if kind == "Auth0Tenant" {
		tenant = ""
	}
	return strings.TrimSuffix(fmt.Sprintf("%s %s/%s of tenant %s", kind, namespace, name, tenant), " of tenant ")
}

func tenantOf(sample *unstructured.Unstructured) string {
	name, _, _ := unstructured.NestedString(sample.Object, "spec", "tenantRef", "name")
	return name
}

// referencesIn finds what a sample refers to by the names of the fields: organizationRef is one to an Auth0Organization.
func referencesIn(value any, sample *unstructured.Unstructured) []string {
	var found []string
	switch value := value.(type) {
	case []any:
		for _, item := range value {
			found = append(found, referencesIn(item, sample)...)
		}
	case map[string]any:
		for field, item := range value {
			found = append(found, referencesIn(item, sample)...)
			kind, isReference := strings.CutSuffix(field, "Ref")
			reference, isObject := item.(map[string]any)
			if !isReference || !isObject || strings.HasSuffix(strings.ToLower(kind), "secret") {
				continue
			}
			namespace, ok := reference["namespace"].(string)
			if !ok {
				namespace = sample.GetNamespace()
			}
			found = append(found, nameOf("Auth0"+strings.ToUpper(kind[:1])+kind[1:], namespace, reference["name"].(string), tenantOf(sample)))
		}
	}
	return found
}

// TestEveryKindHasSamplesHere keeps the rest from passing without a kind.
func TestEveryKindHasSamplesHere(t *testing.T) {
	files, err := filepath.Glob(filepath.Join(render.Root(), "config", "crd", "bases", "*.yaml"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no CRDs: %v", err)
	}
	for _, file := range files {
		plural := strings.TrimSuffix(strings.TrimPrefix(filepath.Base(file), v1alpha1.SchemeGroupVersion.Group+"_"), "s.yaml")
		samples, err := filepath.Glob(filepath.Join(render.Root(), "config", "samples", plural, "*.yaml"))
		if err != nil || len(samples) == 0 {
			t.Errorf("no samples of %s: %v", plural, err)
		}
	}
}
