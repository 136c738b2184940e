// Package auth0 is the only package that talks to Auth0: one [Session] per tenant over the SDK. No other package builds a
// client, retries, waits for a rate limit, or reads an HTTP status.
//
// Calls return a [Document], a JSON object in Auth0's field names, because the types of the SDK drop unknown fields. Every
// failed call returns an [Error], whose [Class] says how to handle it. The SDK's own retries are off, and it never sees a
// failed response: even with retries off, it sleeps after a 429 or a 5xx and ignores the context.
//
// It may import internal/display and internal/lease, but nothing that knows Kubernetes objects. Start with [Pool] and
// [Session]. The package ratelimit decides when a call may be made.
package auth0
