#!/usr/bin/env bash
# Checks the shell scripts with shfmt and, if it is installed, with shellcheck. shellcheck is not a Go program, so the build
# cannot provide it. CI installs it.
set -euo pipefail
cd "$(dirname "$0")/.."

scripts=(.ci/run hack/*.sh)
go tool -modfile=hack/deploy/go.mod mvdan.cc/sh/v3/cmd/shfmt -d "${scripts[@]}"
if command -v shellcheck >/dev/null; then
	shellcheck "${scripts[@]}"
else
	echo "shellcheck is not installed: shfmt alone checked the scripts"
fi
