package secret

import (
	"context"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/auth0-operator/auth0-operator/api/v1alpha1"
	"github.com/auth0-operator/auth0-operator/internal/problem"
)

// Values reads keys of a Secret. A missing Secret is waited for; a missing or empty key needs a person.
func Values(ctx context.Context, reader client.Reader, namespace, name string, keys ...string) (map[string]string, error) {
	return Some(ctx, reader, namespace, name, keys)
}

// Some reads keys of a Secret that it must have, and others that it may have.
func Some(ctx context.Context, reader client.Reader, namespace, name string, keys []string, others ...string) (map[string]string, error) {
	var secret corev1.Secret
	err := reader.Get(ctx, types.NamespacedName{Namespace: namespace, Name: name}, &secret)
	if apierrors.IsNotFound(err) {
		return nil, notFound(namespace, name, keys)
	}
	if err != nil {
		return nil, fmt.Errorf("read Secret %s/%s: %w", namespace, name, err)
	}
	values := make(map[string]string, len(keys))
	for _, key := range keys {
		value := string(secret.Data[key])
		if value == "" {
			return nil, problem.Stalled(v1alpha1.ReasonSecretInvalid, "Secret %s/%s has no value under the key %q; add it", namespace, name, key)
		}
		values[key] = value
	}
	for _, key := range others {
		values[key] = string(secret.Data[key])
	}
	return values, nil
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

// ConfigValue reads one key of a ConfigMap.
func ConfigValue(ctx context.Context, reader client.Reader, namespace, name, key string) (string, error) {
	var config corev1.ConfigMap
	err := reader.Get(ctx, types.NamespacedName{Namespace: namespace, Name: name}, &config)
	if apierrors.IsNotFound(err) {
		return "", problem.Waiting(v1alpha1.ReasonSecretNotFound, "ConfigMap %s/%s does not exist; create it with the key %q", namespace, name, key)
	}
	if err != nil {
		return "", fmt.Errorf("read ConfigMap %s/%s: %w", namespace, name, err)
	}
	if config.Data[key] == "" {
		return "", problem.Stalled(v1alpha1.ReasonSecretInvalid, "ConfigMap %s/%s has no value under the key %q; add it", namespace, name, key)
	}
	return config.Data[key], nil
}
