package main

import (
	"errors"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestErrors checks that each error is one line, and that the files of another simulator do not change.
func TestErrors(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0") //nolint:noctx // a port that is in use
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = listener.Close() }()
	dir := t.TempDir()
	ca, state := filepath.Join(dir, "ca.pem"), filepath.Join(dir, "state")
	for _, path := range []string{ca, state} {
		if err := os.WriteFile(path, []byte("another's"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	const client = "--client-id a --client-secret b --addr 127.0.0.1:0 "
	for _, test := range []struct {
		args, says string
		misuse     bool
	}{
		{"", "--client-id and --client-secret are needed", true},
		{"--client-id a", "--client-id and --client-secret are needed", true},
		{"--bogus", "flag provided but not defined: -bogus", true},
		{client + "extra", `unexpected argument "extra"`, true},
		{client + "--latency 5", `invalid value "5" for flag -latency`, true},
		{client + "--latency -5s", "cannot be negative", true},
		{client + "--search-delay -5s", "cannot be negative", true},
		{client + "--rate-limit huge", `--rate-limit is none, free, self-service or enterprise, not "huge"`, true},
		{client + "--api-date soon", `--api-date is written like 2026-01-31, not "soon"`, true},
		{client + "--addr nonsense", "missing port in address", false},
		{client + "--addr " + listener.Addr().String() + " --ca-file " + ca, "address already in use", false},
		{client + "--ca-file " + dir, "is a directory", false},
		{client + "--ca-file " + dir + "/none/ca.pem", "no such file or directory", false},
		{client + "--state " + dir + "/none/state", "no such file or directory", false},
		{client + "--state " + state, "is no state file", false},
	} {
		err := run(strings.Fields(test.args), io.Discard)
		var misuse misuseError
		if err == nil || !strings.Contains(err.Error(), test.says) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: %v", test.args, err)
		}
		if errors.As(err, &misuse) != test.misuse {
			t.Errorf("%s: misuse is %v", test.args, !test.misuse)
		}
	}
	for _, path := range []string{ca, state} {
		if data, err := os.ReadFile(path); string(data) != "another's" {
			t.Errorf("%s is now %q, %v", path, data, err)
		}
	}
}

func TestHelp(t *testing.T) {
	var out strings.Builder
	if err := run([]string{"--help"}, &out); err != nil || !strings.Contains(out.String(), "-search-delay") {
		t.Errorf("%v: %s", err, out.String())
	}
}
