// Command mutate removes the guards of the operator, one at a time, and expects a test to fail. `make mutate` calls it. If
// no test fails, the guard is useless or untested.
//
// It changes no file: Go compiles the mutation with an overlay. It imports no package of the repository. Start with
// guards.yaml, the list of guards.
package main

import (
	"bytes"
	"cmp"
	"context"
	_ "embed"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"regexp"
	"strings"
	"time"

	"sigs.k8s.io/yaml"
)

// guard is code that prevents a fault.
type guard struct {
	// Name describes the guard.
	Name string `json:"name"`
	// File contains Code exactly once. Without replaces it.
	File    string `json:"file"`
	Code    string `json:"code"`
	Without string `json:"without"`
	// Tests fail without the guard.
	tests `json:",inline"`
}

// tests are some tests of a package, as go test takes them.
type tests struct {
	Package string `json:"package"`
	Run     string `json:"run"`
}

//go:embed guards.yaml
var listed []byte

// longest bounds the tests of one guard.
const longest = 10 * time.Minute

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "mutate:", err)
		os.Exit(1)
	}
}

func run() error {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	only := flag.String("run", "", "regular expression: only the guards whose names match")
	flag.Parse()
	wanted, err := regexp.Compile(*only)
	if err != nil {
		return fmt.Errorf("-run: %w", err)
	}
	var guards []guard
	if err := yaml.UnmarshalStrict(listed, &guards); err != nil {
		return fmt.Errorf("guards.yaml: %w", err)
	}
	dir, err := os.MkdirTemp("", "mutate-")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	var failures []error
	passing := map[tests]bool{}
	for _, g := range guards {
		if !wanted.MatchString(g.Name) {
			continue
		}
		began := time.Now()
		err := g.try(ctx, dir, passing)
		fmt.Printf("%-9s %s (%s)\n", cmp.Or(verdict(err), "noticed"), g.Name, time.Since(began).Round(time.Second))
		if err != nil {
			failures = append(failures, fmt.Errorf("%s: %w", g.Name, err))
		}
		if ctx.Err() != nil {
			break
		}
	}
	return errors.Join(failures...)
}

// errSurvived means that no test noticed.
var errSurvived = errors.New("no test fails without it")

func verdict(err error) string {
	switch {
	case err == nil:
		return ""
	case errors.Is(err, errSurvived):
		return "SURVIVED"
	}
	return "FAILED"
}

// try runs the tests without the guard. They must pass with it, so that a failure has no other cause. passing are the tests that
// are known to pass.
func (g guard) try(ctx context.Context, dir string, passing map[tests]bool) error {
	overlay, err := g.overlay(dir)
	if err != nil {
		return err
	}
	if output, err := goCommand(ctx, overlay, "vet", "./"+filepath.Dir(g.File)); err != nil {
		return fmt.Errorf("without it, the code does not compile: %w\n%s", err, output)
	}
	output, err := g.run(ctx, overlay)
	switch {
	case err == nil:
		return errSurvived
	case ctx.Err() != nil:
		return ctx.Err()
	case !bytes.Contains(output, []byte("--- FAIL")):
		return fmt.Errorf("the tests do not run: %w\n%s", err, output)
	}
	if passing[g.tests] {
		return nil
	}
	if output, err := g.run(ctx, ""); err != nil {
		return fmt.Errorf("the tests fail with it, too: %w\n%s", err, output)
	}
	passing[g.tests] = true
	return nil
}

// overlay writes the mutated file and an overlay that replaces the original with it. It returns the name of the overlay.
func (g guard) overlay(dir string) (string, error) {
	content, err := os.ReadFile(g.File)
	if err != nil {
		return "", err
	}
	code := strings.TrimRight(g.Code, "\n")
	if found := strings.Count(string(content), code); found != 1 {
		return "", fmt.Errorf("%s holds its code %d times; guards.yaml is out of date", g.File, found)
	}
	mutated := strings.Replace(string(content), code, strings.TrimRight(g.Without, "\n"), 1)
	file, err := filepath.Abs(g.File)
	if err != nil {
		return "", err
	}
	inPlace, list := filepath.Join(dir, "mutated.go"), filepath.Join(dir, "overlay.json")
	encoded, err := json.Marshal(map[string]any{"Replace": map[string]string{file: inPlace}})
	if err != nil {
		return "", err
	}
	return list, errors.Join(os.WriteFile(inPlace, []byte(mutated), 0o600), os.WriteFile(list, encoded, 0o600))
}

func (t tests) run(ctx context.Context, overlay string) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, longest)
	defer cancel()
	return goCommand(ctx, overlay, "test", "-count=1", "-run", t.Run, t.Package)
}

// goCommand runs go with an overlay, which also applies to the programs that a test builds.
func goCommand(ctx context.Context, overlay string, args ...string) ([]byte, error) {
	command := exec.CommandContext(ctx, "go", args...)
	if overlay != "" {
		command.Env = append(os.Environ(), "GOFLAGS="+strings.TrimSpace(os.Getenv("GOFLAGS")+" -overlay="+overlay))
	}
	return command.CombinedOutput()
}
