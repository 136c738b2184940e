package simulator

import (
	"net/http"
	"strings"
)

var settingsChange = objectOf(`
change_password object?
device_flow object?
  charset string enum=base20,digits # Character set used to generate a User Code. Can be base20 or digits.
  mask string len=1..20 # Mask used to format a generated User Code into a friendly, readable format.
guardian_mfa_page object?
default_audience string # Default audience for API Authorization.
default_directory string # Name of connection used for password grants at the token endpoint.
error_page object?
default_token_quota object?
  clients object` + strings.ReplaceAll(quotaProperties, "\n", "\n  ") + `
  organizations object` + strings.ReplaceAll(quotaProperties, "\n", "\n  ") + `
flags object # Flags used to change the behavior of this tenant.
friendly_name string? # Friendly name for this tenant.
picture_url string? # URL of logo to be shown for this tenant (recommended size: 150x150)
support_email string? # End-user support email.
support_url string? # End-user support url.
allowed_logout_urls array<string> # URLs that are valid to redirect to after logout from Auth0.
session_lifetime integer range=1.. # Number of hours a session will stay valid.
idle_session_lifetime integer range=1.. # Number of hours for which a session can be inactive before the user must log in again.
ephemeral_session_lifetime number
idle_ephemeral_session_lifetime number
session_lifetime_in_minutes integer
idle_session_lifetime_in_minutes integer
ephemeral_session_lifetime_in_minutes integer
idle_ephemeral_session_lifetime_in_minutes integer
sandbox_version string # Selected sandbox version for the extensibility environment.
legacy_sandbox_version string
default_redirection_uri string # The default absolute redirection uri, must be https
enabled_locales array<string> # Supported locales for the user interface
session_cookie object?
sessions object?
oidc_logout object?
customize_mfa_in_postlogin_action boolean?
allow_organization_name_in_authentication_api boolean?
acr_values_supported array<string>?
mtls object?
pushed_authorization_requests_supported boolean?
authorization_response_iss_parameter_supported boolean?
skip_non_verifiable_callback_uri_confirmation_prompt boolean?
resource_parameter_profile string enum=audience,compatibility
client_id_metadata_document_supported boolean
phone_consolidated_experience boolean
enable_ai_guide boolean
include_session_metadata_in_tenant_logs boolean?
dynamic_client_registration_security_mode string
country_codes object?
universal_login object?
`)

const settingsPath = "tenants/settings"

func tenantSettings() resource {
	return &collection[doc]{
		path: settingsPath, title: "tenant settings", scopes: "tenant_settings",
		get:      &operation{query: queryOf(fieldParameters)},
		update:   &operation{body: settingsChange},
		defaults: defaultSettings,
		merged:   []string{"flags"},
		build:    func(_ *call, _, d doc) (doc, error) { inHours(d); return d, nil },
		show:     showSettings,
	}
}

// settings are those of the tenant.
func (t *tenant) settings() doc {
	if rows, ok := t.Documents[settingsPath]; ok {
		if changed, ok := rows.Get(""); ok {
			return changed
		}
	}
	return defaultSettings
}

// defaultSettings are those of a new tenant.
var defaultSettings = doc{
	"change_password": doc{"enabled": false}, "enabled_locales": []any{"en"}, "guardian_mfa_page": doc{"enabled": false},
	"idle_session_lifetime": 72.0, "session_lifetime": 168.0, "sandbox_version": "22",
	"oidc_logout": doc{"rp_logout_end_session_endpoint_discovery": true},
	"flags": doc{
		"allow_changing_enable_sso": false, "disable_impersonation": true, "enable_sso": true, "universal_login": true,
		"revoke_refresh_token_grant": false, "disable_clickjack_protection_headers": false,
	},
}

// sandboxVersions are what a tenant can choose from; those on an old one have other choices.
func sandboxVersions(current string) []any {
	if current == "22" || current == "18" {
		return []any{"22", "18"}
	}
	return []any{"18", "16", "12"}
}

// showSettings shows what can be chosen in the answer to a GET, and a little more than that has in the answer to a PATCH.
func showSettings(c *call, settings doc) doc {
	if c.request.Method == http.MethodGet {
		return patch(settings, doc{"sandbox_versions_available": sandboxVersions(str(settings, "sandbox_version"))})
	}
	shown := patch(settings, doc{"flags": withDefaults(object(settings, "flags"), doc{
		"cannot_change_enforce_client_authentication_on_passwordless_start": true,
		"enforce_client_authentication_on_passwordless_start":               true,
	})})
	if login, ok := shown["universal_login"].(doc); ok {
		shown["universal_login"] = withDefaults(login, doc{
			"is_custom_template_set": true, "identifier_first": false, "webauthn_platform_first_factor": false,
		})
	}
	return shown
}

// inHours converts lifetimes that are given in minutes: the tenant keeps hours.
func inHours(given doc) {
	for _, name := range []string{"session_lifetime", "idle_session_lifetime", "ephemeral_session_lifetime", "idle_ephemeral_session_lifetime"} {
		if minutes, ok := given[name+"_in_minutes"].(float64); ok {
			given[name] = minutes / 60
			delete(given, name+"_in_minutes")
		}
	}
}
