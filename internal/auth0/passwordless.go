package auth0

// IsPasswordless reports whether users of a connection have no password. Auth0 gives such connections fixed names.
func IsPasswordless(connection string) bool { return connection == "email" || connection == "sms" }
