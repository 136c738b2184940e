package simulator

import (
	"fmt"
	"net/http"
)

var (
	logStreamCreation = objectOf(`
name string len=1..255 # name of the log stream
type! string enum=http,eventbridge,eventgrid,datadog,splunk,sumo,segment,mixpanel
isPriority boolean # whether security events come first
filters array<object> # categories of the events to send, all if there are none
  type! string enum=category
  name! string enum=auth.login.fail,auth.login.notification,auth.login.success,auth.logout.fail,auth.logout.success,auth.signup.fail,auth.signup.success,auth.silent_auth.fail,auth.silent_auth.success,auth.token_exchange.fail,auth.token_exchange.success,management.fail,management.success,scim.event,system.notification,user.fail,user.notification,user.success,actions,other
pii_config object
  log_fields! array<string> enum=first_name,last_name,username,email,phone,address
  method string enum=mask,hash
  algorithm string enum=xxhash
sink! object
startFrom string format=date-time # time from which on events are sent
`)
	logStreamChange = logStreamCreation.without("type", "startFrom").optional().extend(
		`status string enum=active,paused,suspended # whether events are sent`)
	logStreamSinks = variant{by: "type", of: "sink", fixed: []string{"eventbridge", "eventgrid"}, schemas: map[string]*schema{
		"http": objectOf(`
httpEndpoint! string format=uri # URL that gets the events
httpAuthorization string
httpContentFormat string enum=JSONARRAY,JSONLINES,JSONOBJECT
httpContentType string
httpCustomHeaders array<object>
  header! string
  value! string`),
		"eventbridge": objectOf("awsAccountId! string pattern=^\\d{12}$\nawsRegion! string pattern=^[a-z]+(-[a-z]+)+-\\d$"),
		"eventgrid":   objectOf("azureSubscriptionId! string len=1..\nazureRegion! string len=1..\nazureResourceGroup! string len=1.."),
		"datadog":     objectOf("datadogApiKey! string len=1..\ndatadogRegion! string enum=us,eu,us3,us5"),
		"splunk": objectOf(`
splunkDomain! string len=1..
splunkPort! string len=1..
splunkToken! string len=1..
splunkSecure! boolean`),
		"sumo":    objectOf("sumoSourceAddress! string format=uri"),
		"segment": objectOf("segmentWriteKey! string len=1.."),
		"mixpanel": objectOf(`
mixpanelRegion! string enum=us,eu
mixpanelProjectId! string len=1..
mixpanelServiceAccountUsername! string len=1..
mixpanelServiceAccountPassword! string len=1..`),
	}}
)

// logStreams send the tenant's log elsewhere; the simulator sends nothing. Answers show the secrets of all sinks but one.
func logStreams() resource {
	return &collection[doc]{
		path: "log-streams", title: "a log stream", scopes: "log_streams",
		id:       identifier{field: "id", new: func(*call) string { return "lst_" + random(16, "0123456789") }},
		list:     &operation{},
		get:      &operation{},
		create:   &operation{body: logStreamCreation, status: http.StatusOK},
		update:   &operation{body: logStreamChange},
		remove:   &operation{},
		defaults: doc{"status": "active"},
		// Auth0 publishes no limit: how many a plan has is a matter of its contract. These numbers are an assumption, on the low side.
		limit: map[RateLimit]int{RateLimitFree: 1, RateLimitSelfService: 1, RateLimitEnterprise: 10},
		full: func() *failure {
			return apiError(http.StatusConflict, "", "The tenant has as many log streams as its plan allows.")
		},
		variant: &logStreamSinks,
		masked:  []string{"sink.mixpanelServiceAccountPassword"},
		missing: func() *failure { return apiError(http.StatusNotFound, "", "The log stream does not exist.") },
		build:   buildLogStream,
	}
}

// buildLogStream adds what Auth0 decides: a priority stream has one filter, and a partner's source or topic has a name.
func buildLogStream(c *call, _, d doc) (doc, error) {
	delete(d, "startFrom")
	if truth(d, "isPriority") {
		d["filters"] = []any{doc{"type": "category", "name": "security"}}
	}
	sink := object(d, "sink")
	switch {
	case str(d, "type") == "eventbridge" && !has(sink, "awsPartnerEventSource"):
		source := fmt.Sprintf("aws.partner/auth0.com/%s-%s/auth0.logs", c.tenantName(), newUUID())
		d["sink"] = patch(sink, doc{"awsPartnerEventSource": source})
	case str(d, "type") == "eventgrid" && !has(sink, "azurePartnerTopic"):
		d["sink"] = patch(sink, doc{"azurePartnerTopic": c.tenantName() + "-" + newUUID()})
	}
	return d, nil
}
