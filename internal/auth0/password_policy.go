package auth0

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// PasswordPolicy contains the requirements of a connection for new passwords. The zero value is that of a connection that cannot
// be read.
type PasswordPolicy struct {
	// Known means that the options of the connection could be read.
	Known bool
	// MinLength is the minimum number of characters.
	MinLength int64
	// Identical means that more than two identical characters in a row are refused, Sequential that sequences are refused.
	Identical, Sequential bool

	kinds     []string
	threeOf   bool
	tooLong   bool
	lastCount int64
}

// longestPassword is how many bytes of a password Auth0 can store.
const longestPassword = 72

// characterKinds are the kinds of characters that a policy names, in words and as a test.
var characterKinds = map[string]struct {
	words string
	is    func(rune) bool
}{
	"lowercase": {"lower-case letters", unicode.IsLower},
	"uppercase": {"upper-case letters", unicode.IsUpper},
	"number":    {"digits", unicode.IsDigit},
	"special":   {"special characters", func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) }},
}

// allKinds are the keys of characterKinds in Auth0's order, and levelLengths the lengths of the classic levels.
var (
	allKinds     = []string{"lowercase", "uppercase", "number", "special"}
	levelLengths = map[string]int64{"": 1, "none": 1, "low": 6, "fair": 8, "good": 8, "excellent": 10}
)

// passwordPolicyOf reads the policy from the options of a database connection, in the newer form or the classic one.
func passwordPolicyOf(options Document) PasswordPolicy {
	if options == nil {
		return PasswordPolicy{}
	}
	if newer := options.Object("password_options"); newer != nil {
		return newerPolicy(newer)
	}
	level := options.String("passwordPolicy")
	p := PasswordPolicy{Known: true, MinLength: levelLengths[level]}
	switch level {
	case "fair":
		p.kinds = allKinds[:3]
	case "good":
		p.kinds, p.threeOf = allKinds, true
	case "excellent":
		p.kinds, p.threeOf, p.Identical = allKinds, true, true
	}
	p.MinLength = numberOr(options.Object("password_complexity_options")["min_length"], p.MinLength)
	p.lastCount = numberOr(options.Object("password_history")["size"], 5)
	return p
}

func newerPolicy(options Document) PasswordPolicy {
	complexity := options.Object("complexity")
	return PasswordPolicy{
		Known:      true,
		MinLength:  numberOr(complexity["min_length"], 15),
		Identical:  complexity.String("identical_characters") == "block",
		Sequential: complexity.String("sequential_characters") == "block",
		kinds:      complexity.Strings("character_types"),
		threeOf:    complexity.String("character_type_rule") == "three_of_four",
		tooLong:    complexity.String("max_length_exceeded") != "truncate",
		lastCount:  numberOr(options.Object("history")["size"], 3),
	}
}

func numberOr(value any, otherwise int64) int64 {
	if number, ok := value.(json.Number); ok {
		if whole, err := number.Int64(); err == nil {
			return whole
		}
	}
	return otherwise
}

// Broken says in words which rules about characters a password breaks. It does not quote the password.
func (p PasswordPolicy) Broken(password string) []string {
	var broken []string
	if length := int64(utf8.RuneCountInString(password)); length < p.MinLength {
		broken = append(broken, fmt.Sprintf("it must have at least %d characters", p.MinLength))
	}
	broken = append(broken, p.missingKinds(password)...)
	if p.Identical && hasRun(password, func(a, b, c rune) bool { return a == b && b == c }) {
		broken = append(broken, "no more than 2 identical characters may follow each other")
	}
	if p.Sequential && hasRun(strings.ToLower(password), func(a, b, c rune) bool { return c-b == b-a && (c-b == 1 || c-b == -1) }) {
		broken = append(broken, "it must hold no sequences such as abc or 321")
	}
	if p.tooLong && len(password) > longestPassword {
		broken = append(broken, fmt.Sprintf("it must have at most %d bytes", longestPassword))
	}
	return broken
}

func (p PasswordPolicy) missingKinds(password string) []string {
	var all, missing []string
	for _, name := range p.kinds {
		kind, known := characterKinds[name]
		if !known {
			continue
		}
		all = append(all, kind.words)
		if !strings.ContainsFunc(password, kind.is) {
			missing = append(missing, kind.words)
		}
	}
	switch {
	case len(missing) == 0, p.threeOf && len(all)-len(missing) >= 3:
		return nil
	case p.threeOf:
		return []string{"it must have three of: " + strings.Join(all, ", ") + "; it lacks " + strings.Join(missing, " and ")}
	}
	return []string{"it must have " + strings.Join(missing, " and ")}
}

// hasRun reports whether any three characters in a row satisfy a condition.
func hasRun(text string, are func(a, b, c rune) bool) bool {
	characters := []rune(text)
	for i := 2; i < len(characters); i++ {
		if are(characters[i-2], characters[i-1], characters[i]) {
			return true
		}
	}
	return false
}

// passwordRules explain Auth0's names of refusals that are not about the characters of a password.
var passwordRules = map[string]func(PasswordPolicy) string{
	"PasswordDictionaryError": func(PasswordPolicy) string {
		return "it is one of the common passwords, or a word of the connection's own dictionary"
	},
	"PasswordNoUserInfoError": func(PasswordPolicy) string {
		return "it holds a part of what the profile says of the user, such as the name, username or e-mail address"
	},
	"PasswordHistoryError": func(p PasswordPolicy) string {
		if !p.Known {
			return "it is one of the last passwords of the user"
		}
		return fmt.Sprintf("it is one of the last %d passwords of the user", p.lastCount)
	},
}

// WhyPasswordRefused says which rules a refused password breaks, "" if that is unknown. It does not quote the password.
func (p PasswordPolicy) WhyPasswordRefused(failed *Error, password string) string {
	name, _, _ := strings.Cut(failed.Message, ":")
	if rule, known := passwordRules[name]; known {
		return rule(p)
	}
	return strings.Join(slices.Compact(p.Broken(password)), ", ")
}

// IsPasswordRefused reports whether Auth0 refused a password because of the policy of the connection.
func IsPasswordRefused(failed *Error) bool {
	return strings.HasPrefix(failed.Message, "Password") && strings.Contains(failed.Message, "Error: ")
}
