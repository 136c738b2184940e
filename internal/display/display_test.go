package display_test

import (
	"bytes"
	"testing"

	"github.com/auth0-operator/auth0-operator/internal/display"
)

func TestText(t *testing.T) {
	for _, row := range []struct{ name, text, want string }{
		{"plain", "größer als 2 MiB: «x»", "größer als 2 MiB: «x»"},
		{"lines become one", "a\nb\tc", "a b c"},
		{"an escape sequence", "\x1b[2Jgone", "�[2Jgone"},
		{"a carriage return", "no\ryes", "no�yes"},
		{"C1 controls", "\u009b31m", "�31m"},
		{"text that runs backwards", "a\u202eb", "a�b"},
		{"no UTF-8", "a\xffb", "a�b"},
	} {
		if got := display.Text(row.text); got != row.want {
			t.Errorf("%s: got %q, want %q", row.name, got, row.want)
		}
	}
}

func TestWriterKeepsLines(t *testing.T) {
	var out bytes.Buffer
	if _, err := display.Writer(&out).Write([]byte("a\tb\n\x1b]0;title\x07")); err != nil {
		t.Fatal(err)
	}
	if want := "a\tb\n�]0;title�"; out.String() != want {
		t.Errorf("got %q, want %q", out.String(), want)
	}
}
