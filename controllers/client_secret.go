package controllers

import (
	"context"

	corev1 "k8s.io/api/core/v1"

	"github.com/auth0-operator/auth0-operator/api/v1alpha1"
	"github.com/auth0-operator/auth0-operator/internal/auth0"
	"github.com/auth0-operator/auth0-operator/internal/engine"
	"github.com/auth0-operator/auth0-operator/internal/secret"
)

// Prepare finds out whether the credentials could be written, before there are any: a new application would be there without
// anybody to know its secret.
func (a clientAdapter) Prepare(ctx context.Context, tools engine.Tools[*v1alpha1.Auth0Client]) error {
	c := tools.Object
	if c.Spec.OutputSecret == nil || c.Status.ClientID != "" {
		return nil
	}
	output, current, err := a.output(ctx, tools)
	if err != nil {
		return err
	}
	data, err := clientData(*c.Spec.OutputSecret, tools.Session.Domain(), auth0.Document{})
	if err != nil {
		return err
	}
	return output.Try(ctx, current, data, map[string]string{})
}

// Publish writes the credentials to their Secret.
func (a clientAdapter) Publish(ctx context.Context, tools engine.Tools[*v1alpha1.Auth0Client], have auth0.Document) error {
	c := tools.Object
	if c.Spec.OutputSecret == nil {
		return nil
	}
	output, current, err := a.output(ctx, tools)
	if err != nil {
		return err
	}
	data, err := clientData(*c.Spec.OutputSecret, tools.Session.Domain(), have)
	if err != nil {
		return err
	}
	return output.Put(ctx, current, data, map[string]string{})
}

func (clientAdapter) output(ctx context.Context, tools engine.Tools[*v1alpha1.Auth0Client]) (secret.Output, *corev1.Secret, error) {
	output := secret.NewOutput(tools.Client, tools.Object, *tools.Object.Spec.OutputSecret)
	current, err := output.Get(ctx)
	return output, current, err
}

// clientData makes the data of the output Secret. Templates can use every value.
func clientData(output v1alpha1.OutputSecret, domain string, have auth0.Document) (map[string][]byte, error) {
	values := map[string]string{
		"domain": domain, "clientId": have.String("client_id"), "clientSecret": have.String("client_secret"),
	}
	if len(output.Data) > 0 {
		values["issuer"] = "https://" + domain + "/"
		values["tokenUrl"] = "https://" + domain + "/oauth/token"
	}
	return secret.Render(output, values)
}
