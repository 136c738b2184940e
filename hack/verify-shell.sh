#!/usr/bin/env bash
# Holds the shell scripts to shfmt and, where it is installed, to shellcheck: that is no Go program, so there is nothing to
# build it from. CI installs it.
set -euo pipefail
cd "$(dirname "$0")/.."

scripts=(.ci/run hack/*.sh)
go tool -modfile=hack/deploy/go.mod mvdan.cc/sh/v3/cmd/shfmt -d "${scripts[@]}"
if command -v shellcheck >/dev/null; then
	shellcheck "${scripts[@]}"
else
	echo "shellcheck is not installed: the scripts were only parsed and held to shfmt"
fi
