package main

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net/http"
	"strings"
	"testing"

	"github.com/auth0/go-auth0/authentication"
	"github.com/auth0/go-auth0/authentication/database"
	"github.com/auth0/go-auth0/authentication/oauth"
	management1 "github.com/auth0/go-auth0/management"
	management3 "github.com/auth0/go-auth0/v3/management"
	client3 "github.com/auth0/go-auth0/v3/management/client"
	core3 "github.com/auth0/go-auth0/v3/management/core"
	option3 "github.com/auth0/go-auth0/v3/management/option"

	"github.com/auth0-operator/auth0-operator/internal/simulator"
)

// tenantFor starts a tenant, and a client that trusts it.
func tenantFor(t *testing.T) (*simulator.Server, *http.Client) {
	t.Helper()
	sim, err := simulator.Start(simulator.Options{ClientID: clientID, ClientSecret: clientSecret})
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(sim.CA)
	transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12}, ForceAttemptHTTP2: true}
	t.Cleanup(func() {
		transport.CloseIdleConnections()
		if err := sim.Close(); err != nil {
			t.Error(err)
		}
	})
	return sim, &http.Client{Transport: transport}
}

// want fails the test if a step of a conversation failed.
func want(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// TestSDKv3 is the newest SDK, with the examples of its documentation.
func TestSDKv3(t *testing.T) {
	sim, trusting := tenantFor(t)
	api, err := client3.New(sim.Domain, option3.WithToken(managementToken(t, sim, trusting)), option3.WithHTTPClient(trusting), option3.WithoutRetries())
	want(t, err)

	user, err := api.Users.Create(t.Context(), &management3.CreateUserRequestContent{
		Connection: defaultConnection, Email: new("jane@example.com"), Password: new("Has 1 good password"), UserID: new("jane"),
	})
	want(t, err)
	if *user.UserID != "auth0|jane" {
		t.Errorf("the user's id is %s", *user.UserID)
	}
	_, err = api.Users.Get(t.Context(), "auth0|jane", nil)
	want(t, err)
	_, err = api.Users.Update(t.Context(), "auth0|jane", &management3.UpdateUserRequestContent{Name: new("Jane")})
	want(t, err)

	role, err := api.Roles.Create(t.Context(), &management3.CreateRoleRequestContent{Name: "admin"})
	want(t, err)
	want(t, api.Users.Roles.Assign(t.Context(), "auth0|jane", &management3.AssignUserRolesRequestContent{Roles: []string{*role.ID}}))
	members, err := api.Roles.Users.List(t.Context(), *role.ID, &management3.ListRoleUsersRequestParameters{})
	want(t, err)
	if len(members.Results) != 1 {
		t.Errorf("the role has %d members", len(members.Results))
	}

	app, err := api.Clients.Create(t.Context(), &management3.CreateClientRequestContent{Name: "app"})
	want(t, err)
	server, err := api.ResourceServers.Create(t.Context(), &management3.CreateResourceServerRequestContent{
		Identifier: "urn:api", Scopes: []*management3.ResourceServerScope{{Value: "read"}},
	})
	want(t, err)
	_, err = api.ClientGrants.Create(t.Context(), &management3.CreateClientGrantRequestContent{
		ClientID: app.ClientID, Audience: *server.Identifier, Scope: []string{"read"},
	})
	want(t, err)

	organization, err := api.Organizations.Create(t.Context(), &management3.CreateOrganizationRequestContent{Name: "acme"})
	want(t, err)
	want(t, api.Organizations.Members.Create(t.Context(), *organization.ID, &management3.CreateOrganizationMemberRequestContent{Members: []string{"auth0|jane"}}))

	events, err := api.Events.Subscribe(t.Context(), &management3.SubscribeEventsRequestParameters{}, option3.WithoutStreamReconnection())
	want(t, err)
	want(t, api.Users.Delete(t.Context(), "auth0|jane"))
	event, err := events.Recv()
	want(t, err)
	if event.Type != "user.deleted" || event.UserDeleted.Event.Data.Object.GetUserID() != "auth0|jane" {
		t.Errorf("the event is %+v", event)
	}
	_ = events.Close()

	_, err = api.Users.Get(t.Context(), "auth0|jane", nil)
	var notFound *core3.APIError
	if !errors.As(err, &notFound) || notFound.StatusCode != http.StatusNotFound {
		t.Errorf("reading a deleted user: %v", err)
	}
}

// TestSDKv1 is the SDK of the recordings, which the operator uses as well.
func TestSDKv1(t *testing.T) {
	sim, trusting := tenantFor(t)
	api, err := management1.New(sim.Domain, management1.WithClient(trusting), management1.WithStaticToken(managementToken(t, sim, trusting)), management1.WithNoRetries())
	want(t, err)

	user := &management1.User{
		Connection: new(defaultConnection), Email: new("jane@example.com"), Password: new("Has 1 good password"), ID: new("jane"),
	}
	want(t, api.User.Create(t.Context(), user))
	found, err := api.User.List(t.Context(), management1.Query(`email:"jane@example.com"`))
	want(t, err)
	if found.Total != 1 {
		t.Errorf("%d users are found", found.Total)
	}
	role := &management1.Role{Name: new("admin")}
	want(t, api.Role.Create(t.Context(), role))
	want(t, api.User.AssignRoles(t.Context(), user.GetID(), []*management1.Role{role}))
	roles, err := api.User.Roles(t.Context(), user.GetID())
	want(t, err)
	if len(roles.Roles) != 1 {
		t.Errorf("the user has %d roles", len(roles.Roles))
	}
	connection := &management1.Connection{Name: new("db"), Strategy: new("auth0")}
	want(t, api.Connection.Create(t.Context(), connection))
	want(t, api.Connection.Delete(t.Context(), connection.GetID()))
	entries, err := api.Log.List(t.Context())
	want(t, err)
	if len(entries) == 0 {
		t.Error("the log is empty")
	}
	settings, err := api.Tenant.Read(t.Context())
	want(t, err)
	if settings.GetSessionLifetime() != 168 {
		t.Errorf("sessions live for %v hours", settings.GetSessionLifetime())
	}
	err = api.User.Create(t.Context(), &management1.User{Connection: new(defaultConnection), Email: new("jane@example.com"), Password: new("Has 1 good password")})
	if failed, ok := errors.AsType[management1.Error](err); !ok || failed.Status() != http.StatusConflict {
		t.Errorf("a second user with the address: %v", err)
	}
}

// TestAuthenticationSDK signs up a user and logs in.
func TestAuthenticationSDK(t *testing.T) {
	sim, trusting := tenantFor(t)
	r := &replayer{ctx: t.Context(), sim: sim, http: trusting}
	want(t, r.dashboard("PATCH", "/api/v2/clients/"+clientID, object{"grant_types": []string{"password", "refresh_token", "client_credentials"}, "jwt_configuration": object{"alg": "RS256"}}, nil))
	want(t, r.dashboard("PATCH", "/api/v2/tenants/settings", object{"default_directory": defaultConnection}, nil))
	api, err := authentication.New(t.Context(), sim.Domain, authentication.WithClientID(clientID), authentication.WithClientSecret(clientSecret), authentication.WithClient(trusting))
	want(t, err)
	_, err = api.Database.Signup(t.Context(), database.SignupRequest{Connection: defaultConnection, Email: "jane@example.com", Password: "Has 1 good password"})
	want(t, err)
	tokens, err := api.OAuth.LoginWithPassword(t.Context(), oauth.LoginWithPasswordRequest{Username: "jane@example.com", Password: "Has 1 good password", Scope: "openid profile email offline_access"}, oauth.IDTokenValidationOptions{})
	want(t, err)
	if tokens.IDToken == "" || tokens.RefreshToken == "" {
		t.Errorf("the tokens are %+v", tokens)
	}
	who, err := api.UserInfo(t.Context(), tokens.AccessToken)
	want(t, err)
	if who.Email != "jane@example.com" {
		t.Errorf("the user is %+v", who)
	}
	_, err = api.OAuth.RefreshToken(t.Context(), oauth.RefreshTokenRequest{RefreshToken: tokens.RefreshToken}, oauth.IDTokenValidationOptions{})
	want(t, err)
	_, err = api.OAuth.LoginWithPassword(t.Context(), oauth.LoginWithPasswordRequest{Username: "jane@example.com", Password: "wrong"}, oauth.IDTokenValidationOptions{})
	if err == nil || !strings.Contains(err.Error(), "Wrong email or password") {
		t.Errorf("a wrong password: %v", err)
	}
}

// managementToken is a token with every scope.
func managementToken(t *testing.T, sim *simulator.Server, trusting *http.Client) string {
	t.Helper()
	r := &replayer{ctx: t.Context(), sim: sim, http: trusting}
	want(t, r.login())
	return r.token
}
