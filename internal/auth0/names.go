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

// optionsOf are the options of the strategies whose option names people misspell most.
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

// ResembledOption returns the option of a strategy that a name resembles: they differ only in upper case, hyphens and
// underscores. It returns "" for a known option, and for a name that resembles none: Auth0 has options that no list names.
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
		if PlainName(field) == PlainName(name) {
			return field
		}
	}
	return ""
}

// IsOption reports whether the SDK knows an option of a strategy. It returns true for strategies whose options the SDK does not
// list.
func IsOption(strategy, name string) bool {
	options := optionsOf[strategy]
	return options == nil || fieldsOf(options)[name]
}

// OptionForm returns the form that an option must have, in words, if a JSON value has another form. It returns "" if the form is
// right or unknown.
func OptionForm(strategy, name string, value any) string {
	options := optionsOf[strategy]
	if options == nil || value == nil {
		return ""
	}
	for field := range options.Fields() {
		if tag, _, _ := strings.Cut(field.Tag.Get("json"), ","); tag != name {
			continue
		}
		form := field.Type
		if form.Kind() == reflect.Pointer {
			form = form.Elem()
		}
		switch _, isText := value.(string); {
		case form.Kind() == reflect.String && !isText:
			return "a text in quotes"
		case form.Kind() == reflect.Bool && reflect.TypeOf(value).Kind() != reflect.Bool:
			return "true or false"
		case form.Kind() == reflect.Slice && reflect.TypeOf(value).Kind() != reflect.Slice:
			return "a list"
		}
	}
	return ""
}

// PlainName returns a name without upper case, hyphens and underscores, which people mix up.
func PlainName(name string) string {
	return strings.ToLower(strings.NewReplacer("_", "", "-", "").Replace(name))
}

// fieldsOf returns the names of the fields of an object in JSON.
func fieldsOf(object reflect.Type) map[string]bool {
	names := map[string]bool{}
	for field := range object.Fields() {
		if name, _, _ := strings.Cut(field.Tag.Get("json"), ","); name != "" && name != "-" {
			names[name] = true
		}
	}
	return names
}
