package simulator_test

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/auth0-operator/auth0-operator/internal/simulator"
)

const (
	token   = `POST /oauth/token {"client_id":"$app","client_secret":"$secret",`
	unknown = `403 {"error":"invalid_grant","error_description":"Unknown or invalid refresh token."}`
)

func (n *tenant) approve(extra string) {
	n.t.Helper()
	n.play(step{`POST /_sim/authorize {"client_id":"$app","user_id":"auth0|chuck","audience":"urn:api","scope":"openid read offline_access"` + extra + `}`, `200 {"code":"<code>"}`})
}

func TestAuthorizationCode(t *testing.T) {
	n := start(t, simulator.Options{})
	n.application()
	n.approve(`,"redirect_uri":"https://app.example.com/cb","nonce":"n1"`)
	n.play(
		step{token + `"grant_type":"authorization_code","code":"$code","redirect_uri":"https://app.example.com/cb"}`,
			`200 {"access_token":"<*>","id_token":"<id>","refresh_token":"<*>","scope":"openid read offline_access","expires_in":86400,"token_type":"Bearer"}`},
		step{token + `"grant_type":"authorization_code","code":"$code","redirect_uri":"https://app.example.com/cb"}`,
			`403 {"error":"invalid_grant","error_description":"Invalid authorization code"}`},
	)
	if nonce := n.claimsOf(n.vars["id"])["nonce"]; nonce != "n1" {
		t.Errorf("nonce is %v", nonce)
	}
	n.approve(`,"redirect_uri":"https://app.example.com/cb"`)
	n.play(step{token + `"grant_type":"authorization_code","code":"$code","redirect_uri":"https://evil.example.com"}`, `403 {"error":"invalid_grant","...":0}`})
	n.approve("")
	n.Advance(11 * time.Minute)
	n.play(
		step{token + `"grant_type":"authorization_code","code":"$code"}`, `403 ...`},
		step{`POST /_sim/authorize {"client_id":"nobody","user_id":"x"}`, `400 {"error":"no application has the client_id \"nobody\""}`},
		step{`POST /_sim/authorize {"client_id":"$app","user_id":"auth0|chuck","redirect_uri":"https://evil.example.com"}`, `400 {"error":"</callbacks/>"}`},
	)
}

func TestPKCE(t *testing.T) {
	n := start(t, simulator.Options{})
	n.application()
	sum := sha256.Sum256([]byte("verifier"))
	n.vars["challenge"] = base64.RawURLEncoding.EncodeToString(sum[:])
	for verifier, answer := range map[string]string{
		"verifier": `200 ...`, "wrong": `403 {"error":"invalid_grant","error_description":"Failed to verify code verifier"}`,
	} {
		n.approve(`,"code_challenge":"$challenge","code_challenge_method":"S256"`)
		n.play(step{token + `"grant_type":"authorization_code","code":"$code","code_verifier":"` + verifier + `"}`, answer})
	}
}

// refreshable lets the application have a refresh token.
func (n *tenant) refreshable(configuration string) {
	n.t.Helper()
	n.application()
	n.play(step{`PATCH dashboard:/api/v2/clients/$app {"refresh_token":` + configuration + `}`, `200 ...`})
	n.approve("")
	n.play(step{token + `"grant_type":"authorization_code","code":"$code"}`, `200 {"refresh_token":"<first>","...":0}`})
}

func TestRefreshTokens(t *testing.T) {
	n := start(t, simulator.Options{})
	n.refreshable(`{"rotation_type":"non-rotating","expiration_type":"non-expiring"}`)
	const refresh = token + `"grant_type":"refresh_token","refresh_token":"$first"`
	n.play(
		step{refresh + `}`, `200 {"access_token":"<*>","id_token":"<*>","scope":"openid read offline_access","expires_in":86400,"token_type":"Bearer"}`},
		step{refresh + `,"scope":"read"}`, `200 {"access_token":"<*>","scope":"read","expires_in":86400,"token_type":"Bearer"}`},
		step{token + `"grant_type":"refresh_token","refresh_token":"nonsense"}`, unknown},
		step{`GET dashboard:/api/v2/users/auth0%7Cchuck/refresh-tokens`, `200 {"tokens":[{"user_id":"auth0|chuck","client_id":"$app","rotating":false,"expires_at":null,"resource_servers":[{"audience":"urn:api","scopes":"openid read offline_access"}],"...":0}]}`},
		step{`PATCH dashboard:/api/v2/users/auth0%7Cchuck {"blocked":true}`, `200 ...`},
		step{refresh + `}`, `403 {"error":"unauthorized","error_description":"user is blocked"}`},
		step{`PATCH dashboard:/api/v2/users/auth0%7Cchuck {"blocked":false}`, `200 ...`},
		step{`POST /oauth/revoke {"client_id":"$app","client_secret":"$secret","token":"$first"}`, `200`},
		step{`POST /oauth/revoke {"client_id":"$app","client_secret":"$secret","token":"$first"}`, `200`},
		step{refresh + `}`, unknown},
	)
}

func TestRotationAndReuse(t *testing.T) {
	n := start(t, simulator.Options{})
	n.refreshable(`{"rotation_type":"rotating","expiration_type":"expiring","leeway":10}`)
	with := func(name string) string {
		return token + `"grant_type":"refresh_token","refresh_token":"$` + name + `"}`
	}
	n.play(
		step{with("first"), `200 {"refresh_token":"<second>","...":0}`},
		step{with("first"), `200 {"refresh_token":"<third>","...":0}`}, // within the leeway
		step{with("third"), `200 {"refresh_token":"<fourth>","...":0}`},
	)
	n.Advance(11 * time.Second)
	n.login()
	n.play(
		step{with("third"), unknown}, // somebody has a copy
		step{with("fourth"), unknown},
		step{`GET /api/v2/logs?q=type:ferrt`, `200 [{"type":"ferrt","user_id":"auth0|chuck","...":0}]`},
	)
}

func TestRefreshTokensExpire(t *testing.T) {
	n := start(t, simulator.Options{})
	n.refreshable(`{"rotation_type":"rotating","expiration_type":"expiring","token_lifetime":1000,"idle_token_lifetime":600}`)
	with := func(name string) string {
		return token + `"grant_type":"refresh_token","refresh_token":"$` + name + `"}`
	}
	n.Advance(500 * time.Second)
	n.play(step{with("first"), `200 {"refresh_token":"<second>","...":0}`})
	n.Advance(550 * time.Second)
	n.play(step{with("second"), unknown}) // rotation does not extend the lifetime of the family
}

func TestDeviceFlow(t *testing.T) {
	n := start(t, simulator.Options{})
	n.application()
	const poll = token + `"grant_type":"urn:ietf:params:oauth:grant-type:device_code","device_code":"$device"}`
	begin := step{`POST /oauth/device/code client_id=$app&audience=urn:api&scope=openid`,
		`200 {"device_code":"<device>","user_code":"<user>","verification_uri":"https://$domain/activate","verification_uri_complete":"<*>","expires_in":900,"interval":5}`}
	n.play(
		begin,
		step{poll, `403 {"error":"authorization_pending","error_description":"User has yet to authorize device code."}`},
		step{poll, `429 {"error":"slow_down","error_description":"You are polling faster than the specified interval of 5 seconds."}`},
		step{`POST /_sim/device {"user_code":"$user","user_id":"auth0|chuck"}`, `200 {}`},
		step{poll, `200 {"scope":"openid","access_token":"<*>","id_token":"<*>","...":0}`},
		step{poll, `403 {"error":"invalid_grant","...":0}`},
		begin,
		step{`POST /_sim/device {"user_code":"$user","deny":true}`, `200 {}`},
		step{poll, `403 {"error":"access_denied","...":0}`},
		begin,
	)
	n.Advance(16 * time.Minute)
	n.play(
		step{poll, `403 {"error":"expired_token","...":0}`},
		step{poll, `403 {"error":"invalid_grant","...":0}`},
		step{`POST /_sim/device {"user_code":"NONE"}`, `400 {"error":"no device has the user_code \"NONE\""}`},
	)
}

func TestSignUp(t *testing.T) {
	n := start(t, simulator.Options{})
	n.application()
	const signup = `POST /dbconnections/signup {"client_id":"$app","connection":"Username-Password-Authentication",`
	n.play(
		step{signup + `"email":"New@Example.com","password":"Has 1 good password"}`, `200 {"_id":"</^[0-9a-f]{24}$/>","email":"new@example.com","email_verified":false}`},
		step{signup + `"email":"new@example.com","password":"Has 1 good password"}`, `400 {"name":"BadRequestError","code":"invalid_signup","description":"Invalid sign up","statusCode":400}`},
		step{signup + `"email":"b@example.com","password":"weak"}`, `400 {"name":"PasswordStrengthError","message":"Password is too weak","code":"invalid_password","statusCode":400,
			"policy":"* At least 8 characters in length\n* Contain at least 3 of the following 4 types of characters:\n  * lower case letters (a-z)\n  * upper case letters (A-Z)\n  * numbers (i.e. 0-9)\n  * special characters (e.g. !@#$%^&*)",
			"description":{"verified":false,"rules":[
				{"message":"At least %d characters in length","format":[8],"code":"lengthAtLeast","verified":false},
				{"message":"Contain at least %d of the following %d types of characters:","format":[3,4],"code":"containsAtLeast","verified":false,"items":[
					{"message":"lower case letters (a-z)","code":"lowerCase","verified":true},{"message":"upper case letters (A-Z)","code":"upperCase","verified":false},
					{"message":"numbers (i.e. 0-9)","code":"numbers","verified":false},{"message":"special characters (e.g. !@#$%^&*)","code":"specialCharacters","verified":false}]}]}}`},
		step{`POST /dbconnections/signup {"connection":"none","email":"a@b.co","password":"x"}`, `400 {"error":"invalid_request","error_description":"the connection was not found"}`},
		step{`PATCH dashboard:/api/v2/tenants/settings {"flags":{"enable_public_signup_user_exists_error":true}}`, `200 ...`},
		step{signup + `"email":"new@example.com","password":"Has 1 good password"}`, `400 {"name":"BadRequestError","code":"user_exists","description":"The user already exists.","statusCode":400}`},
		step{`PATCH dashboard:/api/v2/connections/$con {"options":{"disable_signup":true}}`, `200 ...`},
		step{signup + `"email":"c@example.com","password":"Has 1 good password"}`, `400 {"code":"public signup is disabled","...":0}`},
	)
}

func TestChangePassword(t *testing.T) {
	n := start(t, simulator.Options{})
	n.application()
	for _, email := range []string{"chuck@example.com", "nobody@example.com"} {
		status, body := n.do("POST", "/dbconnections/change_password", `{"connection":"Username-Password-Authentication","email":"`+email+`"}`)
		if status != http.StatusOK || string(body) != "We've just sent you an email to reset your password." {
			t.Errorf("%s: %d %q", email, status, body)
		}
		if kind := n.last.Header.Get("Content-Type"); kind != "text/html; charset=utf-8" {
			t.Errorf("content type is %s", kind)
		}
	}
	reset := 0
	for _, mail := range n.Emails() {
		if mail.Type == "reset_email" {
			reset++
		}
	}
	if reset != 1 {
		t.Errorf("%d mails were sent", reset)
	}
}

func TestUserInfo(t *testing.T) {
	n := start(t, simulator.Options{})
	n.application()
	n.play(step{realm + `"username":"chuck@example.com","password":"Has 1 good password"}`, `200 {"access_token":"<token>","...":0}`})
	request, _ := http.NewRequestWithContext(t.Context(), http.MethodGet, n.URL+"/userinfo", http.NoBody)
	request.Header.Set("Authorization", "Bearer "+n.vars["token"])
	response, err := n.http.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	var claims map[string]any
	if err := json.NewDecoder(response.Body).Decode(&claims); err != nil || claims["sub"] != "auth0|chuck" || claims["email"] != "chuck@example.com" {
		t.Errorf("claims are %v (%v)", claims, err)
	}
	status, body := n.do("GET", "/userinfo", "")
	if status != http.StatusUnauthorized || string(body) != "Unauthorized" || !strings.HasPrefix(n.last.Header.Get("WWW-Authenticate"), `Bearer realm="Users"`) {
		t.Errorf("without a token: %d %q %v", status, body, n.last.Header)
	}
}

func TestClientAuthentication(t *testing.T) {
	n := start(t, simulator.Options{})
	n.play(
		step{`POST dashboard:/api/v2/clients {"name":"m2m","grant_types":["client_credentials"],"token_endpoint_auth_method":"client_secret_basic"}`, `201 {"client_id":"<app>","client_secret":"<secret>","...":0}`},
		step{`POST dashboard:/api/v2/resource-servers {"identifier":"urn:api"}`, `201 ...`},
		step{`POST dashboard:/api/v2/client-grants {"client_id":"$app","audience":"urn:api","scope":[]}`, `201 ...`},
		step{token + `"grant_type":"client_credentials","audience":"urn:api"}`, `401 {"error":"invalid_client","...":0}`},
	)
	request, _ := http.NewRequestWithContext(t.Context(), http.MethodPost, n.URL+"/oauth/token", strings.NewReader("grant_type=client_credentials&audience=urn:api"))
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	request.SetBasicAuth(n.vars["app"], n.vars["secret"])
	response, err := n.http.Do(request)
	if err != nil || response.StatusCode != http.StatusOK {
		t.Errorf("basic authentication: %v %v", response, err)
	}
	_ = response.Body.Close()
	n.play(
		step{`POST dashboard:/api/v2/clients/$app/rotate-secret`, `200 {"client_secret":"<new>","...":0}`},
		step{`PATCH dashboard:/api/v2/clients/$app {"token_endpoint_auth_method":null}`, `200 ...`},
		step{token + `"grant_type":"client_credentials","audience":"urn:api"}`, `401 {"error":"access_denied","error_description":"Unauthorized"}`},
		step{`POST /oauth/token {"client_id":"$app","client_secret":"$new","grant_type":"client_credentials","audience":"urn:api"}`, `200 ...`},
	)
}

func TestPrivateKeyJWT(t *testing.T) {
	n := start(t, simulator.Options{})
	key, _ := rsa.GenerateKey(rand.Reader, 2048)
	spki, _ := x509.MarshalPKIXPublicKey(key.Public())
	public, _ := json.Marshal(string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: spki})))
	n.vars["pem"] = strings.Trim(string(public), `"`)
	n.play(
		step{`POST dashboard:/api/v2/clients {"name":"m2m","grant_types":["client_credentials"],"client_authentication_methods":{"private_key_jwt":{"credentials":[{"credential_type":"public_key","name":"key","pem":"$pem"}]}}}`,
			`201 {"client_id":"<app>","client_authentication_methods":{"private_key_jwt":{"credentials":[{"id":"<cred>","kid":"</^.{43}$/>","alg":"RS256","...":0}]}},"...":0}`},
		step{`GET dashboard:/api/v2/clients/$app?fields=client_authentication_methods`, `200 {"client_authentication_methods":{"private_key_jwt":{"credentials":[{"id":"$cred"}]}}}`},
		step{`POST dashboard:/api/v2/resource-servers {"identifier":"urn:api"}`, `201 ...`},
		step{`POST dashboard:/api/v2/client-grants {"client_id":"$app","audience":"urn:api","scope":[]}`, `201 ...`},
	)
	sign := func(claims map[string]any) {
		part := func(v any) string {
			data, _ := json.Marshal(v)
			return base64.RawURLEncoding.EncodeToString(data)
		}
		text := part(map[string]string{"alg": "RS256", "typ": "JWT"}) + "." + part(claims)
		digest := sha256.Sum256([]byte(text))
		signature, _ := rsa.SignPKCS1v15(rand.Reader, key, crypto.SHA256, digest[:])
		n.vars["assertion"] = text + "." + base64.RawURLEncoding.EncodeToString(signature)
	}
	const exchange = `POST /oauth/token {"grant_type":"client_credentials","audience":"urn:api","client_assertion_type":"urn:ietf:params:oauth:client-assertion-type:jwt-bearer","client_assertion":"$assertion"}`
	good := func(jti string) map[string]any {
		return map[string]any{"iss": n.vars["app"], "sub": n.vars["app"], "aud": n.URL + "/", "jti": jti, "iat": n.Now().Unix(), "exp": n.Now().Add(time.Minute).Unix()}
	}
	sign(good("1"))
	n.play(step{exchange, `200 ...`}, step{exchange, `401 {"error":"invalid_client","error_description":"Client assertion was used before"}`})
	for name, change := range map[string]func(map[string]any){
		"audience without slash": func(c map[string]any) { c["aud"] = n.URL },
		"too long a life":        func(c map[string]any) { c["exp"] = n.Now().Add(time.Hour).Unix() },
		"expired":                func(c map[string]any) { c["exp"] = n.Now().Add(-time.Minute).Unix() },
		"another subject":        func(c map[string]any) { c["sub"] = "x" },
		"no jti":                 func(c map[string]any) { delete(c, "jti") },
	} {
		claims := good(name)
		change(claims)
		sign(claims)
		if status, body := n.do("POST", "/oauth/token", n.expand(strings.TrimPrefix(exchange, "POST /oauth/token "))); status != http.StatusUnauthorized {
			t.Errorf("%s: %d %s", name, status, body)
		}
	}
	sign(good("2"))
	n.play(
		step{`POST /oauth/token {"grant_type":"client_credentials","audience":"urn:api","client_id":"$app","client_secret":"x"}`, `401 {"error":"invalid_client","...":0}`},
		step{exchange, `200 ...`},
	)
}

func TestStateFile(t *testing.T) {
	file := filepath.Join(t.TempDir(), "tenant.json")
	n := start(t, simulator.Options{StateFile: file})
	n.application()
	n.play(
		step{`POST dashboard:/api/v2/roles {"name":"admin"}`, `200 {"id":"<role>","...":0}`},
		step{`POST dashboard:/api/v2/roles/$role/users {"users":["auth0|chuck"]}`, `200 {}`},
		step{`POST dashboard:/api/v2/organizations {"name":"acme"}`, `201 {"id":"<org>","...":0}`},
		step{`POST dashboard:/api/v2/organizations/$org/members {"members":["auth0|chuck"]}`, `204`},
	)
	if err := n.Close(); err != nil {
		t.Fatal(err)
	}
	again := start(t, simulator.Options{StateFile: file})
	for name, value := range n.vars {
		if name != "domain" {
			again.vars[name] = value
		}
	}
	again.login()
	again.play(
		step{`GET /api/v2/users?q=email:chuck@example.com&fields=user_id`, `200 [{"user_id":"auth0|chuck"}]`},
		step{`GET /api/v2/roles/$role/users?fields=user_id`, `200 [{"user_id":"auth0|chuck","...":0}]`},
		step{`GET /api/v2/users/auth0%7Cchuck/organizations`, `200 [{"id":"$org","...":0}]`},
		step{realm + `"username":"chuck@example.com","password":"Has 1 good password"}`, `200 ...`},
		step{newUser, `409 ...`},
	)
}
