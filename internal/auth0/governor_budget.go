package auth0

import "time"

// budgetDelay is how long a change of the budget waits to be told: most are over by then, and more come.
const budgetDelay = 10 * time.Second

// budget is what people are told of how a governor stands.
type budget struct {
	plan    string
	waiting int32
}

// Budget returns the plan whose limits Auth0's answers tell of, "" if none does, and about how many calls wait, rounded
// down to a power of ten.
func (g *Governor) Budget() (plan string, waiting int32) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.told = g.budget()
	return g.told.plan, g.told.waiting
}

func (g *Governor) budget() budget {
	now := budget{waiting: coarsely(g.line.length())}
	if g.plan != nil {
		now.plan = g.plan.name
	}
	return now
}

// coarsely rounds down to a power of ten. Fewer than ten come and go all the time.
func coarsely(count int) int32 {
	var rounded int32
	for power := int32(10); int(power) <= count; power *= 10 {
		rounded = power
	}
	return rounded
}

// tell has a change of the budget told soon.
func (g *Governor) tell() {
	if g.changed == nil || g.telling || g.budget() == g.told {
		return
	}
	g.telling = true
	time.AfterFunc(budgetDelay, func() {
		g.mu.Lock()
		defer g.mu.Unlock()
		g.telling = false
		if g.budget() != g.told {
			g.changed()
		}
	})
}
