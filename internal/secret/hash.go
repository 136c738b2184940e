package secret

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"
	"sync"

	"golang.org/x/sync/semaphore"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// +kubebuilder:rbac:groups="",namespace=auth0-operator-system,resources=secrets,resourceNames=auth0-operator-hash-key,verbs=get
// +kubebuilder:rbac:groups="",namespace=auth0-operator-system,resources=secrets,verbs=create

const (
	// hashKeySecret holds the key of the hashes, in the operator's own namespace.
	hashKeySecret = "auth0-operator-hash-key"
	hashKeyField  = "key"
	keyIDLength   = 8
)

// Hasher stores secret values as keyed hashes: many people can read status, and a plain hash of a password could be guessed. The
// key is created once and kept in a Secret next to the operator.
type Hasher struct {
	// Client reads and creates the Secret with the key; its reads must not be cached.
	Client client.Client
	// Namespace is the operator's namespace.
	Namespace string

	// mu guards key. loading is held while it is read or created, so waiting callers can give up.
	mu      sync.Mutex
	key     []byte
	loading *semaphore.Weighted
}

// Ephemeral returns a Hasher with a new key, for callers that store no hashes: its hashes equal no stored ones.
func Ephemeral() *Hasher { return &Hasher{key: newKey()} }

func newKey() []byte {
	key := make([]byte, sha256.Size)
	// rand.Read never fails.
	_, _ = rand.Read(key)
	return key
}

// Hash returns a keyed hash of a value. The scope, such as the UID of an object and a field, makes equal values of
// different objects unequal.
func (h *Hasher) Hash(ctx context.Context, scope, value string) (string, error) {
	key, err := h.load(ctx)
	if err != nil {
		return "", err
	}
	mac := hmac.New(sha256.New, key)
	// Hash.Write never fails.
	_, _ = fmt.Fprintf(mac, "%d:%s%s", len(scope), scope, value)
	return keyID(key) + "." + hex.EncodeToString(mac.Sum(nil)), nil
}

// SameKey reports whether two hashes were made with the same key. Hashes made with different keys cannot be compared: the key was
// lost, and it is unknown whether the value changed.
func SameKey(a, b string) bool {
	idA, _, okA := strings.Cut(a, ".")
	idB, _, okB := strings.Cut(b, ".")
	return okA && okB && idA == idB
}

func keyID(key []byte) string {
	sum := sha256.Sum256(key)
	return hex.EncodeToString(sum[:])[:keyIDLength]
}

func (h *Hasher) load(ctx context.Context) ([]byte, error) {
	key, loading := h.known()
	if key != nil {
		return key, nil
	}
	if err := loading.Acquire(ctx, 1); err != nil {
		return nil, err
	}
	defer loading.Release(1)
	if key, _ = h.known(); key != nil {
		return key, nil
	}
	key, err := h.readOrCreate(ctx)
	if err != nil {
		return nil, fmt.Errorf("the operator keeps the key of its hashes in Secret %s/%s; the namespace must exist (or name another with --namespace), and the operator may read and create Secrets there: %w", h.Namespace, hashKeySecret, err)
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.key = key
	return key, nil
}

// known returns the key, nil before it is read, and what to hold while it is.
func (h *Hasher) known() ([]byte, *semaphore.Weighted) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.loading == nil {
		h.loading = semaphore.NewWeighted(1)
	}
	return h.key, h.loading
}

func (h *Hasher) readOrCreate(ctx context.Context) ([]byte, error) {
	var stored corev1.Secret
	err := h.Client.Get(ctx, types.NamespacedName{Namespace: h.Namespace, Name: hashKeySecret}, &stored)
	if apierrors.IsNotFound(err) {
		return h.create(ctx)
	}
	if err == nil && len(stored.Data[hashKeyField]) < sha256.Size {
		err = fmt.Errorf("its field %q is too short; delete the Secret, it will be made anew", hashKeyField)
	}
	return stored.Data[hashKeyField], err
}

// create creates the key. If another replica was faster, its key counts; the next attempt reads it.
func (h *Hasher) create(ctx context.Context) ([]byte, error) {
	key := newKey()
	err := h.Client.Create(ctx, &corev1.Secret{
		ObjectMeta: metav1.ObjectMeta{Namespace: h.Namespace, Name: hashKeySecret},
		Data:       map[string][]byte{hashKeyField: key},
	})
	return key, err
}
