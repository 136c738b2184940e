package auth0

import (
	"maps"
	"reflect"
	"slices"
	"strings"

	management "github.com/auth0/go-auth0/v3/management"
)

// IsStrategy reports whether the SDK knows a strategy of connections. Auth0 may know more.
func IsStrategy(name string) bool {
	_, err := management.NewConnectionStrategyEnumFromString(name)
	return err == nil
}

// AddonNames are the add-ons of applications.
func AddonNames() []string {
	return slices.Sorted(maps.Keys(fieldsOf(reflect.TypeFor[management.ClientAddons]())))
}

// optionsOf are the options of the strategies whose names people misspell most.
var optionsOf = map[string]reflect.Type{
	"ad":            reflect.TypeFor[management.ConnectionOptionsAd](),
	"adfs":          reflect.TypeFor[management.ConnectionOptionsAdfs](),
	"apple":         reflect.TypeFor[management.ConnectionOptionsApple](),
	"email":         reflect.TypeFor[management.ConnectionOptionsEmail](),
	"facebook":      reflect.TypeFor[management.ConnectionOptionsFacebook](),
	"github":        reflect.TypeFor[management.ConnectionOptionsGitHub](),
	"google-apps":   reflect.TypeFor[management.ConnectionOptionsGoogleApps](),
	"google-oauth2": reflect.TypeFor[management.ConnectionOptionsGoogleOAuth2](),
	"linkedin":      reflect.TypeFor[management.ConnectionOptionsLinkedin](),
	"oauth1":        reflect.TypeFor[management.ConnectionOptionsOAuth1](),
	"oauth2":        reflect.TypeFor[management.ConnectionOptionsOAuth2](),
	"oidc":          reflect.TypeFor[management.ConnectionOptionsOidc](),
	"okta":          reflect.TypeFor[management.ConnectionOptionsOkta](),
	"pingfederate":  reflect.TypeFor[management.ConnectionOptionsPingFederate](),
	"salesforce":    reflect.TypeFor[management.ConnectionOptionsSalesforce](),
	"samlp":         reflect.TypeFor[management.ConnectionOptionsSAML](),
	"sms":           reflect.TypeFor[management.ConnectionOptionsSms](),
	"waad":          reflect.TypeFor[management.ConnectionOptionsAzureAd](),
	"windowslive":   reflect.TypeFor[management.ConnectionOptionsWindowsLive](),
}

// ResembledOption returns the option of a strategy that a name is a misspelling of: the same but for upper case, hyphens and
// underscores. It is "" for an option, and for what resembles none: Auth0 has options that no list names.
func ResembledOption(strategy, name string) string {
	options := optionsOf[strategy]
	if options == nil {
		return ""
	}
	fields := fieldsOf(options)
	if fields[name] {
		return ""
	}
	for _, field := range slices.Sorted(maps.Keys(fields)) {
		if plain(field) == plain(name) {
			return field
		}
	}
	return ""
}

// plain is a name without what people mix up in it.
func plain(name string) string {
	return strings.ToLower(strings.NewReplacer("_", "", "-", "").Replace(name))
}

// fieldsOf are the names of the fields of an object in JSON.
func fieldsOf(object reflect.Type) map[string]bool {
	names := map[string]bool{}
	for field := range object.Fields() {
		if name, _, _ := strings.Cut(field.Tag.Get("json"), ","); name != "" && name != "-" {
			names[name] = true
		}
	}
	return names
}
