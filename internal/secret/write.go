package secret

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	corev1ac "k8s.io/client-go/applyconfigurations/core/v1"
	metav1ac "k8s.io/client-go/applyconfigurations/meta/v1"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/apiutil"

	"github.com/auth0-operator/auth0-operator/api/v1alpha1"
	"github.com/auth0-operator/auth0-operator/internal/problem"
)

// FieldManager is the name under which the operator writes.
const FieldManager = "auth0-operator"

// LabelManagedBy marks the Secrets that the operator writes.
const (
	LabelManagedBy = "app.kubernetes.io/managed-by"
	managedBy      = "auth0-operator"
)

// annotationLabels lists the labels that the operator set at a spec's behest, so that one which is removed there goes.
const annotationLabels = "auth0-operator.io/labels"

// annotationIgnoreUpdates keeps Argo CD from refreshing an application whenever a token is renewed.
const annotationIgnoreUpdates = "argocd.argoproj.io/ignore-resource-updates"

// Output is an output Secret of an object.
type Output struct {
	Client client.Client
	// Owner is the object whose Secret it is, in the same namespace.
	Owner v1alpha1.Managed
	Name  string
	// Type of the Secret; empty leaves it as it is.
	Type string
	// Labels besides the operator's own.
	Labels map[string]string
	// Journal notes the writes; may be nil.
	Journal *Journal
}

// NewOutput is the output Secret that an object declares.
func NewOutput(c client.Client, owner v1alpha1.Managed, spec v1alpha1.OutputSecret) Output {
	output := Output{Client: c, Owner: owner, Name: spec.Name, Type: spec.Type, Labels: map[string]string{}}
	for key, value := range spec.Labels {
		output.Labels[key] = string(value)
	}
	return output
}

// Get returns the Secret, or nil if there is none. A Secret that is not the owner's and may not become it is a problem.
func (o Output) Get(ctx context.Context) (*corev1.Secret, error) {
	var current corev1.Secret
	err := o.Client.Get(ctx, types.NamespacedName{Namespace: o.Owner.GetNamespace(), Name: o.Name}, &current)
	if apierrors.IsNotFound(err) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read output Secret %s/%s: %w", o.Owner.GetNamespace(), o.Name, err)
	}
	return &current, o.mayWrite(&current)
}

// mayWrite refuses a Secret of somebody else's.
func (o Output) mayWrite(current *corev1.Secret) error {
	owner := metav1.GetControllerOf(current)
	adopt := o.Owner.GetManagedSpec().AdoptionPolicy == v1alpha1.AdoptionPolicyIfUnmanaged
	switch {
	case metav1.IsControlledBy(current, o.Owner):
		return nil
	case owner != nil:
		return problem.Stalled(v1alpha1.ReasonSecretConflict, "Secret %s/%s belongs to %s %s; choose another outputSecret.name",
			current.Namespace, current.Name, owner.Kind, owner.Name)
	case !adopt:
		return problem.Stalled(v1alpha1.ReasonSecretConflict, "Secret %s/%s exists and is not the operator's; delete it, choose another outputSecret.name, or set spec.adoptionPolicy to IfUnmanaged to write into it",
			current.Namespace, current.Name)
	}
	return nil
}

// Writer is Put or Try.
type Writer func(ctx context.Context, current *corev1.Secret, data map[string][]byte, annotations map[string]string) error

// Try finds out whether Put would be accepted: what goes into a Secret may cost more than an attempt.
func (o Output) Try(ctx context.Context, current *corev1.Secret, data map[string][]byte, annotations map[string]string) error {
	_, err := o.write(ctx, current, data, annotations, client.DryRunAll)
	return err
}

// Put makes the Secret hold data and annotations, by a write only if it does not. current is what Get returned. It fails with a
// conflict if another replica wrote the Secret since.
func (o Output) Put(ctx context.Context, current *corev1.Secret, data map[string][]byte, annotations map[string]string) error {
	name := client.ObjectKey{Namespace: o.Owner.GetNamespace(), Name: o.Name}
	return o.Journal.record(name, func() (string, error) { return o.put(ctx, current, data, annotations) })
}

// putTries is how often a Secret is written that somebody changes meanwhile.
const putTries = 5

func (o Output) put(ctx context.Context, current *corev1.Secret, data map[string][]byte, annotations map[string]string) (version string, err error) {
	for try := 1; ; try++ {
		version, err := o.write(ctx, current, data, annotations)
		if current == nil || !apierrors.IsConflict(err) || try == putTries {
			return version, err
		}
		if isSame, failed := o.catchUp(ctx, current); failed != nil || !isSame {
			return "", cmp.Or(failed, err)
		}
	}
}

// catchUp takes over the version of the Secret as it is now, if it still holds what it did.
func (o Output) catchUp(ctx context.Context, current *corev1.Secret) (isSame bool, err error) {
	newest, err := o.Get(ctx)
	if err != nil || newest == nil || newest.UID != current.UID {
		return false, err
	}
	ours := maps.Clone(current.Annotations)
	maps.DeleteFunc(ours, func(name, _ string) bool { return !strings.HasPrefix(name, "auth0-operator.io/") })
	if !Holds(newest, current.Data, ours) {
		return false, nil
	}
	current.ResourceVersion = newest.ResourceVersion
	return true, nil
}

// write returns the version that it made, "" if nothing was to be done.
func (o Output) write(ctx context.Context, current *corev1.Secret, data map[string][]byte, annotations map[string]string, options ...client.ApplyOption) (version string, err error) {
	annotations = maps.Clone(annotations)
	annotations[annotationIgnoreUpdates] = "true"
	if len(o.Labels) > 0 || current != nil && current.Annotations[annotationLabels] != "" {
		annotations[annotationLabels] = strings.Join(slices.Sorted(maps.Keys(o.Labels)), ",")
	}
	if current != nil && metav1.IsControlledBy(current, o.Owner) && o.isAsDeclared(current) && Holds(current, data, annotations) {
		return "", nil
	}
	if current != nil && o.cannotChange(current) {
		if done, err := o.remove(ctx, current, len(options) > 0); err != nil || done {
			return "", err
		}
		current = nil
	}
	desired, err := o.desired(data, annotations)
	if err != nil {
		return "", err
	}
	if current != nil {
		// A Secret that was replaced or written since it was looked at may be somebody else's, or hold what is newer.
		desired.WithUID(current.UID).WithResourceVersion(current.ResourceVersion)
	}
	isTry := len(options) > 0
	options = append(options, client.FieldOwner(FieldManager), client.ForceOwnership)
	if err := o.Client.Apply(ctx, desired, options...); err != nil {
		return "", o.explain(err)
	}
	version = ptr.Deref(desired.ResourceVersion, "")
	if current != nil && !isTry {
		current.ResourceVersion = version
	}
	return version, nil
}

// desired is the Secret as it is to be.
func (o Output) desired(data map[string][]byte, annotations map[string]string) (*corev1ac.SecretApplyConfiguration, error) {
	reference, err := o.ownerReference()
	if err != nil {
		return nil, err
	}
	desired := corev1ac.Secret(o.Name, o.Owner.GetNamespace()).
		WithLabels(o.Labels).
		WithLabels(map[string]string{LabelManagedBy: managedBy}).
		WithAnnotations(annotations).
		WithOwnerReferences(reference).
		WithData(data)
	if o.Type != "" {
		desired.WithType(corev1.SecretType(o.Type))
	}
	return desired, nil
}

// explain tells what only a person can put right from what may pass. What Kubernetes finds in the data it quotes in part, so that
// is not passed on.
func (o Output) explain(err error) error {
	refused, ok := errors.AsType[*apierrors.StatusError](err)
	if !ok || !apierrors.IsInvalid(err) || refused.ErrStatus.Details == nil {
		return fmt.Errorf("write output Secret %s/%s: %w", o.Owner.GetNamespace(), o.Name, err)
	}
	var causes []string
	for _, cause := range refused.ErrStatus.Details.Causes {
		if strings.HasPrefix(cause.Field, "data") {
			cause.Message = "not what a Secret of this type holds"
		}
		causes = append(causes, cause.Field+": "+cause.Message)
	}
	return problem.Stalled(v1alpha1.ReasonInvalidSpec, "Kubernetes refuses the output Secret that the spec asks for: %s", strings.Join(causes, ", "))
}

// isAsDeclared tells whether type and labels are.
func (o Output) isAsDeclared(current *corev1.Secret) bool {
	for key, value := range o.Labels {
		if current.Labels[key] != value {
			return false
		}
	}
	return o.Type == "" || o.Type == string(current.Type)
}

// cannotChange tells that Kubernetes lets nobody change the Secret as it is to be changed.
func (o Output) cannotChange(current *corev1.Secret) bool {
	immutable := current.Immutable != nil && *current.Immutable
	return immutable || o.Type != "" && o.Type != string(current.Type)
}

// remove makes room for another Secret in the place of one that cannot be changed, or finds out whether that would work.
func (o Output) remove(ctx context.Context, current *corev1.Secret, try bool) (done bool, err error) {
	if !metav1.IsControlledBy(current, o.Owner) {
		return false, problem.Stalled(v1alpha1.ReasonSecretConflict, "Secret %s/%s is immutable or has another type, and is not the operator's; delete it, or choose another outputSecret.name",
			current.Namespace, current.Name)
	}
	options := []client.DeleteOption{client.Preconditions{UID: &current.UID, ResourceVersion: &current.ResourceVersion}}
	if try {
		options = append(options, client.DryRunAll)
	}
	err = client.IgnoreNotFound(o.Client.Delete(ctx, current.DeepCopy(), options...))
	if err != nil {
		return false, fmt.Errorf("replace output Secret %s/%s: %w", current.Namespace, current.Name, err)
	}
	return try, nil
}

func (o Output) ownerReference() (*metav1ac.OwnerReferenceApplyConfiguration, error) {
	kind, err := apiutil.GVKForObject(o.Owner, o.Client.Scheme())
	if err != nil {
		return nil, fmt.Errorf("kind of the owner: %w", err)
	}
	return metav1ac.OwnerReference().
		WithAPIVersion(kind.GroupVersion().String()).WithKind(kind.Kind).
		WithName(o.Owner.GetName()).WithUID(o.Owner.GetUID()).
		WithController(true), nil
}

// Release leaves the Secret behind without an owner, so that it survives the object.
func (o Output) Release(ctx context.Context) error {
	current, err := o.Get(ctx)
	if err != nil || current == nil || !metav1.IsControlledBy(current, o.Owner) {
		return client.IgnoreNotFound(ignoreProblems(err))
	}
	before := current.DeepCopy()
	current.OwnerReferences = nil
	return client.IgnoreNotFound(o.Client.Patch(ctx, current, client.MergeFrom(before), client.FieldOwner(FieldManager)))
}

// ignoreProblems drops an error that speaks of somebody else's Secret.
func ignoreProblems(err error) error {
	if _, ok := err.(*problem.Problem); ok { //nolint:errorlint // Get returns it unwrapped.
		return nil
	}
	return err
}

// Holds tells whether a Secret holds just this data, and these annotations among others.
func Holds(current *corev1.Secret, data map[string][]byte, annotations map[string]string) bool {
	if len(current.Data) != len(data) {
		return false
	}
	for key, value := range data {
		if held, ok := current.Data[key]; !ok || !bytes.Equal(held, value) {
			return false
		}
	}
	for key, value := range annotations {
		if current.Annotations[key] != value {
			return false
		}
	}
	return true
}
