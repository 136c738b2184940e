package client

import (
	"context"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"fmt"
	"time"

	"github.com/lestrrat-go/jwx/v2/jwk"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/auth0-operator/auth0-operator/api/v1alpha1"
	"github.com/auth0-operator/auth0-operator/internal/auth0"
	"github.com/auth0-operator/auth0-operator/internal/engine"
	"github.com/auth0-operator/auth0-operator/internal/secret"
)

// The output Secret holds a generated key pair and the state of its rotation, so each step is one write to it. First, the next
// private key is in the Secret before Auth0 gets its public key. Then, once Auth0 accepts both, the next key replaces the current
// one. The former key works until its overlap ends. See docs/decisions/0014-key-rotation.md.
const (
	// The operator reads the keys back from these entries, so they exist whatever the templates say.
	privateKeyKey     = "privateKey"
	nextPrivateKeyKey = "nextPrivateKey"

	annotationKeyAlgorithm     = "auth0-operator.io/key-algorithm"
	annotationNextKeyAlgorithm = "auth0-operator.io/next-key-algorithm"
	annotationKeyMadeAt        = "auth0-operator.io/key-made-at"
	annotationKeyRequest       = "auth0-operator.io/key-request"
	annotationRetiringKey      = "auth0-operator.io/retiring-key"
	annotationRetiresAt        = "auth0-operator.io/retiring-key-until"

	defaultAssertionAlgorithm = "RS256"
	defaultOverlap            = time.Hour
	keyBits                   = 2048
)

// generatedKey is the generated key pair of the spec, or nil.
func generatedKey(c *v1alpha1.Auth0Client) *v1alpha1.ClientKeyPair {
	return privateKeyJWT(c).Generate
}

// signingKey is a private key in PEM form.
type signingKey struct{ pem, alg string }

func (k signingKey) exists() bool { return k.pem != "" }

// kid is the thumbprint of the key, or "" if it is not a key.
func (k signingKey) kid() string {
	public, err := publicKeyIn(k.pem)
	if err != nil {
		return ""
	}
	return public.kid
}

// credential is the public key in Auth0's form.
func (k signingKey) credential() (clientCredential, error) {
	public, err := publicKeyIn(k.pem)
	if err != nil {
		return clientCredential{}, err
	}
	return clientCredential{kid: public.kid, name: "auth0-operator", pem: public.pem, alg: k.alg}, nil
}

// keyPair is the state of a generated key pair in the output Secret.
type keyPair struct {
	current, next signingKey
	madeAt        time.Time
	// request is the value of the annotation that the current key was created for.
	request string
	// retiring is the ID of the former key, which works until retiresAt.
	retiring  string
	retiresAt time.Time
}

// currentKeyPair reads the key pair. It creates a key if there is none, and the next key when a rotation is due.
func currentKeyPair(req engine.Request[*v1alpha1.Auth0Client], held *corev1.Secret) (keyPair, error) {
	c, now := req.Object, req.Clock.Now()
	pair := readKeyPair(held)
	if pair.current.kid() == "" {
		made, err := makeKey(algorithmOf(generatedKey(c).Alg))
		return keyPair{current: made, madeAt: now, request: c.Annotations[v1alpha1.AnnotationRotateKey]}, err
	}
	if !pair.next.exists() && pair.isDue(c, now) {
		var err error
		if pair.next, err = makeKey(algorithmOf(generatedKey(c).Alg)); err != nil {
			return pair, err
		}
	}
	return pair, nil
}

// publishKeyPair writes the key pair before Auth0 gets its public key.
func publishKeyPair(ctx context.Context, req engine.Request[*v1alpha1.Auth0Client], held *corev1.Secret, pair keyPair, have auth0.Document) error {
	if err := pair.write(ctx, req, have); err != nil {
		return err
	}
	if before := readKeyPair(held); before.current.pem != pair.current.pem {
		req.Event(ctx, v1alpha1.EventKeyGenerated, "made a key pair, whose private key is in Secret "+req.Object.Spec.OutputSecret.Name)
	}
	return nil
}

func readKeyPair(held *corev1.Secret) keyPair {
	if held == nil {
		return keyPair{}
	}
	return keyPair{
		current:   signingKey{string(held.Data[privateKeyKey]), held.Annotations[annotationKeyAlgorithm]},
		next:      signingKey{string(held.Data[nextPrivateKeyKey]), held.Annotations[annotationNextKeyAlgorithm]},
		madeAt:    secret.TimeIn(held, annotationKeyMadeAt),
		request:   held.Annotations[annotationKeyRequest],
		retiring:  held.Annotations[annotationRetiringKey],
		retiresAt: secret.TimeIn(held, annotationRetiresAt),
	}
}

// isDue reports whether to create the next key. While the former key still works, there is no room for another.
func (p keyPair) isDue(c *v1alpha1.Auth0Client, now time.Time) bool {
	spec := generatedKey(c)
	if c.Spec.ManagementPolicy == v1alpha1.ManagementPolicyCreateOnly || p.retiring != "" {
		return false
	}
	return p.current.alg != algorithmOf(spec.Alg) || p.request != c.Annotations[v1alpha1.AnnotationRotateKey] ||
		spec.RotateEvery != nil && !now.Before(p.madeAt.Add(spec.RotateEvery.Duration))
}

// write puts the key pair into the output Secret.
func (p keyPair) write(ctx context.Context, req engine.Request[*v1alpha1.Auth0Client], have auth0.Document) error {
	output, held, err := clientOutput(ctx, req)
	if err != nil {
		return err
	}
	data, err := clientData(req, have, p)
	if err != nil {
		return err
	}
	annotations := map[string]string{
		annotationKeyAlgorithm: p.current.alg, annotationKeyMadeAt: p.madeAt.UTC().Format(time.RFC3339), annotationKeyRequest: p.request,
	}
	data[privateKeyKey] = []byte(p.current.pem)
	if p.next.exists() {
		data[nextPrivateKeyKey], annotations[annotationNextKeyAlgorithm] = []byte(p.next.pem), p.next.alg
	}
	if p.retiring != "" {
		annotations[annotationRetiringKey], annotations[annotationRetiresAt] = p.retiring, p.retiresAt.UTC().Format(time.RFC3339)
	}
	return output.Put(ctx, held, data, annotations)
}

// rotateKey makes Auth0 accept the key pair in the output Secret, one step of a rotation at a time.
func rotateKey(ctx context.Context, req engine.Request[*v1alpha1.Auth0Client], have auth0.Document) error {
	c, now := req.Object, req.Clock.Now()
	_, held, err := clientOutput(ctx, req)
	if err != nil {
		return err
	}
	pair := readKeyPair(held)
	over := pair.retiring != "" && !now.Before(pair.retiresAt)
	wanted, err := pair.credentials(over)
	if err != nil {
		return err
	}
	if err := keepCredentials(ctx, req, have, wanted); err != nil {
		return err
	}
	switch {
	case pair.next.exists():
		pair = keyPair{
			current: pair.next, madeAt: now, request: c.Annotations[v1alpha1.AnnotationRotateKey],
			retiring: pair.current.kid(), retiresAt: now.Add(overlapOf(generatedKey(c))),
		}
		if err := pair.write(ctx, req, have); err != nil {
			return err
		}
		req.Event(ctx, v1alpha1.EventKeyRotated, fmt.Sprintf("Secret %s holds a new private key; the former one works until %s", c.Spec.OutputSecret.Name, pair.retiresAt.UTC().Format(time.RFC3339)))
	case over:
		pair.retiring = ""
		if err := pair.write(ctx, req, have); err != nil {
			return err
		}
	}
	c.Status.KeyPair = pair.status()
	return nil
}

// credentials are the public keys that Auth0 must accept: the current one, and the next or the former one.
func (p keyPair) credentials(over bool) ([]clientCredential, error) {
	current, err := p.current.credential()
	if err != nil {
		return nil, err
	}
	wanted := []clientCredential{current}
	switch {
	case p.next.exists():
		next, err := p.next.credential()
		return append(wanted, next), err
	case p.retiring != "" && !over:
		// The former private key is gone. The credential is kept if it exists, and not created again.
		wanted = append(wanted, clientCredential{kid: p.retiring})
	}
	return wanted, nil
}

func (p keyPair) status() *v1alpha1.ClientKeyPairStatus {
	status := &v1alpha1.ClientKeyPairStatus{KeyID: p.current.kid(), MadeAt: metav1.Time{Time: p.madeAt.Truncate(time.Second)}}
	if p.retiring != "" {
		status.RetiringKeyID, status.RetiresAt = p.retiring, &metav1.Time{Time: p.retiresAt.Truncate(time.Second)}
	}
	return status
}

// keyChangesAt is the time of the next step of a rotation, or the zero time.
func keyChangesAt(c *v1alpha1.Auth0Client) time.Time {
	status, spec := c.Status.KeyPair, generatedKey(c)
	switch {
	case spec == nil || status == nil:
		return time.Time{}
	case status.RetiresAt != nil:
		return status.RetiresAt.Time
	case spec.RotateEvery != nil:
		return status.MadeAt.Add(spec.RotateEvery.Duration)
	}
	return time.Time{}
}

func algorithmOf(declared v1alpha1.ClientAssertionAlgorithm) string {
	if declared == "" {
		return defaultAssertionAlgorithm
	}
	return string(declared)
}

func overlapOf(spec *v1alpha1.ClientKeyPair) time.Duration {
	if spec.Overlap == nil {
		return defaultOverlap
	}
	return spec.Overlap.Duration
}

// makeKey creates a private key.
func makeKey(alg string) (signingKey, error) {
	key, err := rsa.GenerateKey(rand.Reader, keyBits)
	if err != nil {
		return signingKey{}, fmt.Errorf("make a key pair: %w", err)
	}
	encoded, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return signingKey{}, fmt.Errorf("encode a private key: %w", err)
	}
	return signingKey{pem: string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: encoded})), alg: alg}, nil
}

// publicKey is an RSA public key in PEM form, with its thumbprint.
type publicKey struct{ pem, kid string }

// publicKeyIn reads a public key, a certificate or a private key in PEM form. Its errors never quote it.
func publicKeyIn(text string) (publicKey, error) {
	parsed, err := jwk.ParseKey([]byte(text), jwk.WithPEM(true))
	if err != nil {
		return publicKey{}, errors.New("it holds no key or certificate in PEM form")
	}
	public, err := parsed.PublicKey()
	if err != nil {
		return publicKey{}, errors.New("it holds no RSA key")
	}
	var key rsa.PublicKey
	if public.Raw(&key) != nil {
		return publicKey{}, errors.New("it holds no RSA key")
	}
	// An RSA key always has a thumbprint and an encoding.
	sum, _ := public.Thumbprint(crypto.SHA256)
	encoded, _ := x509.MarshalPKIXPublicKey(&key)
	return publicKey{
		pem: string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: encoded})),
		kid: base64.RawURLEncoding.EncodeToString(sum),
	}, nil
}
