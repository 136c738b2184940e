package ratelimit

import (
	"container/list"
	"time"
)

// Priority is how urgent a call is. Within a priority, the queue is first in, first out.
type Priority int

const (
	// priorityBegun is for a reconciliation that has made a call: it holds a worker, and what it read becomes stale.
	priorityBegun Priority = iota
	// PriorityShared is for the few calls that no object makes for itself, and of which each serves many: lists that are changed
	// together, imports, and what tells of changes. Nobody calls them back, so that they must not wait for long.
	PriorityShared
	// PriorityEdited is for what a person just changed.
	PriorityEdited
	// PriorityNew is for what a person just made or deleted, which tends to come by the thousand.
	PriorityNew
	// PriorityPeriodic is for what nobody waits for.
	PriorityPeriodic

	priorities
)

// String is the priority in metrics.
func (l Priority) String() string {
	return [priorities]string{"begun", "shared", "edited", "new", "periodic"}[l]
}

// starvationLimit is how often the calls of a priority let better priorities go first, before one of them goes first.
const starvationLimit = 8

// waiter waits for its turn to make a call.
type waiter struct {
	routeClass RouteClass
	priority   Priority
	since      time.Time
	order      uint64
	at         *list.Element

	// permit is there once the call may be made.
	permit *Permit
	// reservation is called back if nobody waits at ready.
	reservation *Reservation
	ready       chan struct{}
	// isDispatched tells that the reservation is there to take the permit itself.
	isDispatched bool
	// released tells that the rate limiter was closed.
	released bool
	// refused reports whether the tenant became unavailable while the call waited.
	refused bool
	// awaited is a mutex at which the reservation waits, too.
	awaited *Mutex
	// workerSlot is the worker that the reservation gets when it comes.
	slot *workerSlot
}

// queue holds the waiters, by class and priority.
type queue struct {
	queues     map[RouteClass]*[priorities]list.List
	counts     [priorities]int
	next       uint64
	passedOver [priorities]int
}

func newQueue() *queue { return &queue{queues: map[RouteClass]*[priorities]list.List{}} }

func (l *queue) length() int {
	var length int
	for _, count := range l.counts {
		length += count
	}
	return length
}

// join adds a waiter at the end of its priority.
func (l *queue) join(w *waiter) {
	queues := l.queues[w.routeClass]
	if queues == nil {
		queues = new([priorities]list.List)
		l.queues[w.routeClass] = queues
	}
	w.order = l.next
	l.next++
	w.at = queues[w.priority].PushBack(w)
	l.counts[w.priority]++
}

// leave removes a waiter from the queue.
func (l *queue) leave(w *waiter) {
	if w.at == nil {
		return
	}
	l.queues[w.routeClass][w.priority].Remove(w.at)
	w.at = nil
	l.counts[w.priority]--
}

// choose returns the next waiter for which there are tokens, nil if there is none: the oldest of the best priority, unless a
// priority reached its starvation limit.
func (l *queue) choose(open func(*waiter) bool) *waiter {
	var heads [priorities]*waiter
	for _, queues := range l.queues {
		for priority := range queues {
			head := queues[priority].Front()
			if head == nil {
				continue
			}
			if w := head.Value.(*waiter); (heads[priority] == nil || w.order < heads[priority].order) && open(w) {
				heads[priority] = w
			}
		}
	}
	chosen := l.preferred(heads)
	if chosen == nil {
		return nil
	}
	l.passedOver[chosen.priority] = 0
	for priority := chosen.priority + 1; priority < priorities; priority++ {
		if heads[priority] != nil {
			l.passedOver[priority]++
		}
	}
	return chosen
}

func (l *queue) preferred(heads [priorities]*waiter) *waiter {
	var best *waiter
	for priority, head := range heads {
		if head != nil && l.passedOver[priority] >= starvationLimit {
			return head
		}
		if best == nil {
			best = head
		}
	}
	return best
}

// of returns the waiters for calls to an API.
func (l *queue) of(one API) []*waiter {
	var found []*waiter
	for of, queues := range l.queues {
		if of.api() != one {
			continue
		}
		for priority := range queues {
			for at := queues[priority].Front(); at != nil; at = at.Next() {
				found = append(found, at.Value.(*waiter))
			}
		}
	}
	return found
}

// ahead counts the waiters that go before a new one of a priority and need the same tokens.
func (l *queue) ahead(priority Priority, shares func(RouteClass) bool) int {
	var count int
	for of, queues := range l.queues {
		if !shares(of) {
			continue
		}
		for better := range priority + 1 {
			count += queues[better].Len()
		}
	}
	return count
}
