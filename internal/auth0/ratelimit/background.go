package ratelimit

import "sync"

// background are the goroutines of the rate limiters: probes, and what timers do. At the end of the process somebody waits for them.
type background struct {
	mu sync.Mutex
	// ended means that nothing begins any more.
	ended   bool
	running sync.WaitGroup
}

// run calls do, unless the end has come.
func (b *background) run(do func()) {
	b.mu.Lock()
	ended := b.ended
	if !ended {
		b.running.Add(1)
	}
	b.mu.Unlock()
	if ended {
		return
	}
	defer b.running.Done()
	do()
}

// start is run in a goroutine of its own.
func (b *background) start(do func()) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if !b.ended {
		b.running.Go(do)
	}
}

// end lets nothing begin any more.
func (b *background) end() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.ended = true
}
