package user

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"maps"
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/auth0-operator/auth0-operator/api/v1alpha1"
	"github.com/auth0-operator/auth0-operator/internal/auth0"
	"github.com/auth0-operator/auth0-operator/internal/engine"
	"github.com/auth0-operator/auth0-operator/internal/fields"
	"github.com/auth0-operator/auth0-operator/internal/reference"
	"github.com/auth0-operator/auth0-operator/internal/secret"
)

const (
	// defaultInvitation is how long a link is valid by default.
	defaultInvitation = 120 * time.Hour

	// The Secret records what its link was created for.
	annotationInvitation        = "auth0-operator.io/invitation"
	annotationInvitationExpires = "auth0-operator.io/invitation-expires-at"
)

// finishes reports whether a user has an invitation, or blocks to lift.
func finishes(u *v1alpha1.Auth0User) bool {
	return u.Spec.Invitation != nil || u.Status.Invitation != nil || unblockRequested(u)
}

// finish lifts blocks and writes the invitation.
func finish(ctx context.Context, req engine.Request[*v1alpha1.Auth0User], _ auth0.Document) error {
	if err := unblock(ctx, req); err != nil {
		return err
	}
	if req.Object.Spec.Invitation == nil {
		req.Object.Status.Invitation = nil
		return nil
	}
	return invite(ctx, req)
}

func unblockRequested(u *v1alpha1.Auth0User) bool {
	return u.Annotations[v1alpha1.AnnotationUnblock] != u.Status.LastHandledUnblock
}

// unblock lifts the blocks of brute-force protection, once for each request.
func unblock(ctx context.Context, req engine.Request[*v1alpha1.Auth0User]) error {
	u := req.Object
	if !unblockRequested(u) {
		return nil
	}
	if u.Annotations[v1alpha1.AnnotationUnblock] != "" {
		if err := req.Session.Unblock(ctx, u.Status.UserID); err != nil {
			return err
		}
		req.Event(ctx, v1alpha1.EventUnblocked, "lifted the blocks of Auth0's brute-force protection")
	}
	u.Status.LastHandledUnblock = u.Annotations[v1alpha1.AnnotationUnblock]
	return nil
}

// invite writes a link to the Secret, unless it already holds the one that the spec and the annotation ask for.
func invite(ctx context.Context, req engine.Request[*v1alpha1.Auth0User]) error {
	u := req.Object
	output := secret.NewOutput(req.Client, u, u.Spec.Invitation.OutputSecret)
	output.Expectations = req.Outputs
	current, err := output.Get(ctx)
	if err != nil {
		return err
	}
	inputs := invitationInputs(u, req.References)
	if current == nil || current.Annotations[annotationInvitation] != inputs {
		return makeInvitation(ctx, req, output, current, inputs)
	}
	if expires, err := time.Parse(time.RFC3339, current.Annotations[annotationInvitationExpires]); err == nil {
		u.Status.Invitation = &v1alpha1.InvitationStatus{ExpiresAt: metav1.NewTime(expires)}
	}
	return nil
}

func makeInvitation(ctx context.Context, req engine.Request[*v1alpha1.Auth0User], output secret.Output, current *corev1.Secret, inputs string) error {
	u := req.Object
	spec := u.Spec.Invitation
	request, ttl := invitationRequest(u, req.References)
	expires := req.Clock.Now().Add(ttl).Truncate(time.Second)
	annotations := map[string]string{annotationInvitation: inputs, annotationInvitationExpires: expires.UTC().Format(time.RFC3339)}
	write := func(link string, write secret.Writer) error {
		data, err := secret.Render(spec.OutputSecret, map[string]string{"url": link, "expiresAt": expires.UTC().Format(time.RFC3339)})
		if err != nil {
			return err
		}
		return write(ctx, current, data, annotations)
	}
	// A Secret that cannot be written must show before a link is created.
	if err := write("", output.Try); err != nil {
		return err
	}
	link, err := req.Session.PasswordTicket(ctx, request)
	if err != nil {
		return err
	}
	if err := write(link, output.Put); err != nil {
		return err
	}
	u.Status.Invitation = &v1alpha1.InvitationStatus{ExpiresAt: metav1.NewTime(expires)}
	req.Event(ctx, v1alpha1.EventInvited, "wrote an invitation to Secret "+output.Name)
	return nil
}

func invitationRequest(u *v1alpha1.Auth0User, references reference.Values) (auth0.Document, time.Duration) {
	spec := u.Spec.Invitation
	request, ttl := auth0.Document{"user_id": u.Status.UserID}, defaultInvitation
	if spec.TTL != nil {
		ttl = spec.TTL.Duration
		request["ttl_sec"] = int64(ttl.Seconds())
	}
	fields.Put(request, "result_url", spec.ResultURL)
	if client := references.ID(invitationClientField, spec.ClientID); client != "" {
		request["client_id"] = client
	}
	fields.Put(request, "mark_email_as_verified", spec.MarkEmailAsVerified)
	return request, ttl
}

// invitationInputs is a hash of all that a link depends on. It contains nothing secret.
func invitationInputs(u *v1alpha1.Auth0User, references reference.Values) string {
	request, _ := invitationRequest(u, references)
	sum := sha256.New()
	// Hash.Write never fails.
	_, _ = fmt.Fprintf(sum, "%q", u.Annotations[v1alpha1.AnnotationInvite])
	for _, field := range slices.Sorted(maps.Keys(request)) {
		_, _ = fmt.Fprintf(sum, "%s=%v\n", field, request[field])
	}
	for _, key := range slices.Sorted(maps.Keys(u.Spec.Invitation.OutputSecret.Data)) {
		_, _ = fmt.Fprintf(sum, "%s=%s\n", key, u.Spec.Invitation.OutputSecret.Data[key])
	}
	return hex.EncodeToString(sum.Sum(nil))[:16]
}
