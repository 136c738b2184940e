package problem

// Suspicion is a rule on the spec of a kind.
type Suspicion[S any] struct {
	Holds func(S) bool
	// Message names the field and says what to do.
	Message string
}

// SuspicionsOf returns the messages of the rules that apply.
func SuspicionsOf[S any](spec S, rules []Suspicion[S]) []string {
	var warnings []string
	for _, rule := range rules {
		if rule.Holds(spec) {
			warnings = append(warnings, rule.Message)
		}
	}
	return warnings
}
