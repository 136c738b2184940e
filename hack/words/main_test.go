package main

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func TestSplit(t *testing.T) {
	for name, want := range map[string]string{
		"readHTTPAnswer":  "read http answer",
		"TestAUserIsMade": "test user is made",
		"routeV2":         "route",
		"snake_case":      "snake case",
		"p":               "",
		"IDs":             "ids",
	} {
		if got := strings.Join(split(name), " "); got != want {
			t.Errorf("split(%q) = %q, want %q", name, got, want)
		}
	}
}

func TestWrongWordsAreFound(t *testing.T) {
	dir := t.TempDir()
	source := "package a\n\nfunc readLane(blorp int) (value int) { frobnik := blorp; return frobnik }\n"
	if err := os.WriteFile(filepath.Join(dir, "a.go"), []byte(source), 0o600); err != nil {
		t.Fatal(err)
	}
	used, err := wordsIn(dir)
	if err != nil {
		t.Fatal(err)
	}
	got := wrongWords(used, map[string]bool{"read": true, "value": true, "lane": true}, map[string]string{"lane": "priority"})
	want := []string{"blorp is no standard word", "frobnik is no standard word", "lane: write priority"}
	if len(got) != len(want) || slices.ContainsFunc(want, func(w string) bool { return !strings.Contains(strings.Join(got, "\n"), w) }) {
		t.Errorf("wrong words: %q, want %q", got, want)
	}
}
