package auth0

import (
	"context"
	"encoding/json"
	"net/url"
	"strings"
	"time"
)

// DeviceFlow is a sign-in that a person approves on another device.
type DeviceFlow struct {
	// DeviceCode is the code to poll with; it is secret.
	DeviceCode string `json:"deviceCode"`
	// UserCode is the code that the person enters at VerificationURI; VerificationURIComplete contains it already.
	UserCode                string `json:"userCode"`
	VerificationURI         string `json:"verificationUri"`
	VerificationURIComplete string `json:"verificationUriComplete"`
	// Interval is the minimum time between two polls.
	Interval  time.Duration `json:"interval"`
	ExpiresAt time.Time     `json:"expiresAt"`
}

// defaultInterval is the default of RFC 8628 for a server that names none.
const defaultInterval = 5 * time.Second

// StartDeviceFlow starts a sign-in by device code.
func (s *Session) StartDeviceFlow(ctx context.Context, application Application, audience string, scopes []string) (DeviceFlow, error) {
	form := url.Values{"scope": {strings.Join(scopes, " ")}}
	if audience != "" {
		form.Set("audience", audience)
	}
	answer, err := s.postForm(ctx, s.LoginDomain(), "/oauth/device/code", application, form)
	if err != nil {
		return DeviceFlow{}, err
	}
	return parseDeviceFlow(answer.body, s.clock.Now())
}

func parseDeviceFlow(answer []byte, now time.Time) (DeviceFlow, error) {
	var body struct {
		DeviceCode              string `json:"device_code"`
		UserCode                string `json:"user_code"`
		VerificationURI         string `json:"verification_uri"`
		VerificationURIComplete string `json:"verification_uri_complete"`
		ExpiresIn               int64  `json:"expires_in"`
		Interval                int64  `json:"interval"`
	}
	if err := json.Unmarshal(answer, &body); err != nil || body.DeviceCode == "" || body.UserCode == "" {
		return DeviceFlow{}, &Error{Class: ClassUnavailable, Route: "POST /oauth/device/code", Message: "the answer holds no device code"}
	}
	flow := DeviceFlow{
		DeviceCode: body.DeviceCode, UserCode: body.UserCode,
		VerificationURI: body.VerificationURI, VerificationURIComplete: body.VerificationURIComplete,
		Interval:  time.Duration(body.Interval) * time.Second,
		ExpiresAt: now.Add(time.Duration(body.ExpiresIn) * time.Second),
	}
	if flow.Interval <= 0 {
		flow.Interval = defaultInterval
	}
	return flow, nil
}
