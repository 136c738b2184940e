package ratelimit

import "time"

// budgetDelay delays the report of a changed budget: most changes revert by then, and more follow.
const budgetDelay = 10 * time.Second

// budget is the state of a rate limiter that people see.
type budget struct {
	plan    string
	waiting int32
}

// Budget returns the plan whose limits Auth0's responses report, "" if none matches, and about how many calls wait, rounded down
// to a power of ten.
func (g *Limiter) Budget() (plan string, waiting int32) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.reported = g.budget()
	return g.reported.plan, g.reported.waiting
}

func (g *Limiter) budget() budget {
	now := budget{waiting: roundedDown(g.queue.length())}
	if g.subscription != nil {
		now.plan = g.subscription.name
	}
	return now
}

// roundedDown rounds down to a power of ten. Fewer than ten count as none, because they come and go all the time.
func roundedDown(count int) int32 {
	var rounded int32
	for power := int32(10); int(power) <= count; power *= 10 {
		rounded = power
	}
	return rounded
}

// reportBudget reports a change of the budget after a delay.
func (g *Limiter) reportBudget() {
	if g.limiters.changed == nil || g.reporting || g.budget() == g.reported {
		return
	}
	g.reporting = true
	g.limiters.after(budgetDelay, func() {
		g.mu.Lock()
		defer g.mu.Unlock()
		g.reporting = false
		if g.budget() != g.reported {
			g.limiters.changed(g.tenant)
		}
	})
}
