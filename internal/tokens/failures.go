package tokens

import (
	"slices"
	"sync"
	"time"

	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/auth0-operator/auth0-operator/api/v1alpha1"
	"github.com/auth0-operator/auth0-operator/internal/engine"
	"github.com/auth0-operator/auth0-operator/internal/problem"
	"github.com/auth0-operator/auth0-operator/internal/reference"
)

// failures records token requests that Auth0 refused because something is missing. An object that may be the missing one triggers
// a retry as soon as it is Ready. Otherwise the request is repeated only after its pause, whatever reconciles the token. The
// record is in memory: after a restart, the operator makes each request once more.
type failures struct {
	mu sync.Mutex
	of map[types.NamespacedName]*failure
}

// failedRequest describes the request for a token.
type failedRequest struct {
	tenant                                     types.NamespacedName
	application, audience, realm, organization string
	// hash is a keyed hash of all that the request depends on.
	hash string
}

// failure is a request that Auth0 refused or has not answered yet.
type failure struct {
	failedRequest

	// answer is nil until Auth0 answers. The request is not repeated before until.
	answer *problem.Problem
	until  time.Time
	// becameReady are the objects that became Ready during the request.
	becameReady []v1alpha1.Referent
	// retryNow is true once an object became Ready that may be the missing one.
	retryNow bool
}

// retryTrigger reports whether an object may be what the request lacks.
type retryTrigger func(failedRequest, v1alpha1.Referent) bool

// retryTriggers are the triggers for each reason of a refusal.
var retryTriggers = map[string][]retryTrigger{
	v1alpha1.ReasonClientGrantMissing:   {failedRequest.byGrant},
	v1alpha1.ReasonScopeNotGranted:      {failedRequest.byGrant, failedRequest.byAPI},
	v1alpha1.ReasonAudienceNotFound:     {failedRequest.byAPI},
	v1alpha1.ReasonGrantTypeNotAllowed:  {failedRequest.byApplication},
	v1alpha1.ReasonInvalidCredentials:   {failedRequest.byApplication},
	v1alpha1.ReasonConnectionNotFound:   {failedRequest.byConnection},
	v1alpha1.ReasonConnectionNotEnabled: {failedRequest.byConnection},
	// Only Auth0 knows when a quota is available again.
	v1alpha1.ReasonQuotaExceeded: {},
	v1alpha1.ReasonGrantRefused:  {failedRequest.byGrant, failedRequest.byAPI, failedRequest.byApplication, failedRequest.byOrganization},
}

// watchRetryTriggers watches the kinds that can trigger a retry.
func watchRetryTriggers(failures *failures) []engine.Watch {
	var watches []engine.Watch
	for _, kind := range []v1alpha1.Referent{
		&v1alpha1.Auth0ClientGrant{}, &v1alpha1.Auth0ResourceServer{}, &v1alpha1.Auth0Client{}, &v1alpha1.Auth0Connection{}, &v1alpha1.Auth0Organization{},
	} {
		watches = append(watches, engine.WatchReady(kind, failures.objectReady))
	}
	return watches
}

func (w failedRequest) byGrant(object v1alpha1.Referent) bool {
	grant, ok := object.(*v1alpha1.Auth0ClientGrant)
	return ok && w.isFor(grant.Status.Audience) && (grant.Status.ClientID == w.application || grant.Spec.DefaultFor != nil)
}

func (w failedRequest) byAPI(object v1alpha1.Referent) bool {
	api, ok := object.(*v1alpha1.Auth0ResourceServer)
	return ok && w.isFor(api.Status.Identifier)
}

// isFor reports whether the request may be for this API. Only Auth0 knows the tenant's default audience.
func (w failedRequest) isFor(identifier string) bool {
	return identifier != "" && (w.audience == "" || w.audience == identifier)
}

func (w failedRequest) byApplication(object v1alpha1.Referent) bool {
	application, ok := object.(*v1alpha1.Auth0Client)
	return ok && application.Status.ClientID == w.application
}

func (w failedRequest) byConnection(object v1alpha1.Referent) bool {
	connection, ok := object.(*v1alpha1.Auth0Connection)
	return ok && connection.Spec.Name == w.realm
}

func (w failedRequest) byOrganization(object v1alpha1.Referent) bool {
	organization, ok := object.(*v1alpha1.Auth0Organization)
	return ok && w.organization != "" && (organization.Status.Name == w.organization || organization.Status.OrganizationID == w.organization)
}

// failedRequest describes the request of this token.
func (w *tokenSync) failedRequest() failedRequest {
	r := w.request
	return failedRequest{
		tenant: reference.TenantKey(w.token), application: r.Application.ID, audience: r.Audience, realm: r.Realm, organization: r.Organization,
		hash: w.inputsHash,
	}
}

func (w *tokenSync) name() types.NamespacedName { return client.ObjectKeyFromObject(w.token) }

// asking records that a request is about to be made.
func (r *failures) asking(token types.NamespacedName, request failedRequest) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.of[token] = &failure{failedRequest: request}
}

// refused records Auth0's refusal. If a matching object became Ready during the request, the request is repeated at once.
func (r *failures) refused(token types.NamespacedName, request failedRequest, answer *problem.Problem, now time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	before := r.of[token]
	delete(r.of, token)
	if retryTriggers[answer.Reason] == nil {
		return
	}
	this := &failure{failedRequest: request, answer: answer, until: now.Add(answer.After)}
	if before != nil && slices.ContainsFunc(before.becameReady, this.isTriggeredBy) {
		this.retryNow, answer.After = true, time.Millisecond
	}
	r.of[token] = this
}

// forget deletes the record of a token.
func (r *failures) forget(token types.NamespacedName) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.of, token)
}

// stillFailing returns the recorded refusal of the same request until it may be repeated.
func (r *failures) stillFailing(token types.NamespacedName, request failedRequest, now time.Time) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	this := r.of[token]
	if this == nil || this.answer == nil || this.failedRequest != request || this.retryNow || !now.Before(this.until) {
		return nil
	}
	again := *this.answer
	return again.Again(this.until.Sub(now))
}

// objectReady records that an object is Ready, and returns the tokens to request again.
func (r *failures) objectReady(object v1alpha1.Referent) []types.NamespacedName {
	r.mu.Lock()
	defer r.mu.Unlock()
	var tokens []types.NamespacedName
	for token, this := range r.of {
		switch {
		case this.tenant != reference.TenantKey(object):
		case this.answer == nil:
			this.becameReady = append(this.becameReady, object)
		case this.isTriggeredBy(object):
			this.retryNow = true
			tokens = append(tokens, token)
		}
	}
	return tokens
}

func (r *failure) isTriggeredBy(object v1alpha1.Referent) bool {
	return slices.ContainsFunc(retryTriggers[r.answer.Reason], func(triggers retryTrigger) bool { return triggers(r.failedRequest, object) })
}
