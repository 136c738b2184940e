package simulator

import (
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"net/http"
	"strings"
	"time"
)

// Grant types that follow a login somewhere else.
const (
	grantAuthorizationCode = "authorization_code"
	grantDeviceCode        = "urn:ietf:params:oauth:grant-type:device_code"
)

const (
	codeLifetime   = 10 * time.Minute
	deviceLifetime = 15 * time.Minute
	deviceInterval = 5 * time.Second
)

// Login is a login that a test approves with POST /_sim/authorize, as if a user had gone through the login page of an
// application. It yields an authorization code.
type Login struct {
	ClientID            string `json:"client_id"`
	UserID              string `json:"user_id"`
	RedirectURI         string `json:"redirect_uri,omitempty"`
	Audience            string `json:"audience,omitempty"`
	Scope               string `json:"scope,omitempty"`
	Nonce               string `json:"nonce,omitempty"`
	CodeChallenge       string `json:"code_challenge,omitempty"`
	CodeChallengeMethod string `json:"code_challenge_method,omitempty"` // S256, or plain if empty
}

// DeviceApproval is a test's decision about a device, sent to POST /_sim/device, as if a user had entered its code.
type DeviceApproval struct {
	UserCode string `json:"user_code"`
	UserID   string `json:"user_id,omitempty"`
	Deny     bool   `json:"deny,omitempty"`
}

type authorizationCode struct {
	Login
	expires time.Time
}

type deviceCode struct {
	code, userCode  string
	clientID        string
	audience, scope string
	expires         time.Time
	polled          time.Time
	userID          string
	denied          bool
}

// Authorize approves a login and returns the authorization code.
func (s *Server) Authorize(login Login) (string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	o, ok := s.tenant.Clients.Get(login.ClientID)
	switch {
	case !ok:
		return "", fmt.Errorf("no application has the client_id %q", login.ClientID)
	case !s.tenant.Users.Has(login.UserID):
		return "", fmt.Errorf("no user has the user_id %q", login.UserID)
	case login.CodeChallengeMethod != "" && login.CodeChallengeMethod != "S256" && login.CodeChallengeMethod != "plain":
		return "", fmt.Errorf("code_challenge_method is S256 or plain, not %q", login.CodeChallengeMethod)
	case login.RedirectURI != "" && !contains(texts(o.Doc, "callbacks"), login.RedirectURI):
		return "", fmt.Errorf("redirect_uri %q is not among the callbacks of the application", login.RedirectURI)
	}
	code := random(43, urlSafe)
	s.tenant.codes[code] = &authorizationCode{login, s.clock.Now().Add(codeLifetime)}
	return code, nil
}

// ApproveDevice approves or denies a device.
func (s *Server) ApproveDevice(approval DeviceApproval) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, d := range s.tenant.devices {
		if d.userCode != approval.UserCode {
			continue
		}
		if !approval.Deny && !s.tenant.Users.Has(approval.UserID) {
			return fmt.Errorf("no user has the user_id %q", approval.UserID)
		}
		d.userID, d.denied = approval.UserID, approval.Deny
		return nil
	}
	return fmt.Errorf("no device has the user_code %q", approval.UserCode)
}

func invalidGrant(description string) *failure {
	return oauthError(http.StatusForbidden, "invalid_grant", description)
}

// codeGrant exchanges an authorization code for tokens, once.
func codeGrant(c *call, o *client) (any, error) {
	code, ok := c.codes[str(c.body, "code")]
	if !ok || code.ClientID != o.ID || !c.now.Before(code.expires) {
		return nil, invalidGrant("Invalid authorization code")
	}
	delete(c.codes, str(c.body, "code"))
	if code.RedirectURI != "" && str(c.body, "redirect_uri") != code.RedirectURI {
		return nil, invalidGrant("The redirect URI is wrong. You sent " + str(c.body, "redirect_uri") + ", and we expected " + code.RedirectURI)
	}
	if code.CodeChallenge != "" && !code.verifiedBy(str(c.body, "code_verifier")) {
		return nil, invalidGrant("Failed to verify code verifier")
	}
	u, ok := c.Users.Get(code.UserID)
	switch {
	case !ok:
		return nil, invalidGrant("Invalid authorization code")
	case truth(u.Doc, "blocked"):
		return nil, oauthError(http.StatusForbidden, "unauthorized", "user is blocked")
	}
	api, err := c.apiFor(code.Audience)
	if err != nil {
		return nil, err
	}
	return c.userTokens(o, api, c.loggedIn(u), code.Scope, "authorization_code", code.Nonce), nil
}

func (code *authorizationCode) verifiedBy(verifier string) bool {
	if code.CodeChallengeMethod != "S256" {
		return verifier == code.CodeChallenge
	}
	sum := sha256.Sum256([]byte(verifier))
	return base64.RawURLEncoding.EncodeToString(sum[:]) == code.CodeChallenge
}

// apiFor is the API of an audience, or none without an audience.
func (c *call) apiFor(audience string) (doc, error) {
	audience = firstOf(audience, str(c.settings(), "default_audience"))
	if audience == "" {
		return nil, nil
	}
	if api, ok := c.apiIdentified(audience); ok {
		return api, nil
	}
	return nil, accessDenied(http.StatusForbidden, "Service not found: "+audience)
}

func deviceRoutes() []*route {
	return []*route{
		post("/oauth/device/code", http.StatusOK).in(groupDeviceCode).key((*call).ip).bodyOf(tokenForm).does(requestDeviceCode),
		post("/oauth/revoke", http.StatusOK).bodyOf(tokenForm).does(revokeToken),
	}
}

// requestDeviceCode is POST /oauth/device/code.
func requestDeviceCode(c *call) (any, error) {
	o, ok := c.Clients.Get(str(c.body, "client_id"))
	switch {
	case !ok:
		return nil, accessDenied(http.StatusUnauthorized, "Unauthorized")
	case !o.allows(grantDeviceCode):
		return nil, oauthError(http.StatusForbidden, "unauthorized_client", "Grant type '"+grantDeviceCode+"' not allowed for the client.")
	}
	if audience := str(c.body, "audience"); audience != "" {
		if _, ok := c.apiIdentified(audience); !ok {
			return nil, accessDenied(http.StatusForbidden, "Service not found: "+audience)
		}
	}
	d := &deviceCode{
		code: random(24, urlSafe), userCode: c.newUserCode(), clientID: o.ID, audience: str(c.body, "audience"),
		scope: str(c.body, "scope"), expires: c.now.Add(deviceLifetime),
	}
	c.devices[d.code] = d
	at := c.URL + "/activate"
	return doc{
		"device_code": d.code, "user_code": d.userCode, "verification_uri": at,
		"verification_uri_complete": at + "?user_code=" + d.userCode, "expires_in": int(deviceLifetime.Seconds()),
		"interval": int(deviceInterval.Seconds()),
	}, nil
}

// newUserCode creates a code in the form of the tenant's settings.
func (c *call) newUserCode() string {
	flow := object(c.settings(), "device_flow")
	alphabet := "BCDFGHJKLMNPQRSTVWXZ"
	if str(flow, "charset") == "digits" {
		alphabet = "0123456789"
	}
	var out strings.Builder
	for _, r := range firstOf(str(flow, "mask"), "****-****") {
		if r == '*' {
			out.WriteString(random(1, alphabet))
		} else {
			out.WriteRune(r)
		}
	}
	return out.String()
}

// deviceGrant answers a device's poll.
func deviceGrant(c *call, o *client) (any, error) {
	code := str(c.body, "device_code")
	d, ok := c.devices[code]
	if !ok || d.clientID != o.ID {
		return nil, invalidGrant("Invalid or expired device code.")
	}
	last := d.polled
	d.polled = c.now
	switch {
	case !c.now.Before(d.expires):
		delete(c.devices, code)
		return nil, oauthError(http.StatusForbidden, "expired_token", "The device code has expired. Have you forgotten to authorize the device?")
	case d.denied:
		delete(c.devices, code)
		return nil, accessDenied(http.StatusForbidden, "The end-user denied the authorization request.")
	case d.userID == "" && !last.IsZero() && c.now.Sub(last) < deviceInterval:
		return nil, oauthError(http.StatusTooManyRequests, "slow_down", "You are polling faster than the specified interval of 5 seconds.")
	case d.userID == "":
		return nil, oauthError(http.StatusForbidden, "authorization_pending", "User has yet to authorize device code.")
	}
	delete(c.devices, code)
	u, ok := c.Users.Get(d.userID)
	if !ok {
		return nil, invalidGrant("Invalid or expired device code.")
	}
	api, err := c.apiFor(d.audience)
	if err != nil {
		return nil, err
	}
	return c.userTokens(o, api, c.loggedIn(u), d.scope, "device_code", ""), nil
}
