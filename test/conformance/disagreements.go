package main

import (
	"bufio"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
)

// disagreementsFile lists what is left, one interaction a line: its name, in what it differs, and why.
const disagreementsFile = "disagreements.txt"

// name is what the file calls an interaction.
func (r *Result) name() string { return fmt.Sprintf("%s[%d]", r.Cassette, r.Index) }

// aspects are those in which an interaction differs: status, shape or values, the gravest only.
func (r *Result) aspect() string {
	switch {
	case !r.status:
		return "status"
	case !r.shape:
		return "shape"
	}
	return "values"
}

// gravity orders aspects.
var gravity = map[string]int{"values": 1, "shape": 2, "status": 3}

// disagreement is one that is known.
type disagreement struct{ aspect, reason string }

func disagreementsPath() string {
	_, file, _, _ := runtime.Caller(0)
	return filepath.Join(filepath.Dir(file), disagreementsFile)
}

// knownDisagreements reads the file.
func knownDisagreements() (map[string]disagreement, error) {
	file, err := os.Open(disagreementsPath())
	if err != nil {
		return nil, err
	}
	defer func() { _ = file.Close() }()
	out := map[string]disagreement{}
	lines := bufio.NewScanner(file)
	for lines.Scan() {
		line := strings.TrimSpace(lines.Text())
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		rest, reason, ok := strings.Cut(line, ": ")
		at := strings.LastIndex(rest, " ")
		if !ok || at < 0 || gravity[rest[at+1:]] == 0 || reason == "" {
			return nil, fmt.Errorf("%s: %q is not written as \"cassette[n] status|shape|values: reason\"", disagreementsFile, line)
		}
		out[rest[:at]] = disagreement{rest[at+1:], reason}
	}
	return out, lines.Err()
}
