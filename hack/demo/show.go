package main

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"os/exec"
	"strings"
)

// These are the samples to show.
const (
	shownUser   = "grace"
	shownSecret = "orders-worker-token"
	// signedUp is the user who signed up and in. The Secret with the tokens has the same name with a suffix.
	signedUp       = "mary"
	signedUpSecret = "mary-session"
	invited        = "hedy"
)

// show prints the result of the samples, in Kubernetes and in Auth0.
func (d *demo) show(ctx context.Context) error {
	for _, part := range []func(context.Context) error{d.showObjects, d.showUser, d.showTokens, d.showInvitation, d.showCalls} {
		if err := part(ctx); err != nil {
			return err
		}
	}
	return nil
}

func (d *demo) showObjects(ctx context.Context) error {
	table, err := d.kubectl(ctx, "get", "auth0", "--all-namespaces")
	if err != nil {
		return err
	}
	heading("kubectl get auth0 -A")
	fmt.Println(indent(string(table)))
	return nil
}

func (d *demo) showUser(ctx context.Context) error {
	id, err := d.kubectl(ctx, "get", "auth0user", shownUser, "--namespace", namespace, "--output", "jsonpath={.status.userId}")
	if err != nil {
		return err
	}
	user, err := d.auth0.user(ctx, string(id))
	if err != nil {
		return err
	}
	heading("User " + shownUser + " as Auth0 has it")
	return printJSON(user)
}

// showTokens prints the claims of the tokens. It does not print the tokens, because they are secret.
func (d *demo) showTokens(ctx context.Context) error {
	if err := d.showClaims(ctx, "Claims of the machine's token", shownSecret, "accessToken"); err != nil {
		return err
	}
	return d.showClaims(ctx, "Claims of the ID token of "+signedUp+", who signed up and in", signedUpSecret, "idToken")
}

func (d *demo) showClaims(ctx context.Context, title, name, key string) error {
	content, err := d.kubectl(ctx, "get", "secret", name, "--namespace", namespace, "--output", "json")
	if err != nil {
		return err
	}
	var secret struct{ Data map[string][]byte }
	if err := json.Unmarshal(content, &secret); err != nil {
		return err
	}
	claims, err := claimsOf(string(secret.Data[key]))
	if err != nil {
		return fmt.Errorf("%s in Secret %s: %w", key, name, err)
	}
	heading(title + " (Secret " + name + ", key " + key + ")")
	return printJSON(claims)
}

// showInvitation prints where the link is, but not the link: anyone who has it can take the account.
func (d *demo) showInvitation(ctx context.Context) error {
	expires, err := d.kubectl(ctx, "get", "auth0user", invited, "--namespace", namespace, "--output", "jsonpath={.status.invitation.expiresAt}")
	if err != nil {
		return err
	}
	heading("Invitation of " + invited)
	fmt.Printf("  a link to choose a password is in Secret %s-invitation, key url, good until %s\n", invited, expires)
	return nil
}

// claimsOf decodes the claims of a JWT.
func claimsOf(token string) (map[string]any, error) {
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		return nil, errors.New("it is not a JWT")
	}
	payload, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil {
		return nil, errors.New("its payload is not base64")
	}
	var claims map[string]any
	if err := json.Unmarshal(payload, &claims); err != nil {
		return nil, errors.New("its payload is not JSON")
	}
	return claims, nil
}

func (d *demo) showCalls(ctx context.Context) error {
	total, byRoute, err := d.auth0.requests(ctx)
	if err != nil {
		return err
	}
	heading(fmt.Sprintf("All of it took %d calls to Auth0", total))
	for _, c := range byRoute {
		fmt.Printf("  %3d × %-6s %-36s %d\n", c.Count, c.Method, c.Route, c.Status)
	}
	return nil
}

// suggest prints commands that can be copied.
func (d *demo) suggest() {
	path := ""
	if _, err := exec.LookPath("kubectl"); err != nil {
		path = " PATH=$PATH:" + d.dir
	}
	heading("Your turn, in another terminal")
	fmt.Printf("  export KUBECONFIG=%s%s\n\n", d.path("kubeconfig"), path)
	for _, line := range [][2]string{
		{"kubectl explain auth0user.spec.roles", "every field is documented"},
		{"kubectl describe auth0user " + shownUser, "what is declared, what is in Auth0, what happened"},
		{"kubectl edit auth0user " + shownUser, "change a name, block the user, name a role that does not exist"},
		{"kubectl delete auth0user hedy", "deletes the user in Auth0 too"},
		{"kubectl delete secret " + shownSecret, "it comes back, with a new token"},
		{"kubectl annotate auth0user " + signedUp + " auth0-operator.io/rotate-password=1", "a new password, in the Secret and in Auth0"},
		{"kubectl delete namespace " + namespace, "everything goes, here and in Auth0"},
	} {
		fmt.Printf("  %-66s # %s\n", line[0], line[1])
	}
	fmt.Println("\n  # the calls to Auth0 so far, and the users there")
	fmt.Printf("  %s\n  %s\n\n", d.curl("/_sim/requests"), d.curl("/_sim/dashboard/api/v2/users"))
	fmt.Printf("The logs are in %s. Ctrl-C stops everything.\n", d.logDir())
}

func (d *demo) curl(path string) string {
	return fmt.Sprintf("curl --cacert %s https://%s%s", d.path("simulator-ca.crt"), d.auth0.domain, path)
}

func heading(text string) { fmt.Printf("\n%s\n", text) }

// printJSON prints a value indented, without escaping & and <.
func printJSON(value any) error {
	var text strings.Builder
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	if err := encoder.Encode(value); err != nil {
		return err
	}
	fmt.Println(indent(text.String()))
	return nil
}

// indent indents text, except empty lines.
func indent(text string) string {
	lines := strings.Split(strings.TrimSpace(text), "\n")
	for i, line := range lines {
		if line != "" {
			lines[i] = "  " + line
		}
	}
	return strings.Join(lines, "\n")
}
