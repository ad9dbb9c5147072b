#!/usr/bin/env bash
# The whole crash laboratory, with a real PostgreSQL; some 25 minutes. A reduced set is among the tests.
#   .ci/crash.sh [KILLS] [flags of go test]      default: 1000 kills, half of them on each database
# It prints a table of what was struck where and what came of it, and keeps the exit status.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
. .ci/lib.sh

if [[ -z ${TEST_DATABASE_URL:-} ]]; then
	exec .ci/postgres.sh "$0" "$@"
fi

kills=1000
if [[ ${1:-} =~ ^[0-9]+$ ]]; then
	kills=$1
	shift
fi
say "the crash laboratory: $kills kills"
exec go test -count=1 -timeout 60m -v "$@" ./internal/crashlab -kills "$kills"
