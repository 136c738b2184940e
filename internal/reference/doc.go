// Package reference resolves what objects refer to: tenants, with the permission to use them, and the Secrets and
// ConfigMaps behind them; and it keeps what is in use from being deleted too early.
package reference
