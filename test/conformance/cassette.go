package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"go.yaml.in/yaml/v3"
)

// recordingsModule holds recorded traffic of the real service. Its version differs from the one of the SDK that the operator uses:
// disagreements.txt is about these recordings.
const recordingsModule = "github.com/auth0/go-auth0@v1.40.0"

// A Cassette is a conversation with Auth0 that a test of the SDK recorded.
type Cassette struct {
	Name         string
	Interactions []Interaction
}

// An Interaction is one request and its answer.
type Interaction struct {
	Method      string
	Path        string // with the query
	ContentType string
	Body        string
	Status      int
	Answer      string
}

type cassetteFile struct {
	Interactions []struct {
		Request struct {
			URL, Method, Body string
			Headers           map[string][]string
			Form              map[string][]string
		}
		Response struct {
			Body string
			Code int
		}
	}
}

// recordings is the folder of the cassettes in the module cache, into which the module is downloaded if it is not there.
func recordings(ctx context.Context) (string, error) {
	out, err := exec.CommandContext(ctx, "go", "mod", "download", "-json", recordingsModule).Output()
	if err != nil {
		return "", fmt.Errorf("downloading %s: %w", recordingsModule, err)
	}
	var module struct{ Dir string }
	if err := json.Unmarshal(out, &module); err != nil {
		return "", fmt.Errorf("downloading %s: %w", recordingsModule, err)
	}
	return filepath.Join(module.Dir, "test", "data", "recordings"), nil
}

// loadCassettes reads all cassettes, in order of their names.
func loadCassettes(root string) ([]Cassette, error) {
	var out []Cassette
	err := filepath.WalkDir(root, func(path string, entry os.DirEntry, err error) error {
		if err != nil || entry.IsDir() || filepath.Ext(path) != ".yaml" {
			return err
		}
		name, err := filepath.Rel(root, path)
		if err != nil {
			return err
		}
		cassette, err := loadCassette(path)
		cassette.Name = strings.TrimSuffix(filepath.ToSlash(name), ".yaml")
		out = append(out, cassette)
		return err
	})
	return out, err
}

func loadCassette(path string) (Cassette, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return Cassette{}, err
	}
	var file cassetteFile
	if err := yaml.Unmarshal(data, &file); err != nil {
		return Cassette{}, fmt.Errorf("%s: %w", path, err)
	}
	var cassette Cassette
	for _, recorded := range file.Interactions {
		u, err := url.Parse(recorded.Request.URL)
		if err != nil {
			return Cassette{}, fmt.Errorf("%s: %w", path, err)
		}
		i := Interaction{
			Method: recorded.Request.Method, Path: u.EscapedPath(), Body: strings.TrimSpace(recorded.Request.Body),
			Status: recorded.Response.Code, Answer: strings.TrimSpace(recorded.Response.Body),
		}
		if u.RawQuery != "" {
			i.Path += "?" + u.RawQuery
		}
		if types := recorded.Request.Headers["Content-Type"]; len(types) > 0 {
			i.ContentType = types[0]
		}
		cassette.Interactions = append(cassette.Interactions, i)
	}
	return cassette, nil
}
