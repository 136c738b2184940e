package secret

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	corev1ac "k8s.io/client-go/applyconfigurations/core/v1"
	metav1ac "k8s.io/client-go/applyconfigurations/meta/v1"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/auth0-operator/auth0-operator/api/v1alpha1"
	"github.com/auth0-operator/auth0-operator/internal/problem"
)

// FieldManager is the operator's field manager in server-side apply.
const FieldManager = "auth0-operator"

// LabelManagedBy marks the Secrets that the operator writes.
const (
	LabelManagedBy = "app.kubernetes.io/managed-by"
	managedBy      = "auth0-operator"
)

// annotationLabels lists the labels that the operator set for a spec, so that it can remove a label that leaves the spec.
const annotationLabels = "auth0-operator.io/labels"

// annotationAnnotations and annotationRandom likewise list the annotations of a spec, and the keys of random values.
const (
	annotationAnnotations = "auth0-operator.io/annotations"
	annotationRandom      = "auth0-operator.io/random"
)

// annotationIgnoreUpdates keeps Argo CD from refreshing an application at every renewal of a token.
const annotationIgnoreUpdates = "argocd.argoproj.io/ignore-resource-updates"

// Output is an output Secret or ConfigMap of an object. The code handles both in the shape of a Secret.
type Output struct {
	Client client.Client
	// Owner is the object that declares the Secret, in the same namespace.
	Owner v1alpha1.Managed
	Name  string
	// Destination is the kind to write; empty means a Secret.
	Destination Destination
	// Type is the type of the Secret; empty leaves it unchanged.
	Type string
	// Internal marks a Secret with the operator's internal data, of a type of its own.
	Internal bool
	// Labels are added to the operator's own.
	Labels map[string]string
	// Annotations are those of the spec. They are not set on an adopted Secret.
	Annotations map[string]string
	// Random are the keys of random values, with their lengths.
	Random map[string]int
	// Expectations records the writes; may be nil.
	Expectations *Expectations
}

// NewOutput returns the output Secret that an object declares.
func NewOutput(c client.Client, owner v1alpha1.Managed, spec v1alpha1.OutputSecret) Output {
	output := Output{
		Client: c, Owner: owner, Name: spec.Name, Type: spec.Type,
		Labels: map[string]string{}, Annotations: map[string]string{}, Random: randomKeys(spec.Data),
	}
	for key, value := range spec.Labels {
		output.Labels[key] = string(value)
	}
	for key, value := range spec.Annotations {
		output.Annotations[key] = string(value)
	}
	return output
}

// NewConfigMapOutput returns the output ConfigMap that an object declares.
func NewConfigMapOutput(c client.Client, owner v1alpha1.Managed, spec v1alpha1.OutputConfigMap) Output {
	output := NewOutput(c, owner, v1alpha1.OutputSecret{Name: spec.Name, Labels: spec.Labels, Annotations: spec.Annotations})
	output.Destination = ConfigMap
	return output
}

// Get returns the Secret, or nil if there is none. A Secret that the owner may not write is a problem.
func (o Output) Get(ctx context.Context) (*corev1.Secret, error) {
	if err := o.check(); err != nil {
		return nil, err
	}
	current, err := o.Destination.get(ctx, o.Client, o.Owner.GetNamespace(), o.Name)
	if err != nil {
		return nil, err
	}
	return current, o.mayWrite(ctx, current)
}

// check repeats the checks of the schema, for objects that were stored before the schema had them.
func (o Output) check() error {
	if o.Name == hashKeySecret {
		return o.conflict("is for the operator alone; choose another %s.name", o.Destination.field())
	}
	if kind := corev1.SecretType(o.Type); !o.Internal && (isOurs(kind) || grantsAccess(kind)) {
		return problem.Stalled(v1alpha1.ReasonInvalidSpec, "outputSecret.type: the operator writes no Secret of type %s; choose another type", o.Type)
	}
	for label := range o.Labels {
		if strings.HasPrefix(label, ourPrefix) {
			return problem.Stalled(v1alpha1.ReasonInvalidSpec, "%s.labels: %s is the operator's; choose another label", o.Destination.field(), label)
		}
	}
	for annotation := range o.Annotations {
		if strings.HasPrefix(annotation, ourPrefix) {
			return problem.Stalled(v1alpha1.ReasonInvalidSpec, "%s.annotations: %s is the operator's; choose another annotation", o.Destination.field(), annotation)
		}
	}
	return nil
}

// Writer is Put or Try.
type Writer func(ctx context.Context, current *corev1.Secret, data map[string][]byte, annotations map[string]string) error

// Try checks whether Put would be accepted: to obtain the contents of a Secret may cost more than an attempt.
func (o Output) Try(ctx context.Context, current *corev1.Secret, data map[string][]byte, annotations map[string]string) error {
	_, err := o.write(ctx, current, data, annotations, client.DryRunAll)
	return err
}

// Put writes data and annotations into the Secret, unless it has them already. current is what Get returned. It fails with a
// conflict if another replica wrote the Secret since.
func (o Output) Put(ctx context.Context, current *corev1.Secret, data map[string][]byte, annotations map[string]string) error {
	return o.Expectations.record(o.journalKey(), func() (string, error) { return o.put(ctx, current, data, annotations) })
}

// putTries is how often to try a write to a Secret that others change meanwhile.
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

// catchUp takes over the current version of the Secret, if its contents are unchanged.
func (o Output) catchUp(ctx context.Context, current *corev1.Secret) (isSame bool, err error) {
	newest, err := o.Get(ctx)
	if err != nil || newest == nil || newest.UID != current.UID {
		return false, err
	}
	ours := maps.Clone(current.Annotations)
	maps.DeleteFunc(ours, func(name, _ string) bool { return !strings.HasPrefix(name, "auth0-operator.io/") })
	if len(newest.Data) != len(current.Data) || !holds(newest, current.Data, ours) {
		return false, nil
	}
	current.ResourceVersion = newest.ResourceVersion
	return true, nil
}

// write returns the version that it created, "" if there was nothing to write.
func (o Output) write(ctx context.Context, current *corev1.Secret, data map[string][]byte, annotations map[string]string, options ...client.ApplyOption) (version string, err error) {
	adopted := current != nil && !metav1.IsControlledBy(current, o.Owner)
	annotations = o.annotate(annotations, current, adopted)
	data = o.addRandom(data, current)
	if current != nil && o.isAsDeclared(current) && holds(current, data, annotations) {
		return "", nil
	}
	if current != nil && o.cannotChange(current) {
		if err := o.refuseToLoseRandom(current); err != nil {
			return "", err
		}
		if done, err := o.remove(ctx, current, len(options) > 0); err != nil || done {
			return "", err
		}
		current = nil
	}
	desired := o.desired(data, annotations)
	isTry := len(options) > 0
	options = append(options, client.FieldOwner(FieldManager))
	if current == nil {
		return o.create(ctx, desired, options)
	}
	if !adopted {
		o.own(desired)
	}
	// A Secret that was replaced or written since it was read may belong to someone else, or have newer contents.
	desired.WithUID(current.UID).WithResourceVersion(current.ResourceVersion)
	if err := o.Destination.apply(ctx, o.Client, desired, append(options, client.ForceOwnership)...); err != nil {
		return "", o.explain(err)
	}
	version = ptr.Deref(desired.ResourceVersion, "")
	if !isTry {
		current.ResourceVersion = version
	}
	return version, nil
}

// annotate adds the annotations that every output Secret has.
func (o Output) annotate(annotations map[string]string, current *corev1.Secret, adopted bool) map[string]string {
	ours := maps.Clone(annotations)
	annotations = map[string]string{}
	declared := o.Annotations
	if adopted {
		declared = nil
	}
	maps.Copy(annotations, declared)
	maps.Copy(annotations, ours)
	annotations[annotationIgnoreUpdates] = "true"
	note(annotations, current, annotationLabels, o.Labels)
	note(annotations, current, annotationAnnotations, declared)
	note(annotations, current, annotationRandom, o.Random)
	if adopted {
		annotations[annotationAdoptedBy] = adopter(o.kind(), o.Owner)
	}
	return annotations
}

// note lists the declared keys in an annotation, also when none are left.
func note[V any](annotations map[string]string, current *corev1.Secret, annotation string, declared map[string]V) {
	if len(declared) > 0 || current != nil && current.Annotations[annotation] != "" {
		annotations[annotation] = strings.Join(slices.Sorted(maps.Keys(declared)), ",")
	}
}

// create writes a Secret that did not exist a moment ago. If someone else created one since, it does not take that over: a value
// that both set is a conflict, like the type. If the rest could be combined, it removes the operator's part again.
func (o Output) create(ctx context.Context, desired *corev1ac.SecretApplyConfiguration, options []client.ApplyOption) (version string, err error) {
	o.own(desired)
	desired.WithType(corev1.SecretType(cmp.Or(o.Type, string(corev1.SecretTypeOpaque))))
	keys := len(desired.Data)
	if err := o.Destination.apply(ctx, o.Client, desired, options...); err != nil {
		return "", o.explain(err)
	}
	if len(desired.Data) > keys || len(desired.OwnerReferences) > 1 {
		made := &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: o.Owner.GetNamespace(), Name: o.Name, UID: ptr.Deref(desired.UID, "")}, Type: *desired.Type}
		return "", errors.Join(fmt.Errorf("somebody else made %s %s/%s at the same time", o.Destination.kind(), made.Namespace, made.Name), o.takeOut(ctx, made, options...))
	}
	return ptr.Deref(desired.ResourceVersion, ""), nil
}

// desired returns everything that the operator sets in the Secret, except the owner.
func (o Output) desired(data map[string][]byte, annotations map[string]string) *corev1ac.SecretApplyConfiguration {
	desired := corev1ac.Secret(o.Name, o.Owner.GetNamespace()).WithLabels(o.Labels).WithAnnotations(annotations).WithData(data)
	if o.Type != "" {
		desired.WithType(corev1.SecretType(o.Type))
	}
	return desired
}

// own makes Kubernetes delete the Secret with its owner.
func (o Output) own(desired *corev1ac.SecretApplyConfiguration) {
	desired.WithLabels(map[string]string{LabelManagedBy: managedBy}).WithOwnerReferences(metav1ac.OwnerReference().
		WithAPIVersion(v1alpha1.SchemeGroupVersion.String()).WithKind(o.kind()).
		WithName(o.Owner.GetName()).WithUID(o.Owner.GetUID()).
		WithController(true))
}

// journalKey is the key of the Secret in Expectations.
func (o Output) journalKey() client.ObjectKey {
	return journalKey(o.Destination.kind(), o.Owner.GetNamespace(), o.Name)
}

// kind is the kind of the owner.
func (o Output) kind() string { return reflect.TypeOf(o.Owner).Elem().Name() }

// explain distinguishes errors that a person must correct from transient ones. Kubernetes quotes parts of the data in some
// causes, so these are left out.
func (o Output) explain(err error) error {
	refused, ok := errors.AsType[*apierrors.StatusError](err)
	if !ok || !apierrors.IsInvalid(err) || refused.ErrStatus.Details == nil {
		return fmt.Errorf("write output %s %s/%s: %w", o.Destination.kind(), o.Owner.GetNamespace(), o.Name, err)
	}
	var causes []string
	for _, cause := range refused.ErrStatus.Details.Causes {
		if strings.HasPrefix(cause.Field, "data") {
			cause.Message = "not what a " + o.Destination.kind() + " of this type holds"
		}
		// A policy names no field.
		causes = append(causes, strings.TrimPrefix(cause.Field+": "+strings.TrimPrefix(cause.Message, ": "), ": "))
	}
	return problem.Stalled(v1alpha1.ReasonInvalidSpec, "Kubernetes refuses the output %s that the spec asks for: %s", o.Destination.kind(), strings.Join(causes, ", "))
}

// isAsDeclared reports whether type and labels match the spec.
func (o Output) isAsDeclared(current *corev1.Secret) bool {
	for key, value := range o.Labels {
		if current.Labels[key] != value {
			return false
		}
	}
	return o.Type == "" || o.Type == string(current.Type)
}

// cannotChange reports whether Kubernetes forbids the change of the Secret.
func (o Output) cannotChange(current *corev1.Secret) bool {
	immutable := current.Immutable != nil && *current.Immutable
	return immutable || o.Type != "" && o.Type != string(current.Type)
}

// remove deletes a Secret that cannot be changed, so that another one can replace it, or checks whether that would work.
func (o Output) remove(ctx context.Context, current *corev1.Secret, try bool) (done bool, err error) {
	if o.Destination == ConfigMap {
		// The operator may not delete ConfigMaps: it would need that right for nothing else.
		return false, o.conflict("is immutable; choose another outputConfigMap.name, or delete the ConfigMap if nothing needs what it holds")
	}
	if !metav1.IsControlledBy(current, o.Owner) {
		return false, o.conflict("is immutable or has the type %s, and this object does not own it; choose another outputSecret.name, take its type, or delete the Secret if nothing needs what it holds", current.Type)
	}
	options := []client.DeleteOption{client.Preconditions{UID: &current.UID, ResourceVersion: &current.ResourceVersion}}
	if try {
		options = append(options, client.DryRunAll)
	}
	err = client.IgnoreNotFound(o.Client.Delete(ctx, current.DeepCopy(), options...))
	if err != nil {
		return false, fmt.Errorf("replace output %s %s/%s: %w", o.Destination.kind(), current.Namespace, current.Name, err)
	}
	return try, nil
}

// Release removes the owner from the Secret, so that it survives the object. Another object of the same kind and name may adopt
// it again.
func (o Output) Release(ctx context.Context) error {
	current, err := o.Destination.get(ctx, o.Client, o.Owner.GetNamespace(), o.Name)
	if err != nil || current == nil || !metav1.IsControlledBy(current, o.Owner) {
		return err
	}
	before := current.DeepCopy()
	current.OwnerReferences = slices.DeleteFunc(current.OwnerReferences, func(owner metav1.OwnerReference) bool { return owner.UID == o.Owner.GetUID() })
	metav1.SetMetaDataAnnotation(&current.ObjectMeta, v1alpha1.AnnotationAdoptableBy, o.kind()+"/"+o.Owner.GetName())
	patch := client.MergeFromWithOptions(o.Destination.object(before), client.MergeFromWithOptimisticLock{})
	return client.IgnoreNotFound(o.Client.Patch(ctx, o.Destination.object(current), patch, client.FieldOwner(FieldManager)))
}

// Abandon is for a Secret that the spec of the owner no longer names. It removes the owner's keys from an adopted Secret, and
// keeps one that the operator created, because workloads may use it. It returns what happened to the Secret, "" if there is none.
func (o Output) Abandon(ctx context.Context) (string, error) {
	current, err := o.Destination.get(ctx, o.Client, o.Owner.GetNamespace(), o.Name)
	switch {
	case err != nil || current == nil:
		return "", err
	case metav1.IsControlledBy(current, o.Owner):
		return fmt.Sprintf("the spec does not name %s %s any more: the operator no longer updates it, and it is deleted with this object; delete it as soon as nothing uses it", o.Destination.kind(), o.Name), nil
	case current.Annotations[annotationAdoptedBy] != adopter(o.kind(), o.Owner):
		return "", nil
	}
	message := fmt.Sprintf("the spec does not name %s %s any more: the operator removed the keys of this object, and the others stay", o.Destination.kind(), o.Name)
	return message, o.Withdraw(ctx)
}

// Withdraw removes what was written for the owner from a Secret that the owner adopted, because the owner is being deleted. It
// keeps what others wrote. A Secret that the owner owns is deleted with it.
func (o Output) Withdraw(ctx context.Context) error {
	o.Expectations.Forget(o.journalKey())
	current, err := o.Destination.get(ctx, o.Client, o.Owner.GetNamespace(), o.Name)
	if err != nil || current == nil || current.Annotations[annotationAdoptedBy] != adopter(o.kind(), o.Owner) {
		return err
	}
	return client.IgnoreNotFound(o.takeOut(ctx, current, client.FieldOwner(FieldManager)))
}

// takeOut gives up all that the operator applied to a Secret: Kubernetes removes what nobody else set.
func (o Output) takeOut(ctx context.Context, current *corev1.Secret, options ...client.ApplyOption) error {
	// The type stays, because it cannot be changed.
	nothing := corev1ac.Secret(current.Name, current.Namespace).WithUID(current.UID).WithType(current.Type)
	if err := o.Destination.apply(ctx, o.Client, nothing, append(options, client.ForceOwnership)...); err != nil {
		return fmt.Errorf("take values out of %s %s/%s: %w", o.Destination.kind(), current.Namespace, current.Name, err)
	}
	return nil
}

// holds reports whether a Secret has exactly this data among what the operator applied, and at least these annotations.
func holds(current *corev1.Secret, data map[string][]byte, annotations map[string]string) bool {
	for key, value := range data {
		if held, ok := current.Data[key]; !ok || !bytes.Equal(held, value) {
			return false
		}
	}
	for _, key := range appliedKeys(current) {
		if _, declared := data[key]; !declared {
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

// appliedKeys returns the keys of the data that the operator applied, according to the managed fields.
func appliedKeys(current *corev1.Secret) []string {
	var keys []string
	for _, entry := range current.ManagedFields {
		if entry.Manager != FieldManager || entry.Operation != metav1.ManagedFieldsOperationApply || entry.FieldsV1 == nil {
			continue
		}
		var fields struct {
			Data map[string]json.RawMessage `json:"f:data"`
		}
		if json.Unmarshal(entry.FieldsV1.GetRawBytes(), &fields) != nil {
			continue
		}
		for field := range fields.Data {
			if key, ok := strings.CutPrefix(field, "f:"); ok {
				keys = append(keys, key)
			}
		}
	}
	return keys
}
