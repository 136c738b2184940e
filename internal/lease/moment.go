package lease

import "time"

// moment is a reading of two clocks. Neither sees every pause: the monotonic one stands still while the machine sleeps, the
// other one can be set.
type moment struct {
	wall   time.Time
	steady time.Duration
}

// start is where the monotonic clock is read from.
var start = time.Now()

func read() moment {
	now := time.Now()
	return moment{wall: now.Round(0), steady: now.Sub(start)}
}

// since is how much time went by, by the clock that says more.
func (m moment) since(earlier moment) time.Duration {
	return max(m.wall.Sub(earlier.wall), m.steady-earlier.steady)
}
