package integration

import (
	"errors"
	"io"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"k8s.io/client-go/rest"

	"github.com/auth0-operator/auth0-operator/api/v1alpha1"
)

// TestNothingIsDoneTwiceWhileTheCacheLags has users change unseen: the operator's own Secret wakes it up before it sees what
// it wrote to the status.
func TestNothingIsDoneTwiceWhileTheCacheLags(t *testing.T) {
	t.Parallel()
	e := newBareEnvironment(t)
	e.config = rest.CopyConfig(cluster.Config)
	e.config.Wrap(func(base http.RoundTripper) http.RoundTripper { return lagging{base, "/auth0users"} })
	e.create(e.tenant())
	e.startOperator()
	e.eventuallyReady(e.tenant())
	user := newUser(e, "ada", "ada@example.com")
	user.Spec.Password = &v1alpha1.UserPassword{Generate: &v1alpha1.GeneratedPassword{OutputSecret: v1alpha1.OutputSecret{Name: "login"}}}
	e.create(user)
	e.eventuallyReady(user)
	e.reconcile(user)
	e.sim.ResetRequests()
	change(e, user, func(u *v1alpha1.Auth0User) {
		u.Annotations[v1alpha1.AnnotationRotatePassword], u.Annotations[v1alpha1.AnnotationReconcileRequestedAt] = "now", "now"
	})
	e.eventuallyHandled(user)
	e.reconcile(user)
	if report := e.sim.Requests(); report.Writes() != 1 {
		t.Errorf("%d calls changed something in Auth0, want the new password alone: %+v", report.Writes(), report.ByRoute)
	}
}

// TestANewPasswordIsSentOnceWhileTheCacheLags wakes the operator up by the Secret between its call and its view of what it wrote: a
// password that is sent again ends the user's sessions once more.
func TestANewPasswordIsSentOnceWhileTheCacheLags(t *testing.T) {
	t.Parallel()
	e := newBareEnvironment(t)
	e.config = rest.CopyConfig(cluster.Config)
	e.config.Wrap(func(base http.RoundTripper) http.RoundTripper { return lagging{base, "/auth0users"} })
	e.create(e.tenant())
	otherPassword(e)
	e.startOperator()
	user := newUser(e, "ada", "ada@example.com")
	user.Spec.Password = passwordFrom("other")
	e.create(user)
	e.eventuallyReady(user)
	e.reconcile(user)
	e.sim.ResetRequests()
	e.putSecret("other", "password", "planted-Other-Password-3")
	e.eventually(func() error {
		if e.sim.Requests().Writes() == 0 {
			return errors.New("the new password is not sent yet")
		}
		return nil
	})
	for n := range 20 {
		e.putSecret("other", "touched", strconv.Itoa(n))
	}
	e.reconcile(user)
	if report := e.sim.Requests(); report.Writes() != 1 {
		t.Errorf("%d calls changed something in Auth0, want the new password alone: %+v", report.Writes(), report.ByRoute)
	}
}

// lagging delays what the watches of a resource tell.
type lagging struct {
	base     http.RoundTripper
	resource string
}

// RoundTrip implements http.RoundTripper.
func (l lagging) RoundTrip(request *http.Request) (*http.Response, error) {
	response, err := l.base.RoundTrip(request)
	if err == nil && request.URL.Query().Get("watch") != "" && strings.HasSuffix(request.URL.Path, l.resource) {
		response.Body = late{response.Body}
	}
	return response, err
}

// late is a body that is read with a delay.
type late struct{ io.ReadCloser }

func (l late) Read(p []byte) (int, error) {
	n, err := l.ReadCloser.Read(p)
	<-time.After(200 * time.Millisecond)
	return n, err
}
