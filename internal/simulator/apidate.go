package simulator

import "time"

// Auth0 adds fields to its answers as time goes on, and clients must cope with answers from before and after. The simulator
// answers as Auth0 did on Options.APIDate: these are the fields that came while traffic was recorded, and when.
var (
	sinceCrossOriginAuthentication = date(2024, time.October) // on applications; was cross_origin_auth until April 2023
	sinceConnectedAccounts         = date(2025, time.October) // authentication and connected_accounts on connections, unasked
	sincePasswordBehavior          = date(2026, time.January) // authentication_methods.password.{api,signup}_behavior
)

// defaultAPIDate is when most of the recorded traffic was.
var defaultAPIDate = date(2025, time.September)

func date(year int, month time.Month) time.Time {
	return time.Date(year, month, 1, 0, 0, 0, 0, time.UTC)
}

// shows tells whether Auth0's answers have a field that came at a time.
func (s *Server) shows(since time.Time) bool { return !s.options.APIDate.Before(since) }
