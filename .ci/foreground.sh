#!/usr/bin/env bash
# Runs a program so that Ctrl-C ends the program and not the make that started it:
#   .ci/foreground.sh PROGRAM [ARGUMENT...]
#
# A terminal sends Ctrl-C to the whole foreground group. The program stops cleanly and exits 0, but make
# has caught the signal too and dies of it, so `make run` would end with 130 after a clean stop. With job
# control on, bash gives the program a group and the terminal of its own, and make sees only its status.
set -euo pipefail

# Without a terminal in our hands there is nothing to hand over.
group='' foreground=none
if [[ -t 0 && -r /proc/self/stat ]]; then
	read -r _ _ _ _ group _ _ foreground _ </proc/self/stat
fi
[[ $group == "$foreground" ]] || exec "$@"

set -m
status=0
"$@" || status=$?
# Ctrl-Z stopped the program alone: stop with it, so that the user's shell gets the terminal back.
while [[ -n $(jobs -ps) ]]; do
	kill -STOP 0
	status=0
	fg %1 >/dev/null || status=$?
done
exit "$status"
