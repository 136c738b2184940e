// Package secret reads the Secrets that people name, writes those that the operator owns, and remembers secret values
// as keyed hashes. Secrets are read live, never cached: the manager watches their metadata only.
package secret
