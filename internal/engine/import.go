package engine

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strings"

	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/auth0-operator/auth0-operator/api/v1alpha1"
	"github.com/auth0-operator/auth0-operator/internal/auth0"
	"github.com/auth0-operator/auth0-operator/internal/batch"
	"github.com/auth0-operator/auth0-operator/internal/lists"
	"github.com/auth0-operator/auth0-operator/internal/reference"
)

// Import is an object in the format of an import.
type Import struct {
	// Connection is the name of the connection to import the object into.
	Connection string
	// ID is the id of the object in Auth0 after the import, and Have the object as Auth0 has it then.
	ID   string
	Have auth0.Document
	// Item is the document to send. Its user_id identifies it among the items of an import.
	Item auth0.Document
	// Seal adds to the item what is secret and slow to compute.
	Seal func(item auth0.Document) error
}

// throughImport returns nil if the object needs a call of its own.
func (w *objectSync[O]) throughImport(ctx context.Context, body auth0.Document) (*Outcome, error) {
	note := w.importNote()
	if *note == "" {
		if joins, err := w.joinsImport(ctx); err != nil || !joins {
			return nil, err
		}
	}
	form, err := w.Definition.Imports.Import(ctx, w.req(), body)
	if err != nil {
		return nil, err
	}
	if form == nil {
		*note = ""
		return nil, nil
	}
	known, err := w.onItsWay(ctx, *note, form)
	switch {
	case err != nil:
		return nil, err
	case known == nil:
		return w.join(ctx, form)
	case w.imports().IsOver(known):
		return w.imported(ctx, known, form)
	}
	return w.importing(), nil
}

// joinsImport reports whether an object that is in no import should join one.
func (w *objectSync[O]) joinsImport(ctx context.Context) (bool, error) {
	if w.tenant.Spec.UserImport == v1alpha1.UserImportPolicyNever || !w.Definition.Imports.Importable(w.object) || w.heldByOther() {
		return false, nil
	}
	return w.imports().Worthwhile(w.object.GetUID(), w.Clock.Now(), w.reconciliation.requeueFunc(), func() (int, error) { return w.waiting(ctx) })
}

// waiting counts the objects of the tenant that wait for their creation.
func (w *objectSync[O]) waiting(ctx context.Context) (int, error) {
	list := w.kind.NewList()
	err := w.Client.List(ctx, list, client.MatchingFields{reference.TenantIndex: w.tenantKey().String()}, client.UnsafeDisableDeepCopy)
	count, admission := 0, reference.NewAdmission(w.Client, w.tenant)
	for _, object := range objectsIn(list) {
		one := object.(O)
		if admitted, err := admission.Admits(ctx, one); err != nil || !admitted {
			continue
		}
		if w.Definition.ID(one) == "" && one.GetDeletionTimestamp() == nil && !one.IsSuspended() && w.Definition.Imports.Importable(one) {
			count++
		}
	}
	return count, err
}

func (w *objectSync[O]) tenantKey() types.NamespacedName { return client.ObjectKeyFromObject(w.tenant) }

func (w *objectSync[O]) imports() *batch.Tenant { return w.Batches.Of(w.tenantKey()) }

// onItsWay finds the object in an import, also in one from before a restart. It returns nil if the object is in none.
func (w *objectSync[O]) onItsWay(ctx context.Context, note string, form *Import) (*batch.Member, error) {
	if known := w.imports().InImport(w.object.GetUID()); known != nil || note == "" {
		return known, nil
	}
	batchID, _, _ := strings.Cut(note, " ")
	member := w.member(form, &lists.Known{IsNew: true})
	if found, err := w.imports().Resume(ctx, batchID, member, w.Clock.Now()); err != nil || !found {
		return nil, err
	}
	return member, nil
}

func (w *objectSync[O]) member(form *Import, known *lists.Known) *batch.Member {
	return &batch.Member{
		UID: w.object.GetUID(), ID: form.ID, Sent: form.Item.String("user_id"), Known: known, Targets: w.targets(known), Wake: w.reconciliation.requeueFunc(),
		IsCurrent: w.currentCheck(),
	}
}

// importing is the outcome of a reconciliation of an object in an import. The end of the import requeues it.
func (w *objectSync[O]) importing() *Outcome {
	outcome := Wait(v1alpha1.ReasonImporting, "is being created together with many others, by an import job", 0)
	return &outcome
}

// join adds the object to an import. Status records the import and the future lists of the object before anything is sent.
func (w *objectSync[O]) join(ctx context.Context, form *Import) (*Outcome, error) {
	stamp, err := w.stamp(form)
	if err != nil {
		return nil, err
	}
	if err := form.Seal(form.Item); err != nil {
		return nil, err
	}
	member := w.member(form, &lists.Known{IsNew: true})
	if member.Item, err = json.Marshal(form.Item); err != nil {
		return nil, fmt.Errorf("render an import: %w", err)
	}
	batchID := w.imports().Join(member, form.Connection, w.Clock.Now())
	*w.importNote() = batchID + " " + stamp
	for _, list := range w.lists() {
		list.Intend(list.Want)
	}
	outcome := w.importing()
	outcome.writeTo(w.object.GetCommonStatus(), w.object.GetGeneration())
	if err := w.reconciliation.saveUnlessChanged(ctx); err != nil {
		w.imports().Withdraw(member, true)
		return nil, err
	}
	w.imports().Confirm(member)
	return outcome, nil
}

func (w *objectSync[O]) importNote() *string { return w.Definition.Imports.Importing(w.object) }

// stamp is a hash of an import, which identifies it.
func (w *objectSync[O]) stamp(form *Import) (string, error) {
	rendered, err := json.Marshal([]any{form.Connection, form.Item, w.applied})
	sum := sha256.Sum256(rendered)
	return hex.EncodeToString(sum[:12]), err
}

// imported continues an object after its import. If the sent values are still declared, it reads nothing. It reads a refused
// object by its id, because an import that was sent twice refuses its own objects. If the object does not exist, it is created by
// a call of its own.
func (w *objectSync[O]) imported(ctx context.Context, known *batch.Member, form *Import) (*Outcome, error) {
	stamp, err := w.stamp(form)
	if err != nil {
		return nil, err
	}
	if _, sent, _ := strings.Cut(*w.importNote(), " "); sent == stamp && w.imports().IsImported(known) {
		w.arrive(known, true)
		outcome, err := w.goOn(ctx, form.Have, known.ListsNow())
		return &outcome, err
	}
	have, err := w.session.Get(ctx, w.Definition.Resource, known.ID)
	if auth0.ClassOf(err) == auth0.ClassNotFound {
		w.arrive(known, false)
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	w.arrive(known, true)
	outcome, err := w.update(ctx, have)
	return &outcome, err
}

// arrive removes the object from its import.
func (w *objectSync[O]) arrive(known *batch.Member, isThere bool) {
	w.imports().Take(known, isThere)
	*w.importNote() = ""
}

// goOn ends the reconciliation of an object that is in sync, and continues with its lists and follow-up work.
func (w *objectSync[O]) goOn(ctx context.Context, have auth0.Document, known *lists.Known) (Outcome, error) {
	clear(w.secrets)
	w.startManaging(have)
	return w.settle(ctx, have, known)
}
