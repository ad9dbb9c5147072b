# Everything a contributor or a build machine does to this tree. Only Go, make and git are needed to
# build and run; what the tests need besides (gcc, PostgreSQL) is found, installed or asked for by .ci/.

.DEFAULT_GOAL := help
# Two compilers at once help nobody on a small machine, and `make -j check` would mix their reports.
.NOTPARALLEL:
.PHONY: help run build test check lint bench crash corpus fmt

# A tarball has no history to describe, and git refuses a checkout that belongs to another user.
VERSION ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo dev)

# make test PKG=./store/... ARGS='-run TestLedger -v'
PKG  ?= ./...
ARGS ?=

help: ## list these targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-8s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))

# Not `go run`: that one answers Ctrl-C with "signal: interrupt" and exit 1, however well the program stopped.
run: build ## the demo: a briefing from built-in stand-ins, no account needed; Ctrl-C ends it
	@.ci/foreground.sh bin/achim demo $(ARGS)

# Without cgo the binary runs on any Linux. -buildvcs=false because VERSION says it already, and because
# Go's own stamping fails in a checkout that belongs to another user.
build: ## bin/achim, one static binary
	CGO_ENABLED=0 go build -trimpath -buildvcs=false -ldflags '-s -w -X main.version=$(VERSION)' -o bin/achim ./cmd/achim

test: ## all tests with -race and a real PostgreSQL (PKG=, ARGS= narrow it down)
	@.ci/test.sh $(ARGS) $(PKG)

check: lint test ## what a change must pass: format, vet, lint, import rules, tests

lint: ## the part of check that runs no test of behaviour
	@.ci/lint.sh

bench: build ## what a briefing costs, with a real PostgreSQL (ARGS='-readers 100'; PKG= for Go's own benchmarks)
	@PKG='$(PKG)' .ci/bench.sh $(ARGS)

crash: ## the whole crash laboratory: KILLS=1000 kills at every step, both databases; some 25 minutes
	@.ci/crash.sh $(KILLS) $(ARGS)

corpus: ## how recorded mail, feeds and calendars are told, line by line, where they lie beside the checkout
	@go test ./sources -count=1 -v -run 'Corpus|Recorded|Replies|Gold' $(ARGS)

fmt: ## format every Go file, imports grouped
	@.ci/lint.sh fmt
