package secret

import (
	"context"
	"fmt"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/auth0-operator/auth0-operator/api/v1alpha1"
	"github.com/auth0-operator/auth0-operator/internal/problem"
)

// Values reads keys of a Secret. A missing Secret is a wait; a missing or empty key is an error that a person must fix.
func Values(ctx context.Context, reader client.Reader, namespace, name string, keys ...string) (map[string]string, error) {
	return Some(ctx, reader, namespace, name, keys)
}

// Some reads required keys of a Secret, and optional ones. It refuses a Secret with a purpose of its own, such as the credentials
// of an Auth0Tenant: otherwise a spec could send them anywhere as a password.
func Some(ctx context.Context, reader client.Reader, namespace, name string, keys []string, others ...string) (map[string]string, error) {
	secret, err := get(ctx, reader, namespace, name)
	if err != nil {
		return nil, err
	}
	if secret == nil {
		return nil, notFound(namespace, name, keys)
	}
	return use(secret, keys, others...)
}

// use returns values of a Secret that has no purpose of its own.
func use(secret *corev1.Secret, keys []string, others ...string) (map[string]string, error) {
	if purpose := reserved(secret); purpose != "" {
		return nil, problem.Stalled(v1alpha1.ReasonSecretInvalid, "Secret %s/%s is for %s, and used for nothing else; name another Secret", secret.Namespace, secret.Name, purpose)
	}
	return valuesIn(secret, keys, others...)
}

func valuesIn(secret *corev1.Secret, keys []string, others ...string) (map[string]string, error) {
	values := make(map[string]string, len(keys))
	for _, key := range keys {
		value := line(secret.Data[key])
		if value == "" {
			return nil, problem.Stalled(v1alpha1.ReasonSecretInvalid, "Secret %s/%s has no value under the key %q; add it", secret.Namespace, secret.Name, key)
		}
		values[key] = value
	}
	for _, key := range others {
		values[key] = line(secret.Data[key])
	}
	return values, nil
}

// line is a value without the line breaks at its end. Editors and shells end a file with one, and "kubectl create secret
// --from-file" keeps it, but nobody means it as a part of a password.
func line(value []byte) string { return strings.TrimRight(string(value), "\r\n") }

// Credentials is Some for the credentials of an Auth0Tenant. It requires a Secret of a special type, because the operator itself
// may have written any other Secret as someone's spec declared it, with a domain of their choice.
func Credentials(ctx context.Context, reader client.Reader, namespace, name string, keys []string, others ...string) (map[string]string, error) {
	secret, err := get(ctx, reader, namespace, name)
	if err != nil {
		return nil, err
	}
	create := fmt.Sprintf("kubectl create secret generic %s --namespace %s --type=%s --from-literal=domain=… --from-literal=clientId=… --from-literal=clientSecret=…", name, namespace, v1alpha1.CredentialsSecretType)
	if secret == nil {
		return nil, problem.Waiting(v1alpha1.ReasonSecretNotFound, "Secret %s/%s does not exist; create it: %s", namespace, name, create)
	}
	if secret.Type != v1alpha1.CredentialsSecretType {
		return nil, problem.Stalled(v1alpha1.ReasonSecretInvalid,
			"Secret %s/%s has the type %s, and spec.credentialsSecretRef takes the type %s only; a Secret keeps its type, so delete it and create it with the right one (%s), or name another Secret",
			namespace, name, secret.Type, v1alpha1.CredentialsSecretType, create)
	}
	return valuesIn(secret, keys, others...)
}

// Certificates reads the certificates of a CA bundle. It refuses what the operator wrote for an object: the spec of another
// object must not decide which certificates a tenant trusts.
func Certificates(ctx context.Context, reader client.Reader, namespace, name, key string) (string, error) {
	secret, err := get(ctx, reader, namespace, name)
	if err != nil {
		return "", err
	}
	if secret == nil {
		return "", notFound(namespace, name, []string{key})
	}
	if isWrittenByUs(secret) {
		return "", notTrusted("Secret", namespace, name)
	}
	values, err := use(secret, []string{key})
	return values[key], err
}

// notTrusted refuses certificates that the spec of another object chose.
func notTrusted(kind, namespace, name string) error {
	return problem.Stalled(v1alpha1.ReasonSecretInvalid,
		"spec.caBundle: %s %s/%s is an output %s of another object; put the certificates into a ConfigMap or Secret of your own", kind, namespace, name, kind)
}

// get returns a Secret, nil if there is none.
func get(ctx context.Context, reader client.Reader, namespace, name string) (*corev1.Secret, error) {
	var secret corev1.Secret
	err := reader.Get(ctx, types.NamespacedName{Namespace: namespace, Name: name}, &secret)
	if apierrors.IsNotFound(err) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read Secret %s/%s: %w", namespace, name, err)
	}
	return &secret, nil
}

func notFound(namespace, name string, keys []string) error {
	if len(keys) == 0 {
		return problem.Waiting(v1alpha1.ReasonSecretNotFound, "Secret %s/%s does not exist; create it", namespace, name)
	}
	return problem.Waiting(v1alpha1.ReasonSecretNotFound, "Secret %s/%s does not exist; create it with the key %s", namespace, name, problem.Quoted(keys, "and the key"))
}

// Value reads one key of a Secret.
func Value(ctx context.Context, reader client.Reader, namespace string, ref v1alpha1.SecretKeyReference) (string, error) {
	values, err := Values(ctx, reader, namespace, ref.Name, ref.Key)
	return values[ref.Key], err
}

// ConfigCertificates is Certificates for a ConfigMap.
func ConfigCertificates(ctx context.Context, reader client.Reader, namespace, name, key string) (string, error) {
	var config corev1.ConfigMap
	err := reader.Get(ctx, types.NamespacedName{Namespace: namespace, Name: name}, &config)
	if apierrors.IsNotFound(err) {
		return "", problem.Waiting(v1alpha1.ReasonSecretNotFound, "ConfigMap %s/%s does not exist; create it with the key %q", namespace, name, key)
	}
	if err != nil {
		return "", fmt.Errorf("read ConfigMap %s/%s: %w", namespace, name, err)
	}
	if isWrittenByUs(&config) {
		return "", notTrusted("ConfigMap", namespace, name)
	}
	if config.Data[key] == "" {
		return "", problem.Stalled(v1alpha1.ReasonSecretInvalid, "ConfigMap %s/%s has no value under the key %q; add it", namespace, name, key)
	}
	return config.Data[key], nil
}

// TimeIn reads a time from an annotation. It returns the zero time if the annotation is missing or invalid.
func TimeIn(current *corev1.Secret, annotation string) time.Time {
	parsed, err := time.Parse(time.RFC3339, current.Annotations[annotation])
	if err != nil {
		return time.Time{}
	}
	return parsed
}
