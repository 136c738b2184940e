package auth0

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/lestrrat-go/jwx/v2/jwa"
	"github.com/lestrrat-go/jwx/v2/jwt"
)

func rsaKey(t *testing.T) (*rsa.PrivateKey, string) {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	encoded, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return key, string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: encoded}))
}

// TestApplicationAuthenticates verifies what an application sends in the same way as Auth0.
func TestApplicationAuthenticates(t *testing.T) {
	key, encoded := rsaKey(t)
	now := time.Now()
	for _, algorithm := range []jwa.SignatureAlgorithm{"", jwa.RS256, jwa.RS384, jwa.PS256} {
		application := Application{ID: "client", Secret: "unused", PrivateKey: encoded, SigningAlgorithm: algorithm.String()}
		if err := application.Validate(); err != nil {
			t.Fatal(err)
		}
		seen := map[string]bool{}
		for range 2 {
			form := url.Values{}
			if err := application.authenticate(form, http.Header{}, "example.eu.auth0.com", now); err != nil {
				t.Fatal(err)
			}
			if form.Has("client_secret") || form.Get("client_assertion_type") != assertionType {
				t.Errorf("the form proves the application in another way: %v", form)
			}
			if algorithm == "" {
				algorithm = jwa.RS256
			}
			statement, err := jwt.Parse([]byte(form.Get("client_assertion")), jwt.WithKey(algorithm, &key.PublicKey),
				jwt.WithIssuer("client"), jwt.WithSubject("client"), jwt.WithAudience("https://example.eu.auth0.com/"))
			if err != nil {
				t.Fatalf("%s: %v", algorithm, err)
			}
			if life := statement.Expiration().Sub(statement.IssuedAt()); life > 5*time.Minute || len(form.Get("client_assertion")) > 2048 {
				t.Errorf("the assertion lives for %s and is %d long", life, len(form.Get("client_assertion")))
			}
			if id := statement.JwtID(); id == "" || len(id) > 64 || seen[id] {
				t.Errorf("jti %q", id)
			}
			seen[statement.JwtID()] = true
		}
	}
	form := url.Values{}
	if err := (Application{ID: "client", Secret: "secret"}).authenticate(form, http.Header{}, "example.com", now); err != nil || form.Encode() != "client_id=client&client_secret=secret" {
		t.Errorf("%v %v", form, err)
	}
	form, header := url.Values{}, http.Header{}
	if err := (Application{ID: "client", Secret: "p:s", TokenEndpointAuthMethod: MethodBasic}).authenticate(form, header, "example.com", now); err != nil || form.Encode() != "client_id=client" || header.Get("Authorization") != "Basic Y2xpZW50OnAlM0Fz" {
		t.Errorf("%v %v %v", form, header, err)
	}
	form = url.Values{}
	if err := (Application{ID: "client"}).authenticate(form, http.Header{}, "example.com", now); err != nil || form.Encode() != "client_id=client" {
		t.Errorf("a public application proves itself by %v %v", form, err)
	}
}

func TestApplicationKeysThatCannotBeUsed(t *testing.T) {
	key, encoded := rsaKey(t)
	public, err := x509.MarshalPKIXPublicKey(&key.PublicKey)
	if err != nil {
		t.Fatal(err)
	}
	for name, application := range map[string]Application{
		"no PEM":     {ID: "client", PrivateKey: "planted-key"},
		"public":     {ID: "client", PrivateKey: string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: public}))},
		"algorithm":  {ID: "client", PrivateKey: encoded, SigningAlgorithm: "HS256"},
		"half a key": {ID: "client", PrivateKey: encoded[:len(encoded)/2]},
	} {
		err := application.Validate()
		if err == nil || strings.Contains(err.Error(), "planted") {
			t.Errorf("%s: %v", name, err)
		}
	}
}
