package lease

import "time"

// moment is a reading of two clocks. Neither sees every pause: the monotonic clock stands still while the machine sleeps, and the
// wall clock can be set.
type moment struct {
	wall   time.Time
	steady time.Duration
}

// start is the reference of the monotonic clock.
var start = time.Now()

func read() moment {
	now := time.Now()
	return moment{wall: now.Round(0), steady: now.Sub(start)}
}

// since is the elapsed time, by the clock that shows more.
func (m moment) since(earlier moment) time.Duration {
	return max(m.wall.Sub(earlier.wall), m.steady-earlier.steady)
}
