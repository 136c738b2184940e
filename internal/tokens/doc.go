// Package tokens issues the tokens that Auth0Tokens declare, and keeps them fresh in Secrets. Begin with tokenHandler.Apply in
// token.go: it keeps a valid token, continues a token family, or requests a token. grants.go and password.go to device.go have the
// grants, family.go has the chain of refresh tokens, output.go the Secrets, and explain.go what Auth0's refusals mean.
package tokens
