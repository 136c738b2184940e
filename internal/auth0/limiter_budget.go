package auth0

import "time"

// budgetDelay is how long a change of the budget waits to be told: most are over by then, and more come.
const budgetDelay = 10 * time.Second

// budget is what people are told of how a rate limiter stands.
type budget struct {
	plan    string
	waiting int32
}

// Budget returns the plan whose limits Auth0's answers tell of, "" if none does, and about how many calls wait, rounded
// down to a power of ten.
func (g *RateLimiter) Budget() (plan string, waiting int32) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.reported = g.budget()
	return g.reported.plan, g.reported.waiting
}

func (g *RateLimiter) budget() budget {
	now := budget{waiting: roundedDown(g.queue.length())}
	if g.subscription != nil {
		now.plan = g.subscription.name
	}
	return now
}

// roundedDown rounds down to a power of ten. Fewer than ten come and go all the time.
func roundedDown(count int) int32 {
	var rounded int32
	for power := int32(10); int(power) <= count; power *= 10 {
		rounded = power
	}
	return rounded
}

// reportBudget has a change of the budget told soon.
func (g *RateLimiter) reportBudget() {
	if g.changed == nil || g.reporting || g.budget() == g.reported {
		return
	}
	g.reporting = true
	time.AfterFunc(budgetDelay, func() {
		g.mu.Lock()
		defer g.mu.Unlock()
		g.reporting = false
		if g.budget() != g.reported {
			g.changed()
		}
	})
}
