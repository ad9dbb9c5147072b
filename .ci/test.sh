#!/usr/bin/env bash
# Runs the tests with the race detector and a real PostgreSQL, and keeps their exit status:
#   .ci/test.sh [flags and packages of go test]      default: ./...
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
. .ci/lib.sh

command -v go >/dev/null || fail "go is not on PATH" "install Go (https://go.dev/dl/) and add its bin folder to PATH"

# The race detector is linked by a C compiler, which also needs the C library's headers: try both.
compiles() { echo '#include <stdlib.h>' | "$(go env CC)" -x c -fsyntax-only - 2>/dev/null; }
if ! compiles; then
	if may_install; then debian_install gcc libc6-dev || true; fi
	compiles || fail "the race detector needs a C compiler, and '$(go env CC)' cannot compile" \
		"install gcc with the C library's headers (Debian: apt-get install gcc libc6-dev)"
fi

[[ $# -gt 0 ]] || set -- ./...
# -count=1: the database is an input that Go's test cache cannot see.
CGO_ENABLED=1 exec .ci/postgres.sh go test -race -count=1 -timeout 20m "$@"
