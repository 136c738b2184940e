package controllers

import (
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/auth0-operator/auth0-operator/api/v1alpha1"
	"github.com/auth0-operator/auth0-operator/internal/auth0"
	"github.com/auth0-operator/auth0-operator/internal/problem"
)

// checkOptions finds secrets and keys where everybody could read them, and certificates that are none.
func checkOptions(options auth0.Document) error {
	if path := privateKeyIn("", map[string]any(options)); path != "" {
		return fmt.Errorf("spec.options.%s holds a private key, which is leaked now: make a new one, put it into a Secret, and name that in spec.optionSecrets, with path %s", path, path)
	}
	if path := secretIn(options); path != "" {
		return fmt.Errorf("spec.options.%s is a secret; put its value into a Secret and name that in spec.optionSecrets, with path %s", path, path)
	}
	for _, name := range []string{"signingCert", "signing_cert"} {
		if text := options.String(name); text != "" && !isCertificate(text) {
			return fmt.Errorf("spec.options.%s is no X.509 certificate; give the identity provider's in PEM form, from -----BEGIN CERTIFICATE----- on, or in base64", name)
		}
	}
	return nil
}

// privateKeyIn returns the path of a private key in PEM form in a JSON value, "" if there is none.
func privateKeyIn(path string, value any) string {
	switch value := value.(type) {
	case string:
		if strings.Contains(value, "PRIVATE KEY-----") {
			return path
		}
	case []any:
		for i, item := range value {
			if found := privateKeyIn(fmt.Sprintf("%s[%d]", path, i), item); found != "" {
				return found
			}
		}
	case map[string]any:
		for _, name := range slices.Sorted(maps.Keys(value)) {
			if found := privateKeyIn(strings.TrimPrefix(path+"."+name, "."), value[name]); found != "" {
				return found
			}
		}
	}
	return ""
}

// isCertificate reports whether a text is an X.509 certificate in PEM form, or either form of it in base64, as Auth0 takes it.
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

// neededOptions are the options without which a new connection of a strategy signs nobody in: one of each list.
var neededOptions = map[string][][]string{
	"adfs":         {{"adfs_server", "fedMetadataXml", "signInEndpoint"}},
	"oauth2":       {{"client_id"}, {"authorizationURL"}, {"tokenURL"}},
	"oidc":         {{"client_id"}, {"discovery_url", "issuer", "oidc_metadata"}},
	"okta":         {{"client_id"}, {"domain"}},
	"pingfederate": {{"pingFederateBaseUrl"}},
	"samlp":        {{"signInEndpoint", "metadataUrl", "metadataXml"}, {"signingCert", "cert", "metadataUrl", "metadataXml"}},
	"waad":         {{"client_id"}, {"tenant_domain", "domain"}},
}

// requireOptions refuses a new connection that lacks what its strategy needs. One that exists may have it already.
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

// Warnings implements engine.Warner: strategies and options that Auth0 is not known to have.
func (connectionAdapter) Warnings(c *v1alpha1.Auth0Connection) []string {
	var warnings []string
	if !auth0.IsStrategy(c.Spec.Strategy) {
		warnings = append(warnings, fmt.Sprintf("spec.strategy: Auth0 is not known to have a strategy %q; if it is misspelt, delete this object and create it with the right one", c.Spec.Strategy))
	}
	for _, name := range slices.Sorted(maps.Keys(freeOptions(c))) {
		if meant := auth0.ResembledOption(c.Spec.Strategy, name); meant != "" {
			warnings = append(warnings, fmt.Sprintf("spec.options.%s: strategy %s has no such option, but %s; rename it", name, c.Spec.Strategy, meant))
		}
	}
	return warnings
}
