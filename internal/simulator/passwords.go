package simulator

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/crypto/bcrypt"
)

// maxPassword is what bcrypt can take, in bytes.
const maxPassword = 72

// weakness is why a password was refused: name and message as Auth0 gives them, and the rules that a strength check found.
type weakness struct {
	name, message string
	rules         *doc
	policy        string
}

// forManagement is the refusal as the Management API gives it: one line, no errorCode, no rules.
func (w *weakness) forManagement() *failure {
	return apiError(http.StatusBadRequest, "", w.name+": "+w.message)
}

// forSignup is the refusal as sign-up gives it.
func (w *weakness) forSignup() *failure {
	body := doc{"name": w.name, "message": w.message, "code": "invalid_password", "statusCode": http.StatusBadRequest}
	switch {
	case w.rules != nil:
		body["description"], body["policy"] = *w.rules, w.policy
	case w.name == "PasswordDictionaryError":
		body["description"] = "Password is not allowed, it might be too common."
	default:
		body["description"] = w.message
	}
	return &failure{status: http.StatusBadRequest, body: body}
}

// setPassword gives u a password if the connection's policy allows it.
func (c *call) setPassword(u *user, connection *connection, password string) error {
	if w := connection.weaknessOf(password, u); w != nil {
		return w.forManagement()
	}
	u.storePassword(password)
	return nil
}

// storePassword keeps the hash. The cost is the lowest there is: these are test passwords, and tests make many.
func (u *user) storePassword(password string) {
	hash, err := bcrypt.GenerateFromPassword([]byte(password), bcrypt.MinCost)
	must(err)
	if u.Password != nil {
		u.History = append([][]byte{u.Password}, u.History[:min(len(u.History), 23)]...)
	}
	u.Password, u.Imported = hash, nil
}

func (u *user) hasPassword(password string) bool {
	if u.Imported != nil {
		verify, err := verifierOf(u.Imported)
		must(err) // it was read when it was imported
		return verify([]byte(password))
	}
	return u.Password != nil && bcrypt.CompareHashAndPassword(u.Password, []byte(password)) == nil
}

// passwordPolicy is what a connection asks of passwords, from either generation of its options.
type passwordPolicy struct {
	minLength  int
	types      []string // the kinds of characters that are asked for
	threeOf    bool     // three of the four kinds are enough
	identical  int      // how many identical characters may stand in a row; 0: any number
	sequential bool     // runs such as "abc" are refused
	history    int      // how many earlier passwords are refused
	profile    []string // fields of the profile that must not occur
	dictionary bool
	custom     []string
}

var (
	allTypes    = []string{"lowercase", "uppercase", "number", "special"}
	levelLength = map[string]int{"none": 1, "low": 6, "fair": 8, "good": 8, "excellent": 10}
	profileData = []string{"name", "username", "nickname", "user_metadata.name", "user_metadata.first", "user_metadata.last", "email"}
)

func (o *connection) policy() passwordPolicy {
	options := o.options()
	if modern := object(options, "password_options"); modern != nil {
		return modernPolicy(modern)
	}
	level := str(options, "passwordPolicy")
	if level == "" {
		level = "none"
	}
	p := passwordPolicy{minLength: levelLength[level]}
	switch level {
	case "fair":
		p.types = allTypes[:3]
	case "good":
		p.types, p.threeOf = allTypes, true
	case "excellent":
		p.types, p.threeOf, p.identical = allTypes, true, 2
	}
	p.minLength = int(number(object(options, "password_complexity_options"), "min_length", float64(p.minLength)))
	if history := object(options, "password_history"); truth(history, "enable") {
		p.history = int(number(history, "size", 5))
	}
	if truth(object(options, "password_no_personal_info"), "enable") {
		p.profile = profileData
	}
	if dictionary := object(options, "password_dictionary"); truth(dictionary, "enable") {
		p.dictionary, p.custom = true, texts(dictionary, "dictionary")
	}
	return p
}

func modernPolicy(options doc) passwordPolicy {
	complexity := object(options, "complexity")
	p := passwordPolicy{
		minLength:  int(number(complexity, "min_length", 15)),
		types:      texts(complexity, "character_types"),
		threeOf:    str(complexity, "character_type_rule") == "three_of_four",
		sequential: str(complexity, "sequential_characters") == "block",
	}
	if str(complexity, "identical_characters") == "block" {
		p.identical = 2
	}
	if history := object(options, "history"); truth(history, "active") {
		p.history = int(number(history, "size", 3))
	}
	if data := object(options, "profile_data"); truth(data, "active") {
		p.profile = texts(data, "blocked_fields")
	}
	if dictionary := object(options, "dictionary"); truth(dictionary, "active") {
		p.dictionary, p.custom = true, texts(dictionary, "custom")
	}
	return p
}

// weaknessOf holds a password against the policy; u is whose it would be.
func (o *connection) weaknessOf(password string, u *user) *weakness {
	p := o.policy()
	if rules, ok := p.strength(password); !ok {
		return &weakness{name: "PasswordStrengthError", message: "Password is too weak", rules: &rules, policy: policyText(rules)}
	}
	switch {
	case p.dictionary && p.common(password):
		return &weakness{name: "PasswordDictionaryError", message: "Password is too common"}
	case p.personal(password, u.Doc):
		return &weakness{name: "PasswordNoUserInfoError", message: "Password contains user information"}
	case p.used(password, u):
		return &weakness{name: "PasswordHistoryError", message: "Password has previously been used"}
	}
	return nil
}

// strength reports on each rule of the policy, as Auth0 does when it refuses a password.
func (p passwordPolicy) strength(password string) (doc, bool) {
	length := utf8.RuneCountInString(password)
	rules := []any{rule("At least %d characters in length", "lengthAtLeast", length >= p.minLength, p.minLength)}
	if p.minLength <= 1 {
		rules = []any{rule("Non-empty password required", "nonEmpty", length > 0)}
	}
	if len(p.types) > 0 {
		rules = append(rules, p.characterRule(password))
	}
	if p.identical > 0 {
		run := longestRun(password)
		r := rule(`No more than %d identical characters in a row (e.g., "%s" not allowed)`, "identicalChars", run <= p.identical,
			p.identical, strings.Repeat("a", p.identical+1))
		rules = append(rules, r)
	}
	if p.sequential {
		rules = append(rules, rule("No sequential characters", "sequentialChars", !hasSequence(password)))
	}
	if len(password) > maxPassword {
		rules = append(rules, rule("No more than %d bytes in length", "lengthAtMost", false, maxPassword))
	}
	ok := !slices.ContainsFunc(rules, func(r any) bool { return !truth(r.(doc), "verified") })
	return doc{"rules": rules, "verified": ok}, ok
}

func rule(message, code string, verified bool, format ...any) doc {
	r := doc{"message": message, "code": code, "verified": verified}
	if len(format) > 0 {
		r["format"] = format
	}
	return r
}

// characterRule is the rule on kinds of characters.
func (p passwordPolicy) characterRule(password string) doc {
	known := map[string]struct {
		message, code string
		test          func(rune) bool
	}{
		"lowercase": {"lower case letters (a-z)", "lowerCase", unicode.IsLower},
		"uppercase": {"upper case letters (A-Z)", "upperCase", unicode.IsUpper},
		"number":    {"numbers (i.e. 0-9)", "numbers", unicode.IsDigit},
		"special":   {"special characters (e.g. !@#$%^&*)", "specialCharacters", isSpecial},
	}
	items, met := []any{}, 0
	for _, name := range p.types {
		kind := known[name]
		verified := strings.ContainsFunc(password, kind.test)
		if verified {
			met++
		}
		items = append(items, rule(kind.message, kind.code, verified))
	}
	r := rule("Should contain:", "shouldContain", met == len(items))
	if p.threeOf {
		r = rule("Contain at least %d of the following %d types of characters:", "containsAtLeast", met >= 3, 3, len(items))
	}
	r["items"] = items
	return r
}

func isSpecial(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) }

func longestRun(s string) int {
	longest, run, last := 0, 0, rune(-1)
	for _, r := range s {
		if r != last {
			run = 0
		}
		run, last = run+1, r
		longest = max(longest, run)
	}
	return longest
}

// hasSequence finds three characters that follow each other, up or down.
func hasSequence(s string) bool {
	r := []rune(strings.ToLower(s))
	for i := 2; i < len(r); i++ {
		if step := r[i] - r[i-1]; step == r[i-1]-r[i-2] && (step == 1 || step == -1) {
			return true
		}
	}
	return false
}

// commonPasswords stands for Auth0's dictionary of ten thousand.
var commonPasswords = strings.Fields(`123456 12345678 123456789 1234567890 111111 123123 password password1 password123
passw0rd p@ssw0rd qwerty qwerty123 qwertyuiop abc123 letmein iloveyou welcome welcome1 monkey dragon football baseball
sunshine princess superman trustno1 starwars admin admin123 changeme secret`)

func (p passwordPolicy) common(password string) bool {
	same := func(word string) bool { return strings.EqualFold(word, password) }
	return slices.ContainsFunc(commonPasswords, same) || slices.ContainsFunc(p.custom, same)
}

// personal reports whether the password holds something of the profile.
func (p passwordPolicy) personal(password string, profile doc) bool {
	lower := strings.ToLower(password)
	for _, field := range p.profile {
		value, _ := at(profile, field).(string)
		if field == "email" {
			value, _, _ = strings.Cut(value, "@")
		}
		if len(value) > 2 && strings.Contains(lower, strings.ToLower(value)) {
			return true
		}
	}
	return false
}

func (p passwordPolicy) used(password string, u *user) bool {
	if p.history == 0 {
		return false
	}
	earlier := append([][]byte{u.Password}, u.History...)
	for _, hash := range earlier[:min(len(earlier), p.history)] {
		if bcrypt.CompareHashAndPassword(hash, []byte(password)) == nil {
			return true
		}
	}
	return false
}

// policyText puts the rules in words.
func policyText(rules doc) string {
	var lines []string
	for _, r := range list(rules, "rules") {
		r := r.(doc)
		lines = append(lines, "* "+fmt.Sprintf(str(r, "message"), list(r, "format")...))
		for _, item := range list(r, "items") {
			lines = append(lines, "  * "+str(item.(doc), "message"))
		}
	}
	return strings.Join(lines, "\n")
}
