// Package ratelimit decides when a call to a tenant may be made. It keeps the calls within Auth0's rate limits, puts urgent calls
// first, and holds calls back while the tenant is unavailable. It makes no call and knows neither HTTP routes' meaning nor
// Kubernetes objects: who calls reports each answer to it.
//
// Read in this order: [Limiters] holds one [Limiter] per tenant. limiter.go is the life of a call: [Limiter.Acquire] puts it
// in the queue (queue.go) and grants it when its buckets have a token (buckets.go, bucket.go). [Limiter.Observe] learns
// Auth0's limits from the answer (headers.go, subscription.go). A [Reservation] keeps the place of a reconciliation that gave
// its worker back (reservation.go, workers.go). outage.go and breaker.go hold calls to a tenant that does not answer.
package ratelimit
