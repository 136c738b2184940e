// Package secret reads the Secrets that specs refer to, writes output Secrets, and stores secret values as keyed hashes.
// It reads Secrets from the API server and never caches them: the manager watches only their metadata.
//
// It may import api/v1alpha1 and internal/problem, but does not call Auth0.
package secret
