// Package tenant defines Auth0Tenant: credentials for a tenant.
package tenant

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/auth0-operator/auth0-operator/api/v1alpha1"
	"github.com/auth0-operator/auth0-operator/internal/auth0"
	"github.com/auth0-operator/auth0-operator/internal/auth0/ratelimit"
	"github.com/auth0-operator/auth0-operator/internal/engine"
	"github.com/auth0-operator/auth0-operator/internal/problem"
	"github.com/auth0-operator/auth0-operator/internal/reference"
	"github.com/auth0-operator/auth0-operator/internal/tenants"
	"github.com/auth0-operator/auth0-operator/internal/tokens"
)

// +kubebuilder:rbac:groups="",resources=secrets,verbs=get;list;watch;create;patch;delete
// +kubebuilder:rbac:groups="",resources=configmaps,verbs=get;list;watch;create;patch
// +kubebuilder:rbac:groups="",resources=namespaces,verbs=list;watch
// +kubebuilder:rbac:groups=events.k8s.io,resources=events,verbs=create;patch

// disabledConnectionRetry is the pause before checking again a connection that is not enabled for the operator.
const disabledConnectionRetry = 5 * time.Minute

// Kind returns the kind Auth0Tenant.
func Kind() engine.Kind {
	return engine.Register(nil,
		reference.Indexed{Inputs: func(object client.Object) []string { return tenantInputs(object.(*v1alpha1.Auth0Tenant)) }},
		func(deps engine.Deps, _ engine.Kind, all []engine.Kind) engine.Handler[*v1alpha1.Auth0Tenant] {
			return &tenantHandler{Deps: deps, kinds: all}
		},
		engine.WatchConfigMaps)
}

// tenantInputs lists the objects that hold the tenant's credentials and CA certificates.
func tenantInputs(tenant *v1alpha1.Auth0Tenant) []string {
	inputs := []string{reference.SecretInput(tenant.Spec.CredentialsSecretRef.Name)}
	if bundle := tenant.Spec.CABundle; bundle != nil {
		inputs = append(inputs, bundle.Kind+"/"+bundle.Name)
	}
	slices.Sort(inputs)
	return slices.Compact(inputs)
}

// tenantHandler keeps the session of a tenant open, and reports its scopes.
type tenantHandler struct {
	engine.Deps
	kinds []engine.Kind
	// checked is the last connectionCheck of each tenant.
	checked sync.Map
}

// connectionCheck is the time and the session of the last check of a tenant's connections.
type connectionCheck struct {
	session *auth0.Session
	at      time.Time
}

// Apply implements engine.Handler. A tenant that cannot be reached is not Ready: its objects wait and make no calls.
func (h *tenantHandler) Apply(ctx context.Context, reconciliation *engine.Reconciliation[*v1alpha1.Auth0Tenant]) engine.Outcome {
	outcome, err := h.apply(ctx, reconciliation)
	switch {
	case err == nil:
		return outcome
	case isTransient(err):
		return h.explain(reconciliation.Object, err)
	}
	return h.explain(reconciliation.Object, err).NotReady()
}

// isTransient reports whether an error says nothing about the tenant as a whole: it waits for the rate limit, or one call failed
// without an outage. A failure to get a token is not transient, because nothing works without one.
func isTransient(err error) bool {
	failed, ok := errors.AsType[*auth0.Error](err)
	return ok && (failed.Class == auth0.ClassRateLimited || failed.Class == auth0.ClassUnavailable && !failed.Unanswered)
}

// Pause implements engine.Pauser. The operator does not probe a suspended tenant.
func (h *tenantHandler) Pause(reconciliation *engine.Reconciliation[*v1alpha1.Auth0Tenant]) {
	h.Pool.Limiters.Pause(client.ObjectKeyFromObject(reconciliation.Object).String())
}

func (h *tenantHandler) apply(ctx context.Context, reconciliation *engine.Reconciliation[*v1alpha1.Auth0Tenant]) (engine.Outcome, error) {
	tenant := reconciliation.Object
	if err := h.prepare(ctx, reconciliation); err != nil {
		return engine.Outcome{}, err
	}
	if err := reference.CheckSelectors(tenant); err != nil {
		return engine.Outcome{}, err
	}
	session, err := tenants.Connect(ctx, h.Reader, h.Pool, tenant)
	if err != nil {
		return engine.Outcome{}, err
	}
	if outage := h.limiter(tenant).Outage(); outage != nil {
		if engine.Requested(tenant) {
			h.limiter(tenant).ProbeNow()
		}
		return unavailable(tenant, outage).NotReady(), nil
	}
	renewToken(tenant, session)
	scopes, err := session.Scopes(ctx)
	if err != nil {
		return engine.Outcome{}, err
	}
	h.show(tenant, session, scopes)
	h.showBudget(tenant)
	if err := h.countTokens(ctx, tenant); err != nil {
		return engine.Outcome{}, err
	}
	if err := h.verifyCustomDomain(ctx, tenant, session); err != nil {
		return engine.Outcome{}, err
	}
	if engine.Requested(tenant) || !h.checkedRecently(tenant, session) {
		h.checkConnections(ctx, tenant, session)
	}
	h.DriftDetection.Keep(tenant)
	if engine.Requested(tenant) {
		h.DriftDetection.Compare(tenant)
	}
	tenant.Status.UnavailableSince = nil
	resync := engine.ResyncInterval(tenant)
	if meta.IsStatusConditionFalse(tenant.Status.Conditions, v1alpha1.ConditionConnectionsEnabled) {
		resync = min(resync, disabledConnectionRetry)
	}
	return engine.Done(v1alpha1.ReasonReconciled, readyMessage(tenant), resync), nil
}

// renewToken drops the token if the next one may have more scopes.
func renewToken(tenant *v1alpha1.Auth0Tenant, session *auth0.Session) {
	if engine.Requested(tenant) {
		session.RenewNow()
	} else if len(tenant.Status.MissingScopes) > 0 {
		session.Renew()
	}
}

func (h *tenantHandler) limiter(tenant *v1alpha1.Auth0Tenant) *ratelimit.Limiter {
	return h.Pool.Limiters.Of(client.ObjectKeyFromObject(tenant).String())
}

// prepare does what a tenant needs before the first call.
func (h *tenantHandler) prepare(ctx context.Context, reconciliation *engine.Reconciliation[*v1alpha1.Auth0Tenant]) error {
	if err := h.checkDelegations(reconciliation.Object); err != nil {
		return err
	}
	if err := reconciliation.AddFinalizer(ctx); err != nil {
		return err
	}
	return h.protect(ctx, reconciliation.Object)
}

// checkDelegations rejects a kind that does not exist, because the rule would allow less than its author expects.
func (h *tenantHandler) checkDelegations(tenant *v1alpha1.Auth0Tenant) error {
	for i, rule := range tenant.Spec.Delegations {
		for _, name := range rule.Kinds {
			if !slices.ContainsFunc(h.kinds, func(kind engine.Kind) bool { return kind.Name == name }) {
				return problem.Stalled(v1alpha1.ReasonInvalidSpec, "spec.delegations[%d].kinds: there is no kind %s; correct the name", i, name)
			}
		}
	}
	return nil
}

// verifyCustomDomain makes sign-ups and sign-ins use the custom domain once Auth0 confirms that it belongs to the tenant.
func (h *tenantHandler) verifyCustomDomain(ctx context.Context, tenant *v1alpha1.Auth0Tenant, session *auth0.Session) error {
	declared := tenant.Spec.CustomDomain
	if declared == nil {
		tenant.Status.CustomDomain = ""
	} else {
		verified, err := session.HasCustomDomain(ctx, *declared)
		if auth0.ClassOf(err) == auth0.ClassMissingScope {
			return problem.Stalled(v1alpha1.ReasonMissingScope, "spec.customDomain takes the scope read:custom_domains to verify; grant it to application %s in Auth0 Dashboard → Applications → APIs → Auth0 Management API → Machine to Machine Applications", session.ClientID())
		}
		if err != nil {
			return err
		}
		if !verified {
			tenant.Status.CustomDomain = ""
			return problem.Stalled(v1alpha1.ReasonInvalidSpec, "spec.customDomain: %q is not a verified custom domain of tenant %s; add it in Auth0 Dashboard → Branding → Custom Domains", *declared, session.Domain())
		}
		tenant.Status.CustomDomain = *declared
	}
	_, err := tenants.Connect(ctx, h.Reader, h.Pool, tenant)
	return err
}

// show reports in status the tenant's domain and application, and the scopes of its token.
func (h *tenantHandler) show(tenant *v1alpha1.Auth0Tenant, session *auth0.Session, scopes []string) {
	status := &tenant.Status
	status.Domain = session.Domain()
	status.ClientID = session.ClientID()
	status.Scopes = slices.Sorted(slices.Values(scopes))
	status.MissingScopes = nil
	for _, kind := range h.kinds {
		missing := slices.DeleteFunc(slices.Clone(kind.Scopes), func(scope string) bool { return slices.Contains(scopes, scope) })
		if len(missing) > 0 {
			status.MissingScopes = append(status.MissingScopes, v1alpha1.MissingScopes{Kind: kind.Name, Scopes: missing})
		}
	}
}

// showBudget reports the tenant's rate limit in status.
func (h *tenantHandler) showBudget(tenant *v1alpha1.Auth0Tenant) {
	plan, waiting := h.limiter(tenant).Budget()
	tenant.Status.CallBudget = nil
	if plan != "" || waiting > 0 {
		tenant.Status.CallBudget = &v1alpha1.CallBudget{Plan: plan, Waiting: waiting}
	}
}

// countTokens reports in status how many issued tokens may count against the monthly quota.
func (h *tenantHandler) countTokens(ctx context.Context, tenant *v1alpha1.Auth0Tenant) error {
	var all v1alpha1.Auth0TokenList
	if err := h.Client.List(ctx, &all, client.MatchingFields{reference.TenantIndex: client.ObjectKeyFromObject(tenant).String()}); err != nil {
		return fmt.Errorf("find tokens of the tenant: %w", err)
	}
	count := v1alpha1.IssuedTokens{Month: tokens.MonthOf(h.Clock.Now())}
	for i := range all.Items {
		issued := all.Items[i].Status.Issued
		if all.Items[i].Spec.ClientCredentials == nil || issued == nil {
			continue
		}
		count.Total += issued.Total
		if issued.Month == count.Month {
			count.ThisMonth += issued.ThisMonth
		}
	}
	tenant.Status.IssuedTokens = nil
	if count.Total > 0 {
		tenant.Status.IssuedTokens = &count
	}
	return nil
}

func readyMessage(tenant *v1alpha1.Auth0Tenant) string {
	if len(tenant.Status.MissingScopes) == 0 {
		return "connected to " + tenant.Status.Domain
	}
	kinds := make([]string, len(tenant.Status.MissingScopes))
	for i, lacking := range tenant.Status.MissingScopes {
		kinds[i] = lacking.Kind
	}
	return fmt.Sprintf("connected to %s; application %s lacks scopes for %s (see status.missingScopes): grant those of the kinds that you use (Auth0 Dashboard → Applications → APIs → Auth0 Management API)",
		tenant.Status.Domain, tenant.Status.ClientID, strings.Join(kinds, ", "))
}

// checkedRecently reports whether the connections need no check now, for example because only the Secret's finalizer or the call
// budget caused the reconciliation.
func (h *tenantHandler) checkedRecently(tenant *v1alpha1.Auth0Tenant, session *auth0.Session) bool {
	recently := engine.ResyncInterval(tenant) / 2
	if meta.IsStatusConditionFalse(tenant.Status.Conditions, v1alpha1.ConditionConnectionsEnabled) {
		recently = time.Minute
	}
	last, ok := h.checked.Load(client.ObjectKeyFromObject(tenant))
	return ok && last.(connectionCheck).session == session && h.Clock.Since(last.(connectionCheck).at) < recently
}

// checkConnections reports database connections in which new users would fail because the operator's own application is not
// enabled there. If it cannot check, the condition stays as it was.
func (h *tenantHandler) checkConnections(ctx context.Context, tenant *v1alpha1.Auth0Tenant, session *auth0.Session) {
	for _, scope := range []string{"read:connections", "read:clients"} {
		if !slices.Contains(tenant.Status.Scopes, scope) {
			setConnectionsEnabled(tenant, metav1.ConditionUnknown, v1alpha1.ReasonUnknown, "grant the scope "+scope+" to find out whether users can be created in every database connection")
			return
		}
	}
	disabled, err := disabledConnections(ctx, session)
	if err != nil {
		return
	}
	h.checked.Store(client.ObjectKeyFromObject(tenant), connectionCheck{session, h.Clock.Now()})
	if len(disabled) == 0 {
		setConnectionsEnabled(tenant, metav1.ConditionTrue, v1alpha1.ReasonEnabled, "users can be created in every database connection")
		return
	}
	setConnectionsEnabled(tenant, metav1.ConditionFalse, v1alpha1.ReasonNotEnabled, fmt.Sprintf(
		"new users cannot be created in %s: the operator's application %s is not enabled there; %s, or enable it in Auth0 Dashboard → Authentication → Database → (the connection) → Applications",
		strings.Join(disabled, ", "), session.ClientID(), tenants.HowToEnable))
}

func disabledConnections(ctx context.Context, session *auth0.Session) ([]string, error) {
	all, err := session.DatabaseConnections(ctx)
	if err != nil {
		return nil, err
	}
	enabled, err := session.EnabledConnections(ctx)
	if err != nil {
		return nil, err
	}
	disabled := slices.DeleteFunc(all, func(name string) bool { return slices.Contains(enabled, name) })
	slices.Sort(disabled)
	return disabled, nil
}

func setConnectionsEnabled(tenant *v1alpha1.Auth0Tenant, status metav1.ConditionStatus, reason, message string) {
	meta.SetStatusCondition(&tenant.Status.Conditions, metav1.Condition{
		Type: v1alpha1.ConditionConnectionsEnabled, Status: status, Reason: reason, Message: message, ObservedGeneration: tenant.Generation,
	})
}

// protect keeps the Secret and the CA bundle until the objects of the tenant are gone. When a namespace is deleted, they would
// otherwise be deleted first, and the operator could delete nothing in Auth0. A person may still delete just the Secret, and the
// tenant reports that.
func (h *tenantHandler) protect(ctx context.Context, tenant *v1alpha1.Auth0Tenant) error {
	inputs := tenantInputs(tenant)
	leaving, err := h.namespaceIsLeaving(ctx, tenant.Namespace)
	if err != nil {
		return err
	}
	for _, input := range inputs {
		if err := reference.SetInUse(ctx, h.Client, tenant.Namespace, input, leaving); err != nil {
			return err
		}
	}
	if err := h.unprotect(ctx, tenant, func(input string) bool { return !slices.Contains(inputs, input) }); err != nil {
		return err
	}
	tenant.Status.Guarded = inputs
	return nil
}

// unprotect releases what the tenant protects and no other tenant needs.
func (h *tenantHandler) unprotect(ctx context.Context, tenant *v1alpha1.Auth0Tenant, which func(input string) bool) error {
	for _, input := range tenant.Status.Guarded {
		if !which(input) {
			continue
		}
		var others v1alpha1.Auth0TenantList
		if err := h.Client.List(ctx, &others, client.InNamespace(tenant.Namespace), client.MatchingFields{reference.InputIndex: input}); err != nil {
			return fmt.Errorf("find tenants that need %s: %w", input, err)
		}
		needed, err := h.isNeeded(ctx, tenant, others.Items)
		if err != nil {
			return err
		}
		if needed {
			continue
		}
		if err := reference.ClearInUse(ctx, h.Client, tenant.Namespace, input); err != nil {
			return err
		}
	}
	return nil
}

// isNeeded reports whether other tenants still need what a tenant protects. Tenants that are being deleted without dependants do
// not count: each would leave the release to the other.
func (h *tenantHandler) isNeeded(ctx context.Context, tenant *v1alpha1.Auth0Tenant, others []v1alpha1.Auth0Tenant) (bool, error) {
	for _, other := range others {
		if other.UID == tenant.UID {
			continue
		}
		if other.DeletionTimestamp == nil {
			return true, nil
		}
		dependants, err := engine.Dependants(ctx, h.Client, h.kinds, "Auth0Tenant", &other)
		if err != nil || len(dependants) > 0 {
			return true, err
		}
	}
	return false, nil
}

func (h *tenantHandler) namespaceIsLeaving(ctx context.Context, name string) (bool, error) {
	var namespace metav1.PartialObjectMetadata
	namespace.SetGroupVersionKind(corev1.SchemeGroupVersion.WithKind("Namespace"))
	if err := h.Client.Get(ctx, client.ObjectKey{Name: name}, &namespace); err != nil {
		return false, fmt.Errorf("read Namespace %s: %w", name, err)
	}
	return namespace.DeletionTimestamp != nil, nil
}

// Remove implements engine.Handler. A tenant is removed after all objects that depend on it.
func (h *tenantHandler) Remove(ctx context.Context, reconciliation *engine.Reconciliation[*v1alpha1.Auth0Tenant]) engine.Outcome {
	tenant := reconciliation.Object
	key := client.ObjectKeyFromObject(tenant)
	dependants, err := engine.Dependants(ctx, h.Client, h.kinds, "Auth0Tenant", tenant)
	if err != nil {
		return engine.FromError(err, time.Minute)
	}
	if len(dependants) > 0 {
		// Objects that are being deleted need the session. After a restart, nothing else opens it.
		if _, err := tenants.Connect(ctx, h.Reader, h.Pool, tenant); err != nil {
			return h.explain(tenant, err)
		}
		return engine.Wait(v1alpha1.ReasonInUse, engine.InUse(dependants), engine.DependantsPoll).KeepReady()
	}
	if err := h.unprotect(ctx, tenant, func(string) bool { return true }); err != nil {
		return engine.FromError(err, time.Minute)
	}
	h.Pool.Close(key.String())
	return engine.RemoveFinalizer("")
}

// Forget implements engine.Forgetter.
func (h *tenantHandler) Forget(name types.NamespacedName) {
	h.Pool.Remove(name.String())
	h.Batches.Forget(name)
	h.checked.Delete(name)
}

// explain gives an error that prevents the use of a tenant a reason and a remedy.
func (h *tenantHandler) explain(tenant *v1alpha1.Auth0Tenant, err error) engine.Outcome {
	if slices.Contains([]auth0.Class{auth0.ClassUnavailable, auth0.ClassUntrusted, auth0.ClassCircuitOpen}, auth0.ClassOf(err)) {
		if outage := h.limiter(tenant).Outage(); outage != nil {
			return unavailable(tenant, outage).NotReady()
		}
		if h.limiter(tenant).IsProbing() {
			// The result of the probe triggers a reconciliation.
			return engine.Requeue(time.Minute)
		}
	}
	tenant.Status.UnavailableSince = nil
	return explainTenant(tenant, err, h.Clock.Now())
}

// outageCheck is the interval in which an unavailable tenant is reconciled, in case nothing else triggers it.
const outageCheck = time.Minute

// unavailable reports since when a tenant is unavailable. The message stays the same during an outage.
func unavailable(tenant *v1alpha1.Auth0Tenant, outage *ratelimit.Outage) engine.Outcome {
	tenant.Status.UnavailableSince = &metav1.Time{Time: outage.Since.Truncate(time.Second)}
	reason, message := v1alpha1.ReasonTenantUnavailable, "unavailable since "+outage.Since.UTC().Format(time.RFC3339)
	said := meta.FindStatusCondition(tenant.Status.Conditions, v1alpha1.ConditionReady)
	switch cause, _ := errors.AsType[*auth0.Error](outage.Cause); {
	case cause == nil && said != nil && strings.HasPrefix(said.Message, message):
		reason, message = said.Reason, said.Message
	case cause == nil:
	case cause.Class == auth0.ClassUntrusted:
		reason, message = v1alpha1.ReasonCertificateUntrusted, message+": "+engine.Untrusted(cause)
	case cause.Status != 0:
		message += ": " + cause.Error()
	default:
		message += fmt.Sprintf(": %s; see that the domain in Secret %s is right, and can be reached from the cluster", cause.Message, tenant.Spec.CredentialsSecretRef.Name)
	}
	if reason == v1alpha1.ReasonCertificateUntrusted {
		return engine.Stall(reason, message, outageCheck)
	}
	return engine.Wait(reason, message, outageCheck)
}

// explainTenant gives an error of a tenant a reason and a remedy.
func explainTenant(tenant *v1alpha1.Auth0Tenant, err error, now time.Time) engine.Outcome {
	resync := engine.ResyncInterval(tenant)
	var failed *auth0.Error
	if !errors.As(err, &failed) {
		return engine.FromError(err, resync)
	}
	name := tenant.Spec.CredentialsSecretRef.Name
	switch failed.Class {
	case auth0.ClassUnauthorized:
		err = problem.Stalled(v1alpha1.ReasonInvalidCredentials,
			"Auth0 refuses the clientId or clientSecret in Secret %s (%s); correct the Secret", name, failed.Message)
	case auth0.ClassForbidden, auth0.ClassInvalid, auth0.ClassMissingScope:
		if strings.HasPrefix(failed.Message, "Service not enabled within domain") {
			// Every tenant has a Management API under its own domain.
			return engine.FromError(problem.Stalled(v1alpha1.ReasonSecretInvalid,
				"the domain in Secret %s is a custom domain (Auth0 says: %s); put the tenant's own domain there, such as example.eu.auth0.com, and the custom domain into spec.customDomain", name, failed.Message), resync).WithRequestID(failed)
		}
		err = problem.Stalled(v1alpha1.ReasonInvalidCredentials,
			"Auth0 issues the application in Secret %s no token for the Management API (%s); authorise it in Auth0 Dashboard → Applications → APIs → Auth0 Management API → Machine to Machine Applications", name, failed.Message).
			Again(tokens.GrantRetry)
	case auth0.ClassNotFound:
		err = problem.Stalled(v1alpha1.ReasonSecretInvalid, "the domain in Secret %s is not an Auth0 tenant (%s); correct it", name, failed.Message)
	case auth0.ClassUnavailable:
		if failed.Status != 0 {
			return engine.FromAuth0(failed, nil, resync, now)
		}
		return engine.Retry(v1alpha1.ReasonTenantUnavailable,
			fmt.Errorf("%s; see that the domain in Secret %s is right, and can be reached from the cluster", failed.Message, name))
	default:
		return engine.FromAuth0(failed, nil, resync, now)
	}
	return engine.FromError(err, resync).WithRequestID(failed)
}
