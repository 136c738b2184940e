package integration

import (
	"errors"
	"net/http"
	"sync/atomic"
	"testing"
	"time"

	"k8s.io/client-go/rest"

	"github.com/auth0-operator/auth0-operator/internal/simulator"
)

// interruptions are what happens between an answer of the token endpoint and the operator's next write.
type interruptions struct {
	armed atomic.Pointer[func()]
	// broken has the API server refuse every write of the operator's.
	broken atomic.Bool
}

// newInterruptedEnvironment is one in which a test can interrupt the operator.
func newInterruptedEnvironment(t *testing.T) (*environment, *interruptions) {
	t.Helper()
	i := &interruptions{}
	e := newBareEnvironment(t, func(o *simulator.Options) {
		o.Wrap = func(next http.Handler) http.Handler {
			return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				next.ServeHTTP(w, r)
				if r.URL.Path != "/oauth/token" {
					return
				}
				if interrupt := i.armed.Swap(nil); interrupt != nil {
					(*interrupt)()
				}
			})
		}
	})
	e.config = rest.CopyConfig(cluster.Config)
	e.config.Wrap(func(base http.RoundTripper) http.RoundTripper {
		return roundTripper(func(r *http.Request) (*http.Response, error) {
			if i.broken.Load() && r.Method != http.MethodGet {
				return nil, errors.New("the API server is out of order")
			}
			return base.RoundTrip(r)
		})
	})
	e.create(e.tenant())
	e.startOperator()
	e.eventuallyReady(e.tenant())
	return e, i
}

// atAnswer has something happen at the next answer.
func (i *interruptions) atAnswer(interrupt func()) { i.armed.Store(&interrupt) }

// breakAtAnswer has the API server be out of order from the next answer on.
func (i *interruptions) breakAtAnswer() { i.atAnswer(func() { i.broken.Store(true) }) }

// endAfter waits until the API server is out of order, and lets some time and something else go by before that ends.
func (i *interruptions) endAfter(e *environment, meanwhile func()) {
	e.Helper()
	e.eventually(func() error {
		if !i.broken.Load() {
			return errNotYet
		}
		return nil
	})
	meanwhile()
	<-time.After(2 * time.Second)
	i.broken.Store(false)
}
