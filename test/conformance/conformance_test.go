package main

import (
	"testing"
)

// Thresholds in percent of the recorded interactions.
const (
	wantStatus = 97
	wantShape  = 95
	wantValues = 90
)

func TestConformance(t *testing.T) {
	results, err := replayAll(t.Context(), "")
	if err != nil {
		t.Fatal(err)
	}
	if len(results) < 1000 {
		t.Fatalf("only %d interactions were replayed", len(results))
	}
	_, all := summarize(results)
	for _, c := range []struct {
		what string
		n    int
		want float64
	}{{"status", all.status, wantStatus}, {"shape", all.shape, wantShape}, {"values", all.values, wantValues}} {
		if got := percent(c.n, all.total); got < c.want {
			t.Errorf("%.1f %% agree in %s; %.0f %% are wanted", got, c.what, c.want)
		}
	}
	checkDisagreements(t, results)
	t.Logf("%d interactions: %.1f %% agree in status, %.1f %% in shape, %.1f %% in values", all.total,
		percent(all.status, all.total), percent(all.shape, all.total), percent(all.values, all.total))
}

// checkDisagreements holds the results against the list of what is left, which may only shrink.
func checkDisagreements(t *testing.T, results []Result) {
	t.Helper()
	known, err := knownDisagreements()
	if err != nil {
		t.Fatal(err)
	}
	for i := range results {
		r := &results[i]
		listed, ok := known[r.name()]
		delete(known, r.name())
		switch {
		case !r.Differs() && ok:
			t.Errorf("%s agrees now: take it out of %s", r.name(), disagreementsFile)
		case !r.Differs():
		case !ok:
			t.Errorf("%s %s differs in %s: %v", r.name(), r.Endpoint, r.aspect(), r.differences)
		case gravity[r.aspect()] > gravity[listed.aspect]:
			t.Errorf("%s differs in %s, more than the %s that is listed: %v", r.name(), r.aspect(), listed.aspect, r.differences)
		case gravity[r.aspect()] < gravity[listed.aspect]:
			t.Errorf("%s differs in %s only: say so in %s", r.name(), r.aspect(), disagreementsFile)
		}
	}
	for name := range known {
		t.Errorf("%s is not replayed: take it out of %s", name, disagreementsFile)
	}
}
