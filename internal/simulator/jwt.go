package simulator

import (
	"crypto"
	"crypto/hmac"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"strings"
	"time"
)

// signJWT makes a signed token with these claims. typ is JWT, or at+jwt for the RFC 9068 profile; alg is RS256 unless it is
// HS256, signed with secret, or PS256.
func signJWT(typ, alg, secret string, claims doc) string {
	key := signingKeys()[0]
	header := doc{"alg": "RS256", "typ": typ, "kid": key.id}
	switch alg {
	case "HS256":
		header = doc{"alg": alg, "typ": typ}
	case "PS256":
		header["alg"] = alg
	}
	text := segment(header) + "." + segment(claims)
	digest := sha256.Sum256([]byte(text))
	var signature []byte
	var err error
	switch header["alg"] {
	case "HS256":
		mac := hmac.New(sha256.New, []byte(secret))
		mac.Write([]byte(text))
		signature = mac.Sum(nil)
	case "PS256":
		signature, err = rsa.SignPSS(rand.Reader, key.private, crypto.SHA256, digest[:], nil)
	default:
		signature, err = rsa.SignPKCS1v15(rand.Reader, key.private, crypto.SHA256, digest[:])
	}
	must(err)
	return text + "." + base64.RawURLEncoding.EncodeToString(signature)
}

func segment(d doc) string {
	data, err := json.Marshal(d)
	must(err)
	return base64.RawURLEncoding.EncodeToString(data)
}

// verifyJWT returns the claims of one of our tokens. problem is in the words of the Management API.
func verifyJWT(token string, now time.Time) (claims doc, problem string) {
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		return nil, "Invalid token"
	}
	header, body := decodeSegment(parts[0]), decodeSegment(parts[1])
	signature, err := base64.RawURLEncoding.DecodeString(parts[2])
	if header == nil || body == nil || err != nil {
		return nil, "Invalid token"
	}
	digest := sha256.Sum256([]byte(parts[0] + "." + parts[1]))
	for _, key := range signingKeys() {
		if key.id != str(header, "kid") || str(header, "alg") != "RS256" {
			continue
		}
		if rsa.VerifyPKCS1v15(&key.private.PublicKey, crypto.SHA256, digest[:], signature) != nil {
			break
		}
		if float64(now.Unix()) >= number(body, "exp", 0) {
			return nil, "Expired token received for JSON Web Token validation"
		}
		return body, ""
	}
	return nil, "Invalid signature received for JSON Web Token validation"
}

func decodeSegment(text string) doc {
	data, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil {
		return nil
	}
	var d doc
	if json.Unmarshal(data, &d) != nil {
		return nil
	}
	return d
}
