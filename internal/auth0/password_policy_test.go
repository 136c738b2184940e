package auth0

import (
	"strings"
	"testing"
)

// TestBrokenPasswordRules checks the wording of each rule, for both forms of a policy, and that no message quotes the password.
func TestBrokenPasswordRules(t *testing.T) {
	const length, kinds = "at least 8 characters", "three of: lower-case letters, upper-case letters, digits, special characters"
	for _, row := range []struct{ name, options, password, want string }{
		{"too short", `{"passwordPolicy":"low"}`, "Plan1", "it must have at least 6 characters"},
		{"length of its own", `{"passwordPolicy":"good","password_complexity_options":{"min_length":12}}`, "Planted-pw1", "at least 12 characters"},
		{"short and plain", `{"passwordPolicy":"good"}`, "planted", length + ", it must have " + kinds + "; it lacks upper-case letters and digits and special characters"},
		{"three kinds", `{"passwordPolicy":"good"}`, "Planted-password", ""},
		{"fair", `{"passwordPolicy":"fair"}`, "plantedpassword", "it must have upper-case letters and digits"},
		{"identical", `{"passwordPolicy":"excellent"}`, "Planted-paaass1", "no more than 2 identical characters"},
		{"none", `{}`, "p", ""},
		{"newer length", `{"password_options":{"complexity":{}}}`, "Planted-pass1", "at least 15 characters"},
		{"newer kinds", `{"password_options":{"complexity":{"min_length":1,"character_types":["number","special"]}}}`, "planted", "it must have digits and special characters"},
		{"newer sequence", `{"password_options":{"complexity":{"min_length":1,"sequential_characters":"block"}}}`, "planted-cba", "no sequences"},
		{"too long", `{"password_options":{"complexity":{"min_length":1}}}`, strings.Repeat("planted.", 10), "at most 72 bytes"},
		{"truncated", `{"password_options":{"complexity":{"min_length":1,"max_length_exceeded":"truncate"}}}`, strings.Repeat("planted.", 10), ""},
	} {
		options, err := ParseDocument([]byte(row.options))
		if err != nil {
			t.Fatal(err)
		}
		weak := &Error{Message: "PasswordStrengthError: Password is too weak"}
		got := passwordPolicyOf(options).WhyPasswordRefused(weak, row.password)
		if row.want == "" && got != "" || !strings.Contains(got, row.want) {
			t.Errorf("%s: %q, want %q", row.name, got, row.want)
		}
		if strings.Contains(got, row.password) && len(row.password) > 1 {
			t.Errorf("%s: the message quotes the password: %s", row.name, got)
		}
	}
	history, _ := ParseDocument([]byte(`{"password_history":{"enable":true,"size":7}}`))
	for message, want := range map[string]string{
		"PasswordDictionaryError: Password is too common":             "one of the common passwords",
		"PasswordNoUserInfoError: Password contains user information": "what the profile says of the user",
		"PasswordHistoryError: Password has previously been used":     "one of the last 7 passwords",
	} {
		if got := passwordPolicyOf(history).WhyPasswordRefused(&Error{Message: message}, "planted"); !strings.Contains(got, want) {
			t.Errorf("%s: %q, want %q", message, got, want)
		}
	}
}
