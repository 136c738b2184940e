package user

import (
	"regexp"
	"strings"

	"k8s.io/utils/ptr"

	"github.com/auth0-operator/auth0-operator/api/v1alpha1"
	"github.com/auth0-operator/auth0-operator/internal/secret"
)

// usernameForm matches the characters that Auth0 documents for usernames. A custom database may accept others.
var usernameForm = regexp.MustCompile("^[A-Za-z0-9@^$.!`#+'~_-]*$")

// warnings implements Definition.Warnings.
func warnings(u *v1alpha1.Auth0User) []string {
	var warnings []string
	if !usernameForm.MatchString(ptr.Deref(u.Spec.Username, "")) {
		warnings = append(warnings, "spec.username: Auth0 takes letters without accents, digits and @ ^ $ . ! ` - # + ' ~ _, unless the users are in a database of your own; correct it")
	}
	if strings.HasPrefix(ptr.Deref(u.Spec.PhoneNumber, ""), "+0") {
		warnings = append(warnings, "spec.phoneNumber: no country code begins with 0; write it as +4915112345678")
	}
	if u.Spec.Password != nil && u.Spec.Password.Generate != nil {
		warnings = append(warnings, secret.TemplateWarnings("spec.password.generate.outputSecret", u.Spec.Password.Generate.OutputSecret, "username", "password")...)
	}
	if u.Spec.Invitation != nil {
		warnings = append(warnings, secret.TemplateWarnings("spec.invitation.outputSecret", u.Spec.Invitation.OutputSecret, "url", "expiresAt")...)
	}
	return warnings
}
