// Package display makes untrusted text safe to show on a terminal, in a status and in a log.
//
// It imports no package of the repository.
package display

import (
	"io"
	"strings"
	"unicode"
)

// Text returns a text on one line. Characters that a terminal would obey or not show become U+FFFD.
func Text(text string) string {
	return strings.Map(func(char rune) rune {
		if char == '\n' || char == '\t' {
			return ' '
		}
		return shown(char)
	}, text)
}

// Writer returns a writer that keeps lines and tabs, and writes the rest like Text. Each Write must hold whole characters.
func Writer(to io.Writer) io.Writer { return writer{to} }

type writer struct{ to io.Writer }

// Write implements io.Writer.
func (w writer) Write(text []byte) (int, error) {
	safe := strings.Map(func(char rune) rune {
		if char == '\n' || char == '\t' {
			return char
		}
		return shown(char)
	}, string(text))
	if _, err := io.WriteString(w.to, safe); err != nil {
		return 0, err
	}
	return len(text), nil
}

// shown returns a character, or U+FFFD for one that controls something: how text is written, or in which direction.
func shown(char rune) rune {
	if unicode.IsControl(char) || unicode.Is(unicode.Cf, char) {
		return unicode.ReplacementChar
	}
	return char
}
