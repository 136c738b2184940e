package v1alpha1

// TenantReference refers to an Auth0Tenant.
type TenantReference struct {
	// name of the Auth0Tenant.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	// +kubebuilder:validation:Pattern=`^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$`
	// +required
	Name string `json:"name"`

	// namespace of the Auth0Tenant. Default: the namespace of this object. If it is another namespace, the tenant's
	// spec.allowedNamespaces must admit this object's namespace.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=63
	// +kubebuilder:validation:Pattern=`^[a-z0-9]([-a-z0-9]*[a-z0-9])?$`
	// +optional
	Namespace string `json:"namespace,omitempty"`
}

// ObjectReference refers to an object of this API group. Both objects must belong to the same Auth0Tenant.
type ObjectReference struct {
	// name of the object.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	// +kubebuilder:validation:Pattern=`^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$`
	// +required
	Name string `json:"name"`

	// namespace of the object. Default: the namespace of this object. The tenant's spec.allowedNamespaces must admit both.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=63
	// +kubebuilder:validation:Pattern=`^[a-z0-9]([-a-z0-9]*[a-z0-9])?$`
	// +optional
	Namespace string `json:"namespace,omitempty"`
}

// LocalReference refers to an object of this API group in the same namespace.
type LocalReference struct {
	// name of the object.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	// +kubebuilder:validation:Pattern=`^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$`
	// +required
	Name string `json:"name"`
}

// SecretReference refers to a Secret in the same namespace.
type SecretReference struct {
	// name of the Secret, in the same namespace.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	// +kubebuilder:validation:Pattern=`^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$`
	// +required
	Name string `json:"name"`
}

// SecretKeyReference refers to a key of a Secret in the same namespace.
type SecretKeyReference struct {
	// name of the Secret, in the same namespace.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	// +kubebuilder:validation:Pattern=`^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$`
	// +required
	Name string `json:"name"`

	// key in the data of the Secret.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	// +kubebuilder:validation:Pattern=`^[-._a-zA-Z0-9]+$`
	// +required
	Key string `json:"key"`
}

// AnnotationAdoptableBy allows, on a Secret, one object to write to it, by kind and name: `Auth0Client/web`. Only people who
// can write the Secret can set it; the spec of an object cannot.
const AnnotationAdoptableBy = "auth0-operator.io/adoptable-by"

// OutputSecret configures a Secret that the operator writes.
type OutputSecret struct {
	// name of the Secret, in the same namespace. The operator creates and owns it, and Kubernetes deletes it with this
	// object. The operator writes to an existing Secret only if its annotation `auth0-operator.io/adoptable-by` has the kind
	// and name of this object, for example `Auth0Client/web`, and it has no owner. The operator then adds its keys, and
	// removes them when this object is deleted. Immutable.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	// +kubebuilder:validation:Pattern=`^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$`
	// +kubebuilder:validation:XValidation:rule="self == oldSelf",message="the name of the output Secret is immutable, because workloads may mount it: create another object for another Secret"
	// +required
	Name string `json:"name"`

	// data defines the keys of the Secret as Go templates. Each outputSecret lists its values. Example, on an Auth0Token:
	// `AUTH0_TOKEN: "{{ .accessToken }}"`. A template can use values, quoted text, `if` and `else` (an empty value is
	// false), and the functions `and`, `or`, `not`, `print`, `html` and `urlquery`. All results together can have 1 MiB. `{{
	// random 32 }}` as the whole template generates that many random characters (16 to 256) once, for example for a session
	// key. The value stays until you delete the key or the Secret. The result cannot be empty. In a Helm chart, write `{{
	// "{{ .accessToken }}" }}`, because Helm evaluates templates itself. Default: one key per value, with the name of the
	// value.
	// +kubebuilder:validation:MinProperties=1
	// +kubebuilder:validation:MaxProperties=32
	// +kubebuilder:validation:XValidation:rule="self.all(key, key.size() <= 253 && key.matches('^[-._a-zA-Z0-9]+$'))",message="keys of a Secret must have at most 253 characters: letters, digits, '-', '_' and '.'"
	// +optional
	Data map[string]SecretTemplate `json:"data,omitempty"`

	// type of the Secret, for consumers that need a specific Secret type. Default: `Opaque`. If you change it, the operator
	// deletes the Secret and creates it again with the same values, because Kubernetes cannot change the type. Types that
	// grant access to Kubernetes, and the operator's own types, are not allowed. Example: `kubernetes.io/basic-auth`.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	// +kubebuilder:validation:XValidation:rule="self != 'kubernetes.io/service-account-token' && !self.startsWith('bootstrap.kubernetes.io/')",message="type must not be a type that Kubernetes uses for tokens"
	// +kubebuilder:validation:XValidation:rule="!self.startsWith('auth0-operator.io/')",message="the types auth0-operator.io/… are reserved for credentials of an Auth0Tenant and for the operator"
	// +optional
	Type string `json:"type,omitempty"`

	// labels of the Secret, in addition to the operator's own.
	// +kubebuilder:validation:MaxProperties=32
	// +kubebuilder:validation:XValidation:rule="self.all(key, key != 'app.kubernetes.io/managed-by' && !key.startsWith('auth0-operator.io/'))",message="the labels app.kubernetes.io/managed-by and auth0-operator.io/… are reserved for the operator"
	// +kubebuilder:validation:XValidation:rule="self.all(key, key.size() <= 317)",message="keys of labels must have at most 317 characters"
	// +optional
	Labels map[string]SecretLabel `json:"labels,omitempty"`

	// annotations of the Secret, in addition to the operator's own, for tools that restart workloads or copy Secrets. The
	// operator does not set them on an adopted Secret, because its other keys do not belong to this object. Example:
	// `reloader.stakater.com/match: "true"`.
	// +kubebuilder:validation:MaxProperties=32
	// +kubebuilder:validation:XValidation:rule="self.all(key, !key.startsWith('auth0-operator.io/') && !key.startsWith('kubectl.kubernetes.io/'))",message="the annotations auth0-operator.io/… are reserved for the operator, and kubectl.kubernetes.io/… for kubectl"
	// +kubebuilder:validation:XValidation:rule="self.all(key, key.size() <= 317)",message="keys of annotations must have at most 317 characters"
	// +optional
	Annotations map[string]SecretAnnotation `json:"annotations,omitempty"`
}

// OutputConfigMap configures a ConfigMap with public values, for workloads that cannot read Secrets.
type OutputConfigMap struct {
	// name of the ConfigMap, in the same namespace. The operator creates and owns it, and Kubernetes deletes it with this
	// object. The operator writes to an existing ConfigMap only if its annotation `auth0-operator.io/adoptable-by` has the
	// kind and name of this object, for example `Auth0Client/web`, and it has no owner. The operator then adds its keys, and
	// removes them when this object is deleted. Immutable.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	// +kubebuilder:validation:Pattern=`^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$`
	// +kubebuilder:validation:XValidation:rule="self == oldSelf",message="the name of the output ConfigMap is immutable, because workloads may mount it: remove outputConfigMap first, or create another object"
	// +required
	Name string `json:"name"`

	// data defines the keys of the ConfigMap as Go templates over the public values. Example, on an Auth0Client:
	// `AUTH0_CLIENT_ID: "{{ .clientId }}"`. Templates are those of outputSecret without `random`, because a ConfigMap must
	// not contain secrets. All results together can have 1 MiB. The result cannot be empty. In a Helm chart, write `{{ "{{
	// .clientId }}" }}`, because Helm evaluates templates itself. Default: one key per value, with the name of the value.
	// +kubebuilder:validation:MinProperties=1
	// +kubebuilder:validation:MaxProperties=32
	// +kubebuilder:validation:XValidation:rule="self.all(key, key.size() <= 253 && key.matches('^[-._a-zA-Z0-9]+$'))",message="keys of a ConfigMap must have at most 253 characters: letters, digits, '-', '_' and '.'"
	// +kubebuilder:validation:XValidation:rule="self.all(key, !self[key].matches('[{][{][^}]*([.](clientSecret|privateKey|accessToken|refreshToken|idToken|password|url)|[{( |-]random)([^a-zA-Z]|$)'))",message="a ConfigMap must not contain secrets: use outputSecret for client secrets, keys, tokens, passwords, invitations and random values"
	// +optional
	Data map[string]SecretTemplate `json:"data,omitempty"`

	// labels of the ConfigMap, in addition to the operator's own.
	// +kubebuilder:validation:MaxProperties=32
	// +kubebuilder:validation:XValidation:rule="self.all(key, key != 'app.kubernetes.io/managed-by' && !key.startsWith('auth0-operator.io/'))",message="the labels app.kubernetes.io/managed-by and auth0-operator.io/… are reserved for the operator"
	// +kubebuilder:validation:XValidation:rule="self.all(key, key.size() <= 317)",message="keys of labels must have at most 317 characters"
	// +optional
	Labels map[string]SecretLabel `json:"labels,omitempty"`

	// annotations of the ConfigMap, in addition to the operator's own, for tools that restart workloads or copy ConfigMaps.
	// The operator does not set them on an adopted ConfigMap. Example: `reloader.stakater.com/match: "true"`.
	// +kubebuilder:validation:MaxProperties=32
	// +kubebuilder:validation:XValidation:rule="self.all(key, !key.startsWith('auth0-operator.io/') && !key.startsWith('kubectl.kubernetes.io/'))",message="the annotations auth0-operator.io/… are reserved for the operator, and kubectl.kubernetes.io/… for kubectl"
	// +kubebuilder:validation:XValidation:rule="self.all(key, key.size() <= 317)",message="keys of annotations must have at most 317 characters"
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

// SecretTemplate is a Go template over the values of an output Secret.
// +kubebuilder:validation:MaxLength=4096
// +kubebuilder:validation:XValidation:rule="self.matches('[^[:space:]]')",message="the template is empty: in a chart, Helm evaluates {{ .clientId }} itself; write {{ `{{ .clientId }}` }} there, or remove the key"
type SecretTemplate string
