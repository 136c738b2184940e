package plugin

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"
	"k8s.io/apimachinery/pkg/api/meta"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/auth0-operator/auth0-operator/api/v1alpha1"
	"github.com/auth0-operator/auth0-operator/controllers"
	"github.com/auth0-operator/auth0-operator/internal/engine"
	"github.com/auth0-operator/auth0-operator/internal/reference"
)

// soon is the time before expiry at which status lists a token.
const soon = time.Hour

func (p *plugin) statusCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "status [TENANT]",
		Short: "One page about a tenant: what is ready, what waits and for what, what needs you, which tokens are about to expire",
		Long: `status reads the Auth0Tenant, and every object of it in all namespaces that you may read. It makes no call to Auth0.

Without a name it takes the only Auth0Tenant of the namespace.`,
		Example: "  kubectl auth0 status\n  kubectl auth0 status main --namespace auth0",
		Args:    cobra.MaximumNArgs(1),
		RunE: func(command *cobra.Command, args []string) error {
			kube, namespace, err := p.connect()
			if err != nil {
				return err
			}
			tenant, err := findTenant(command.Context(), kube, namespace, args)
			if err != nil {
				return err
			}
			page, err := readPage(command.Context(), kube, tenant)
			if err != nil {
				return err
			}
			return page.print(p.out, time.Now())
		},
	}
}

// findTenant reads the named tenant, or the only one.
func findTenant(ctx context.Context, kube client.Reader, namespace string, args []string) (*v1alpha1.Auth0Tenant, error) {
	if len(args) > 0 {
		var tenant v1alpha1.Auth0Tenant
		err := kube.Get(ctx, client.ObjectKey{Namespace: namespace, Name: args[0]}, &tenant)
		return &tenant, err
	}
	var tenants v1alpha1.Auth0TenantList
	if err := kube.List(ctx, &tenants, client.InNamespace(namespace)); err != nil {
		return nil, err
	}
	if len(tenants.Items) != 1 {
		return nil, fmt.Errorf("namespace %s has %d Auth0Tenants; name one, and its namespace with --namespace", namespace, len(tenants.Items))
	}
	return &tenants.Items[0], nil
}

// page is the status of a tenant.
type page struct {
	tenant *v1alpha1.Auth0Tenant
	counts []kindCount
	// troubled are the objects that are not Ready or wait for their deletion. Those that need a person come first.
	troubled []v1alpha1.Managed
	tokens   []*v1alpha1.Auth0Token
}

type kindCount struct {
	kind                                           string
	ready, waiting, stalled, deleting, suspendedOf int
}

func readPage(ctx context.Context, kube client.Reader, tenant *v1alpha1.Auth0Tenant) (*page, error) {
	found := &page{tenant: tenant}
	for _, kind := range controllers.All() {
		if _, managed := kind.New().(v1alpha1.Managed); !managed {
			continue
		}
		if err := found.readKind(ctx, kube, kind); err != nil {
			return nil, err
		}
	}
	slices.SortStableFunc(found.troubled, func(a, b v1alpha1.Managed) int { return cmp.Compare(urgency(a), urgency(b)) })
	return found, nil
}

func (p *page) readKind(ctx context.Context, kube client.Reader, kind engine.Kind) error {
	list := kind.NewList()
	if err := kube.List(ctx, list); err != nil {
		return fmt.Errorf("list each %s: %w", kind.Name, err)
	}
	items, err := meta.ExtractList(list)
	if err != nil {
		return err
	}
	count := kindCount{kind: kind.Name}
	for _, item := range items {
		object := item.(v1alpha1.Managed)
		if reference.TenantKey(object) != client.ObjectKeyFromObject(p.tenant) {
			continue
		}
		p.take(object, &count)
	}
	p.counts = append(p.counts, count)
	return nil
}

func (p *page) take(object v1alpha1.Managed, count *kindCount) {
	switch {
	case isStalled(object):
		count.stalled++
	case isDeleting(object):
		count.deleting++
	case object.IsSuspended():
		count.suspendedOf++
	case reference.IsReady(object):
		count.ready++
	default:
		count.waiting++
	}
	if isDeleting(object) || !object.IsSuspended() && !reference.IsReady(object) {
		p.troubled = append(p.troubled, object)
	}
	if token, ok := object.(*v1alpha1.Auth0Token); ok && token.Status.ExpiresAt != nil {
		p.tokens = append(p.tokens, token)
	}
}

func isStalled(object v1alpha1.Object) bool {
	return meta.IsStatusConditionTrue(object.GetCommonStatus().Conditions, v1alpha1.ConditionStalled)
}

func isDeleting(object v1alpha1.Object) bool { return object.GetDeletionTimestamp() != nil }

// These are the page's sections of objects with problems, in order.
var sections = []string{"Action required:", "Waiting (no action needed):", "Waits to be deleted:"}

// urgency is the section of an object.
func urgency(object v1alpha1.Object) int {
	switch {
	case isStalled(object):
		return 0
	case !isDeleting(object):
		return 1
	}
	return 2
}

func (p *page) print(out io.Writer, now time.Time) error {
	table := tabwriter.NewWriter(out, 0, 0, 3, ' ', 0)
	p.printTenant(table, now)
	fmt.Fprintln(table, "\nKIND\tREADY\tWAITING\tSTALLED\tDELETING\tSUSPENDED")
	for _, c := range p.counts {
		fmt.Fprintf(table, "%s\t%d\t%d\t%d\t%d\t%d\n", c.kind, c.ready, c.waiting, c.stalled, c.deleting, c.suspendedOf)
	}
	p.printTroubled(table, now)
	p.printTokens(table, now)
	return table.Flush()
}

func (p *page) printTenant(out io.Writer, now time.Time) {
	status := p.tenant.Status
	fmt.Fprintf(out, "Auth0Tenant %s\t%s\n", client.ObjectKeyFromObject(p.tenant), status.Domain)
	fmt.Fprintf(out, "  %s\n", readiness(p.tenant, now))
	for _, missing := range status.MissingScopes {
		fmt.Fprintf(out, "  %s lacks the scopes %s\n", missing.Kind, missing.Scopes)
	}
}

// readiness is the state of an object in one line.
func readiness(object v1alpha1.Object, now time.Time) string {
	if isDeleting(object) {
		since := now.Sub(object.GetDeletionTimestamp().Time).Round(time.Second)
		return fmt.Sprintf("being deleted for %s; %s", since, reasonOf(object))
	}
	return reasonOf(object)
}

func reasonOf(object v1alpha1.Object) string {
	ready := meta.FindStatusCondition(object.GetCommonStatus().Conditions, v1alpha1.ConditionReady)
	if ready == nil {
		return "the operator has not looked at it yet"
	}
	return ready.Reason + ": " + ready.Message
}

func (p *page) printTroubled(out io.Writer, now time.Time) {
	for i, object := range p.troubled {
		if i == 0 || urgency(object) != urgency(p.troubled[i-1]) {
			fmt.Fprintln(out, "\n"+sections[urgency(object)])
		}
		fmt.Fprintf(out, "  %s %s\n    %s\n", kindOf(object), client.ObjectKeyFromObject(object), readiness(object, now))
	}
}

func (p *page) printTokens(out io.Writer, now time.Time) {
	slices.SortFunc(p.tokens, func(a, b *v1alpha1.Auth0Token) int {
		return a.Status.ExpiresAt.Compare(b.Status.ExpiresAt.Time)
	})
	titled := false
	for _, token := range p.tokens {
		left := token.Status.ExpiresAt.Sub(now).Round(time.Second)
		if left > soon {
			break
		}
		if !titled {
			fmt.Fprintln(out, "\nTokens that expire within the hour, and when they are renewed:")
			titled = true
		}
		fmt.Fprintf(out, "  %s\texpires in %s\t%s\n", client.ObjectKeyFromObject(token), left, renewalText(token, now))
	}
}

func renewalText(token *v1alpha1.Auth0Token, now time.Time) string {
	if token.Status.RenewsAt == nil {
		return "is not renewed"
	}
	return "renewal in " + token.Status.RenewsAt.Sub(now).Round(time.Second).String()
}

// kindOf is the kind of an object. An object from a list does not contain it.
func kindOf(object v1alpha1.Object) string {
	kind, err := kindIn(object)
	if err != nil {
		return fmt.Sprintf("%T", object)
	}
	return kind
}

// ErrDiffers is returned if the operator would change something and the caller asked for an exit code.
var ErrDiffers = errors.New("there are differences")
