# Sourced by the scripts beside it: words for the log, and Debian's packages where we may install them.
# shellcheck shell=bash

# Go stamps builds from git, and fails in a checkout that belongs to another user. Nothing here needs that.
export GOFLAGS="${GOFLAGS-$(go env GOFLAGS 2>/dev/null || true)} -buildvcs=false"

say() { printf '== %s\n' "$*" >&2; }

# fail WHAT REMEDY: every dead end names the way out.
fail() {
	printf '!! %s\n!! remedy: %s\n' "$1" "$2" >&2
	exit 1
}

am_root() { [[ $(id -u) == 0 ]]; }

as_root() { if am_root; then "$@"; else sudo -n "$@"; fi; }

# may_install: is this Debian or a kin of it, and may we install without asking anyone for a password?
may_install() {
	command -v apt-get >/dev/null || return 1
	am_root || { command -v sudo >/dev/null && sudo -n true 2>/dev/null; }
}

debian_install() {
	say "installing Debian's packages: $*"
	local apt=(env DEBIAN_FRONTEND=noninteractive apt-get -qq -o DPkg::Lock::Timeout=120 -o Dpkg::Use-Pty=0)
	# A stale or empty package list is the usual reason for a failed install; a failed update is not fatal.
	as_root "${apt[@]}" update </dev/null >&2 || true
	as_root "${apt[@]}" install -y --no-install-recommends "$@" </dev/null >&2
}
