package tokens

import (
	"context"
	"sync"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/auth0-operator/auth0-operator/api/v1alpha1"
	"github.com/auth0-operator/auth0-operator/internal/auth0"
	"github.com/auth0-operator/auth0-operator/internal/engine"
	"github.com/auth0-operator/auth0-operator/internal/problem"
	"github.com/auth0-operator/auth0-operator/internal/reference"
)

// userDeletions records the tokens whose user was deleted. The token itself does not show that: it stays valid until it expires,
// and then the refresh fails.
type userDeletions struct {
	// tokens are the UIDs of the Auth0Tokens.
	tokens sync.Map
}

// watch reconciles a token when its user is deleted in Auth0.
func (d *userDeletions) watch(deps engine.Deps, kind engine.Kind) {
	deps.DriftDetection.OnDeletion("users", func(ctx context.Context, tenant types.NamespacedName, id string) {
		var tokens v1alpha1.Auth0TokenList
		if err := deps.Client.List(ctx, &tokens, client.MatchingFields{reference.IDIndex: reference.IDKeyIn(tenant, id)}); err != nil {
			log.FromContext(ctx).Error(err, "find the tokens of a user who was deleted")
		}
		for i := range tokens.Items {
			d.tokens.Store(tokens.Items[i].UID, true)
			kind.Requeue(client.ObjectKeyFromObject(&tokens.Items[i]))
		}
	})
}

// userExists returns an error if the user of the token was deleted. It calls Auth0 after a notice of the deletion, and as long as
// the object is stalled for that reason.
func (w *tokenSync) userExists(ctx context.Context) error {
	subject := w.token.Status.Subject
	stalled := meta.FindStatusCondition(w.token.Status.Conditions, v1alpha1.ConditionStalled)
	_, notified := w.deletions.tokens.Load(w.token.UID)
	if !notified && (stalled == nil || stalled.Reason != v1alpha1.ReasonUserNotFound) || subject == "" {
		return nil
	}
	_, err := w.session.Get(ctx, "users", subject)
	if auth0.ClassOf(err) == auth0.ClassNotFound {
		return problem.Stalled(v1alpha1.ReasonUserNotFound,
			"%s does not exist any more in Auth0; the token in Secret %s is valid until %s for services that check only its signature, and cannot be renewed: delete this object, or sign another user in",
			subject, w.output.Name, w.token.Status.ExpiresAt.UTC().Format(time.RFC3339))
	}
	if auth0.ClassOf(err) == auth0.ClassMissingScope {
		err = nil
	}
	if err == nil {
		w.deletions.tokens.Delete(w.token.UID)
	}
	return err
}
