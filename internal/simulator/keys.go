package simulator

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha1" //nolint:gosec // x5t is defined as a SHA-1 thumbprint
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/binary"
	"encoding/pem"
	"math/big"
	"net"
	"sync"
	"time"
)

// signingKey signs the tokens of the tenant.
type signingKey struct {
	private *rsa.PrivateKey
	id      string // kid
	cert    []byte // self-signed, DER
}

// signingKeys are the current and the next key, as a JWKS usually shows. They are made once per process: tests start many
// simulators, and RSA keys are slow to make.
var signingKeys = sync.OnceValue(func() [2]*signingKey { return [2]*signingKey{newSigningKey(), newSigningKey()} })

func newSigningKey() *signingKey {
	private, err := rsa.GenerateKey(rand.Reader, 2048)
	must(err)
	template := &x509.Certificate{
		SerialNumber: serial(), Subject: pkix.Name{CommonName: "auth0-simulator"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().AddDate(13, 0, 0),
	}
	cert, err := x509.CreateCertificate(rand.Reader, template, template, private.Public(), private)
	must(err)
	return &signingKey{private: private, id: random(21, urlSafe), cert: cert}
}

// jwk is the key as the JWKS shows it.
func (k *signingKey) jwk() doc {
	thumbprint := sha1.Sum(k.cert) //nolint:gosec // see the import
	return doc{
		"kty": "RSA", "use": "sig", "alg": "RS256", "kid": k.id,
		"n":   base64.RawURLEncoding.EncodeToString(k.private.N.Bytes()),
		"e":   base64.RawURLEncoding.EncodeToString(exponent(k.private.E)),
		"x5t": base64.RawURLEncoding.EncodeToString(thumbprint[:]),
		"x5c": []any{base64.StdEncoding.EncodeToString(k.cert)},
	}
}

func exponent(e int) []byte {
	var b [8]byte
	binary.BigEndian.PutUint64(b[:], uint64(e)) //nolint:gosec // an RSA exponent is positive
	return new(big.Int).SetBytes(b[:]).Bytes()
}

// certificatePEM is the certificate that applications show among their signing keys.
func (k *signingKey) certificatePEM() string {
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: k.cert}))
}

// newCertificate makes an authority, and with it a server certificate for localhost. It returns the authority as PEM.
func newCertificate() (tls.Certificate, []byte) {
	authorityKey, authority := newECDSA(&x509.Certificate{
		Subject: pkix.Name{CommonName: "auth0-simulator CA"}, IsCA: true, BasicConstraintsValid: true,
		KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageCRLSign,
	}, nil, nil)
	key, cert := newECDSA(&x509.Certificate{
		Subject: pkix.Name{CommonName: "localhost"}, DNSNames: []string{"localhost"},
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1), net.IPv6loopback},
		KeyUsage:    x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}, authority, authorityKey)
	ca := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: authority.Raw})
	return tls.Certificate{Certificate: [][]byte{cert.Raw}, PrivateKey: key, Leaf: cert}, ca
}

func newECDSA(template, parent *x509.Certificate, parentKey *ecdsa.PrivateKey) (*ecdsa.PrivateKey, *x509.Certificate) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(err)
	template.SerialNumber = serial()
	template.NotBefore, template.NotAfter = time.Now().Add(-time.Hour), time.Now().AddDate(1, 0, 0)
	if parent == nil {
		parent, parentKey = template, key
	}
	raw, err := x509.CreateCertificate(rand.Reader, template, parent, key.Public(), parentKey)
	must(err)
	cert, err := x509.ParseCertificate(raw)
	must(err)
	return key, cert
}

func serial() *big.Int {
	n, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 120))
	must(err)
	return n
}

// must is for errors that only a broken machine can cause.
func must(err error) {
	if err != nil {
		panic(err)
	}
}
