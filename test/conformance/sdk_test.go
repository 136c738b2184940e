package main

import (
	"testing"

	"github.com/auth0/go-auth0/management"
	client "github.com/auth0/go-auth0/v3/management/client"
)

func TestSDKs(t *testing.T) {
	_ = management.New
	_ = client.New
}
