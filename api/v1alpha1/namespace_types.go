package v1alpha1

import metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

// NamespacesFrom selects namespaces.
// +kubebuilder:validation:Enum=Same;Selector;All
type NamespacesFrom string

const (
	// NamespacesFromSame selects the namespace of the tenant only.
	NamespacesFromSame NamespacesFrom = "Same"
	// NamespacesFromSelector selects the namespaces with the labels of the selector, and the tenant's own.
	NamespacesFromSelector NamespacesFrom = "Selector"
	// NamespacesFromAll selects every namespace.
	NamespacesFromAll NamespacesFrom = "All"
)

// AllowedNamespaces selects namespaces.
// +kubebuilder:validation:XValidation:rule="has(self.selector) == (self.from == 'Selector')",message="set selector if and only if from is Selector"
type AllowedNamespaces struct {
	// from is `Same` (the tenant's namespace), `Selector` (that and the namespaces that match selector) or `All`.
	// +required
	From NamespacesFrom `json:"from"`

	// selector selects namespaces by label. Only with `from: Selector`.
	// +optional
	Selector *NamespaceSelector `json:"selector,omitempty"`
}

// NamespaceSelector selects namespaces by their labels. All requirements must match.
type NamespaceSelector struct {
	// matchLabels are labels with their values. Example: `{team: shop}`.
	// +kubebuilder:validation:MaxProperties=32
	// +kubebuilder:validation:XValidation:rule="self.all(key, key.size() <= 317)",message="keys of labels must have at most 317 characters"
	// +optional
	MatchLabels map[string]LabelValue `json:"matchLabels,omitempty"`

	// matchExpressions are requirements for single labels.
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=32
	// +optional
	MatchExpressions []NamespaceSelectorRequirement `json:"matchExpressions,omitempty"`
}

// NamespaceSelectorRequirement is a requirement for one label.
type NamespaceSelectorRequirement struct {
	// key of the label.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=317
	// +kubebuilder:validation:XValidation:rule="self.matches('[^\\\\s\\\\p{Z}\\\\p{C}]')",message="key must not be blank"
	// +required
	Key string `json:"key"`

	// operator is `In`, `NotIn`, `Exists` or `DoesNotExist`.
	// +kubebuilder:validation:Enum=In;NotIn;Exists;DoesNotExist
	// +required
	Operator metav1.LabelSelectorOperator `json:"operator"`

	// values of the label. Only for `In` and `NotIn`.
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=64
	// +optional
	Values []LabelValue `json:"values,omitempty"`
}

// LabelValue is the value of a label.
// +kubebuilder:validation:MaxLength=63
type LabelValue string

// LabelSelector returns the selector as apimachinery has it. Without a selector it returns nil, which matches nothing.
func (s *NamespaceSelector) LabelSelector() *metav1.LabelSelector {
	if s == nil {
		return nil
	}
	selector := &metav1.LabelSelector{MatchLabels: map[string]string{}}
	for key, value := range s.MatchLabels {
		selector.MatchLabels[key] = string(value)
	}
	for _, requirement := range s.MatchExpressions {
		expression := metav1.LabelSelectorRequirement{Key: requirement.Key, Operator: requirement.Operator}
		for _, value := range requirement.Values {
			expression.Values = append(expression.Values, string(value))
		}
		selector.MatchExpressions = append(selector.MatchExpressions, expression)
	}
	return selector
}
