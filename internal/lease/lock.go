package lease

import (
	"context"

	"k8s.io/client-go/tools/leaderelection/resourcelock"
)

// Lock returns a lock that informs the fence about the Lease.
func (f *Fence) Lock(base resourcelock.Interface) resourcelock.Interface {
	return lock{Interface: base, fence: f}
}

type lock struct {
	resourcelock.Interface

	fence *Fence
}

// Get implements resourcelock.Interface.
func (l lock) Get(ctx context.Context) (*resourcelock.LeaderElectionRecord, []byte, error) {
	record, raw, err := l.Interface.Get(ctx)
	if err == nil && record.HolderIdentity != l.Identity() {
		l.fence.lose()
	}
	return record, raw, err
}

// Create implements resourcelock.Interface.
func (l lock) Create(ctx context.Context, record resourcelock.LeaderElectionRecord) error {
	return l.write(record, func() error { return l.Interface.Create(ctx, record) })
}

// Update implements resourcelock.Interface.
func (l lock) Update(ctx context.Context, record resourcelock.LeaderElectionRecord) error {
	return l.write(record, func() error { return l.Interface.Update(ctx, record) })
}

// write renews the Lease, or gives it back. It counts from the moment before the request: others count from when they see it.
func (l lock) write(record resourcelock.LeaderElectionRecord, write func() error) error {
	if record.HolderIdentity != l.Identity() {
		l.fence.yield()
		return write()
	}
	if err := l.fence.mayRenew(); err != nil {
		return err
	}
	began := l.fence.now()
	if err := write(); err != nil {
		return err
	}
	l.fence.renew(began)
	return nil
}
