package secret

import (
	"fmt"
	"testing"

	"sigs.k8s.io/controller-runtime/pkg/client"
)

func TestJournalIsBounded(t *testing.T) {
	expectations := NewExpectations()
	for i := range 2 * mostEntries {
		name := client.ObjectKey{Namespace: "default", Name: fmt.Sprint(i)}
		if err := expectations.record(name, func() (string, error) { return "1", nil }); err != nil {
			t.Fatal(err)
		}
	}
	if known := len(expectations.entries.Keys()); known > mostEntries {
		t.Errorf("%d entries, want at most %d", known, mostEntries)
	}
}
