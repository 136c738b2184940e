package simulator

import (
	"crypto"
	"crypto/rsa"
	_ "crypto/sha512" // RS384
	"encoding/base64"
	"encoding/pem"
	"net/http"
	"slices"
	"strings"
	"time"
)

const (
	assertionType     = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
	maxAssertion      = 2048
	maxAssertionLife  = 5 * time.Minute
	assertionSkew     = 10 * time.Second
	maxAssertionField = 64
)

func invalidClient(description string) *failure {
	return oauthError(http.StatusUnauthorized, "invalid_client", description)
}

// assertedClient authenticates an application by a JWT signed with its private key.
func (c *call) assertedClient() (*client, error) {
	text := str(c.body, "client_assertion")
	parts := strings.Split(text, ".")
	if len(text) > maxAssertion || len(parts) != 3 {
		return nil, invalidClient("Invalid client assertion")
	}
	header, claims := decodeSegment(parts[0]), decodeSegment(parts[1])
	signature, err := base64.RawURLEncoding.DecodeString(parts[2])
	if header == nil || claims == nil || err != nil {
		return nil, invalidClient("Invalid client assertion")
	}
	id := str(claims, "iss")
	o, ok := c.Clients.Get(id)
	switch {
	case !ok || id != str(claims, "sub") || len(id) > maxAssertionField:
		return nil, invalidClient("Invalid client assertion issuer or subject")
	case str(c.body, "client_id") != "" && str(c.body, "client_id") != id:
		return nil, invalidClient("client_id does not match the client assertion")
	}
	if problem := c.assertionProblem(claims); problem != "" {
		return nil, invalidClient(problem)
	}
	if !c.signedBy(o, header, parts[0]+"."+parts[1], signature) {
		return nil, invalidClient("Invalid client assertion signature")
	}
	c.assertions[id+" "+str(claims, "jti")] = true
	return o, nil
}

// signedBy reports whether the signature is by one of the application's keys.
func (c *call) signedBy(o *client, header doc, text string, signature []byte) bool {
	return slices.ContainsFunc(c.keysOf(o), func(key *credential) bool {
		kid := str(header, "kid")
		return (kid == "" || kid == str(key.Doc, "kid")) && str(header, "alg") == str(key.Doc, "alg") && key.verifies(text, signature)
	})
}

// assertionProblem says what is wrong with the claims.
func (c *call) assertionProblem(claims doc) string {
	now := float64(c.now.Unix())
	expires, issued := number(claims, "exp", 0), number(claims, "iat", now)
	jti := str(claims, "jti")
	switch {
	case !audienceIncludes(claims["aud"], c.issuer()):
		return "Invalid client assertion audience"
	case now >= expires+assertionSkew.Seconds():
		return "Client assertion has expired"
	case expires > now+maxAssertionLife.Seconds()+assertionSkew.Seconds():
		return "Client assertion lifetime is too long"
	case issued > now+assertionSkew.Seconds() || number(claims, "nbf", now) > now+assertionSkew.Seconds():
		return "Client assertion is not yet valid"
	case jti == "" || len(jti) > maxAssertionField:
		return "Client assertion needs a jti of at most 64 characters"
	case c.assertions[str(claims, "iss")+" "+jti]:
		return "Client assertion was used before"
	}
	return ""
}

// keysOf are the application's credentials for private_key_jwt that have not expired.
func (c *call) keysOf(o *client) []*credential {
	var out []*credential
	method := object(object(o.Doc, "client_authentication_methods"), "private_key_jwt")
	for _, item := range list(method, "credentials") {
		key, ok := o.Credentials.Get(str(item.(doc), "id"))
		if !ok {
			continue
		}
		if expires, err := time.Parse(time.RFC3339, str(key.Doc, "expires_at")); err == nil && !c.now.Before(expires) {
			continue
		}
		out = append(out, key)
	}
	return out
}

// verifies reports whether a signature is this credential's.
func (c *credential) verifies(text string, signature []byte) bool {
	block, _ := pem.Decode([]byte(c.PEM))
	if block == nil {
		return false
	}
	key, _ := publicKey(block)
	if key == nil {
		return false
	}
	hash := crypto.SHA256
	if str(c.Doc, "alg") == "RS384" {
		hash = crypto.SHA384
	}
	digest := hash.New()
	digest.Write([]byte(text))
	if str(c.Doc, "alg") == "PS256" {
		return rsa.VerifyPSS(key, hash, digest.Sum(nil), signature, nil) == nil
	}
	return rsa.VerifyPKCS1v15(key, hash, digest.Sum(nil), signature) == nil
}
