// Package problem contains the errors that users read in a status: what failed, and what to do.
//
// It imports no package of the repository.
package problem

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Problem is an error with a reason constant of the API and a message for people. The message must hold no secret, and
// nothing that changes from one attempt to the next.
type Problem struct {
	Reason  string
	Message string
	// Stalled means that a person must act. Otherwise the operator resumes by itself.
	Stalled bool
	// Secret means that a secret value is at fault, and asking again with the same one is of no use.
	Secret bool
	// Breaks means that what was Ready is known not to be so any more.
	Breaks bool
	// After is when to look again; 0 leaves that to watches and to the regular resync.
	After time.Duration
}

// Error implements error.
func (p *Problem) Error() string { return p.Message }

// Waiting is a problem that passes by itself: something is not there yet.
func Waiting(reason, format string, args ...any) *Problem {
	return &Problem{Reason: reason, Message: fmt.Sprintf(format, args...)}
}

// Stalled is a problem that needs a person.
func Stalled(reason, format string, args ...any) *Problem {
	return &Problem{Reason: reason, Message: fmt.Sprintf(format, args...), Stalled: true}
}

// Again sets when to look again.
func (p *Problem) Again(after time.Duration) *Problem {
	p.After = after
	return p
}

// Breaking says that what was Ready is known not to be so any more.
func (p *Problem) Breaking() *Problem {
	p.Breaks = true
	return p
}

// OfSecret says that a secret value is at fault, and asking again with the same one is of no use.
func (p *Problem) OfSecret() *Problem {
	p.Secret = true
	return p
}

// Quoted puts names into a sentence: "a" or "b".
func Quoted(names []string, conjunction string) string {
	quoted := make([]string, len(names))
	for i, name := range names {
		quoted[i] = strconv.Quote(name)
	}
	return strings.Join(quoted, " "+conjunction+" ")
}
