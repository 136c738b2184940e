package integration

import (
	"net/http"
	"reflect"
	"testing"

	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"

	"github.com/auth0-operator/auth0-operator/api/v1alpha1"
)

// TestClearedFieldsOfAnApplication takes each field out of the spec of an application that Auth0 does not take null for, by the
// definition of its API, and some that it does: each is cleared in the form that Auth0 takes, and nothing is refused.
func TestClearedFieldsOfAnApplication(t *testing.T) {
	t.Parallel()
	e := newEnvironment(t)
	urls := []string{"https://example.com/app"}
	origins := []string{"https://example.com"}
	enabled := &v1alpha1.ClientNativeSocialLoginProvider{Enabled: true}
	rows := map[string]struct {
		declare func(*v1alpha1.ClientSettings)
		want    any
	}{
		"description":                    {func(c *v1alpha1.ClientSettings) { c.Description = new("old") }, ""},
		"logo_uri":                       {func(c *v1alpha1.ClientSettings) { c.LogoURI = new("https://example.com/logo.png") }, ""},
		"initiate_login_uri":             {func(c *v1alpha1.ClientSettings) { c.InitiateLoginURI = new("https://example.com/login") }, ""},
		"custom_login_page":              {func(c *v1alpha1.ClientSettings) { c.CustomLoginPage = new("<html/>") }, ""},
		"custom_login_page_preview":      {func(c *v1alpha1.ClientSettings) { c.CustomLoginPagePreview = new("<html/>") }, ""},
		"form_template":                  {func(c *v1alpha1.ClientSettings) { c.FormTemplate = new("<form/>") }, ""},
		"callbacks":                      {func(c *v1alpha1.ClientSettings) { c.Callbacks = urls }, []any{}},
		"allowed_logout_urls":            {func(c *v1alpha1.ClientSettings) { c.AllowedLogoutURLs = urls }, []any{}},
		"allowed_origins":                {func(c *v1alpha1.ClientSettings) { c.AllowedOrigins = origins }, []any{}},
		"web_origins":                    {func(c *v1alpha1.ClientSettings) { c.WebOrigins = origins }, []any{}},
		"client_aliases":                 {func(c *v1alpha1.ClientSettings) { c.ClientAliases = []string{"urn:example"} }, []any{}},
		"allowed_clients":                {func(c *v1alpha1.ClientSettings) { c.AllowedClients = []string{"client"} }, []any{}},
		"app_type":                       {func(c *v1alpha1.ClientSettings) { c.AppType = new("regular_web") }, "regular_web"},
		"redirection_policy":             {func(c *v1alpha1.ClientSettings) { c.RedirectionPolicy = new("allow_always") }, "allow_always"},
		"cross_origin_loc":               {func(c *v1alpha1.ClientSettings) { c.CrossOriginLoc = new("https://example.com/verify") }, nil},
		"token_endpoint_auth_method":     {func(c *v1alpha1.ClientSettings) { c.TokenEndpointAuthMethod = new("client_secret_basic") }, nil},
		"organization_usage":             {func(c *v1alpha1.ClientSettings) { c.OrganizationUsage = new("allow") }, nil},
		"compliance_level":               {func(c *v1alpha1.ClientSettings) { c.ComplianceLevel = new("none") }, nil},
		"par_request_expiry":             {func(c *v1alpha1.ClientSettings) { c.ParRequestExpiry = new(int64(60)) }, nil},
		"organization_discovery_methods": {func(c *v1alpha1.ClientSettings) { c.OrganizationDiscoveryMethods = []string{"email"} }, nil},
		"async_approval_notification_channels": {
			func(c *v1alpha1.ClientSettings) { c.AsyncApprovalNotificationChannels = []string{"guardian-push"} }, nil,
		},
		"session_transfer": {
			func(c *v1alpha1.ClientSettings) {
				c.SessionTransfer = &v1alpha1.ClientSessionTransfer{AllowRefreshToken: new(true)}
			}, nil,
		},
		"jwt_configuration": {
			func(c *v1alpha1.ClientSettings) {
				c.JWTConfiguration = &v1alpha1.ClientJWTConfiguration{LifetimeInSeconds: new(int64(60))}
			}, map[string]any{"secret_encoded": false},
		},
		"native_social_login": {
			func(c *v1alpha1.ClientSettings) {
				c.NativeSocialLogin = &v1alpha1.ClientNativeSocialLogin{Apple: enabled, Facebook: enabled, Google: enabled}
			},
			map[string]any{"apple": disabled("enabled"), "facebook": disabled("enabled"), "google": disabled("enabled")},
		},
		"fedcm_login": {
			func(c *v1alpha1.ClientSettings) {
				c.FedCMLogin = &v1alpha1.ClientFedCMLogin{Google: v1alpha1.ClientFedCMLoginGoogle{IsEnabled: true}}
			}, map[string]any{"google": disabled("is_enabled")},
		},
		"oidc_logout": {
			func(c *v1alpha1.ClientSettings) {
				c.OIDCLogout = &v1alpha1.ClientOIDCLogout{BackchannelLogoutURLs: urls}
			},
			map[string]any{"backchannel_logout_urls": []any{}},
		},
		"addons": {
			func(c *v1alpha1.ClientSettings) {
				c.Addons = map[string]apiextensionsv1.JSON{"wsfed": {Raw: []byte(`{"realm":"urn:example"}`)}}
			}, map[string]any{},
		},
		"mobile": {
			func(c *v1alpha1.ClientSettings) {
				c.Mobile = &v1alpha1.ClientMobile{IOS: &v1alpha1.ClientMobileIOS{TeamID: new("9JA89QQLNQ"), AppBundleIdentifier: new("com.example.app")}}
			}, map[string]any{},
		},
	}
	application := machine(e, "machine")
	for _, row := range rows {
		row.declare(&application.Spec.ClientSettings)
	}
	e.create(application)
	e.eventuallyReady(application)
	change(e, application, func(c *v1alpha1.Auth0Client) { c.Spec.ClientSettings = v1alpha1.ClientSettings{Name: c.Spec.Name} })
	e.eventuallyReady(application)
	shown := e.dashboard(http.MethodGet, "/api/v2/clients/"+application.Status.ClientID, nil)
	for field, row := range rows {
		if got := shown[field]; !reflect.DeepEqual(got, row.want) {
			t.Errorf("%s is %#v, want %#v", field, got, row.want)
		}
	}
	e.sim.ResetRequests()
	e.reconcile(application)
	requirePatches(e, "/api/v2/clients/{id}", 0)
}

func disabled(key string) map[string]any { return map[string]any{key: false} }

// TestFormerKeysOfAnApplicationThatIsCreatedAgain removes the keys of an application from its spec that somebody deleted in Auth0: the new
// one is created without a word of keys, as a creation takes no null for them.
func TestFormerKeysOfAnApplicationThatIsCreatedAgain(t *testing.T) {
	t.Parallel()
	e := newEnvironment(t)
	application := machine(e, "machine")
	application.Spec.ClientAuthenticationMethods = &v1alpha1.ClientAuthenticationMethods{PrivateKeyJWT: &v1alpha1.ClientPrivateKeyJWT{
		Generate: &v1alpha1.ClientKeyPair{Alg: "RS256"},
	}}
	application.Spec.OutputSecret = &v1alpha1.OutputSecret{Name: "machine"}
	e.create(application)
	e.eventuallyReady(application)
	change(e, application, func(c *v1alpha1.Auth0Client) { c.Spec.Suspend = true })
	e.eventuallyCondition(application, v1alpha1.ConditionReady, "True", v1alpha1.ReasonSuspended)
	before := application.Status.ClientID
	e.dashboard(http.MethodDelete, "/api/v2/clients/"+before, nil)
	change(e, application, func(c *v1alpha1.Auth0Client) { c.Spec.Suspend, c.Spec.ClientAuthenticationMethods = false, nil })
	e.eventuallyReady(application)
	if application.Status.ClientID == before {
		t.Errorf("the application was not created again")
	}
}
