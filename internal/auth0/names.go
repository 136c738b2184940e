package auth0

import (
	_ "embed"
	"encoding/json"
	"slices"
	"strings"
)

// namesFile lists names that Auth0 knows, and no call returns. test/conformance compares it with the types of the newest SDK.
//
//go:embed names.json
var namesFile []byte

// knownNames are the names of strategies, of add-ons, and of the options of the strategies whose options people misspell most, by
// their form: text, boolean, list, or any.
var knownNames = parseNames()

type names struct {
	Strategies []string                       `json:"strategies"`
	Addons     []string                       `json:"addons"`
	Options    map[string]map[string][]string `json:"options"`
}

func parseNames() names {
	var parsed names
	if err := json.Unmarshal(namesFile, &parsed); err != nil {
		panic("names.json: " + err.Error())
	}
	return parsed
}

// IsStrategy reports whether a strategy of connections is known. Auth0 may know more.
func IsStrategy(name string) bool { return slices.Contains(knownNames.Strategies, name) }

// AddonNames are the add-ons of applications.
func AddonNames() []string { return slices.Clone(knownNames.Addons) }

// ResembledOption returns the option of a strategy that a name resembles: they differ only in upper case, hyphens and
// underscores. It returns "" for a known option, and for a name that resembles none: Auth0 has options that no list names.
func ResembledOption(strategy, name string) string {
	if IsOption(strategy, name) {
		return ""
	}
	var resembled string
	for _, options := range knownNames.Options[strategy] {
		for _, option := range options {
			if PlainName(option) == PlainName(name) && (resembled == "" || option < resembled) {
				resembled = option
			}
		}
	}
	return resembled
}

// IsOption reports whether an option of a strategy is known. It returns true for strategies whose options are not listed.
func IsOption(strategy, name string) bool {
	options, isListed := knownNames.Options[strategy]
	return !isListed || formOf(options, name) != ""
}

// formOf returns the form of an option, "" if the option is not known.
func formOf(options map[string][]string, name string) string {
	for form, known := range options {
		if slices.Contains(known, name) {
			return form
		}
	}
	return ""
}

// OptionForm returns the form that an option must have, in words, if a JSON value has another form. It returns "" if the form is
// right or unknown.
func OptionForm(strategy, name string, value any) string {
	form := formOf(knownNames.Options[strategy], name)
	_, isText := value.(string)
	_, isBoolean := value.(bool)
	_, isList := value.([]any)
	switch {
	case value == nil:
		return ""
	case form == "text" && !isText:
		return "a text in quotes"
	case form == "boolean" && !isBoolean:
		return "true or false"
	case form == "list" && !isList:
		return "a list"
	}
	return ""
}

// PlainName returns a name without upper case, hyphens and underscores, which people mix up.
func PlainName(name string) string {
	return strings.ToLower(strings.NewReplacer("_", "", "-", "").Replace(name))
}
