#!/usr/bin/env bash
# Looks for known vulnerabilities in what the operator calls. make verify-vulnerabilities runs it.
#
# It needs Go's vulnerability database, vuln.go.dev, or a mirror of it that GOVULNDB names (https://… or file:///…). Where
# neither can be reached it says so and lets the rest go on; with REQUIRE_VULNDB=1, as in CI, that is a failure.
set -uo pipefail
cd "$(dirname "$0")/.." || exit

report=$(go tool -modfile=hack/deploy/go.mod golang.org/x/vuln/cmd/govulncheck -db "${GOVULNDB:-https://vuln.go.dev}" ./... 2>&1)
status=$?
case $report in
*"fetching vulnerabilities"*)
	echo "NOT CHECKED for known vulnerabilities, the database cannot be reached: ${report##*$'\n'}"
	[[ -z ${REQUIRE_VULNDB:-} ]]
	exit
	;;
esac
echo "$report"
exit "$status"
