package auth0

import (
	"container/list"
	"time"
)

// Lane says how urgent a call is. Within a lane, who came first goes first.
type Lane int

const (
	// laneBegun is for a pass that is in the middle: it holds a worker, and what it read grows old.
	laneBegun Lane = iota
	// LaneShared is for the few calls that no object makes for itself, and of which each serves many: lists that are changed
	// together, imports, and what tells of changes. Nobody calls them back, so that they must not wait for long.
	LaneShared
	// LaneEdited is for what a person just changed.
	LaneEdited
	// LaneNew is for what a person just made or deleted, which tends to come by the thousand.
	LaneNew
	// LanePeriodic is for what nobody waits for.
	LanePeriodic

	lanes
)

// String is how a lane stands in metrics.
func (l Lane) String() string {
	return [lanes]string{"begun", "shared", "edited", "new", "periodic"}[l]
}

// patience is how often those of a lane let those of better lanes go ahead, before one of them goes first.
const patience = 8

// waiter waits for its turn to make a call.
type waiter struct {
	class class
	lane  Lane
	since time.Time
	order uint64
	at    *list.Element

	// permit is there once the call may be made.
	permit *permit
	// turn is called back if nobody waits at ready.
	turn  *Turn
	ready chan struct{}
	// asking tells that the turn is there to take the permit itself.
	asking bool
	// gone tells that the governor was closed.
	gone bool
	// refused reports whether the tenant became unavailable while the call waited.
	refused bool
	// behind is a gate at which the turn waits, too.
	behind *gate
	// seat is the worker that the turn gets when it comes.
	seat *seat
}

// line holds those who wait, by class and lane.
type line struct {
	queues    map[class]*[lanes]list.List
	counts    [lanes]int
	next      uint64
	overtaken [lanes]int
}

func newLine() *line { return &line{queues: map[class]*[lanes]list.List{}} }

func (l *line) length() int {
	var length int
	for _, count := range l.counts {
		length += count
	}
	return length
}

// join puts a waiter at the end of its lane.
func (l *line) join(w *waiter) {
	queues := l.queues[w.class]
	if queues == nil {
		queues = new([lanes]list.List)
		l.queues[w.class] = queues
	}
	w.order = l.next
	l.next++
	w.at = queues[w.lane].PushBack(w)
	l.counts[w.lane]++
}

// leave takes a waiter out, if it is still in.
func (l *line) leave(w *waiter) {
	if w.at == nil {
		return
	}
	l.queues[w.class][w.lane].Remove(w.at)
	w.at = nil
	l.counts[w.lane]--
}

// choose returns who goes next among those for whom there are tokens, nil if there is nobody: the longest waiting of the
// best lane, unless a lane ran out of patience.
func (l *line) choose(open func(*waiter) bool) *waiter {
	var heads [lanes]*waiter
	for _, queues := range l.queues {
		for lane := range queues {
			head := queues[lane].Front()
			if head == nil {
				continue
			}
			if w := head.Value.(*waiter); (heads[lane] == nil || w.order < heads[lane].order) && open(w) {
				heads[lane] = w
			}
		}
	}
	chosen := l.preferred(heads)
	if chosen == nil {
		return nil
	}
	l.overtaken[chosen.lane] = 0
	for lane := chosen.lane + 1; lane < lanes; lane++ {
		if heads[lane] != nil {
			l.overtaken[lane]++
		}
	}
	return chosen
}

func (l *line) preferred(heads [lanes]*waiter) *waiter {
	var best *waiter
	for lane, head := range heads {
		if head != nil && l.overtaken[lane] >= patience {
			return head
		}
		if best == nil {
			best = head
		}
	}
	return best
}

// of returns those who wait to call an API.
func (l *line) of(one api) []*waiter {
	var found []*waiter
	for of, queues := range l.queues {
		if of.api() != one {
			continue
		}
		for lane := range queues {
			for at := queues[lane].Front(); at != nil; at = at.Next() {
				found = append(found, at.Value.(*waiter))
			}
		}
	}
	return found
}

// ahead counts those who go before a newcomer of a lane, as far as they need the same tokens.
func (l *line) ahead(lane Lane, shares func(class) bool) int {
	var count int
	for of, queues := range l.queues {
		if !shares(of) {
			continue
		}
		for better := range lane + 1 {
			count += queues[better].Len()
		}
	}
	return count
}
