// Package auth0 is the edge to Auth0: one Session per tenant over the SDK. Nothing else builds a client, retries, waits
// for a rate limit, or reads an HTTP status.
//
// Calls return Documents, JSON objects in Auth0's field names, read from the wire as they are: the SDK has a type of its
// own for every request and every answer, and drops what it does not know. Every failed call returns an *Error, whose
// Class says what can be done about it. The SDK's own retries are off, and it never sees a failed answer: even with
// retries off it sleeps through a 429 or a 5xx without honouring the context.
package auth0
