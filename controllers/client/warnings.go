package client

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"k8s.io/utils/ptr"

	"github.com/auth0-operator/auth0-operator/api/v1alpha1"
	"github.com/auth0-operator/auth0-operator/internal/auth0"
	"github.com/auth0-operator/auth0-operator/internal/engine"
	"github.com/auth0-operator/auth0-operator/internal/problem"
	"github.com/auth0-operator/auth0-operator/internal/secret"
)

// clientSuspicions find combinations without effect, and applications that nobody can use.
var clientSuspicions = []problem.Suspicion[v1alpha1.Auth0ClientSpec]{
	{Holds: func(s v1alpha1.Auth0ClientSpec) bool {
		return s.ClientSecret != nil && keepsNoSecret(s) && !signsByHS256(s)
	},
		Message: "spec.clientSecret: a public application (appType native or spa, or tokenEndpointAuthMethod none) sends no secret; remove clientSecret, or set tokenEndpointAuthMethod to client_secret_post"},
	{Holds: func(s v1alpha1.Auth0ClientSpec) bool {
		return s.RotateSecretEvery != nil && keepsNoSecret(s) && !signsByHS256(s)
	},
		Message: "spec.rotateSecretEvery: a public application (appType native or spa, or tokenEndpointAuthMethod none) sends no secret; remove it, or set tokenEndpointAuthMethod to client_secret_post"},
	{Holds: func(s v1alpha1.Auth0ClientSpec) bool {
		return s.GrantTypes != nil && s.GrantTypes.Mode == v1alpha1.ListModeExact && len(s.GrantTypes.Items) == 0
	},
		Message: "spec.grantTypes: the list is empty with mode Exact, so that the application can get no token; add grant types, or remove grantTypes"},
	{Holds: func(s v1alpha1.Auth0ClientSpec) bool {
		return s.RefreshToken != nil && s.GrantTypes != nil && s.GrantTypes.Mode == v1alpha1.ListModeExact && !slices.Contains(s.GrantTypes.Items, "refresh_token")
	},
		Message: "spec.refreshToken has no effect, as spec.grantTypes lacks refresh_token; add it, or remove refreshToken"},
	{Holds: func(s v1alpha1.Auth0ClientSpec) bool {
		return s.GrantTypes != nil && slices.Contains(s.GrantTypes.Items, deviceGrant) && ptr.Deref(s.AppType, "") != "" && *s.AppType != "native"
	},
		Message: "spec.grantTypes: Auth0 has the device flow for native applications; set appType to native, or remove " + deviceGrant},
	{Holds: func(s v1alpha1.Auth0ClientSpec) bool {
		return s.OrganizationRequireBehavior != nil && *s.OrganizationRequireBehavior != "no_prompt" && ptr.Deref(s.OrganizationUsage, "") != "" && *s.OrganizationUsage == "deny"
	},
		Message: "spec.organizationRequireBehavior has no effect with organizationUsage: deny; set organizationUsage to require, or remove one of them"},
	{Holds: func(s v1alpha1.Auth0ClientSpec) bool {
		return ptr.Deref(s.AppType, "") == "resource_server" && s.ResourceServerIdentifier == nil
	},
		Message: "spec.appType resource_server stands for an API: name it in spec.resourceServerIdentifier"},
	{Holds: func(s v1alpha1.Auth0ClientSpec) bool {
		quota := s.TokenQuota
		return quota != nil && quota.ClientCredentials.PerDay != nil && ptr.Deref(quota.ClientCredentials.PerHour, 0) > *quota.ClientCredentials.PerDay
	},
		Message: "spec.tokenQuota.clientCredentials: perHour is more than perDay, and has no effect; lower it, or raise perDay"},
	{Holds: func(s v1alpha1.Auth0ClientSpec) bool {
		return s.Mobile != nil && s.Mobile.Android != nil && !matchesAll(androidPackage, s.Mobile.Android.AppPackageName)
	},
		Message: "spec.mobile.android.appPackageName has not the form of a package name, such as com.example.shop; correct it"},
	{Holds: func(s v1alpha1.Auth0ClientSpec) bool {
		return s.Mobile != nil && s.Mobile.Android != nil && slices.ContainsFunc(s.Mobile.Android.SHA256CertFingerprints, func(text string) bool { return !fingerprint.MatchString(text) })
	},
		Message: "spec.mobile.android.sha256CertFingerprints: a SHA-256 fingerprint has 32 pairs of hexadecimal digits with colons between them, as keytool -list -v shows it; correct it"},
	{Holds: func(s v1alpha1.Auth0ClientSpec) bool {
		return s.Mobile != nil && s.Mobile.IOS != nil && !matchesAll(appleTeam, s.Mobile.IOS.TeamID)
	},
		Message: "spec.mobile.ios.teamId: Apple's team IDs have 10 capital letters and digits; correct it"},
}

const deviceGrant = "urn:ietf:params:oauth:grant-type:device_code"

var androidPackage = regexp.MustCompile(`^[A-Za-z]\w*(\.[A-Za-z]\w*)+$`)

var fingerprint = regexp.MustCompile(`^([0-9A-Fa-f]{2}:){31}[0-9A-Fa-f]{2}$`)

var appleTeam = regexp.MustCompile(`^[A-Z0-9]{10}$`)

// misspeltScheme matches common misspellings of http and https, and these two.
var misspeltScheme = regexp.MustCompile(`^h{0,2}t{1,3}p{1,2}s{0,2}:`)

var webScheme = regexp.MustCompile(`^https?://`)

func matchesAll(pattern *regexp.Regexp, text *string) bool {
	return text == nil || pattern.MatchString(*text)
}

// keepsNoSecret reports whether an application authenticates without credentials.
func keepsNoSecret(s v1alpha1.Auth0ClientSpec) bool {
	if s.TokenEndpointAuthMethod != nil {
		return *s.TokenEndpointAuthMethod == "none"
	}
	return slices.Contains([]string{"native", "spa"}, ptr.Deref(s.AppType, ""))
}

// signsByHS256 reports whether the client secret signs ID tokens, even of a public application.
func signsByHS256(s v1alpha1.Auth0ClientSpec) bool {
	return s.JWTConfiguration != nil && ptr.Deref(s.JWTConfiguration.Alg, "") == "HS256"
}

// warnings implements Definition.Warnings.
func warnings(c *v1alpha1.Auth0Client) []string {
	warnings := problem.SuspicionsOf(c.Spec, clientSuspicions)
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

// ShortestClientSecret is the shortest key for HS256 (RFC 7518, section 3.2): 256 bits. Auth0 accepts shorter ones.
const ShortestClientSecret = 32

// checkSecret implements Definition.CheckSecret.
func checkSecret(_ *v1alpha1.Auth0Client, _, value string) (wrong, warning string) {
	if len(value) < ShortestClientSecret {
		return "", fmt.Sprintf("is a client secret of less than %d characters, which may be guessed; put a longer one there, such as that of openssl rand -base64 48", ShortestClientSecret)
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
