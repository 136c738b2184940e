package auth0

import (
	"cmp"
	"crypto/rand"
	"crypto/rsa"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"time"

	"github.com/lestrrat-go/jwx/v2/jwa"
	"github.com/lestrrat-go/jwx/v2/jwk"
	"github.com/lestrrat-go/jwx/v2/jwt"
)

// Application identifies the client that requests a token, and its credential: a secret, a private key (private_key_jwt), or none
// for a public application.
type Application struct {
	ID     string
	Secret string
	// PrivateKey is an RSA key in PEM form. It takes precedence over Secret.
	PrivateKey string
	// SigningAlgorithm is that of the credential in Auth0: RS256, which is the default, RS384 or PS256.
	SigningAlgorithm string
	// TokenEndpointAuthMethod is how to send the secret: client_secret_post, which is the default, or client_secret_basic.
	TokenEndpointAuthMethod string
}

const (
	assertionType = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
	// assertionLifetime is far below the five minutes that Auth0 allows, because the assertion is used at once.
	assertionLifetime = time.Minute

	// MethodBasic sends the secret in a header.
	MethodBasic = "client_secret_basic"
	// MethodPost sends the secret in the form.
	MethodPost = "client_secret_post"
)

var assertionAlgorithms = []jwa.SignatureAlgorithm{jwa.RS256, jwa.RS384, jwa.PS256}

// Validate says what is wrong with the key, or with the method to send the secret, nil if nothing is. It quotes no value: all
// values come from a Secret, which may contain anything under any key.
func (a Application) Validate() error {
	if methods := []string{"", MethodPost, MethodBasic}; !slices.Contains(methods, a.TokenEndpointAuthMethod) {
		return fmt.Errorf("tokenEndpointAuthMethod is none of %v", methods[1:])
	}
	if a.PrivateKey == "" {
		return nil
	}
	if !slices.Contains(assertionAlgorithms, a.algorithm()) {
		return fmt.Errorf("signingAlgorithm is none of %v", assertionAlgorithms)
	}
	_, err := a.key()
	return err
}

// IsPublic reports whether the application keeps no secret.
func (a Application) IsPublic() bool { return a.Secret == "" && a.PrivateKey == "" }

func (a Application) algorithm() jwa.SignatureAlgorithm {
	return jwa.SignatureAlgorithm(cmp.Or(a.SigningAlgorithm, jwa.RS256.String()))
}

func (a Application) key() (jwk.Key, error) {
	key, err := jwk.ParseKey([]byte(a.PrivateKey), jwk.WithPEM(true))
	if err != nil {
		return nil, errors.New("privateKey is not a private key in PEM form")
	}
	var private rsa.PrivateKey
	if key.Raw(&private) != nil {
		return nil, errors.New("privateKey is not a private RSA key")
	}
	return key, nil
}

// authenticate adds the client ID and the credential to a form or to the header. domain is where the form is sent.
func (a Application) authenticate(form url.Values, header http.Header, domain string, now time.Time) error {
	form.Set("client_id", a.ID)
	switch {
	case a.PrivateKey != "":
		assertion, err := a.assertion(domain, now)
		if err != nil {
			return err
		}
		form.Set("client_assertion_type", assertionType)
		form.Set("client_assertion", assertion)
	case a.Secret != "" && a.TokenEndpointAuthMethod == MethodBasic:
		// Both parts are encoded as in a form first (RFC 6749, 2.3.1).
		credentials := url.QueryEscape(a.ID) + ":" + url.QueryEscape(a.Secret)
		header.Set("Authorization", "Basic "+base64.StdEncoding.EncodeToString([]byte(credentials)))
	case a.Secret != "":
		form.Set("client_secret", a.Secret)
	}
	return nil
}

// assertion signs a client assertion. It can be used once.
func (a Application) assertion(domain string, now time.Time) (string, error) {
	key, err := a.key()
	if err != nil {
		return "", err
	}
	statement, err := jwt.NewBuilder().
		Issuer(a.ID).Subject(a.ID).Audience([]string{"https://" + domain + "/"}).
		IssuedAt(now).Expiration(now.Add(assertionLifetime)).JwtID(rand.Text()).
		Build()
	if err != nil {
		return "", fmt.Errorf("client assertion: %w", err)
	}
	signed, err := jwt.Sign(statement, jwt.WithKey(a.algorithm(), key))
	if err != nil {
		return "", fmt.Errorf("client assertion: %w", err)
	}
	return string(signed), nil
}

// IssuerOf is the iss claim of tokens that were issued at a domain.
func IssuerOf(domain string) string { return "https://" + domain + "/" }
