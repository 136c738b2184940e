package controlplane

import (
	"context"
	"crypto/rand"
	"fmt"
	"os"

	authenticationv1 "k8s.io/api/authentication/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"
)

// administrators is the group that RBAC cannot lock out.
const administrators = "system:masters"

// tokenSeconds is the life of a ServiceAccount token: a day outlasts every test, and the demo.
const tokenSeconds = 24 * 60 * 60

// UserConfig returns access for a user of that name in those groups, by a client certificate. What they may do is up to
// RBAC.
func (c *ControlPlane) UserConfig(user string, groups ...string) (*rest.Config, error) {
	pair, err := c.ca.user(user, groups...)
	if err != nil {
		return nil, err
	}
	config := c.anonymousConfig()
	config.CertData, config.KeyData = pair.public, pair.private
	return config, nil
}

// KubeconfigFor returns what UserConfig does, as the content of a kubeconfig file.
func (c *ControlPlane) KubeconfigFor(user string, groups ...string) ([]byte, error) {
	config, err := c.UserConfig(user, groups...)
	if err != nil {
		return nil, err
	}
	return kubeconfig(user, config)
}

// ServiceAccountConfig returns access as a ServiceAccount that exists, by a token the API server issues for it, and the
// content of a kubeconfig file with it.
func (c *ControlPlane) ServiceAccountConfig(ctx context.Context, namespace, name string) (*rest.Config, []byte, error) {
	client, err := kubernetes.NewForConfig(c.Config)
	if err != nil {
		return nil, nil, fmt.Errorf("connecting as administrator: %w", err)
	}
	seconds := int64(tokenSeconds)
	request := &authenticationv1.TokenRequest{Spec: authenticationv1.TokenRequestSpec{ExpirationSeconds: &seconds}}
	request, err = client.CoreV1().ServiceAccounts(namespace).CreateToken(ctx, name, request, metav1.CreateOptions{})
	if err != nil {
		return nil, nil, fmt.Errorf("requesting a token for ServiceAccount %s/%s: %w", namespace, name, err)
	}
	config := c.anonymousConfig()
	config.BearerToken = request.Status.Token
	content, err := kubeconfig(name, config)
	return config, content, err
}

// anonymousConfig reaches and trusts the API server, with no credential yet, and never throttles: whatever the tests
// measure, it must not be client-go's default of a few requests per second.
func (c *ControlPlane) anonymousConfig() *rest.Config {
	return &rest.Config{
		Host:            fmt.Sprintf("https://127.0.0.1:%d", c.port.number),
		TLSClientConfig: rest.TLSClientConfig{CAData: c.ca.pem},
		QPS:             -1,
	}
}

// kubeconfig writes config in the form that kubectl reads.
func kubeconfig(user string, config *rest.Config) ([]byte, error) {
	const name = "auth0-operator"
	file := clientcmdapi.NewConfig()
	file.Clusters[name] = &clientcmdapi.Cluster{
		Server:                   config.Host,
		CertificateAuthorityData: config.CAData,
	}
	file.AuthInfos[user] = &clientcmdapi.AuthInfo{
		ClientCertificateData: config.CertData,
		ClientKeyData:         config.KeyData,
		Token:                 config.BearerToken,
	}
	file.Contexts[name] = &clientcmdapi.Context{Cluster: name, AuthInfo: user}
	file.CurrentContext = name
	content, err := clientcmd.Write(*file)
	if err != nil {
		return nil, fmt.Errorf("writing a kubeconfig for %s: %w", user, err)
	}
	return content, nil
}

// prepareAccess makes the CA, the keys that the components read from files, and the access of the administrator.
func (c *ControlPlane) prepareAccess() (err error) {
	if c.ca, err = newAuthority(); err != nil {
		return err
	}
	serving, err := c.ca.serving()
	if err != nil {
		return err
	}
	signing, err := newSigningKey()
	if err != nil {
		return err
	}
	// A token, because the API server verifies a certificate again for each request, which is a fifth of a read.
	c.Config = c.anonymousConfig()
	c.Config.BearerToken = rand.Text()
	adminKubeconfig, err := kubeconfig("admin", c.Config)
	if err != nil {
		return err
	}
	c.KubeconfigFile = c.path("kubeconfig")
	return c.writeFiles(map[string][]byte{
		"ca.crt":             c.ca.pem,
		"apiserver.crt":      serving.public,
		"apiserver.key":      serving.private,
		"serviceaccount.pub": signing.public,
		"serviceaccount.key": signing.private,
		"kubeconfig":         adminKubeconfig,
		"tokens.csv":         fmt.Appendf(nil, "%s,admin,admin,%s\n", c.Config.BearerToken, administrators),
	})
}

func (c *ControlPlane) writeFiles(files map[string][]byte) error {
	for name, content := range files {
		if err := os.WriteFile(c.path(name), content, 0o600); err != nil {
			return fmt.Errorf("writing %s: %w", name, err)
		}
	}
	return nil
}
