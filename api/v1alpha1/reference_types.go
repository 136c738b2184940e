package v1alpha1

// TenantReference names an Auth0Tenant.
type TenantReference struct {
	// name of the Auth0Tenant.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	// +kubebuilder:validation:Pattern=`^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$`
	// +required
	Name string `json:"name"`

	// namespace of the Auth0Tenant; default: the namespace of this object. In another namespace the tenant's
	// spec.allowedNamespaces must admit this one.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=63
	// +kubebuilder:validation:Pattern=`^[a-z0-9]([-a-z0-9]*[a-z0-9])?$`
	// +optional
	Namespace string `json:"namespace,omitempty"`
}

// ObjectReference names an object of this group. Both objects must belong to the same Auth0Tenant.
type ObjectReference struct {
	// name of the object.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	// +kubebuilder:validation:Pattern=`^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$`
	// +required
	Name string `json:"name"`

	// namespace of the object; default: the namespace of this object. The tenant's spec.allowedNamespaces must admit both.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=63
	// +kubebuilder:validation:Pattern=`^[a-z0-9]([-a-z0-9]*[a-z0-9])?$`
	// +optional
	Namespace string `json:"namespace,omitempty"`
}

// LocalReference names an object of this group in the namespace of the object that holds the reference.
type LocalReference struct {
	// name of the object.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	// +kubebuilder:validation:Pattern=`^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$`
	// +required
	Name string `json:"name"`
}

// SecretReference names a Secret in the namespace of the object that holds the reference.
type SecretReference struct {
	// name of the Secret, in the same namespace.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	// +kubebuilder:validation:Pattern=`^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$`
	// +required
	Name string `json:"name"`
}

// SecretKeyReference names one key of a Secret in the namespace of the object that holds the reference.
type SecretKeyReference struct {
	// name of the Secret, in the same namespace.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	// +kubebuilder:validation:Pattern=`^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$`
	// +required
	Name string `json:"name"`

	// key within the Secret's data.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	// +kubebuilder:validation:Pattern=`^[-._a-zA-Z0-9]+$`
	// +required
	Key string `json:"key"`
}

// AnnotationAdoptableBy says on a Secret which object may write into it, by kind and name: `Auth0Client/web`. Whoever may write
// the Secret decides; nothing in the spec of an object does.
const AnnotationAdoptableBy = "auth0-operator.io/adoptable-by"

// OutputSecret says where and how the operator writes a Secret.
type OutputSecret struct {
	// name of the Secret, in the same namespace. The operator creates it, owns it, and it goes with this object. A Secret
	// that exists already is written into only if its annotation `auth0-operator.io/adoptable-by` names this object by kind
	// and name, as in `Auth0Client/web`, and nothing owns it: the keys of this object are then added to it, and taken out
	// again when this object is deleted. Immutable.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	// +kubebuilder:validation:Pattern=`^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$`
	// +kubebuilder:validation:XValidation:rule="self == oldSelf",message="the name of the output Secret is immutable: workloads may mount it; create another object for another Secret"
	// +required
	Name string `json:"name"`

	// data chooses the keys of the Secret: a map of key to Go template over the values of the kind, for example
	// `AUTH0_TOKEN: "{{ .accessToken }}"`. A template can use values, texts in quotes, `if` and `else` (a value that is empty
	// counts as false), and the functions `and`, `or`, `not`, `print`, `html` and `urlquery`. All of them together make 1 MiB at
	// most. `{{ random 32 }}` alone in its key generates that many random characters (16 to 256) once, for example for a session
	// key: the value stays until you delete the key or the Secret. Not empty: in a Helm chart, write
	// `{{ "{{ .accessToken }}" }}`, as Helm evaluates the plain form itself. Default: one key per value, named like the value.
	// +kubebuilder:validation:MinProperties=1
	// +kubebuilder:validation:MaxProperties=32
	// +kubebuilder:validation:XValidation:rule="self.all(key, key.size() <= 253 && key.matches('^[-._a-zA-Z0-9]+$'))",message="keys of a Secret consist of letters, digits, '-', '_' and '.', at most 253 of them"
	// +optional
	Data map[string]SecretTemplate `json:"data,omitempty"`

	// type of the Secret, for consumers that ask for one. Default: `Opaque`. Kubernetes cannot change it: with another type, the
	// Secret is deleted and created anew with the same values. Not a type by which Kubernetes grants access to itself, and none
	// of the operator's own. Example: `kubernetes.io/basic-auth`.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	// +kubebuilder:validation:XValidation:rule="self != 'kubernetes.io/service-account-token' && !self.startsWith('bootstrap.kubernetes.io/')",message="type must not be one with which Kubernetes grants access to itself"
	// +kubebuilder:validation:XValidation:rule="!self.startsWith('auth0-operator.io/')",message="the types auth0-operator.io/… are for credentials of an Auth0Tenant, which you write yourself, and for the operator"
	// +optional
	Type string `json:"type,omitempty"`

	// labels of the Secret, besides the operator's own.
	// +kubebuilder:validation:MaxProperties=32
	// +kubebuilder:validation:XValidation:rule="self.all(key, key != 'app.kubernetes.io/managed-by' && !key.startsWith('auth0-operator.io/'))",message="the labels app.kubernetes.io/managed-by and auth0-operator.io/… are the operator's"
	// +kubebuilder:validation:XValidation:rule="self.all(key, key.size() <= 317)",message="keys of labels have at most 317 characters"
	// +optional
	Labels map[string]SecretLabel `json:"labels,omitempty"`

	// annotations of the Secret, besides the operator's own, for tools that restart workloads or copy Secrets. The operator does
	// not set them on a Secret that existed before this object, as its other keys are not this object's. Example:
	// `reloader.stakater.com/match: "true"`.
	// +kubebuilder:validation:MaxProperties=32
	// +kubebuilder:validation:XValidation:rule="self.all(key, !key.startsWith('auth0-operator.io/') && !key.startsWith('kubectl.kubernetes.io/'))",message="the annotations auth0-operator.io/… are the operator's, and kubectl.kubernetes.io/… are those of kubectl"
	// +kubebuilder:validation:XValidation:rule="self.all(key, key.size() <= 317)",message="keys of annotations have at most 317 characters"
	// +optional
	Annotations map[string]SecretAnnotation `json:"annotations,omitempty"`
}

// SecretAnnotation is the value of an annotation.
// +kubebuilder:validation:MaxLength=1024
type SecretAnnotation string

// SecretLabel is the value of a label.
// +kubebuilder:validation:MaxLength=63
// +kubebuilder:validation:Pattern=`^(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?$`
type SecretLabel string

// SecretTemplate is a Go template over the values that a kind offers to its output Secret.
// +kubebuilder:validation:MaxLength=4096
// +kubebuilder:validation:XValidation:rule="self.matches('[^[:space:]]')",message="the template is empty: in a chart, Helm evaluates {{ .clientId }} itself; write {{ `{{ .clientId }}` }} there, or remove the key"
type SecretTemplate string
