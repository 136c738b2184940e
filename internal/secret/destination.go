package secret

import (
	"cmp"
	"context"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	corev1ac "k8s.io/client-go/applyconfigurations/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// Destination is the kind of object that an Output is written to.
type Destination string

// Secret is the default. A ConfigMap is for public values.
const (
	Secret    Destination = "Secret"
	ConfigMap Destination = "ConfigMap"
)

func (d Destination) kind() string { return cmp.Or(string(d), string(Secret)) }

// field is the field of a spec that declares it.
func (d Destination) field() string { return "output" + d.kind() }

// get returns a Secret, or a ConfigMap in the shape of one; nil if there is none.
func (d Destination) get(ctx context.Context, reader client.Reader, namespace, name string) (*corev1.Secret, error) {
	if d != ConfigMap {
		return get(ctx, reader, namespace, name)
	}
	var config corev1.ConfigMap
	err := reader.Get(ctx, client.ObjectKey{Namespace: namespace, Name: name}, &config)
	if apierrors.IsNotFound(err) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read ConfigMap %s/%s: %w", namespace, name, err)
	}
	return &corev1.Secret{ObjectMeta: config.ObjectMeta, Immutable: config.Immutable, Data: toBytes(config.Data)}, nil
}

// object returns what get returned, without the data of a ConfigMap, for a patch of its metadata.
func (d Destination) object(shaped *corev1.Secret) client.Object {
	if d != ConfigMap {
		return shaped.DeepCopy()
	}
	return &corev1.ConfigMap{ObjectMeta: *shaped.ObjectMeta.DeepCopy()}
}

// apply applies a configuration, and updates shaped from the answer.
func (d Destination) apply(ctx context.Context, c client.Client, shaped *corev1ac.SecretApplyConfiguration, options ...client.ApplyOption) error {
	if d != ConfigMap {
		return c.Apply(ctx, shaped, options...)
	}
	config := corev1ac.ConfigMap(*shaped.Name, *shaped.Namespace).WithData(toStrings(shaped.Data))
	config.ObjectMetaApplyConfiguration = shaped.ObjectMetaApplyConfiguration
	err := c.Apply(ctx, config, options...)
	shaped.ObjectMetaApplyConfiguration, shaped.Data = config.ObjectMetaApplyConfiguration, toBytes(config.Data)
	return err
}

func toBytes(data map[string]string) map[string][]byte {
	converted := make(map[string][]byte, len(data))
	for key, value := range data {
		converted[key] = []byte(value)
	}
	return converted
}

func toStrings(data map[string][]byte) map[string]string {
	converted := make(map[string]string, len(data))
	for key, value := range data {
		converted[key] = string(value)
	}
	return converted
}
