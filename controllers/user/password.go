package user

import (
	"context"
	"crypto/rand"
	"fmt"
	"math/big"
	"slices"

	corev1 "k8s.io/api/core/v1"

	"github.com/auth0-operator/auth0-operator/api/v1alpha1"
	"github.com/auth0-operator/auth0-operator/internal/auth0"
	"github.com/auth0-operator/auth0-operator/internal/engine"
	"github.com/auth0-operator/auth0-operator/internal/secret"
)

const (
	// generatedPasswordKey always holds the password, whatever the templates say, because the operator reads it back from there.
	generatedPasswordKey = "password"
	// annotationRotation is the rotation request that the password in the Secret was created for.
	annotationRotation = "auth0-operator.io/password-rotation"

	// usualLength of a generated password exceeds nearly every policy. bcrypt accepts at most longest.
	usualLength   = 48
	longestLength = 72
)

// prepare writes a generated password to its Secret before Auth0 gets it, so that no crash can lose it.
func prepare(ctx context.Context, req engine.Request[*v1alpha1.Auth0User]) error {
	u := req.Object
	if u.Spec.Password == nil || u.Spec.Password.Generate == nil {
		return nil
	}
	spec := u.Spec.Password.Generate.OutputSecret
	output := secret.NewOutput(req.Client, u, spec)
	output.Expectations = req.Outputs
	current, err := output.Get(ctx)
	if err != nil {
		return err
	}
	password, err := generatedPassword(ctx, req, current)
	if err != nil {
		return err
	}
	data, err := secret.Render(spec, map[string]string{"username": loginOf(u), "password": password})
	if err != nil {
		return err
	}
	data[generatedPasswordKey] = []byte(password)
	return output.Put(ctx, current, data, map[string]string{annotationRotation: u.Annotations[v1alpha1.AnnotationRotatePassword]})
}

// generatedPassword returns the password in the Secret, or a new one if there is none or a rotation was requested.
func generatedPassword(ctx context.Context, req engine.Request[*v1alpha1.Auth0User], current *corev1.Secret) (string, error) {
	u := req.Object
	if current != nil && len(current.Data[generatedPasswordKey]) > 0 && current.Annotations[annotationRotation] == u.Annotations[v1alpha1.AnnotationRotatePassword] {
		return string(current.Data[generatedPasswordKey]), nil
	}
	scopes, err := req.Session.Scopes(ctx)
	if err != nil || !slices.Contains(scopes, "read:connections") {
		return randomPassword(0), err
	}
	connection := connectionOf(u, req.References)
	policy, err := req.Session.PasswordPolicy(ctx, connection)
	if err != nil {
		return "", err
	}
	if policy.MinLength > longestLength {
		return "", fmt.Errorf("connection %q wants passwords of %d characters; Auth0 stores no more than %d bytes", connection, policy.MinLength, longestLength)
	}
	req.Event(ctx, v1alpha1.EventPasswordGenerated, "wrote a new password to Secret "+u.Spec.Password.Generate.OutputSecret.Name)
	return randomPassword(int(policy.MinLength)), nil
}

// explainSecret implements Definition.ExplainSecret. Auth0 says that a password is too weak, but not which rule it breaks.
func explainSecret(ctx context.Context, req engine.Request[*v1alpha1.Auth0User], _, password string, failed *auth0.Error) string {
	if !auth0.IsPasswordRefused(failed) {
		return ""
	}
	// Without the policy, the name of the error may still say it.
	policy, _ := req.Session.PasswordPolicy(ctx, connectionOf(req.Object, req.References))
	why := policy.WhyPasswordRefused(failed, password)
	if why == "" && !policy.Known {
		return "the operator cannot read by which rule, as its application lacks the scope read:connections or read:connections_options"
	}
	return why
}

// loginOf is the identifier that the user signs in with.
func loginOf(u *v1alpha1.Auth0User) string {
	for _, login := range []*string{u.Spec.Email, u.Spec.Username, u.Spec.PhoneNumber} {
		if login != nil {
			return *login
		}
	}
	return ""
}

// passwordClasses are the classes of characters in policies, without those that are easily confused or awkward in shells and
// URLs.
var passwordClasses = []string{"abcdefghijkmnpqrstuvwxyz", "ABCDEFGHJKLMNPQRSTUVWXYZ", "23456789", "!@#%^*"}

// randomPassword creates a password of at least shortest characters that meets every policy. It takes the classes of characters
// in turn, so that it has neither repetitions nor sequences. It has more than 180 bits of randomness.
func randomPassword(shortest int) string {
	password := make([]byte, max(usualLength, shortest))
	for i := range password {
		class := passwordClasses[i%len(passwordClasses)]
		// rand.Int fails only if the system has no randomness, and then rand.Reader ends the process.
		at, _ := rand.Int(rand.Reader, big.NewInt(int64(len(class))))
		password[i] = class[at.Int64()]
	}
	return string(password)
}

// SignInOf returns the name that a user signs in with, and where the password is.
func SignInOf(u *v1alpha1.Auth0User) (username string, password v1alpha1.SecretKeyReference) {
	return loginOf(u), secretFields(u)["password"]
}
