#!/usr/bin/env bash
# Everything that can be said about the tree without running it: format, modules, vet, lint, house rules.
# All steps run, so that one call shows all there is to mend.  .ci/lint.sh fmt only formats.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
. .ci/lib.sh

readonly linter_version=2.15.0

command -v go >/dev/null || fail "go is not on PATH" "install Go (https://go.dev/dl/) and add its bin folder to PATH"

# find_linter sets linter. Another version knows other rules, so only the pinned one counts; it is kept in
# bin/, out of the way of whatever the machine has.
find_linter() {
	for linter in "$(command -v golangci-lint || true)" bin/golangci-lint; do
		[[ -n $linter && $("$linter" version --short 2>/dev/null || true) == "$linter_version" ]] && return 0
	done
	return 1
}
if ! find_linter; then
	say "installing golangci-lint v$linter_version into bin/"
	CGO_ENABLED=0 GOBIN=$PWD/bin go install "github.com/golangci/golangci-lint/v2/cmd/golangci-lint@v$linter_version"
	find_linter || fail "golangci-lint v$linter_version could not be installed" \
		"see above; or put that version on PATH yourself"
fi

if [[ ${1:-} == fmt ]]; then
	exec "$linter" fmt
fi

formatted() {
	local files
	# gofmt fails by itself on a file that it cannot parse.
	files=$(gofmt -l .) && [[ -z $files ]] && return 0
	printf '%s\n' "$files" "these need gofmt: make fmt" >&2
	return 1
}

failed=()
step() {
	local name=$1
	shift
	say "$name"
	"$@" || failed+=("$name")
}
step "gofmt" formatted
step "go.mod and go.sum are tidy" go mod tidy -diff
step "modules are what go.sum says" go mod verify
step "go vet" go vet ./...
step "golangci-lint" "$linter" run ./...
step "house rules (imports, sizes, documents)" go test -count=1 ./internal/house

if ((${#failed[@]})); then
	printf '!! failed: %s\n' "${failed[@]}" >&2
	exit 1
fi
