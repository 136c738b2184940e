package connection

import (
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"
	"unicode"

	"github.com/auth0-operator/auth0-operator/api/v1alpha1"
	"github.com/auth0-operator/auth0-operator/internal/auth0"
	"github.com/auth0-operator/auth0-operator/internal/problem"
	"github.com/auth0-operator/auth0-operator/internal/secret"
)

// checkOptions rejects secrets and keys in plain text, and invalid certificates.
func checkOptions(options auth0.Document) error {
	if path := secret.PrivateKeyIn("", map[string]any(options)); path != "" {
		return fmt.Errorf("spec.options.%s holds a private key, which is now exposed: create a new one, put it into a Secret, and name that in spec.optionSecrets, with path %s", path, path)
	}
	if path := secretIn(options); path != "" {
		return fmt.Errorf("spec.options.%s is a secret; put its value into a Secret and name that in spec.optionSecrets, with path %s", path, path)
	}
	return checkTexts("", options)
}

// checkTexts rejects invalid URLs, host names and certificates anywhere in the options.
func checkTexts(path string, options auth0.Document) error {
	for _, name := range slices.Sorted(maps.Keys(options)) {
		inner := strings.TrimPrefix(path+"."+name, ".")
		if err := checkText(inner, name, options[name]); err != nil {
			return err
		}
		if err := checkTexts(inner, options.Object(name)); err != nil {
			return err
		}
	}
	return nil
}

// checkText rejects a text, or a list of texts, that does not fit the name of its option.
func checkText(path, name string, value any) error {
	if list, ok := value.([]any); ok {
		for i, item := range list {
			if err := checkText(fmt.Sprintf("%s[%d]", path, i), name, item); err != nil {
				return err
			}
		}
	}
	text, ok := value.(string)
	switch {
	case !ok || text == "":
	case slices.Contains(urlOptions, name) && !isWebURL(text):
		return fmt.Errorf("spec.options.%s must be a URL with https:// and a host, such as https://id.example.com/path, without spaces; correct it", path)
	case slices.Contains(hostOptions, name) && strings.ContainsAny(text, "/:@,; \t\r\n"):
		return fmt.Errorf("spec.options.%s is a domain name, such as example.com, without https://, path and spaces; correct it", path)
	case slices.Contains(certificateOptions, auth0.PlainName(name)) && !isCertificate(text):
		return fmt.Errorf("spec.options.%s is no X.509 certificate; give the identity provider's in PEM form, from -----BEGIN CERTIFICATE----- on, or in base64", path)
	case slices.Contains(keyOptions, auth0.PlainName(name)) && !isCertificate(text) && !isPublicKey(text):
		return fmt.Errorf("spec.options.%s is neither a certificate nor a public key; give it in PEM form, from -----BEGIN CERTIFICATE----- or -----BEGIN PUBLIC KEY----- on", path)
	}
	return nil
}

var (
	// urlOptions are options that Auth0 documents as URLs. issuer and adfs_server are not among them, because they may be names.
	urlOptions = []string{
		"accessTokenURL", "authorizationURL", "authorization_endpoint", "baseUrl", "community_base_url", "destinationUrl", "discovery_url",
		"end_session_endpoint", "gateway_url", "icon_url", "jwks_uri", "logoutUrl", "metadataUrl", "pingFederateBaseUrl", "recipientUrl",
		"requestTokenURL", "signInEndpoint", "signOutEndpoint", "tokenURL", "token_endpoint", "userAuthorizationURL", "userinfo_endpoint",
	}
	// hostOptions are options that hold domains.
	hostOptions = []string{"domain", "domain_aliases", "tenant_domain"}
	// certificateOptions and keyOptions are names of options that hold a certificate, or a certificate or public key. They leave
	// out the characters that people mix up.
	certificateOptions = []string{"signingcert", "cert", "certs", "certificate", "x509cert", "encryptioncert", "signingcertificate"}
	keyOptions         = []string{"pem", "publickey"}
)

// isWebURL reports whether a text is a URL that Auth0 or a browser can open. Auth0 accepts http, too.
func isWebURL(text string) bool {
	at, err := url.Parse(text)
	return err == nil && (at.Scheme == "https" || at.Scheme == "http") && at.Hostname() != "" && !strings.ContainsFunc(text, unicode.IsSpace)
}

// isPublicKey reports whether a text is a public key in PEM form.
func isPublicKey(text string) bool {
	block, _ := pem.Decode([]byte(text))
	if block == nil {
		return false
	}
	if _, err := x509.ParsePKIXPublicKey(block.Bytes); err == nil {
		return true
	}
	_, err := x509.ParsePKCS1PublicKey(block.Bytes)
	return err == nil
}

// isCertificate reports whether a text is an X.509 certificate in PEM form, or base64 of either form, as Auth0 accepts it.
func isCertificate(text string) bool {
	if decoded, err := base64.StdEncoding.DecodeString(strings.Join(strings.Fields(text), "")); err == nil {
		text = string(decoded)
	}
	content := []byte(text)
	if block, _ := pem.Decode(content); block != nil {
		content = block.Bytes
	}
	_, err := x509.ParseCertificate(content)
	return err == nil
}

// neededOptions are the options that a new connection of a strategy needs for sign-ins: one of each list.
var neededOptions = map[string][][]string{
	"google-apps":  {{"client_id"}, {"domain", "tenant_domain"}},
	"adfs":         {{"adfs_server", "fedMetadataXml", "signInEndpoint"}},
	"oauth2":       {{"client_id"}, {"authorizationURL"}, {"tokenURL"}},
	"oidc":         {{"client_id"}, {"discovery_url", "issuer", "oidc_metadata"}},
	"okta":         {{"client_id"}, {"domain"}},
	"pingfederate": {{"pingFederateBaseUrl"}},
	"samlp":        {{"signInEndpoint", "metadataUrl", "metadataXml"}, {"signingCert", "cert", "metadataUrl", "metadataXml"}},
	"waad":         {{"client_id"}, {"tenant_domain", "domain"}},
}

// requireOptions rejects a new connection that lacks an option that its strategy needs. An existing connection may already have
// it.
func requireOptions(c *v1alpha1.Auth0Connection) error {
	options := freeOptions(c)
	has := func(name string) bool {
		fromSecret := slices.ContainsFunc(c.Spec.OptionSecrets, func(option v1alpha1.OptionSecret) bool { return option.Path == name })
		return fromSecret || options[name] != nil && options[name] != ""
	}
	for _, names := range neededOptions[c.Spec.Strategy] {
		if !slices.ContainsFunc(names, has) {
			return problem.Stalled(v1alpha1.ReasonInvalidSpec, "spec.options: a connection of strategy %s needs %s, which the identity provider gives you; add it", c.Spec.Strategy, problem.Quoted(names, "or"))
		}
	}
	return nil
}

// warnings implements Definition.Warnings. It warns of strategies and options that Auth0 is not known to have.
func warnings(c *v1alpha1.Auth0Connection) []string {
	var warnings []string
	if !auth0.IsStrategy(c.Spec.Strategy) {
		warnings = append(warnings, fmt.Sprintf("spec.strategy: Auth0 is not known to have a strategy %q; if it is misspelt, delete this object and create it with the right one", c.Spec.Strategy))
	}
	for i, option := range c.Spec.OptionSecrets {
		name, _, _ := strings.Cut(option.Path, ".")
		if meant := auth0.ResembledOption(c.Spec.Strategy, name); meant != "" {
			warnings = append(warnings, fmt.Sprintf("spec.optionSecrets[%d].path: strategy %s has no option %s, but %s; rename it", i, c.Spec.Strategy, name, meant))
		}
	}
	return append(warnings, optionWarnings(c.Spec.Strategy, freeOptions(c))...)
}

// optionValues are the known values of options on which Auth0 and the identity provider must agree.
var optionValues = map[string][]string{
	"digestAlgorithm":    {"sha1", "sha256"},
	"protocolBinding":    {"urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST", "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect"},
	"signatureAlgorithm": {"rsa-sha1", "rsa-sha256"},
	"type":               {"back_channel", "front_channel"},
}

// isOptionValue reports whether an option can have this text as its value. It returns true if the values are not known.
func isOptionValue(name, text string) bool {
	values := optionValues[name]
	return text == "" || values == nil || slices.Contains(values, text)
}

// optionWarnings warns of options that are likely misspelt, or whose form differs from Auth0's documentation.
func optionWarnings(strategy string, options auth0.Document) []string {
	var warnings, unknown []string
	for _, name := range slices.Sorted(maps.Keys(options)) {
		switch meant, form := auth0.ResembledOption(strategy, name), auth0.OptionForm(strategy, name, options[name]); {
		case meant != "":
			warnings = append(warnings, fmt.Sprintf("spec.options.%s: strategy %s has no such option, but %s; rename it", name, strategy, meant))
		case !auth0.IsOption(strategy, name):
			unknown = append(unknown, name)
		case !isOptionValue(name, options.String(name)):
			warnings = append(warnings, fmt.Sprintf("spec.options.%s: Auth0 is not known to have this value; it takes %s: correct it", name, problem.Quoted(optionValues[name], "or")))
		case form != "":
			warnings = append(warnings, fmt.Sprintf("spec.options.%s: strategy %s takes %s here; correct it", name, strategy, form))
		}
	}
	if len(unknown) > 0 {
		warnings = append(warnings, fmt.Sprintf("spec.options: Auth0 is not known to have these options of strategy %s, and may ignore them: %s; check the names", strategy, strings.Join(unknown, ", ")))
	}
	return warnings
}
