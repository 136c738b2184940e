package simulator

import (
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"fmt"
	"math/big"
	"net/http"
	"strings"
	"time"
)

// credential is a key with which an application authenticates.
type credential struct {
	ID  string
	Doc doc
	PEM string
}

const maxCredentials = 2

var (
	credentialCreation = objectOf(`
credential_type! string enum=public_key,cert_subject_dn,x509_cert # The type of credential.
name string len=..128 # Friendly name for a credential.
subject_dn string len=1..256 # Subject Distinguished Name. Mutually exclusive with pem property. Applies to cert_subject_dn credential type.
pem string len=1..4096 # PEM-formatted public key (SPKI and PKCS1) or X509 certificate. Must be JSON escaped.
alg string enum=RS256,RS384,PS256 # Algorithm which will be used with the credential. Can be one of RS256, RS384, PS256. If not specified, RS256 will be used. Applies to public_key credential type.
parse_expiry_from_cert boolean # Parse expiry from x509 certificate. If true, attempts to parse the expiry date from the provided PEM. Applies to public_key credential type.
expires_at string? format=date-time # The ISO 8601 formatted date representing the expiration of the credential.
kid string len=10..64 # Optional kid (Key ID), used to uniquely identify the credential. If not specified, a kid value will be auto-generated.
`)
	credentialChange = objectOf(`expires_at string? format=date-time # The ISO 8601 formatted date representing the expiration of the credential.`)
)

// credentials belong to an application, where they are also made by a write to it.
func credentials() resource {
	return &collection[*credential]{
		path: "clients/{client_id}/credentials", title: "a client credential", scopes: "client_credentials", inPath: clientPath,
		table:   credentialsOfClient,
		doc:     func(found *credential) doc { return found.Doc },
		id:      identifier{field: "id", param: "credential_id", new: func(*call) string { return longID("cred_") }},
		list:    &operation{},
		get:     &operation{},
		create:  &operation{body: credentialCreation},
		update:  &operation{body: credentialChange},
		remove:  &operation{},
		missing: noCredential,
		check:   checkCredential,
		build:   buildCredential,
		release: releaseCredential,
		show:    showCredential,
	}
}

func noCredential() *failure {
	return apiError(http.StatusNotFound, "inexistent_credential", "The credential does not exist")
}

// credentialsOfClient are none if there is no such application and they are to be deleted: that is a success.
func credentialsOfClient(c *call) (*table[*credential], error) {
	o, err := c.client()
	switch {
	case err == nil:
		return o.Credentials, nil
	case c.request.Method == http.MethodDelete:
		return newTable[*credential](), nil
	}
	return nil, err
}

func checkCredential(c *call, before *credential, _ doc) error {
	if o, err := c.client(); before == nil && (err != nil || o.Credentials.Len() >= maxCredentials) {
		return invalidBody("No more credentials can be created for this client")
	}
	return nil
}

// buildCredential keeps an expiry of null, unlike other fields.
func buildCredential(c *call, before *credential, d doc) (*credential, error) {
	if before == nil {
		return newCredential(withDefaults(c.body, pick(d, "id")), c.now)
	}
	after := *before
	after.Doc = patchKeepingNull(d, pick(c.body, "expires_at"), doc{"updated_at": timestamp(c.now)})
	normalizeExpiry(after.Doc)
	return &after, nil
}

// showCredential is a credential as a GET and the list show it, or as it was just written.
func showCredential(c *call, found *credential) doc {
	if c.request.Method == http.MethodGet {
		return withDefaults(found.Doc, doc{"expires_at": nil})
	}
	return found.Doc
}

// releaseCredential keeps a credential with which the application authenticates.
func releaseCredential(c *call, found *credential) error {
	o, err := c.client()
	if err != nil {
		return err
	}
	for _, method := range methodsWithCredentials {
		for _, item := range list(object(object(o.Doc, "client_authentication_methods"), method), "credentials") {
			if str(item.(doc), "id") == found.ID {
				return apiError(http.StatusConflict, "credential_in_use", "The credential is in use by the client")
			}
		}
	}
	return nil
}

// newCredential reads a key or certificate, and gives it an id unless it has one.
func newCredential(given doc, now time.Time) (*credential, error) {
	c := &credential{ID: firstOf(str(given, "id"), longID("cred_")), PEM: str(given, "pem")}
	c.Doc = patch(pick(given, "name", "credential_type", "expires_at"), doc{
		"id": c.ID, "created_at": timestamp(now), "updated_at": timestamp(now),
	})
	normalizeExpiry(c.Doc)
	block, _ := pem.Decode([]byte(c.PEM))
	switch kind := str(given, "credential_type"); {
	case kind == "cert_subject_dn" && str(given, "subject_dn") != "":
		c.Doc["subject_dn"] = given["subject_dn"]
	case block == nil:
		return nil, invalidBody("pem is not a valid PEM-encoded key or certificate")
	case kind == "public_key":
		if err := c.readKey(block, given); err != nil {
			return nil, err
		}
	default:
		if err := c.readCertificate(block, kind); err != nil {
			return nil, err
		}
	}
	return c, nil
}

// normalizeExpiry writes a time that was given in any zone as Auth0 does.
func normalizeExpiry(d doc) {
	if t, err := time.Parse(time.RFC3339, str(d, "expires_at")); err == nil {
		d["expires_at"] = timestamp(t)
	}
}

func (c *credential) readKey(block *pem.Block, given doc) error {
	key, expires := publicKey(block)
	if key == nil {
		return invalidBody("pem is not a valid RSA public key")
	}
	c.Doc["alg"] = firstOf(str(given, "alg"), "RS256")
	c.Doc["kid"] = firstOf(str(given, "kid"), thumbprint(key))
	if truth(given, "parse_expiry_from_cert") && !expires.IsZero() {
		c.Doc["expires_at"] = timestamp(expires)
	}
	return nil
}

// publicKey reads an RSA key from SPKI, PKCS 1 or a certificate, which also says when it expires.
func publicKey(block *pem.Block) (key *rsa.PublicKey, expires time.Time) {
	if parsed, err := x509.ParsePKIXPublicKey(block.Bytes); err == nil {
		key, _ = parsed.(*rsa.PublicKey)
		return key, expires
	}
	if parsed, err := x509.ParsePKCS1PublicKey(block.Bytes); err == nil {
		return parsed, expires
	}
	if cert, err := x509.ParseCertificate(block.Bytes); err == nil {
		key, _ = cert.PublicKey.(*rsa.PublicKey)
		return key, cert.NotAfter
	}
	return nil, expires
}

// thumbprint is the RFC 7638 thumbprint of a key, which Auth0 takes for its kid.
func thumbprint(key *rsa.PublicKey) string {
	encode := base64.RawURLEncoding.EncodeToString
	sum := sha256.Sum256(fmt.Appendf(nil, `{"e":%q,"kty":"RSA","n":%q}`, encode(big.NewInt(int64(key.E)).Bytes()), encode(key.N.Bytes())))
	return encode(sum[:])
}

func (c *credential) readCertificate(block *pem.Block, kind string) error {
	cert, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		return invalidBody("pem is not a valid X509 certificate")
	}
	if kind == "cert_subject_dn" {
		c.Doc["subject_dn"] = subjectDN(cert)
		return nil
	}
	sum := sha256.Sum256(cert.Raw)
	c.Doc["thumbprint_sha256"] = base64.RawURLEncoding.EncodeToString(sum[:])
	c.Doc["expires_at"] = timestamp(cert.NotAfter)
	return nil
}

// subjectDN writes a subject one attribute a line, in the order of the certificate.
func subjectDN(cert *x509.Certificate) string {
	short := map[string]string{
		"2.5.4.3": "CN", "2.5.4.6": "C", "2.5.4.7": "L", "2.5.4.8": "ST", "2.5.4.10": "O", "2.5.4.11": "OU",
	}
	var lines []string
	for _, attribute := range cert.Subject.Names {
		lines = append(lines, fmt.Sprintf("%s=%v", firstOf(short[attribute.Type.String()], attribute.Type.String()), attribute.Value))
	}
	return strings.Join(lines, "\n")
}

// methodsWithCredentials are the places in an application that hold credentials.
var methodsWithCredentials = []string{"private_key_jwt", "tls_client_auth", "self_signed_tls_client_auth"}

// takeCredentials creates the credentials in the payload, and replaces them by references. It returns what the answer shows
// instead of the references: the complete new credentials.
func (c *call) takeCredentials(o *client, given doc) (doc, error) {
	shown := doc{}
	if methods, ok := given["client_authentication_methods"].(doc); ok {
		kept, full := clone(methods), clone(methods)
		for _, method := range methodsWithCredentials {
			if holder, ok := methods[method].(doc); ok {
				references, whole, err := c.credentialsIn(o, holder)
				if err != nil {
					return nil, err
				}
				kept[method], full[method] = references, whole
			}
		}
		given["client_authentication_methods"], shown["client_authentication_methods"] = kept, full
	}
	if request, ok := given["signed_request_object"].(doc); ok {
		references, whole, err := c.credentialsIn(o, request)
		if err != nil {
			return nil, err
		}
		given["signed_request_object"], shown["signed_request_object"] = references, whole
	}
	return shown, nil
}

// credentialsIn makes the new credentials among holder's.
func (c *call) credentialsIn(o *client, holder doc) (references, whole doc, err error) {
	if !has(holder, "credentials") {
		return holder, holder, nil
	}
	kept, full := []any{}, []any{}
	for _, item := range list(holder, "credentials") {
		given, _ := item.(doc)
		if id := str(given, "id"); id != "" {
			if !o.Credentials.Has(id) {
				return nil, nil, noCredential()
			}
			kept, full = append(kept, doc{"id": id}), append(full, doc{"id": id})
			continue
		}
		if problem := credentialCreation.check(given); problem != "" {
			return nil, nil, invalid("Payload", problem)
		}
		made, err := newCredential(given, c.now)
		if err != nil {
			return nil, nil, err
		}
		o.Credentials.Put(made.ID, made)
		kept, full = append(kept, doc{"id": made.ID}), append(full, made.Doc)
	}
	return patch(holder, doc{"credentials": kept}), patch(holder, doc{"credentials": full}), nil
}
