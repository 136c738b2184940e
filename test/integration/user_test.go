package integration

import (
	"testing"

	"github.com/auth0-operator/auth0-operator/api/v1alpha1"
)

func TestUserIsCreatedByOneCall(t *testing.T) {
	t.Parallel()
	e := newEnvironment(t)
	e.create(e.secret("ada-password", map[string]string{"password": "Correct-Horse-1"}))
	user := &v1alpha1.Auth0User{ObjectMeta: e.meta("ada"), Spec: v1alpha1.Auth0UserSpec{
		ManagedSpec: e.managedSpec(),
		Connection:  connection,
		Email:       new("Ada@Example.com"),
		GivenName:   new("Ada"),
		Password:    &v1alpha1.UserPassword{SecretRef: &v1alpha1.SecretKeyReference{Name: "ada-password", Key: "password"}},
	}}
	e.create(user)
	e.eventuallyReady(user)

	stored := e.dashboard("GET", "/api/v2/users/"+user.Status.UserID, nil)
	if stored["email"] != "ada@example.com" || stored["given_name"] != "Ada" {
		t.Errorf("the user in Auth0 is %v", stored)
	}
	if requests := e.sim.Requests(); requests.Total != 1 {
		t.Errorf("creating a user took %d calls, want 1: %+v", requests.Total, requests.ByRoute)
	}
	if mails := e.sim.Emails(); len(mails) != 0 {
		t.Errorf("nobody asked for mail, and Auth0 sent %+v", mails)
	}
}
