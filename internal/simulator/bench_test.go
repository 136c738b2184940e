package simulator_test

import (
	"fmt"
	"net/http"
	"testing"

	"github.com/auth0-operator/auth0-operator/internal/simulator"
)

const manyUsers = 100000

// BenchmarkManyUsers measures requests against a tenant with 100,000 users.
func BenchmarkManyUsers(b *testing.B) {
	sim, err := simulator.Start(simulator.Options{ClientID: clientID, ClientSecret: clientSecret})
	if err != nil {
		b.Fatal(err)
	}
	defer func() { _ = sim.Close() }()
	call := func(b *testing.B, method, path string, body any, want int) {
		b.Helper()
		if status, answer := sim.Dashboard(method, path, body); status != want {
			b.Fatalf("%s %s: %d %s", method, path, status, answer)
		}
	}
	create := func(b *testing.B, i int) {
		b.Helper()
		call(b, "POST", "/api/v2/users", map[string]any{
			"connection": "Username-Password-Authentication", "email": fmt.Sprintf("user%d@example.com", i),
			"user_id": fmt.Sprint(i), "app_metadata": map[string]any{"n": fmt.Sprint(i % 1000)},
		}, http.StatusCreated)
	}
	// Hashing passwords takes a millisecond each, which is not what is measured here.
	_, answer := sim.Dashboard("GET", "/api/v2/connections?fields=id", nil)
	connection := captures(answer, `"id":"(\w+)"`)[0]
	call(b, "PATCH", "/api/v2/connections/"+connection, map[string]any{"options": map[string]any{
		"authentication_methods": map[string]any{"password": map[string]any{"enabled": true, "api_behavior": "optional"}},
	}}, http.StatusOK)
	next := 0
	for ; next < manyUsers; next++ {
		create(b, next)
	}
	for _, c := range []struct {
		name, method, path string
		body               any
	}{
		{"get", "GET", "/api/v2/users/auth0%7C77777", nil},
		{"by e-mail", "GET", "/api/v2/users-by-email?email=user77777%40example.com", nil},
		{"patch", "PATCH", "/api/v2/users/auth0%7C77777", map[string]any{"name": "x"}},
		{"search by id", "GET", "/api/v2/users?q=user_id%3A%22auth0%7C77777%22", nil},
		{"search by e-mail", "GET", "/api/v2/users?q=email%3A%22user77777%40example.com%22", nil},
		{"search by metadata", "GET", "/api/v2/users?q=app_metadata.n%3A777", nil},
		{"first page", "GET", "/api/v2/users?per_page=100&include_totals=true", nil},
	} {
		b.Run(c.name, func(b *testing.B) {
			for b.Loop() {
				call(b, c.method, c.path, c.body, http.StatusOK)
			}
		})
	}
	b.Run("create", func(b *testing.B) {
		for b.Loop() {
			create(b, next)
			next++
		}
	})
}
