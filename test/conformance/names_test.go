package main

import (
	"encoding/json"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"

	management3 "github.com/auth0/go-auth0/v3/management"
)

// optionTypes are the types of the SDK with the options of strategies that the operator checks.
var optionTypes = map[string]reflect.Type{
	"ad":            reflect.TypeFor[management3.ConnectionOptionsAd](),
	"adfs":          reflect.TypeFor[management3.ConnectionOptionsAdfs](),
	"apple":         reflect.TypeFor[management3.ConnectionOptionsApple](),
	"email":         reflect.TypeFor[management3.ConnectionOptionsEmail](),
	"facebook":      reflect.TypeFor[management3.ConnectionOptionsFacebook](),
	"github":        reflect.TypeFor[management3.ConnectionOptionsGitHub](),
	"google-apps":   reflect.TypeFor[management3.ConnectionOptionsGoogleApps](),
	"google-oauth2": reflect.TypeFor[management3.ConnectionOptionsGoogleOAuth2](),
	"linkedin":      reflect.TypeFor[management3.ConnectionOptionsLinkedin](),
	"oauth1":        reflect.TypeFor[management3.ConnectionOptionsOAuth1](),
	"oauth2":        reflect.TypeFor[management3.ConnectionOptionsOAuth2](),
	"oidc":          reflect.TypeFor[management3.ConnectionOptionsOidc](),
	"okta":          reflect.TypeFor[management3.ConnectionOptionsOkta](),
	"pingfederate":  reflect.TypeFor[management3.ConnectionOptionsPingFederate](),
	"salesforce":    reflect.TypeFor[management3.ConnectionOptionsSalesforce](),
	"samlp":         reflect.TypeFor[management3.ConnectionOptionsSAML](),
	"sms":           reflect.TypeFor[management3.ConnectionOptionsSms](),
	"waad":          reflect.TypeFor[management3.ConnectionOptionsAzureAd](),
	"windowslive":   reflect.TypeFor[management3.ConnectionOptionsWindowsLive](),
}

// TestNames compares the names that the operator warns by with the types of the SDK that knows most of them.
func TestNames(t *testing.T) {
	const file = "../../internal/auth0/names.json"
	content, err := os.ReadFile(file)
	want(t, err)
	var names struct {
		Strategies, Addons []string
		Options            map[string]map[string][]string
	}
	want(t, json.Unmarshal(content, &names))

	for _, strategy := range names.Strategies {
		if _, err := management3.NewConnectionStrategyEnumFromString(strategy); err != nil {
			t.Errorf("%s: strategy %s: %v", file, strategy, err)
		}
	}
	if addons := formsOf(reflect.TypeFor[management3.ClientAddons]()); len(addons) != len(names.Addons) {
		t.Errorf("%s lists %d add-ons, the SDK %d: %v", file, len(names.Addons), len(addons), addons)
	}
	for strategy, object := range optionTypes {
		for option, form := range formsOf(object) {
			if !slices.Contains(names.Options[strategy][form], option) {
				t.Errorf("%s lacks option %s of strategy %s, with form %s", file, option, strategy, form)
			}
		}
	}
}

// formsOf returns the fields of an object in JSON, with their forms.
func formsOf(object reflect.Type) map[string]string {
	forms := map[string]string{}
	for field := range object.Fields() {
		name, _, _ := strings.Cut(field.Tag.Get("json"), ",")
		if name == "" || name == "-" {
			continue
		}
		value := field.Type
		if value.Kind() == reflect.Pointer {
			value = value.Elem()
		}
		switch value.Kind() {
		case reflect.String:
			forms[name] = "text"
		case reflect.Bool:
			forms[name] = "boolean"
		case reflect.Slice:
			forms[name] = "list"
		default:
			forms[name] = "any"
		}
	}
	return forms
}
