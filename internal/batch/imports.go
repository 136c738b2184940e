package batch

import (
	"context"
	"crypto/rand"
	"maps"
	"slices"
	"sync"
	"time"

	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/tools/events"
	"k8s.io/utils/clock"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/auth0-operator/auth0-operator/api/v1alpha1"
	"github.com/auth0-operator/auth0-operator/internal/auth0"
	"github.com/auth0-operator/auth0-operator/internal/lists"
)

const (
	// manyWaiting is how many objects of a tenant must wait for their creation before imports begin, and manyLeft how many for
	// imports to continue.
	manyWaiting = 200
	manyLeft    = 20
	// countEvery is how often to count them.
	countEvery = time.Second
	// batchIdleTime is how long a batch waits for a further member before it is sent.
	batchIdleTime = 2 * time.Second
	// mostJobs is how many jobs run in a tenant at once; Auth0 refuses a third.
	mostJobs = 2
	// firstPoll is the delay of the first poll of a job; the intervals then grow up to longestPoll.
	firstPoll   = 2 * time.Second
	longestPoll = 15 * time.Second
	// importRetry is the delay before a call that failed for a transient reason is retried.
	importRetry = 10 * time.Second
	// importTick is how often the loop checks whether something is due. It makes no call for that.
	importTick = 250 * time.Millisecond
	// importLifetime is how long Auth0 keeps a job.
	importLifetime = 24 * time.Hour
	// collectedWithin is how long members have to collect their outcome; a member that does not was deleted by force.
	collectedWithin = time.Hour
)

// Batches creates many objects of a tenant at once with Auth0's import jobs: docs/decisions/0012-imports.md. It is a Runnable of
// the manager.
type Batches struct {
	Client client.Client
	Pool   *auth0.Pool
	Clock  clock.WithTicker
	Events events.EventRecorder

	// mu guards the imports of all tenants.
	mu sync.Mutex
	// ctx is nil until the manager starts, and when it ends.
	ctx     context.Context
	tenants map[types.NamespacedName]*Tenant
	// loops are the loops of the tenants, and the calls that they start.
	loops sync.WaitGroup
}

// Tenant are the imports of one tenant.
type Tenant struct {
	*Batches
	tenant types.NamespacedName
	// running reports whether the loop runs, gone whether the tenant is gone.
	running, gone bool
	// batches are the batches that have not ended, by their id; open are those that accept members, by connection.
	batches map[string]*batch
	open    map[string]*batch
	members map[types.UID]*Member
	// individually are the objects that an import refused. waiting are the objects that wait for a creation by a call of their
	// own: when imports begin, they are requeued to join.
	individually map[types.UID]bool
	waiting      map[types.UID]func()
	// bulk says how to change a list of many objects, by its field.
	bulk map[string]lists.Bulk
	// listBatches are new objects that go on lists together. batched are all of them, until they know that they did.
	// nextListBatch is when a list accepts the next batch, and changing are the lists that are being changed.
	listBatches   map[lists.Change]*listBatch
	batched       map[types.UID]*Member
	nextListBatch map[lists.Change]time.Time
	changing      map[lists.Change]bool
	// excluded are the objects that Auth0 refused within a batch, and until when they stay out of batches.
	excluded map[types.UID]time.Time
	// counted is when the waiting objects were last counted.
	counted time.Time
	many    bool
	// sendAfter is when the next job may be tried.
	sendAfter time.Time
}

// batch is the content of one job.
type batch struct {
	id         string
	connection string
	size       int
	// joined is when the last member joined. joining is how many members have not recorded it yet. closed means that the batch
	// accepts no more.
	joined  time.Time
	joining int
	closed  bool
	members []*Member
	// job is its id, and recorded reports whether the status of the tenant records it. If another process started the job, its
	// other members are unknown: its record stays until it is too old.
	job               string
	recorded, resumed bool
	// next is when to poll the job, and pause the interval after that. Once the job is over, next is when it ended.
	next  time.Time
	pause time.Duration
	// busy means that a goroutine works on the batch.
	busy bool
	// ended means that the job is over, refused are the members that it did not import, and lost means that its result is
	// unknown.
	ended, lost bool
	refused     map[string]bool
	uncollected int
	// withdrawn are the members that left the batch before it was sent, whatever their status says.
	withdrawn map[types.UID]bool
}

// Member is an object in an import.
type Member struct {
	UID types.UID
	// ID is the id of the object in Auth0 after the import, and sent the id in the import.
	ID, Sent string
	Item     []byte
	// Known are the entries of its lists before the changes, targets are the changes that it needs, and changed are the changes
	// that were made.
	Known   *lists.Known
	Targets []lists.Change
	changed []lists.Change
	// IsCurrent reports whether the declaration of the object is unchanged.
	IsCurrent func(context.Context) bool
	Wake      func()
	batch     *batch
	over      bool
	// For an existing object, have is the object in Auth0 in a generation, serial the mark that requested its read, and left how
	// many changes are outstanding.
	Have       auth0.Document
	Generation int64
	Serial     uint64
	left       int
	// Since is when it began to share calls.
	Since time.Time
}

// ListsNow returns the entries of its lists after the changes.
func (m *Member) ListsNow() *lists.Known { return m.Known.With(m.changed) }

// Start implements manager.Runnable.
func (i *Batches) Start(ctx context.Context) error {
	i.mu.Lock()
	i.ctx = ctx
	for _, tenant := range i.tenants {
		tenant.ensureRunning()
	}
	i.mu.Unlock()
	<-ctx.Done()
	i.mu.Lock()
	// No loop may start during the wait for the last ones.
	i.ctx = nil
	i.mu.Unlock()
	i.loops.Wait()
	return nil
}

// Of returns the imports of a tenant.
func (i *Batches) Of(tenant types.NamespacedName) *Tenant {
	i.mu.Lock()
	defer i.mu.Unlock()
	if i.tenants == nil {
		i.tenants = map[types.NamespacedName]*Tenant{}
	}
	if i.tenants[tenant] == nil {
		i.tenants[tenant] = &Tenant{
			Batches: i, tenant: tenant, batches: map[string]*batch{}, open: map[string]*batch{}, members: map[types.UID]*Member{},
			individually: map[types.UID]bool{}, waiting: map[types.UID]func(){}, bulk: map[string]lists.Bulk{},
			listBatches: map[lists.Change]*listBatch{}, batched: map[types.UID]*Member{}, nextListBatch: map[lists.Change]time.Time{}, changing: map[lists.Change]bool{}, excluded: map[types.UID]time.Time{},
		}
	}
	return i.tenants[tenant]
}

// Forget stops the imports of a tenant that is gone.
func (i *Batches) Forget(tenant types.NamespacedName) {
	i.mu.Lock()
	defer i.mu.Unlock()
	if known := i.tenants[tenant]; known != nil {
		known.gone = true
		delete(i.tenants, tenant)
	}
}

// KeepOnly forgets all other objects.
func (i *Batches) KeepOnly(present map[types.UID]bool) {
	i.mu.Lock()
	defer i.mu.Unlock()
	for _, t := range i.tenants {
		maps.DeleteFunc(t.waiting, func(uid types.UID, _ func()) bool { return !present[uid] })
		maps.DeleteFunc(t.individually, func(uid types.UID, _ bool) bool { return !present[uid] })
		maps.DeleteFunc(t.batched, func(uid types.UID, m *Member) bool { return m.over && !present[uid] })
	}
}

// Worthwhile reports whether an object should join an import: imports are running, or many objects wait. If not, it calls wake
// when that changes.
func (t *Tenant) Worthwhile(uid types.UID, now time.Time, wake func(), count func() (int, error)) (bool, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.individually[uid] {
		return false, nil
	}
	if len(t.members) == 0 && now.Sub(t.counted) >= countEvery {
		waiting, err := count()
		if err != nil {
			return false, err
		}
		t.counted, t.many = now, waiting >= manyWaiting || t.many && waiting >= manyLeft
	}
	if len(t.members) == 0 && !t.many {
		t.waiting[uid] = wake
		return false, nil
	}
	delete(t.waiting, uid)
	for _, wakeOther := range t.waiting {
		wakeOther()
	}
	clear(t.waiting)
	return true, nil
}

// Created records that an object exists.
func (t *Tenant) Created(uid types.UID) {
	t.mu.Lock()
	defer t.mu.Unlock()
	delete(t.waiting, uid)
	delete(t.individually, uid)
	delete(t.excluded, uid)
}

// InImport returns an object that is being imported, nil if it is not.
func (t *Tenant) InImport(uid types.UID) *Member {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.members[uid]
}

// InListBatch returns an object in a batch of list changes, nil if it is in none.
func (t *Tenant) InListBatch(uid types.UID) *Member {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.batched[uid]
}

// IsOver reports whether the outcome of a member is known.
func (t *Tenant) IsOver(m *Member) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return m.over
}

// Join adds an object to a batch and returns the id of the batch. The batch is not sent before confirm or withdraw.
func (t *Tenant) Join(m *Member, connection string, now time.Time) string {
	t.mu.Lock()
	defer t.mu.Unlock()
	b := t.open[connection]
	if b == nil || b.size+len(m.Item) > auth0.LargestImport {
		b = &batch{id: rand.Text(), connection: connection, size: len("[]"), withdrawn: map[types.UID]bool{}}
		t.open[connection], t.batches[b.id] = b, b
	}
	b.size += len(m.Item) + len(",")
	b.joining++
	b.joined = now
	t.add(b, m)
	return b.id
}

func (t *Tenant) add(b *batch, m *Member) {
	m.batch = b
	b.members = append(b.members, m)
	b.uncollected++
	t.members[m.UID] = m
	t.ensureRunning()
}

// Confirm records that the status of a member names the batch.
func (t *Tenant) Confirm(m *Member) {
	t.mu.Lock()
	defer t.mu.Unlock()
	m.batch.joining--
}

// Withdraw removes a member again. It returns false if it is too late.
func (t *Tenant) Withdraw(m *Member, joining bool) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if joining {
		m.batch.joining--
	}
	if m.batch.closed {
		return false
	}
	m.batch.members = slices.DeleteFunc(m.batch.members, func(other *Member) bool { return other == m })
	m.batch.size -= len(m.Item) + len(",")
	m.batch.withdrawn[m.UID] = true
	t.drop(m)
	return true
}

// Resume makes an object follow the job of its batch, which another process may have started. It returns false if no such job is
// Known.
func (t *Tenant) Resume(ctx context.Context, batchID string, m *Member, now time.Time) (bool, error) {
	var tenant v1alpha1.Auth0Tenant
	if err := t.Client.Get(ctx, t.tenant, &tenant); err != nil {
		return false, client.IgnoreNotFound(err)
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	b := t.batches[batchID]
	if b == nil {
		for _, noted := range tenant.Status.Imports {
			if noted.Batch == batchID {
				// The others of the batch come within moments.
				b = &batch{id: batchID, job: noted.Job, closed: true, recorded: true, resumed: true, next: now.Add(firstPoll), pause: firstPoll}
				t.batches[batchID] = b
			}
		}
	}
	if b == nil || b.withdrawn[m.UID] {
		return false, nil
	}
	t.add(b, m)
	m.over = b.ended
	return true, nil
}

// IsImported reports whether the import, which is over, created a member as far as is known.
func (t *Tenant) IsImported(m *Member) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return !m.batch.lost && !m.batch.refused[m.Sent]
}

// Take removes a member whose outcome is known. A member that was not created is created by a call of its own from now on.
func (t *Tenant) Take(m *Member, isThere bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.drop(m)
	if !isThere {
		t.individually[m.UID] = true
	}
}

func (t *Tenant) drop(m *Member) {
	if t.members[m.UID] == m {
		delete(t.members, m.UID)
		m.batch.uncollected--
	}
}
