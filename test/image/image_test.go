// Package image compares the Dockerfile with the code, without docker.
package image

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/auth0-operator/auth0-operator/test/render"
)

// TestBuildHasAllThatTheManagerNeeds wants each package of this module that the manager is made of in a folder which the
// Dockerfile copies, and which .dockerignore lets through.
func TestBuildHasAllThatTheManagerNeeds(t *testing.T) {
	const module = "github.com/auth0-operator/auth0-operator/"
	command := exec.CommandContext(t.Context(), "go", "list", "-deps", "./cmd/manager")
	command.Dir = render.Root()
	output, err := command.Output()
	if err != nil {
		t.Fatal(err)
	}
	dockerfile, ignored := read(t, "Dockerfile"), read(t, ".dockerignore")
	found := 0
	for name := range strings.FieldsSeq(string(output)) {
		name, ours := strings.CutPrefix(name, module)
		if !ours {
			continue
		}
		found++
		folder, _, _ := strings.Cut(name, "/")
		if !strings.Contains(dockerfile, "\nCOPY "+folder+"/ "+folder+"/\n") {
			t.Errorf("the manager needs %s, which the Dockerfile does not copy", name)
		}
		if !strings.Contains(ignored, "\n!"+folder+"\n") {
			t.Errorf("the manager needs %s, which .dockerignore keeps out", name)
		}
	}
	if found == 0 {
		t.Error("the manager needs nothing of this module")
	}
}

// TestImageIsPlain wants a static program, a user who is not root, and both base images as arguments.
func TestImageIsPlain(t *testing.T) {
	dockerfile := read(t, "Dockerfile")
	for _, want := range []string{
		`(?m)^ARG BUILD_IMAGE=`, `(?m)^FROM --platform=\$BUILDPLATFORM \$\{BUILD_IMAGE\}`, `(?m)^ARG BASE_IMAGE=`, `(?m)^FROM \$\{BASE_IMAGE\}$`,
		`CGO_ENABLED=0 GOOS=\$\{TARGETOS\} GOARCH=\$\{TARGETARCH\}`, `(?m)^USER [1-9][0-9]*:[1-9][0-9]*$`,
	} {
		if !regexp.MustCompile(want).MatchString(dockerfile) {
			t.Errorf("the Dockerfile has no %s", want)
		}
	}
}

func read(t *testing.T, name string) string {
	t.Helper()
	content, err := os.ReadFile(filepath.Join(render.Root(), name))
	if err != nil {
		t.Fatal(err)
	}
	return string(content)
}
