package controllers

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/auth0-operator/auth0-operator/api/v1alpha1"
	"github.com/auth0-operator/auth0-operator/internal/auth0"
	"github.com/auth0-operator/auth0-operator/internal/engine"
	"github.com/auth0-operator/auth0-operator/internal/secret"
)

// A value that Auth0 accepts and that is likely a mistake gets a Warning Event. The schema or Check rejects what Auth0 refuses or
// what cannot work.

// suspicion is a rule on the spec of a kind.
type suspicion[S any] struct {
	holds func(S) bool
	// message names the field and says what to do.
	message string
}

// suspicionsOf returns the messages of the rules that apply.
func suspicionsOf[S any](spec S, rules []suspicion[S]) []string {
	var warnings []string
	for _, rule := range rules {
		if rule.holds(spec) {
			warnings = append(warnings, rule.message)
		}
	}
	return warnings
}

// clientSuspicions find combinations without effect, and applications that nobody can use.
var clientSuspicions = []suspicion[v1alpha1.Auth0ClientSpec]{
	{func(s v1alpha1.Auth0ClientSpec) bool {
		return s.ClientSecret != nil && keepsNoSecret(s) && !signsByHS256(s)
	},
		"spec.clientSecret: a public application (appType native or spa, or tokenEndpointAuthMethod none) sends no secret; remove clientSecret, or set tokenEndpointAuthMethod to client_secret_post"},
	{func(s v1alpha1.Auth0ClientSpec) bool {
		return s.RotateSecretEvery != nil && keepsNoSecret(s) && !signsByHS256(s)
	},
		"spec.rotateSecretEvery: a public application (appType native or spa, or tokenEndpointAuthMethod none) sends no secret; remove it, or set tokenEndpointAuthMethod to client_secret_post"},
	{func(s v1alpha1.Auth0ClientSpec) bool {
		return s.GrantTypes != nil && s.GrantTypes.Mode == v1alpha1.ListModeExact && len(s.GrantTypes.Items) == 0
	},
		"spec.grantTypes: the list is empty with mode Exact, so that the application can get no token; add grant types, or remove grantTypes"},
	{func(s v1alpha1.Auth0ClientSpec) bool {
		return s.RefreshToken != nil && s.GrantTypes != nil && s.GrantTypes.Mode == v1alpha1.ListModeExact && !slices.Contains(s.GrantTypes.Items, "refresh_token")
	},
		"spec.refreshToken has no effect, as spec.grantTypes lacks refresh_token; add it, or remove refreshToken"},
	{func(s v1alpha1.Auth0ClientSpec) bool {
		return s.GrantTypes != nil && slices.Contains(s.GrantTypes.Items, deviceGrant) && valueOf(s.AppType) != "" && *s.AppType != "native"
	},
		"spec.grantTypes: Auth0 has the device flow for native applications; set appType to native, or remove " + deviceGrant},
	{func(s v1alpha1.Auth0ClientSpec) bool {
		return s.OrganizationRequireBehavior != nil && *s.OrganizationRequireBehavior != "no_prompt" && valueOf(s.OrganizationUsage) != "" && *s.OrganizationUsage == "deny"
	},
		"spec.organizationRequireBehavior has no effect with organizationUsage: deny; set organizationUsage to require, or remove one of them"},
	{func(s v1alpha1.Auth0ClientSpec) bool {
		return valueOf(s.AppType) == "resource_server" && s.ResourceServerIdentifier == nil
	},
		"spec.appType resource_server stands for an API: name it in spec.resourceServerIdentifier"},
	{func(s v1alpha1.Auth0ClientSpec) bool {
		quota := s.TokenQuota
		return quota != nil && quota.ClientCredentials.PerDay != nil && valueOf(quota.ClientCredentials.PerHour) > *quota.ClientCredentials.PerDay
	},
		"spec.tokenQuota.clientCredentials: perHour is more than perDay, and has no effect; lower it, or raise perDay"},
	{func(s v1alpha1.Auth0ClientSpec) bool {
		return s.Mobile != nil && s.Mobile.Android != nil && !matchesAll(androidPackage, s.Mobile.Android.AppPackageName)
	},
		"spec.mobile.android.appPackageName has not the form of a package name, such as com.example.shop; correct it"},
	{func(s v1alpha1.Auth0ClientSpec) bool {
		return s.Mobile != nil && s.Mobile.Android != nil && slices.ContainsFunc(s.Mobile.Android.SHA256CertFingerprints, func(text string) bool { return !fingerprint.MatchString(text) })
	},
		"spec.mobile.android.sha256CertFingerprints: a SHA-256 fingerprint has 32 pairs of hexadecimal digits with colons between them, as keytool -list -v shows it; correct it"},
	{func(s v1alpha1.Auth0ClientSpec) bool {
		return s.Mobile != nil && s.Mobile.IOS != nil && !matchesAll(appleTeam, s.Mobile.IOS.TeamID)
	},
		"spec.mobile.ios.teamId: Apple's team IDs have 10 capital letters and digits; correct it"},
}

const deviceGrant = "urn:ietf:params:oauth:grant-type:device_code"

var (
	androidPackage = regexp.MustCompile(`^[A-Za-z]\w*(\.[A-Za-z]\w*)+$`)
	fingerprint    = regexp.MustCompile(`^([0-9A-Fa-f]{2}:){31}[0-9A-Fa-f]{2}$`)
	appleTeam      = regexp.MustCompile(`^[A-Z0-9]{10}$`)
	// misspeltScheme matches common misspellings of http and https, and these two.
	misspeltScheme = regexp.MustCompile(`^h{0,2}t{1,3}p{1,2}s{0,2}:`)
	webScheme      = regexp.MustCompile(`^https?://`)
)

func matchesAll(pattern *regexp.Regexp, text *string) bool {
	return text == nil || pattern.MatchString(*text)
}

// keepsNoSecret reports whether an application authenticates without credentials.
func keepsNoSecret(s v1alpha1.Auth0ClientSpec) bool {
	if s.TokenEndpointAuthMethod != nil {
		return *s.TokenEndpointAuthMethod == "none"
	}
	return slices.Contains([]string{"native", "spa"}, valueOf(s.AppType))
}

// signsByHS256 reports whether the client secret signs ID tokens, even of a public application.
func signsByHS256(s v1alpha1.Auth0ClientSpec) bool {
	return s.JWTConfiguration != nil && valueOf(s.JWTConfiguration.Alg) == "HS256"
}

// Warnings implements engine.Warner.
func (clientAdapter) Warnings(c *v1alpha1.Auth0Client) []string {
	warnings := suspicionsOf(c.Spec, clientSuspicions)
	for _, list := range []struct {
		field string
		urls  []string
	}{
		{"spec.callbacks", c.Spec.Callbacks}, {"spec.allowedLogoutUrls", c.Spec.AllowedLogoutURLs},
		{"spec.allowedOrigins", c.Spec.AllowedOrigins}, {"spec.webOrigins", c.Spec.WebOrigins},
	} {
		warnings = append(warnings, urlWarnings(list.field, list.urls)...)
	}
	if c.Spec.OutputSecret != nil {
		warnings = append(warnings, secret.TemplateWarnings("spec.outputSecret", *c.Spec.OutputSecret, "clientId", "clientSecret", "domain", "issuer", "tokenUrl", "privateKey", "keyId")...)
	}
	return warnings
}

// urlWarnings warns of URLs that are listed twice, have a fragment, or have a misspelt scheme.
func urlWarnings(field string, urls []string) []string {
	var warnings []string
	for i, text := range urls {
		switch {
		case slices.Contains(urls[:i], text):
			warnings = append(warnings, fmt.Sprintf("%s[%d] is in the list before; remove it", field, i))
		case misspeltScheme.MatchString(strings.ToLower(text)) && !webScheme.MatchString(text):
			warnings = append(warnings, fmt.Sprintf("%s[%d] begins with what looks like a misspelt https://; Auth0 compares the whole URL, upper and lower case: correct it", field, i))
		case strings.Contains(text, "#"):
			warnings = append(warnings, fmt.Sprintf("%s[%d] has a fragment (#…), which no request for a token may have, so that the entry never fits; remove the fragment", field, i))
		}
	}
	return warnings
}

// usernameForm matches the characters that Auth0 documents for usernames. A custom database may accept others.
var usernameForm = regexp.MustCompile("^[A-Za-z0-9@^$.!`#+'~_-]*$")

// Warnings implements engine.Warner.
func (userAdapter) Warnings(u *v1alpha1.Auth0User) []string {
	var warnings []string
	if !usernameForm.MatchString(valueOf(u.Spec.Username)) {
		warnings = append(warnings, "spec.username: Auth0 takes letters without accents, digits and @ ^ $ . ! ` - # + ' ~ _, unless the users are in a database of your own; correct it")
	}
	if strings.HasPrefix(valueOf(u.Spec.PhoneNumber), "+0") {
		warnings = append(warnings, "spec.phoneNumber: no country code begins with 0; write it as +4915112345678")
	}
	if u.Spec.Password != nil && u.Spec.Password.Generate != nil {
		warnings = append(warnings, secret.TemplateWarnings("spec.password.generate.outputSecret", u.Spec.Password.Generate.OutputSecret, "username", "password")...)
	}
	if u.Spec.Invitation != nil {
		warnings = append(warnings, secret.TemplateWarnings("spec.invitation.outputSecret", u.Spec.Invitation.OutputSecret, "url", "expiresAt")...)
	}
	return warnings
}

// apiSuspicions find settings without effect.
var apiSuspicions = []suspicion[v1alpha1.Auth0ResourceServerSpec]{
	{func(s v1alpha1.Auth0ResourceServerSpec) bool {
		return strings.HasSuffix(valueOf(s.TokenDialect), "_authz") && s.EnforcePolicies != nil && !*s.EnforcePolicies
	},
		"spec.tokenDialect: tokens carry permissions only with enforcePolicies: true; set that, or a dialect without _authz"},
	{func(s v1alpha1.Auth0ResourceServerSpec) bool {
		return valueOf(s.AllowOnlineAccessWithEphemeralSessions) && s.AllowOnlineAccess != nil && !*s.AllowOnlineAccess
	},
		"spec.allowOnlineAccessWithEphemeralSessions has no effect without allowOnlineAccess: true; set that, or remove it"},
	{func(s v1alpha1.Auth0ResourceServerSpec) bool {
		return s.ProofOfPossession != nil && s.ProofOfPossession.Mechanism == "mtls" && s.ProofOfPossession.RequiredFor != nil
	},
		"spec.proofOfPossession.requiredFor is for mechanism dpop; remove it, or change the mechanism"},
	{func(s v1alpha1.Auth0ResourceServerSpec) bool {
		return s.Scopes != nil && slices.ContainsFunc(s.Scopes.Items, func(scope v1alpha1.ResourceServerScope) bool { return strings.Contains(scope.Value, ",") })
	},
		"spec.scopes: a value with a comma is one scope; if you meant several, give each an item of its own"},
}

// Warnings implements engine.Warner.
func (resourceServerAdapter) Warnings(api *v1alpha1.Auth0ResourceServer) []string {
	return suspicionsOf(api.Spec, apiSuspicions)
}

// Warnings implements engine.Warner.
func (clientGrantAdapter) Warnings(grant *v1alpha1.Auth0ClientGrant) []string {
	for _, scope := range grant.Spec.Scopes {
		if strings.Contains(scope, ",") {
			return []string{"spec.scopes: an item with a comma is one scope; if you meant several, give each an item of its own"}
		}
	}
	return nil
}

const (
	// shortestSigningSecret is the shortest secret of an API that Auth0 accepts.
	shortestSigningSecret = 16
	// shortestClientSecret is the shortest key for HS256 (RFC 7518, section 3.2): 256 bits. Auth0 accepts shorter ones.
	shortestClientSecret = 32
)

// CheckSecret implements engine.SecretChecker.
func (resourceServerAdapter) CheckSecret(_ *v1alpha1.Auth0ResourceServer, _, value string) (wrong, warning string) {
	if len([]rune(value)) < shortestSigningSecret {
		return fmt.Sprintf("is too short to sign tokens: Auth0 asks for at least %d characters; put a longer one there, such as that of openssl rand -base64 32", shortestSigningSecret), ""
	}
	return "", ""
}

// CheckSecret implements engine.SecretChecker.
func (clientAdapter) CheckSecret(_ *v1alpha1.Auth0Client, _, value string) (wrong, warning string) {
	if len(value) < shortestClientSecret {
		return "", fmt.Sprintf("is a client secret of less than %d characters, which may be guessed; put a longer one there, such as that of openssl rand -base64 48", shortestClientSecret)
	}
	return "", ""
}

// mostClientsLookedFor bounds the calls for a long list.
const mostClientsLookedFor = 20

// warnOfUnknownClients warns of entries of a changed spec.allowedClients that are neither applications nor APIs. Auth0 accepts
// any text.
func warnOfUnknownClients(ctx context.Context, req engine.Request[*v1alpha1.Auth0Client]) {
	c := req.Object
	if c.Generation == c.Status.ObservedGeneration {
		return
	}
	for i, id := range c.Spec.AllowedClients[:min(len(c.Spec.AllowedClients), mostClientsLookedFor)] {
		if isUnknown(req.Session.Get(ctx, "clients", id)) && isUnknown(req.Session.Get(ctx, "resource-servers", id)) {
			req.Warn(ctx, fmt.Sprintf("spec.allowedClients[%d]: tenant %s has no application and no API %q; correct it: applications by client id, APIs by id or identifier", i, req.Session.Domain(), id))
		}
	}
}

// isUnknown reports whether a read found nothing. After any other error, the object may exist.
func isUnknown(_ auth0.Document, err error) bool {
	return auth0.ClassOf(err) == auth0.ClassNotFound || auth0.IsQueryRefused(err)
}
