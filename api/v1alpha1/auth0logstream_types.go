package v1alpha1

// Auth0LogStream is a log stream in Auth0: it sends the events of the tenant's log elsewhere.
// +kubebuilder:resource:shortName=a0logs
// +kubebuilder:printcolumn:name="Type",type=string,JSONPath=`.spec.type`
// +kubebuilder:printcolumn:name="State",type=string,JSONPath=`.status.status`

// Auth0LogStreamSpec declares a log stream.
// +kubebuilder:validation:XValidation:rule="!has(self.isPriority) || !self.isPriority || !has(self.filters)",message="filters: Auth0 chooses the events of a priority stream; remove filters, or isPriority"
// +kubebuilder:validation:XValidation:rule="self.type != 'mixpanel' || has(self.sink.mixpanelServiceAccountPasswordSecretRef)",message="sink: type mixpanel needs mixpanelServiceAccountPasswordSecretRef"
type Auth0LogStreamSpec struct {
	ManagedSpec `json:",inline"`

	// name of the log stream. The operator creates no second one with a name that exists. You can change it. Example: `siem`.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=255
	// +required
	Name string `json:"name"`

	// type of the sink: `http`, `eventbridge`, `eventgrid`, `datadog`, `splunk`, `sumo`, `segment`, `mixpanel`, or one that Auth0 adds.
	// Immutable.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=50
	// +kubebuilder:validation:XValidation:rule="self == oldSelf",message="type is immutable; create another Auth0LogStream"
	// +required
	Type string `json:"type"`

	// sink is where the events go. Each type of sink has the fields that begin with its name.
	// +required
	Sink LogStreamSink `json:"sink"`

	// isPriority makes a stream that sends security events, and sends them first. Unset: not managed; Auth0's default is false.
	// +optional
	IsPriority *bool `json:"isPriority,omitempty"`

	// filters are the categories of the events to send, all if it is empty. Unset: not managed. Example: `auth.login.fail`.
	// +listType=set
	// +kubebuilder:validation:MaxItems=50
	// +kubebuilder:validation:items:MinLength=1
	// +kubebuilder:validation:items:MaxLength=100
	// +optional
	Filters []string `json:"filters,omitzero"`

	// piiConfig hides personal data in the events. Unset: not managed. If you remove it, Auth0 keeps the last value.
	// +optional
	PIIConfig *LogStreamPIIConfig `json:"piiConfig,omitempty"`

	// paused stops the stream, and false starts it again. Unset: not managed. A stream that Auth0 suspended stays so.
	// +optional
	Paused *bool `json:"paused,omitempty"`

	// startFrom is the time from which on a new stream sends events. Immutable: only the creation sends it.
	// +kubebuilder:validation:Format=date-time
	// +kubebuilder:validation:MaxLength=40
	// +kubebuilder:validation:XValidation:rule="self == oldSelf",message="startFrom is immutable"
	// +optional
	StartFrom string `json:"startFrom,omitempty"`
}

// LogStreamPIIConfig hides personal data in the events of a log stream.
type LogStreamPIIConfig struct {
	// logFields are the fields to hide: `first_name`, `last_name`, `username`, `email`, `phone`, `address`.
	// +listType=set
	// +kubebuilder:validation:MaxItems=20
	// +kubebuilder:validation:items:MinLength=1
	// +kubebuilder:validation:items:MaxLength=50
	// +required
	LogFields []string `json:"logFields"`

	// method is `mask` (Auth0's default) or `hash`.
	// +kubebuilder:validation:Enum=mask;hash
	// +optional
	Method string `json:"method,omitempty"`

	// algorithm of method `hash`: `xxhash`.
	// +kubebuilder:validation:Enum=xxhash
	// +optional
	Algorithm string `json:"algorithm,omitempty"`
}

// LogStreamSink is where the events of a log stream go. The names are those of Auth0's API; a field …SecretRef takes the value from a
// key of a Secret in the same namespace.
type LogStreamSink struct {
	// httpEndpoint is the URL that gets the events.
	// +optional
	HTTPEndpoint SinkText `json:"httpEndpoint,omitempty"`
	// httpContentFormat is `JSONLINES`, `JSONARRAY` or `JSONOBJECT`.
	// +optional
	HTTPContentFormat SinkText `json:"httpContentFormat,omitempty"`
	// httpContentType is the header Content-Type. Example: `application/json`.
	// +optional
	HTTPContentType SinkText `json:"httpContentType,omitempty"`
	// httpCustomHeaders are further headers.
	// +kubebuilder:validation:MaxItems=50
	// +listType=map
	// +listMapKey=header
	// +optional
	HTTPCustomHeaders []LogStreamHeader `json:"httpCustomHeaders,omitempty"`
	// httpAuthorizationSecretRef refers to the value of the header Authorization.
	// +optional
	HTTPAuthorizationSecretRef *SecretKeyReference `json:"httpAuthorizationSecretRef,omitempty"`
	// awsAccountId is the AWS account, 12 digits. Immutable, as all of AWS and Azure.
	// +optional
	AWSAccountID FixedSinkText `json:"awsAccountId,omitempty"`
	// awsRegion is the AWS region. Example: `eu-central-1`.
	// +optional
	AWSRegion FixedSinkText `json:"awsRegion,omitempty"`
	// azureSubscriptionId is the Azure subscription.
	// +optional
	AzureSubscriptionID FixedSinkText `json:"azureSubscriptionId,omitempty"`
	// azureRegion is the Azure region. Example: `westeurope`.
	// +optional
	AzureRegion FixedSinkText `json:"azureRegion,omitempty"`
	// azureResourceGroup is the Azure resource group.
	// +optional
	AzureResourceGroup FixedSinkText `json:"azureResourceGroup,omitempty"`
	// datadogRegion is the Datadog site: `us`, `eu`, `us3`, `us5`.
	// +optional
	DatadogRegion SinkText `json:"datadogRegion,omitempty"`
	// datadogApiKeySecretRef refers to Datadog's API key.
	// +optional
	DatadogAPIKeySecretRef *SecretKeyReference `json:"datadogApiKeySecretRef,omitempty"`
	// splunkDomain is the host of Splunk's HTTP Event Collector.
	// +optional
	SplunkDomain SinkText `json:"splunkDomain,omitempty"`
	// splunkPort is its port. Example: `"8088"`.
	// +optional
	SplunkPort SinkText `json:"splunkPort,omitempty"`
	// splunkSecure checks its TLS certificate.
	// +optional
	SplunkSecure *bool `json:"splunkSecure,omitempty"`
	// splunkTokenSecretRef refers to its token.
	// +optional
	SplunkTokenSecretRef *SecretKeyReference `json:"splunkTokenSecretRef,omitempty"`
	// sumoSourceAddressSecretRef refers to the URL of Sumo Logic's HTTP source, which is a secret.
	// +optional
	SumoSourceAddressSecretRef *SecretKeyReference `json:"sumoSourceAddressSecretRef,omitempty"`
	// segmentWriteKeySecretRef refers to Segment's write key.
	// +optional
	SegmentWriteKeySecretRef *SecretKeyReference `json:"segmentWriteKeySecretRef,omitempty"`
	// mixpanelRegion is `us` or `eu`.
	// +optional
	MixpanelRegion SinkText `json:"mixpanelRegion,omitempty"`
	// mixpanelProjectId is Mixpanel's project.
	// +optional
	MixpanelProjectID SinkText `json:"mixpanelProjectId,omitempty"`
	// mixpanelServiceAccountUsername is the name of Mixpanel's service account.
	// +optional
	MixpanelServiceAccountUsername SinkText `json:"mixpanelServiceAccountUsername,omitempty"`
	// mixpanelServiceAccountPasswordSecretRef refers to its password.
	// +optional
	MixpanelServiceAccountPasswordSecretRef *SecretKeyReference `json:"mixpanelServiceAccountPasswordSecretRef,omitempty"`
}

// SinkText is a value in the sink of a log stream.
// +kubebuilder:validation:MinLength=1
// +kubebuilder:validation:MaxLength=2048
type SinkText string

// FixedSinkText is a SinkText that Auth0 cannot change.
// +kubebuilder:validation:XValidation:rule="self == oldSelf",message="Auth0 cannot change where events go in AWS and Azure; create another Auth0LogStream"
type FixedSinkText SinkText

// LogStreamHeader is a header of the requests of a log stream. It has a value, or valueSecretRef for a secret one.
// +kubebuilder:validation:XValidation:rule="has(self.value) != has(self.valueSecretRef)",message="set either value or valueSecretRef"
type LogStreamHeader struct {
	// header is the name. Example: `X-Source`.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=200
	// +required
	Header string `json:"header"`
	// value of the header.
	// +kubebuilder:validation:MaxLength=4096
	// +optional
	Value *string `json:"value,omitempty"`
	// valueSecretRef refers to a value that is secret.
	// +optional
	ValueSecretRef *SecretKeyReference `json:"valueSecretRef,omitempty"`
}

// Auth0LogStreamStatus describes the log stream in Auth0.
type Auth0LogStreamStatus struct {
	ManagedStatus `json:",inline"`

	// id of the log stream in Auth0. Example: `lst_0000000000001234`.
	// +optional
	ID string `json:"id,omitempty"`

	// name of the log stream in Auth0.
	// +optional
	Name string `json:"name,omitempty"`

	// status in Auth0: `active`, `paused`, or `suspended` if its sink refused too many events.
	// +optional
	Status string `json:"status,omitempty"`
}
