package simulator_test

import (
	"crypto"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"math/big"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/auth0-operator/auth0-operator/internal/simulator"
)

// claimsOf verifies a token with the published keys and returns what it says.
func (n *tenant) claimsOf(token string) map[string]any {
	n.t.Helper()
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		n.t.Fatalf("%q is no JWT", token)
	}
	var header struct{ Kid, Alg string }
	var claims map[string]any
	_ = json.Unmarshal(unbase64(parts[0]), &header)
	_ = json.Unmarshal(unbase64(parts[1]), &claims)
	_, body := n.do("GET", "/.well-known/jwks.json", "")
	var set struct {
		Keys []struct{ Kid, N, E string }
	}
	_ = json.Unmarshal(body, &set)
	for _, key := range set.Keys {
		if key.Kid != header.Kid {
			continue
		}
		public := rsa.PublicKey{N: new(big.Int).SetBytes(unbase64(key.N)), E: int(new(big.Int).SetBytes(unbase64(key.E)).Int64())}
		digest := sha256.Sum256([]byte(parts[0] + "." + parts[1]))
		if err := rsa.VerifyPKCS1v15(&public, crypto.SHA256, digest[:], unbase64(parts[2])); err != nil {
			n.t.Fatal(err)
		}
		return claims
	}
	n.t.Fatalf("no key %q in %s", header.Kid, body)
	return nil
}

func unbase64(s string) []byte {
	out, _ := base64.RawURLEncoding.DecodeString(s)
	return out
}

func TestClientCredentials(t *testing.T) {
	n := start(t, simulator.Options{})
	const token = `POST /oauth/token `
	const mine = `"grant_type":"client_credentials","client_id":"operator","client_secret":"operator-secret"`
	n.play(
		step{token + `{` + mine + `,"audience":"https://$domain/api/v2/","scope":"read:users"}`,
			`200 {"access_token":"<token>","token_type":"Bearer","expires_in":86400,"scope":"read:users"}`},
		step{token + `grant_type=client_credentials&client_id=operator&client_secret=operator-secret&audience=https%3A%2F%2F$domain%2Fapi%2Fv2%2F`,
			`200 {"scope":"</create:users/>","...":0}`},
		step{token + `{` + mine + `,"audience":"https://$domain/api/v2"}`, `403 {"error":"access_denied","error_description":"Service not enabled within domain: https://$domain/api/v2"}`},
		step{token + `{` + mine + `}`, `403 {"error":"access_denied","error_description":"Non-global clients are not allowed access to APIv1"}`},
		step{token + `{` + mine + `,"audience":"https://$domain/api/v2/","scope":"fly"}`, `403 {"error":"access_denied","error_description":"Client has not been granted scopes: fly"}`},
		step{token + `{"grant_type":"client_credentials","client_id":"operator","client_secret":"wrong"}`, `401 {"error":"access_denied","error_description":"Unauthorized"}`},
		step{token + `{"grant_type":"client_credentials","client_id":"nobody","client_secret":"x"}`, `401 {"error":"access_denied","error_description":"Unauthorized"}`},
		step{token + `{"grant_type":"password","client_id":"operator","client_secret":"operator-secret"}`, `403 {"error":"unauthorized_client","error_description":"Grant type 'password' not allowed for the client."}`},
		step{token + `{"client_id":"operator"}`, `400 {"error":"invalid_request","...":0}`},
		step{`POST dashboard:/api/v2/resource-servers {"name":"API","identifier":"urn:api","scopes":[{"value":"go"}],"token_lifetime":60}`, `201 ...`},
		step{token + `{` + mine + `,"audience":"urn:api"}`, `403 {"error":"access_denied","error_description":"Client \"operator\" is not authorized to access resource server \"urn:api\". You need to create a \"client-grant\" associated to this API."}`},
		step{`POST dashboard:/api/v2/client-grants {"client_id":"operator","audience":"urn:api","scope":["go"]}`, `201 {"id":"</^cgr_/>","client_id":"operator","audience":"urn:api","scope":["go"],"subject_type":"client"}`},
		step{`POST dashboard:/api/v2/client-grants {"client_id":"operator","audience":"urn:api","scope":["go"]}`, `409 ...`},
		step{token + `{` + mine + `,"audience":"urn:api"}`, `200 {"access_token":"<api>","token_type":"Bearer","expires_in":60,"scope":"go"}`},
	)
	if got := n.last.Header.Get("Cache-Control"); got != "no-store" {
		t.Errorf("Cache-Control is %q", got)
	}
	claims := n.claimsOf(n.vars["api"])
	for key, want := range map[string]any{
		"iss": n.URL + "/", "sub": "operator@clients", "aud": "urn:api", "azp": "operator", "scope": "go", "gty": "client-credentials",
	} {
		if claims[key] != want {
			t.Errorf("%s is %v, not %v", key, claims[key], want)
		}
	}
}

func TestManagementTokens(t *testing.T) {
	n := start(t, simulator.Options{})
	n.play(step{`GET /api/v2/roles`, `401 {"statusCode":401,"error":"Unauthorized","message":"Missing authentication"}`})
	if got := n.last.Header.Get("WWW-Authenticate"); got != "Bearer" {
		t.Errorf("WWW-Authenticate is %q", got)
	}
	n.token = "garbage"
	n.play(step{`GET /api/v2/roles`, `401 {"message":"Invalid token","...":0}`})
	n.token = "two words"
	n.play(step{`GET /api/v2/roles`, `400 {"message":"Bad HTTP authentication header format","...":0}`})
	n.login("read:roles")
	n.play(
		step{`GET /api/v2/roles`, `200 []`},
		step{`POST /api/v2/roles {}`, `403 {"statusCode":403,"error":"Forbidden","message":"Insufficient scope, expected any of: create:roles","errorCode":"insufficient_scope"}`},
	)
	n.token = n.token[:len(n.token)-4] + "AAAA"
	n.play(step{`GET /api/v2/roles`, `401 {"message":"Invalid signature received for JSON Web Token validation","...":0}`})
	n.login()
	n.Advance(25 * time.Hour)
	n.play(step{`GET /api/v2/roles`, `401 {"statusCode":401,"error":"Unauthorized","message":"Expired token received for JSON Web Token validation","attributes":{"error":"Expired token received for JSON Web Token validation"}}`})
	n.play(
		step{`POST dashboard:/api/v2/resource-servers {"identifier":"urn:api"}`, `201 ...`},
		step{`POST dashboard:/api/v2/client-grants {"client_id":"operator","audience":"urn:api","scope":[]}`, `201 ...`},
	)
	n.token = n.tokenFor(clientID, clientSecret, "urn:api", "")
	n.play(step{`GET /api/v2/roles`, `401 {"message":"Bad audience: urn:api","...":0}`})
}

const realm = `POST /oauth/token {"grant_type":"http://auth0.com/oauth/grant-type/password-realm","realm":"Username-Password-Authentication","client_id":"$app","client_secret":"$secret",`

// application makes one that may log users in.
func (n *tenant) application() {
	n.t.Helper()
	n.play(
		step{`POST dashboard:/api/v2/clients {"name":"app","grant_types":["password","http://auth0.com/oauth/grant-type/password-realm","refresh_token","authorization_code","urn:ietf:params:oauth:grant-type:device_code"],"callbacks":["https://app.example.com/cb"]}`,
			`201 {"client_id":"<app>","client_secret":"<secret>","...":0}`},
		step{`GET dashboard:/api/v2/connections`, `200 [{"id":"<con>","...":0}]`},
		step{`PATCH dashboard:/api/v2/connections/$con/clients [{"client_id":"$app","status":true}]`, `204`},
		step{`POST dashboard:/api/v2/resource-servers {"name":"API","identifier":"urn:api","scopes":[{"value":"read"},{"value":"write"}],"allow_offline_access":true}`, `201 {"id":"<api>","...":0}`},
		step{strings.Replace(newUser, " /api", " dashboard:/api", 1), `201 ...`},
	)
}

func TestPasswordRealm(t *testing.T) {
	n := start(t, simulator.Options{})
	n.application()
	n.play(
		step{realm + `"username":"chuck@example.com","password":"Has 1 good password","audience":"urn:api","scope":"openid read fly"}`,
			`200 {"access_token":"<token>","id_token":"<id>","token_type":"Bearer","expires_in":86400,"scope":"openid read"}`},
		step{realm + `"username":"chuck@example.com","password":"Has 1 good password"}`,
			`200 {"access_token":"</^[A-Za-z0-9]{32}$/>","id_token":"<*>","token_type":"Bearer","expires_in":86400,"scope":"openid profile email address phone"}`},
		step{realm + `"username":"CHUCK@example.com","password":"wrong"}`, `403 {"error":"invalid_grant","error_description":"Wrong email or password."}`},
		step{realm + `"username":"nobody@example.com","password":"x"}`, `403 {"error":"invalid_grant","error_description":"Wrong email or password."}`},
		step{realm + `"username":"chuck@example.com","password":"Has 1 good password","audience":"urn:none"}`,
			`400 {"error":"invalid_request","error_description":"invalid audience specified for password grant exchange"}`},
		step{strings.Replace(realm, "http://auth0.com/oauth/grant-type/password-realm", "password", 1) + `"username":"chuck@example.com","password":"Has 1 good password"}`,
			`500 {"error":"server_error","error_description":"Authorization server not configured with default connection."}`},
		step{`PATCH dashboard:/api/v2/users/auth0%7Cchuck {"blocked":true}`, `200 {"logins_count":2,"last_login":"<*>","last_ip":"127.0.0.1","...":0}`},
		step{realm + `"username":"chuck@example.com","password":"Has 1 good password"}`, `403 {"error":"unauthorized","error_description":"user is blocked"}`},
	)
	claims := n.claimsOf(n.vars["token"])
	if claims["sub"] != "auth0|chuck" || claims["gty"] != "password" || len(claims["aud"].([]any)) != 2 {
		t.Errorf("claims are %v", claims)
	}
	if id := n.claimsOf(n.vars["id"]); id["aud"] != n.vars["app"] || id["sub"] != "auth0|chuck" {
		t.Errorf("claims of the id token are %v", id)
	}
}

func TestBruteForceProtection(t *testing.T) {
	n := start(t, simulator.Options{})
	n.application()
	n.login()
	wrong := step{realm + `"username":"chuck@example.com","password":"wrong"}`, `403 ...`}
	for range 10 {
		n.play(wrong)
	}
	n.play(
		step{realm + `"username":"chuck@example.com","password":"Has 1 good password"}`, `429 {"error":"too_many_attempts","...":0}`},
		step{`GET /api/v2/user-blocks/auth0%7Cchuck`, `200 {"blocked_for":[{"identifier":"chuck@example.com","ip":"127.0.0.1"}]}`},
		step{`GET /api/v2/user-blocks?identifier=chuck@example.com`, `200 {"blocked_for":[{"identifier":"chuck@example.com","ip":"127.0.0.1"}]}`},
		step{`PATCH /api/v2/users/auth0%7Cchuck {"blocked":false}`, `200 ...`}, // another kind of block
		step{realm + `"username":"chuck@example.com","password":"Has 1 good password"}`, `429 ...`},
		step{`DELETE /api/v2/user-blocks/auth0%7Cchuck`, `204`},
		step{realm + `"username":"chuck@example.com","password":"Has 1 good password"}`, `200 ...`},
	)
}

func TestRoleBasedAccess(t *testing.T) {
	n := start(t, simulator.Options{})
	n.application()
	n.play(
		step{`PATCH dashboard:/api/v2/resource-servers/$api {"enforce_policies":true,"token_dialect":"access_token_authz"}`, `200 ...`},
		step{`POST dashboard:/api/v2/users/auth0%7Cchuck/permissions {"permissions":[{"resource_server_identifier":"urn:api","permission_name":"write"}]}`, `201 {}`},
		step{realm + `"username":"chuck@example.com","password":"Has 1 good password","audience":"urn:api","scope":"read write"}`,
			`200 {"access_token":"<token>","scope":"write","...":0}`},
	)
	if got := n.claimsOf(n.vars["token"])["permissions"]; len(got.([]any)) != 1 {
		t.Errorf("permissions are %v", got)
	}
}

func TestDiscovery(t *testing.T) {
	n := start(t, simulator.Options{})
	n.play(step{`GET /.well-known/openid-configuration`, `200 {"issuer":"https://$domain/","token_endpoint":"https://$domain/oauth/token","jwks_uri":"https://$domain/.well-known/jwks.json","...":0}`})
	if n.last.Proto != "HTTP/2.0" || n.last.StatusCode != http.StatusOK {
		t.Errorf("answered by %s", n.last.Proto)
	}
}
