package simulator

import "time"

// Auth0 adds fields to its answers over time, and clients must cope with earlier and later answers. The simulator answers as
// Auth0 did on Options.APIDate. These are the fields that Auth0 added while the traffic was recorded, and the dates.
var (
	sinceNewCrossOrigin            = date(2023, time.April)   // cross_origin_auth on applications: until then
	sinceCrossOriginAuthentication = date(2024, time.October) // cross_origin_authentication on applications
	sincePasskeys                  = date(2024, time.January) // authentication_methods and passkey_options on databases
	sinceOktaPushed                = date(2025, time.January) // in Okta's own metadata: pushed and backchannel requests
	sinceSubjectTypes              = date(2025, time.January) // subject_type on client grants
	sinceConnectedAccounts         = date(2025, time.October) // authentication and connected_accounts on connections, unasked
	sinceUniqueEmail               = date(2025, time.October) // unique on the e-mail attribute of databases
	sincePasswordBehavior          = date(2026, time.January) // authentication_methods.password.{api,signup}_behavior
	sinceOktaEncryption            = date(2026, time.January) // in Okta's own metadata: encryption of ID tokens
)

// defaultAPIDate is when most of the recorded traffic was: of the days tried, most of it agrees as of this one.
// Neither the application's SDK nor what it asks for tells the fields above; they came on their day, for everyone.
var defaultAPIDate = date(2025, time.September)

func date(year int, month time.Month) time.Time {
	return time.Date(year, month, 1, 0, 0, 0, 0, time.UTC)
}

// shows reports whether Auth0's answers have a field that was added on a date.
func (s *Server) shows(since time.Time) bool { return !s.options.APIDate.Before(since) }
