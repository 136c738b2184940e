// Package simulator is a stateful Auth0 tenant for tests and for trying the operator without one.
//
// It serves HTTPS on one address: the Authentication API, the Management API v2, and, under /_sim/, controls for tests. It
// answers 501 to requests that it does not support. Its rules come from recorded traffic of the real service, then from
// Auth0's documentation.
//
// It imports no package of the repository, so that it does not share mistakes with the operator. Start reading with the lists of
// routes and of collections: a collection is a resource written down as data, from which its operations follow.
//
// # Starting one
//
// As a program: cmd/auth0-simulator. In a test:
//
//	sim, err := simulator.Start(simulator.Options{ClientID: "id", ClientSecret: "secret"})
//	defer sim.Close()
//	// sim.Domain is "localhost:PORT", sim.CA the PEM of the authority that signed its certificate.
//
// It starts as a new tenant: the database connection Username-Password-Authentication, enabled for the given client;
// the Management API as system API, which that client may call with every scope; the global client; default settings.
//
// # Controls under /_sim/
//
// The simulator does not count, limit or delay these calls, and applies no faults. An invalid request gets 400
// with {"error": "..."}, which says what it expects.
//
//	POST   /_sim/reset     resets the tenant, the counts, faults, emails and the clock
//	GET    /_sim/requests  {"total":N,"byRoute":[{"method","route","status","count"}]}; a dropped request has status 0
//	DELETE /_sim/requests  zeroes the counts
//	GET    /_sim/faults    the active rules, {"faults":[...]}
//	POST   /_sim/faults    one rule, a list of rules, or {"faults":[...]}; see [Fault] for the form
//	DELETE /_sim/faults    clears the rules
//	GET    /_sim/clock     {"now":"2026-01-02T15:04:05.000Z"}
//	POST   /_sim/clock     {"advance":"1h30m"} moves the clock forward, and answers like GET
//	POST   /_sim/authorize approves a login, see [Login]; answers {"code":"..."} for grant type authorization_code
//	POST   /_sim/device    approves or denies a device, see [DeviceApproval]
//	GET    /_sim/emails    {"emails":[{"type","to","user_id","connection","at"}]}: emails that Auth0 would have sent
//	DELETE /_sim/emails    clears them
//	*      /_sim/dashboard/api/v2/...  any Management call without a token, uncounted and unlimited:
//	                       an administrator's edit in Auth0's dashboard
//
// The simulator's clock runs with the machine's, plus what was advanced. Tokens, rate limits, timestamps, delays and the
// delayed visibility of search follow it.
package simulator
