package main

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/auth0-operator/auth0-operator/internal/simulator"
)

const (
	defaultConnection = "Username-Password-Authentication"
	testPassword      = "Testpassword123!"
)

type object = map[string]any

// presuppose sets up what the recorded tenant had before the cassette began, as far as the cassette itself shows it.
func (r *replayer) presuppose(cassette Cassette, known ids) error {
	if err := r.presupposeConnection(cassette, known); err != nil {
		return err
	}
	if err := r.presupposeSettings(cassette); err != nil {
		return err
	}
	r.scopes = scopesOf(cassette)
	return nil
}

// presupposeConnection gives the tenant's first connection the options that the cassette shows, or else those that its
// users need.
func (r *replayer) presupposeConnection(cassette Cassette, known ids) error {
	var connections []struct{ ID string }
	if err := r.dashboard("GET", "/api/v2/connections", nil, &connections); err != nil {
		return err
	}
	change := object{"options": object{"mfa": object{"active": true, "return_enroll_settings": true}, "requires_username": true}}
	if isSignup(cassette) {
		change = object{"options": signupOptions(cassette.Interactions[0])}
	}
	for _, i := range cassette.Interactions {
		var page struct {
			Connections []struct {
				ID, Name string
				Options  object
			}
		}
		if json.Unmarshal([]byte(i.Answer), &page) != nil {
			continue
		}
		for _, c := range page.Connections {
			if c.Name == defaultConnection {
				known[c.ID] = connections[0].ID
				change = object{"options": c.Options}
			}
		}
	}
	return r.dashboard("PATCH", "/api/v2/connections/"+connections[0].ID, change, nil)
}

func isSignup(cassette Cassette) bool {
	return len(cassette.Interactions) > 0 && cassette.Interactions[0].Path == "/dbconnections/signup"
}

// signupOptions are options under which the sign-up can be what was recorded: its identifiers are asked for, and its weak
// password will do.
func signupOptions(i Interaction) object {
	var given object
	_ = json.Unmarshal([]byte(i.Body), &given)
	attributes := object{}
	for _, kind := range []string{"email", "username", "phone_number"} {
		if given[kind] != nil {
			attributes[kind] = object{"identifier": object{"active": true}, "signup": object{"status": "required"}}
		}
	}
	return object{"passwordPolicy": "none", "attributes": attributes}
}

// singletons are what every tenant has one of.
var singletons = []string{"/api/v2/tenants/settings", "/api/v2/branding"}

// presupposeSettings gives the tenant the settings that the cassette reads first.
func (r *replayer) presupposeSettings(cassette Cassette) error {
	if len(cassette.Interactions) == 0 || !slices.Contains(singletons, cassette.Interactions[0].Path) {
		return nil
	}
	path := cassette.Interactions[0].Path
	var recorded, ours object
	if err := json.Unmarshal([]byte(cassette.Interactions[0].Answer), &recorded); err != nil {
		return err
	}
	if err := r.dashboard("GET", path, nil, &ours); err != nil {
		return err
	}
	for key := range ours {
		if _, ok := recorded[key]; !ok {
			recorded[key] = nil
		}
	}
	delete(recorded, "sandbox_versions_available")
	return r.dashboard("PATCH", path, recorded, nil)
}

// scopesOf are the scopes of the token that a cassette was recorded with: answers without secrets had none to read them.
func scopesOf(cassette Cassette) string {
	for _, i := range cassette.Interactions {
		if i.Method == http.MethodPost && i.Path == "/api/v2/clients" && i.Status == http.StatusCreated && !strings.Contains(i.Answer, "client_secret") {
			return strings.Join(simulator.ScopesWithout("read:client_keys", "read:client_credentials"), " ")
		}
	}
	return ""
}

// prepare sets up what one interaction presupposes: for the Authentication API, that its code, token or user exists.
func (r *replayer) prepare(i Interaction, known ids) error {
	switch {
	case i.Path == "/oauth/token" && i.Status == http.StatusOK, i.Path == "/oauth/revoke", i.Path == "/userinfo":
		return r.prepareLogin(i, known)
	case i.Path == "/oauth/token":
		return r.application(i, known, false)
	case strings.HasPrefix(i.Path, "/dbconnections/"):
		return r.application(i, known, true)
	case i.Method == http.MethodGet && strings.HasPrefix(i.Path, "/api/v2/logs/"):
		return r.prepareLog(i, known)
	case strings.HasPrefix(i.Path, "/api/v2/users/UserID/"):
		return r.namedUser(known)
	case strings.Contains(i.Path, "/deliveries") || strings.HasSuffix(i.Path, "/stats"):
		return r.awaitDeliveries(known.translate(i.Path))
	}
	return nil
}

// namedUser is the user whom some recordings call UserID, with two refresh tokens.
func (r *replayer) namedUser(known ids) error {
	if known["UserID"] != "" {
		return nil
	}
	if err := r.application(Interaction{Body: "client_id=" + clientID}, known, false); err != nil {
		return err
	}
	f := url.Values{"client_id": {clientID}}
	for _, name := range []string{"first", "second"} {
		if err := r.refreshToken(f, clientID, name, known); err != nil {
			return err
		}
	}
	var users []struct {
		UserID string `json:"user_id"`
	}
	err := r.dashboard("GET", "/api/v2/users-by-email?email=test-user%40example.com", nil, &users)
	if len(users) > 0 {
		known["UserID"] = url.PathEscape(users[0].UserID)
	}
	return err
}

// assertion gives an application a key, and signs with it the assertion that a recording only names.
func (r *replayer) assertion(id, name string, known ids) error {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		return err
	}
	spki, err := x509.MarshalPKIXPublicKey(key.Public())
	if err != nil {
		return err
	}
	public := string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: spki}))
	credential := object{"credential_type": "public_key", "name": "recorded", "pem": public}
	change := object{"token_endpoint_auth_method": nil, "client_authentication_methods": object{
		"private_key_jwt": object{"credentials": []object{credential}},
	}}
	if err := r.dashboard("PATCH", "/api/v2/clients/"+id, change, nil); err != nil {
		return err
	}
	now := r.sim.Now()
	text := segment(object{"alg": "RS256", "typ": "JWT"}) + "." + segment(object{
		"iss": id, "sub": id, "aud": r.sim.URL + "/", "jti": name, "iat": now.Unix(), "exp": now.Add(time.Minute).Unix(),
	})
	digest := sha256.Sum256([]byte(text))
	signature, err := rsa.SignPKCS1v15(rand.Reader, key, crypto.SHA256, digest[:])
	known[name] = text + "." + base64.RawURLEncoding.EncodeToString(signature)
	return err
}

func segment(o object) string {
	data, _ := json.Marshal(o)
	return base64.RawURLEncoding.EncodeToString(data)
}

// prepareLog makes an entry like the recorded one.
func (r *replayer) prepareLog(i Interaction, known ids) error {
	var recorded struct {
		ID          string `json:"log_id"`
		Type        string
		Description string
	}
	if err := json.Unmarshal([]byte(i.Answer), &recorded); err != nil {
		return err
	}
	if recorded.Description == "Delete organization" {
		var made struct{ ID string }
		if err := r.dashboard("POST", "/api/v2/organizations", object{"name": "recorded"}, &made); err != nil {
			return err
		}
		if _, _, err := r.send(Interaction{Method: http.MethodDelete, Path: "/api/v2/organizations/" + made.ID}, nil); err != nil {
			return err
		}
	}
	var entries []struct {
		ID string `json:"log_id"`
	}
	err := r.dashboard("GET", "/api/v2/logs?q="+url.QueryEscape("type:"+recorded.Type), nil, &entries)
	if len(entries) > 0 {
		known[recorded.ID] = entries[0].ID
	}
	return err
}

// awaitDeliveries lets the deliveries of an event stream come to their end: recordings waited for that.
func (r *replayer) awaitDeliveries(path string) error {
	path, _, _ = strings.Cut(path, "/deliveries")
	path = strings.TrimSuffix(path, "/stats") + "/deliveries?statuses=pending"
	for {
		var page struct{ Deliveries []any }
		if err := r.dashboard("GET", path, nil, &page); err != nil || len(page.Deliveries) == 0 {
			return err
		}
		r.sim.Advance(time.Second)
	}
}

// form are the parameters of a request, from a form or from JSON.
func form(i Interaction) url.Values {
	if values, err := url.ParseQuery(i.Body); err == nil && !strings.HasPrefix(i.Body, "{") {
		return values
	}
	var fields object
	_ = json.Unmarshal([]byte(i.Body), &fields)
	out := url.Values{}
	for key, value := range fields {
		if text, ok := value.(string); ok {
			out.Set(key, text)
		}
	}
	return out
}

// application lets the application that a request names do what it asks for, by the way of authentication that it uses.
func (r *replayer) application(i Interaction, known ids, _ bool) error {
	f := form(i)
	settings := object{"grant_types": []string{
		"client_credentials", "password", "http://auth0.com/oauth/grant-type/password-realm", "authorization_code", "refresh_token",
	}, "callbacks": []string{"http://localhost:3000"}}
	if f.Get("client_secret") == "" {
		settings["token_endpoint_auth_method"] = "none"
	}
	var answer struct {
		RefreshToken string `json:"refresh_token"`
	}
	if f.Get("grant_type") == "refresh_token" && json.Unmarshal([]byte(i.Answer), &answer) == nil && answer.RefreshToken != "" {
		settings["refresh_token"] = object{"rotation_type": "rotating", "expiration_type": "expiring"}
	}
	id := f.Get("client_id")
	if id != "" && id != clientID {
		var made struct {
			ClientID     string `json:"client_id"`
			ClientSecret string `json:"client_secret"`
		}
		settings["name"] = id
		if err := r.dashboard("POST", "/api/v2/clients", settings, &made); err != nil {
			return err
		}
		known[id] = made.ClientID
		known[clientSecret] = made.ClientSecret
		return nil
	}
	return r.dashboard("PATCH", "/api/v2/clients/"+clientID, settings, nil)
}

// prepareLogin makes what a successful exchange needs: application, API, grant, user, code or refresh token.
func (r *replayer) prepareLogin(i Interaction, known ids) error {
	if err := r.application(i, known, false); err != nil {
		return err
	}
	f := form(i)
	id := known.translate(f.Get("client_id"))
	if assertion := f.Get("client_assertion"); assertion != "" {
		if err := r.assertion(id, assertion, known); err != nil {
			return err
		}
	}
	if audience := f.Get("audience"); audience != "" {
		_ = r.dashboard("POST", "/api/v2/resource-servers", object{"identifier": audience}, nil)
		grant := object{"client_id": id, "audience": audience, "scope": []string{}, "organization_usage": "allow", "allow_any_organization": true}
		if err := r.dashboard("POST", "/api/v2/client-grants", grant, nil); err != nil {
			return err
		}
	}
	if organization := f.Get("organization"); organization != "" {
		var made struct{ ID string }
		if err := r.dashboard("POST", "/api/v2/organizations", object{"name": "recorded"}, &made); err != nil {
			return err
		}
		known[organization] = made.ID
	}
	switch {
	case f.Get("grant_type") == "password":
		if err := r.dashboard("PATCH", "/api/v2/tenants/settings", object{"default_directory": defaultConnection}, nil); err != nil {
			return err
		}
		_, err := r.user(object{"username": f.Get("username"), "password": f.Get("password")})
		return err
	case f.Get("code") != "":
		return r.code(i, f, id, known)
	case f.Get("refresh_token") != "":
		return r.refreshToken(f, id, f.Get("refresh_token"), known)
	case f.Get("token") != "":
		return r.refreshToken(f, id, f.Get("token"), known)
	case i.Path == "/userinfo":
		return r.bearer(i, known)
	}
	return nil
}

// user makes a user with the given properties.
func (r *replayer) user(given object) (string, error) {
	profile := object{
		"connection": defaultConnection, "email": "test-user@example.com", "username": "test-user", "password": testPassword,
		"email_verified": true,
	}
	maps.Copy(profile, given)
	var there []struct {
		UserID string `json:"user_id"`
	}
	if err := r.dashboard("GET", "/api/v2/users-by-email?email=test-user%40example.com", nil, &there); err != nil || len(there) > 0 {
		return there[0].UserID, err
	}
	var made struct {
		UserID string `json:"user_id"`
	}
	err := r.dashboard("POST", "/api/v2/users", profile, &made)
	return made.UserID, err
}

// code lets a user log in, so that there is an authorization code.
func (r *replayer) code(i Interaction, f url.Values, id string, known ids) error {
	userID, err := r.user(nil)
	if err != nil {
		return err
	}
	login := simulator.Login{ClientID: id, UserID: userID, RedirectURI: f.Get("redirect_uri"), CodeChallenge: f.Get("code_verifier")}
	// The recorded answer tells which scopes the login had been asked for.
	login.Scope = recordedScope(i, "read:nothing")
	code, err := r.sim.Authorize(login)
	known[f.Get("code")] = code
	known[f.Get("code_verifier")] = f.Get("code_verifier") // the code's name may be part of it
	return err
}

func recordedScope(i Interaction, otherwise string) string {
	var answer struct{ Scope string }
	if json.Unmarshal([]byte(i.Answer), &answer) == nil && answer.Scope != "" {
		return answer.Scope
	}
	return otherwise
}

// refreshToken lets a user log in with offline access.
func (r *replayer) refreshToken(f url.Values, id, name string, known ids) error {
	userID, err := r.user(nil)
	if err != nil {
		return err
	}
	code, err := r.sim.Authorize(simulator.Login{ClientID: id, UserID: userID, Scope: "openid profile email offline_access"})
	if err != nil {
		return err
	}
	var tokens struct {
		RefreshToken string `json:"refresh_token"`
	}
	request := url.Values{"grant_type": {"authorization_code"}, "code": {code}, "client_id": {id}}
	if secret := f.Get("client_secret"); secret != "" {
		request.Set("client_secret", known.translate(secret))
	}
	if err := r.post("/oauth/token", request, &tokens); err != nil {
		return err
	}
	known[name] = tokens.RefreshToken
	return nil
}

// bearer lets a user log in, for a token that reads the user's profile.
func (r *replayer) bearer(_ Interaction, _ ids) error {
	userID, err := r.user(object{"name": "test-user@example.com"})
	if err != nil {
		return err
	}
	code, err := r.sim.Authorize(simulator.Login{ClientID: clientID, UserID: userID, Scope: "openid profile email"})
	if err != nil {
		return err
	}
	var tokens struct {
		AccessToken string `json:"access_token"`
	}
	request := url.Values{"grant_type": {"authorization_code"}, "code": {code}, "client_id": {clientID}}
	if err := r.post("/oauth/token", request, &tokens); err != nil {
		return err
	}
	r.userToken = tokens.AccessToken
	return nil
}
