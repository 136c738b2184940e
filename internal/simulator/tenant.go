package simulator

import (
	"strings"
	"time"
)

// tenant is all that Auth0 keeps for one tenant. Server.mu guards it. Exported fields are saved with --state.
type tenant struct {
	Users         *table[*user]
	Roles         *table[*role]
	Clients       *table[*client]
	Grants        *table[doc] // client grants
	APIs          *table[doc] // resource servers
	Connections   *table[*connection]
	Organizations *table[*organization]
	Sessions      *table[*session]
	RefreshTokens *table[*refreshToken] // by the token
	Jobs          *table[*job]
	Streams       *table[*eventStream]
	Documents     map[string]*table[doc] // the objects of collections that are nothing but documents, by path
	Failures      *table[*failures]
	QuotaUse      *table[quotaUse] // by the id of the application or organization
	Logs          *logs
	Emails        []Email
	// SigningSecrets are of APIs whose tokens are signed with HS256, by the API's id.
	SigningSecrets map[string]string

	// What lives for minutes is not saved.
	codes      map[string]*authorizationCode
	devices    map[string]*deviceCode
	opaque     map[string]*opaqueToken
	assertions map[string]bool      // ids of client assertions that were used
	deleting   map[string]time.Time // names of connections whose deletion goes on, and until when

	index userIndex
	hub   *hub
}

// emptyTenant has nothing in it.
func emptyTenant(searchDelay time.Duration) *tenant {
	return &tenant{
		Users: newTable[*user](), Roles: newTable[*role](), Clients: newTable[*client](), Grants: newTable[doc](),
		APIs: newTable[doc](), Connections: newTable[*connection](), Organizations: newTable[*organization](),
		Sessions: newTable[*session](), RefreshTokens: newTable[*refreshToken](), Jobs: newTable[*job](),
		Streams: newTable[*eventStream](), Failures: newTable[*failures](),
		QuotaUse: newTable[quotaUse](), Logs: &logs{}, Emails: []Email{},
		Documents:      map[string]*table[doc]{},
		SigningSecrets: map[string]string{},
		codes:          map[string]*authorizationCode{}, devices: map[string]*deviceCode{}, opaque: map[string]*opaqueToken{},
		assertions: map[string]bool{}, deleting: map[string]time.Time{},
		index: newUserIndex(searchDelay), hub: newHub(),
	}
}

// Email is a mail that Auth0 would have sent.
type Email struct {
	Type       string `json:"type"` // verify_email, reset_email, blocked_account, …: Auth0's template names
	To         string `json:"to"`
	UserID     string `json:"user_id,omitempty"`
	Connection string `json:"connection,omitempty"`
	At         string `json:"at"`
}

const defaultConnection = "Username-Password-Authentication"

// newTenant is a tenant as Auth0 makes it, with an application that may call the Management API.
func newTenant(s *Server) *tenant {
	t := emptyTenant(s.options.SearchDelay)
	now := s.clock.Now()
	t.addSystemAPI(s, now)
	t.addClient(&client{ID: newClientID(), Secret: newClientSecret(), Doc: withDefaults(doc{
		"name": "All Applications", "global": true, "callbacks": []any{}, "is_first_party": true,
	}, s.clientDefaults())})
	operator := &client{ID: s.options.ClientID, Secret: s.options.ClientSecret, Doc: withDefaults(doc{
		"name": "auth0-operator", "app_type": "non_interactive", "grant_types": []any{"client_credentials"},
		"token_endpoint_auth_method": "client_secret_post",
	}, s.clientDefaults())}
	t.addClient(operator)
	t.addGrant(doc{"client_id": operator.ID, "audience": s.audience(), "scope": anys(managementScopes), "subject_type": "client"})
	connection := s.newConnection(doc{"name": defaultConnection, "strategy": "auth0"})
	connection.enable(operator.ID, true)
	t.Connections.Put(connection.ID, connection)
	return t
}

// addSystemAPI adds the Management API to the tenant's APIs.
func (t *tenant) addSystemAPI(s *Server, now time.Time) {
	scopes := make([]any, len(managementScopes))
	for i, scope := range managementScopes {
		scopes[i] = doc{"value": scope, "description": scopeDescription(scope)}
	}
	id := objectID(now)
	t.APIs.Put(id, doc{
		"id": id, "name": "Auth0 Management API", "identifier": s.audience(), "is_system": true, "scopes": scopes,
		"signing_alg": "RS256", "allow_offline_access": false, "skip_consent_for_verifiable_first_party_clients": false,
		"token_lifetime": 86400.0, "token_lifetime_for_web": 7200.0,
		"subject_type_authorization": doc{"client": doc{"policy": "require_client_grant"}, "user": doc{"policy": "allow_all"}},
	})
}

func (c *call) sendEmail(kind string, u *user, to string) {
	if to == "" {
		return
	}
	c.tenant.Emails = append(c.tenant.Emails, Email{Type: kind, To: to, UserID: u.ID, Connection: u.connection(), At: timestamp(c.now)})
}

// tenantName is the name that Auth0 shows for the tenant.
func (s *Server) tenantName() string {
	name, _, _ := strings.Cut(s.Domain, ":")
	return name
}
