package controllers

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

// refusals are the requests for tokens that Auth0 refused for the lack of something that may be declared. One is repeated as
// soon as that appears. Until then, or until its pause is over, nothing else that wakes a token up has it repeated. They are
// kept in memory: after a restart, each request is made once more.
type refusals struct {
	mu sync.Mutex
	of map[types.NamespacedName]*refusal
}

// want is what a token is wanted for, and from whom.
type want struct {
	tenant                                     types.NamespacedName
	application, audience, realm, organization string
	// hash is a keyed hash of all that the request depends on.
	hash string
}

// refusal is a request that Auth0 refused, or is about to answer.
type refusal struct {
	want

	// answer is nil before there is one. The request is not repeated before until.
	answer *problem.Problem
	until  time.Time
	// news are the objects that became Ready while the request was made.
	news []v1alpha1.Referent
	// remedied tells that what was missing may be there now.
	remedied bool
}

// remedy tells whether an object may be what a request lacks.
type remedy func(want, v1alpha1.Referent) bool

// remedies are what helps, by the reason of a refusal.
var remedies = map[string][]remedy{
	v1alpha1.ReasonClientGrantMissing:   {want.byGrant},
	v1alpha1.ReasonScopeNotGranted:      {want.byGrant, want.byAPI},
	v1alpha1.ReasonAudienceNotFound:     {want.byAPI},
	v1alpha1.ReasonGrantTypeNotAllowed:  {want.byApplication},
	v1alpha1.ReasonInvalidCredentials:   {want.byApplication},
	v1alpha1.ReasonConnectionNotFound:   {want.byConnection},
	v1alpha1.ReasonConnectionNotEnabled: {want.byConnection},
	// Of a quota, only Auth0 knows when there is more.
	v1alpha1.ReasonQuotaExceeded: {},
	v1alpha1.ReasonGrantRefused:  {want.byGrant, want.byAPI, want.byApplication, want.byOrganization},
}

// watchRemedies are watches of the kinds that remedies tell of.
func watchRemedies(refusals *refusals) []engine.Watch {
	var watches []engine.Watch
	for _, kind := range []v1alpha1.Referent{
		&v1alpha1.Auth0ClientGrant{}, &v1alpha1.Auth0ResourceServer{}, &v1alpha1.Auth0Client{}, &v1alpha1.Auth0Connection{}, &v1alpha1.Auth0Organization{},
	} {
		watches = append(watches, engine.WatchReady(kind, refusals.hear))
	}
	return watches
}

func (w want) byGrant(object v1alpha1.Referent) bool {
	grant, ok := object.(*v1alpha1.Auth0ClientGrant)
	return ok && w.isFor(grant.Status.Audience) && (grant.Status.ClientID == w.application || grant.Spec.DefaultFor != nil)
}

func (w want) byAPI(object v1alpha1.Referent) bool {
	api, ok := object.(*v1alpha1.Auth0ResourceServer)
	return ok && w.isFor(api.Status.Identifier)
}

// isFor tells whether an API may be the one asked for: which one is the tenant's default, only Auth0 knows.
func (w want) isFor(identifier string) bool {
	return identifier != "" && (w.audience == "" || w.audience == identifier)
}

func (w want) byApplication(object v1alpha1.Referent) bool {
	application, ok := object.(*v1alpha1.Auth0Client)
	return ok && application.Status.ClientID == w.application
}

func (w want) byConnection(object v1alpha1.Referent) bool {
	connection, ok := object.(*v1alpha1.Auth0Connection)
	return ok && connection.Spec.Name == w.realm
}

func (w want) byOrganization(object v1alpha1.Referent) bool {
	organization, ok := object.(*v1alpha1.Auth0Organization)
	return ok && w.organization != "" && (organization.Status.Name == w.organization || organization.Status.OrganizationID == w.organization)
}

// wants is what the token is asked for.
func (w *tokenSync) wants() want {
	r := w.request
	return want{
		tenant: reference.TenantKey(w.token), application: r.Application.ID, audience: r.Audience, realm: r.Realm, organization: r.Organization,
		hash: w.whole,
	}
}

func (w *tokenSync) name() types.NamespacedName { return client.ObjectKeyFromObject(w.token) }

// asking takes note that a request is about to be made.
func (r *refusals) asking(token types.NamespacedName, request want) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.of[token] = &refusal{want: request}
}

// refused takes note of Auth0's answer. What appeared while the request was made has it repeated at once.
func (r *refusals) refused(token types.NamespacedName, request want, answer *problem.Problem, now time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	before := r.of[token]
	delete(r.of, token)
	if remedies[answer.Reason] == nil {
		return
	}
	this := &refusal{want: request, answer: answer, until: now.Add(answer.After)}
	if before != nil && slices.ContainsFunc(before.news, this.isRemediedBy) {
		this.remedied, answer.After = true, time.Millisecond
	}
	r.of[token] = this
}

// forget takes note that there is nothing to repeat.
func (r *refusals) forget(token types.NamespacedName) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.of, token)
}

// standing is Auth0's answer to the same request, if it is too soon to make it again.
func (r *refusals) standing(token types.NamespacedName, request want, now time.Time) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	this := r.of[token]
	if this == nil || this.answer == nil || this.want != request || this.remedied || !now.Before(this.until) {
		return nil
	}
	again := *this.answer
	return again.Again(this.until.Sub(now))
}

// hear takes note that an object is Ready now, and returns the tokens that are to be asked for again.
func (r *refusals) hear(object v1alpha1.Referent) []types.NamespacedName {
	r.mu.Lock()
	defer r.mu.Unlock()
	var tokens []types.NamespacedName
	for token, this := range r.of {
		switch {
		case this.tenant != reference.TenantKey(object):
		case this.answer == nil:
			this.news = append(this.news, object)
		case this.isRemediedBy(object):
			this.remedied = true
			tokens = append(tokens, token)
		}
	}
	return tokens
}

func (r *refusal) isRemediedBy(object v1alpha1.Referent) bool {
	return slices.ContainsFunc(remedies[r.answer.Reason], func(helps remedy) bool { return helps(r.want, object) })
}
