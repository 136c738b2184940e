package secret

import (
	"testing"

	corev1 "k8s.io/api/core/v1"
)

// TestLineBreaksAtTheEnd shows that line breaks at the end of a file are not part of a value, wherever it is read, and that
// everything else is.
func TestLineBreaksAtTheEnd(t *testing.T) {
	held := &corev1.Secret{Data: map[string][]byte{
		"unix": []byte("Correct-Horse-42\n"), "windows": []byte("Correct-Horse-42\r\n"), "several": []byte("Correct-Horse-42\n\n"),
		"spaces": []byte(" Correct Horse \n"), "inside": []byte("a\nb\n"), "nothing": []byte("\n"),
	}}
	for key, want := range map[string]string{
		"unix": "Correct-Horse-42", "windows": "Correct-Horse-42", "several": "Correct-Horse-42", "spaces": " Correct Horse ", "inside": "a\nb",
	} {
		for _, read := range []func() (map[string]string, error){
			func() (map[string]string, error) { return valuesIn(held, []string{key}) },
			func() (map[string]string, error) { return valuesIn(held, nil, key) },
		} {
			values, err := read()
			if err != nil || values[key] != want {
				t.Errorf("%s: %q, %v; want %q", key, values[key], err, want)
			}
		}
	}
	if _, err := valuesIn(held, []string{"nothing"}); err == nil {
		t.Error("a line break alone is taken for a value")
	}
}
