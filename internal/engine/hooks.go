package engine

import (
	"context"

	"k8s.io/apimachinery/pkg/types"

	"github.com/auth0-operator/auth0-operator/api/v1alpha1"
	"github.com/auth0-operator/auth0-operator/internal/auth0"
	"github.com/auth0-operator/auth0-operator/internal/lists"
)

// snapshot is what drift detection knows of the objects of a kind. It saves reads.
type snapshot[O v1alpha1.Managed] interface {
	// reconcile reconciles an object with what a list shows of it if that suffices, and otherwise with a read.
	reconcile(ctx context.Context, reconciliation *Reconciliation[O]) Outcome
	// isInSync reports whether an object needs no read: as far as is known, it is in sync with its desired document.
	isInSync(w *objectSync[O]) bool
	// recordSync records that an object is in sync. It returns false if nothing will notice a change, so that the object must be
	// read again after a time.
	recordSync(w *objectSync[O]) bool
	// serial distinguishes one change that was noticed from the next.
	serial(object O) uint64
	// forget drops what is known of an object.
	forget(name types.NamespacedName)
}

// noSnapshot knows nothing: every reconciliation reads.
type noSnapshot[O v1alpha1.Managed] struct{ *Remote[O] }

func (n noSnapshot[O]) reconcile(ctx context.Context, reconciliation *Reconciliation[O]) Outcome {
	return n.newSync(reconciliation).run(ctx)
}
func (noSnapshot[O]) isInSync(*objectSync[O]) bool   { return false }
func (noSnapshot[O]) recordSync(*objectSync[O]) bool { return false }
func (noSnapshot[O]) serial(O) uint64                { return 0 }
func (noSnapshot[O]) forget(types.NamespacedName)    {}

// batcher makes the changes of many objects with few calls. Each of its steps returns no outcome if the object is to go on by
// itself.
type batcher[O v1alpha1.Managed] interface {
	// resume continues an object that takes part in a batch.
	resume(ctx context.Context, w *objectSync[O]) (*Outcome, error)
	// create creates an object: in a batch, or by a call of its own, whose answer it returns.
	create(ctx context.Context, w *objectSync[O], body auth0.Document) (have auth0.Document, outcome *Outcome, err error)
	// complete sends in a batch what a creation could not contain.
	complete(ctx context.Context, w *objectSync[O], have auth0.Document) (*Outcome, error)
	// lists changes the lists of an object in a batch. It also returns what it read of them, nil for nothing.
	lists(ctx context.Context, w *objectSync[O], have auth0.Document) (known *lists.Known, outcome *Outcome, err error)
	// leave takes an object that is being deleted out of its batches. The outcome says what it must wait for.
	leave(ctx context.Context, w *objectSync[O]) (*Outcome, error)
	// pause takes a suspended object out of a batch that was not sent.
	pause(w *objectSync[O])
}

// noBatches makes every change with a call of its own.
type noBatches[O v1alpha1.Managed] struct{}

func (noBatches[O]) resume(context.Context, *objectSync[O]) (*Outcome, error) { return nil, nil }
func (noBatches[O]) create(ctx context.Context, w *objectSync[O], body auth0.Document) (auth0.Document, *Outcome, error) {
	have, err := w.createThere(ctx, body)
	return have, nil, err
}

func (noBatches[O]) complete(context.Context, *objectSync[O], auth0.Document) (*Outcome, error) {
	return nil, nil
}

func (noBatches[O]) lists(context.Context, *objectSync[O], auth0.Document) (*lists.Known, *Outcome, error) {
	return nil, nil, nil
}
func (noBatches[O]) leave(context.Context, *objectSync[O]) (*Outcome, error) { return nil, nil }
func (noBatches[O]) pause(*objectSync[O])                                    {}
