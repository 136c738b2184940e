package simulator_test

import (
	"net/url"
	"regexp"
)

func urlEscape(s string) string { return url.QueryEscape(s) }

// captures are what the first group of an expression finds.
func captures(text []byte, expression string) (out []string) {
	for _, m := range regexp.MustCompile(expression).FindAllSubmatch(text, -1) {
		out = append(out, string(m[1]))
	}
	return out
}
