package secret

import (
	"testing"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"

	"github.com/auth0-operator/auth0-operator/api/v1alpha1"
)

// TestOfTwoSwapsOneFails lets two replicas write the same Secret. If both writes succeeded, both replicas would exchange the same
// refresh token.
func TestOfTwoSwapsOneFails(t *testing.T) {
	owner := &v1alpha1.Auth0Token{ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: "one", UID: "1"}}
	read := &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: "token-refresh-token"}, Data: map[string][]byte{"family": []byte("before")}}
	kube := fake.NewClientBuilder().WithObjects(read).Build()
	if err := kube.Get(t.Context(), client.ObjectKeyFromObject(read), read); err != nil {
		t.Fatal(err)
	}
	kept := Output{Client: kube, Owner: owner, Name: read.Name, Internal: true}
	if _, err := kept.Swap(t.Context(), read, map[string][]byte{"family": []byte("the first's")}); err != nil {
		t.Fatal(err)
	}
	if _, err := kept.Swap(t.Context(), read, map[string][]byte{"family": []byte("the second's")}); !apierrors.IsConflict(err) {
		t.Errorf("the second write: %v, want a conflict", err)
	}
	if err := kube.Get(t.Context(), client.ObjectKeyFromObject(read), read); err != nil {
		t.Fatal(err)
	}
	if have := string(read.Data["family"]); have != "the first's" {
		t.Errorf("the Secret holds %q", have)
	}
}
