#!/usr/bin/env bash
# Measures what a briefing costs, on both databases:
#   .ci/bench.sh [flags of internal/bench]      the whole house, then Go's benchmarks in short form
#   PKG=./store/... .ci/bench.sh [flags of go test]      Go's benchmarks of these packages alone
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
. .ci/lib.sh

if [[ -z ${TEST_DATABASE_URL:-} ]]; then
	exec .ci/postgres.sh "$0" "$@"
fi

go_benchmarks() { go test -run '^$' -bench . -benchmem -timeout 60m "$@"; }

if [[ ${PKG:-./...} != ./... ]]; then
	go_benchmarks "$@" $PKG
	exit
fi
say "the whole house"
CGO_ENABLED=0 go build -o bin/bench ./internal/bench
bin/bench -achim bin/achim "$@"
say "the parts, in short form"
mapfile -t folders < <(grep -rlE '^func Benchmark' --include='*_test.go' . | xargs -n 1 dirname | sort -u)
go_benchmarks -benchtime 100ms "${folders[@]}"
