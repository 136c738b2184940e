package auth0

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
)

const routeSignup = "/dbconnections/signup"

// SignUp signs a user up as an application does, at the tenant's custom domain if it has one. It returns the user as the answer
// shows it, with the user_id that Auth0 chose. An existing user is a conflict; Auth0 does not say which one.
func (s *Session) SignUp(ctx context.Context, user Document) (Document, error) {
	body, err := json.Marshal(user)
	if err != nil {
		return nil, fmt.Errorf("encode sign-up: %w", err)
	}
	answer, err := s.post(ctx, s.LoginDomain(), &call{method: http.MethodPost, route: routeSignup}, http.Header{"Content-Type": {"application/json"}}, string(body))
	if err != nil {
		return nil, err
	}
	signedUp, err := ParseDocument(answer.body)
	if err != nil {
		return nil, err
	}
	// A custom database may use another name.
	id := firstOf(signedUp.String("_id"), signedUp.String("id"), signedUp.String("user_id"))
	if id == "" {
		return nil, &Error{Class: ClassUnavailable, Route: "POST " + routeSignup, Message: "the answer holds no id"}
	}
	delete(signedUp, "_id")
	signedUp["user_id"] = "auth0|" + id
	return signedUp, nil
}
