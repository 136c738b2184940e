package simulator

import (
	"slices"
	"strings"
)

// managementScopes are the scopes of the Management API, as a tenant of 2026 lists them.
var managementScopes = scopeNames(`
client_grants:rcud users:rudc users_app_metadata:rudc user_custom_blocks:rcd user_tickets:c clients:rudc client_keys:rudc
client_credentials:rudc client_summary:r connections:rudc resource_servers:rudc device_credentials:rudc rules:rudc
rules_configs:rud hooks:rudc actions:rudc email_provider:rudc stats:r insights:r tenant_settings:ru logs:r logs_users:r
shields:rcud anomaly_blocks:rd triggers:ru grants:rd guardian_factors:ru guardian_enrollments:rd
guardian_enrollment_tickets:c user_idp_tokens:r passwords_checking_job:cd custom_domains:rdcu email_templates:rcu
mfa_policies:ru roles:rcdu prompts:ru branding:rud log_streams:rcdu signing_keys:cru limits:ru role_members:crd
entitlements:r attack_protection:ru organizations_summary:r authentication_methods:crud organizations:rucd
organization_discovery_domains:rucd organization_members:crd organization_connections:crud
organization_member_roles:crd organization_invitations:crd scim_config:rcud scim_token:crd phone_providers:dcru
phone_templates:dcru encryption_keys:crud sessions:rud refresh_tokens:rud self_service_profiles:crud
sso_access_tickets:cd forms:rudc flows:rudc flows_vault:r flows_vault_connections:rudc flows_executions:rd
connections_options:ru self_service_profile_custom_texts:ru network_acls:curd vdcs_templates:drcu
custom_signing_keys:crud federated_connections_tokens:rd user_attribute_profiles:crud event_streams:rcdu
event_deliveries:ru events:r connection_profiles:crud organization_client_grants:rcd token_exchange_profiles:crud
security_metrics:r connections_keys:ruc groups:r`)

// scopeNames expands "users:rc" to read:users and create:users.
func scopeNames(text string) []string {
	verbs := map[rune]string{'c': "create", 'r': "read", 'u': "update", 'd': "delete"}
	out := []string{"blacklist:tokens"}
	for word := range strings.FieldsSeq(text) {
		object, letters, _ := strings.Cut(word, ":")
		for _, letter := range letters {
			out = append(out, verbs[letter]+":"+object)
		}
	}
	return out
}

// ScopesWithout are the scopes of the Management API, without some.
func ScopesWithout(less ...string) []string {
	return slices.DeleteFunc(slices.Clone(managementScopes), func(s string) bool { return slices.Contains(less, s) })
}

// scopeDescription is "Read Client Grants" for read:client_grants.
func scopeDescription(scope string) string {
	words := strings.FieldsFunc(scope, func(r rune) bool { return r == ':' || r == '_' })
	for i, w := range words {
		words[i] = strings.ToUpper(w[:1]) + w[1:]
	}
	return strings.Join(words, " ")
}
