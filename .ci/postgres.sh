#!/usr/bin/env bash
# Runs a command with a PostgreSQL to test against, and keeps its exit status:
#   .ci/postgres.sh COMMAND [ARGUMENT...]
#
# The command finds the database in TEST_DATABASE_URL. Set beforehand, it is used as it is. Otherwise a
# private cluster is made in a temporary folder, on a free port of 127.0.0.1, and removed at the end,
# whatever the end. There is no third way: without a database the command does not run at all.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

if [[ -n ${TEST_DATABASE_URL:-} ]]; then
	say "PostgreSQL: the one in TEST_DATABASE_URL"
	exec "$@"
fi

# find_server sets bin to the first folder that holds a whole server: PATH's, else the newest of the
# folders where packages put it, which is not on PATH.
find_server() {
	local candidates=() tool
	for tool in pg_ctl postgres; do
		# Resolved, since the folder of a link may be closed to the user that runs the server.
		tool=$(type -P "$tool") && candidates+=("$(dirname "$(readlink -f "$tool")")")
	done
	mapfile -t -O "${#candidates[@]}" candidates < <(printf '%s\n' /usr/lib/postgresql/*/bin \
		/usr/pgsql-*/bin /usr/local/pgsql/bin /opt/homebrew/opt/postgresql*/bin | sort -Vr)
	for bin in "${candidates[@]}"; do
		[[ -x $bin/initdb && -x $bin/pg_ctl && -x $bin/postgres ]] && return 0
	done
	return 1
}

# Debian's package would create and start a cluster of its own on port 5432. The drop-in stops that, and
# goes away again: what the machine does with its next PostgreSQL is not ours to decide.
install_server() {
	local dropins=/etc/postgresql-common/createcluster.d failed=0
	as_root mkdir -p "$dropins"
	echo 'create_main_cluster = false' | as_root tee "$dropins/achim-tests.conf" >/dev/null
	debian_install postgresql || failed=1
	as_root rm -f "$dropins/achim-tests.conf"
	return "$failed"
}

if ! find_server; then
	if may_install; then install_server || true; fi
	find_server || fail "no PostgreSQL server is installed" \
		"install one (Debian: apt-get install postgresql), or set TEST_DATABASE_URL to a database the tests may fill"
fi

# PostgreSQL refuses to run as root, so root hands it to a user who can do nothing else.
as_server() { (cd "$cluster" && "$@"); }
owner=''
if am_root; then
	for user in postgres nobody; do
		if id -u "$user" >/dev/null 2>&1; then
			owner=$user
			break
		fi
	done
	[[ -n $owner ]] || fail "PostgreSQL refuses to run as root and there is no user postgres or nobody" \
		"run the tests as another user, or set TEST_DATABASE_URL"
	if command -v setpriv >/dev/null; then
		drop=(setpriv "--reuid=$(id -u "$owner")" "--regid=$(id -g "$owner")" --clear-groups)
	elif command -v runuser >/dev/null; then
		drop=(runuser -u "$owner" --)
	else
		fail "PostgreSQL refuses to run as root and neither setpriv nor runuser is here" \
			"install util-linux, run the tests as another user, or set TEST_DATABASE_URL"
	fi
	as_server() { (cd "$cluster" && "${drop[@]}" "$@"); }
fi

cluster=''
clean_up() {
	trap '' INT TERM HUP
	[[ -n $cluster ]] || return 0
	if [[ -f $cluster/data/postmaster.pid ]]; then
		as_server "$bin/pg_ctl" -D "$cluster/data" -w -t 30 -m fast stop >/dev/null 2>&1 ||
			as_server "$bin/pg_ctl" -D "$cluster/data" -w -t 10 -m immediate stop >/dev/null 2>&1 || true
	fi
	rm -rf "$cluster"
}
trap clean_up EXIT
# Until the command runs, a signal simply ends the script, by way of the EXIT trap.
trap 'exit 130' INT
trap 'exit 143' TERM
trap 'exit 129' HUP

# /tmp and not TMPDIR: a socket's path holds some 100 bytes, and any user can enter /tmp.
cluster=$(mktemp -d /tmp/achim-postgres.XXXXXX)
[[ -z $owner ]] || chown "$owner" "$cluster"

say "PostgreSQL: a private cluster of $("$bin/postgres" --version) in $cluster${owner:+, as user $owner}"
as_server "$bin/initdb" -D "$cluster/data" -U postgres -A trust -E UTF8 --locale=C -N >"$cluster/initdb.log" 2>&1 ||
	{ cat "$cluster/initdb.log" >&2; fail "initdb failed" "see above, or set TEST_DATABASE_URL"; }

# Nothing here outlives the run, so nothing is flushed to disk. The time zone is far from UTC on purpose:
# a timestamp that takes the server's zone for UTC is then nine hours off and some test notices.
cat >>"$cluster/data/postgresql.conf" <<-CONF
	listen_addresses = '127.0.0.1'
	unix_socket_directories = '$cluster'
	max_connections = 300
	fsync = off
	synchronous_commit = off
	full_page_writes = off
	timezone = 'Asia/Seoul'
CONF

# Below the range from which the kernel hands out ports, so that only another server can be in the way;
# one that takes the port between the look and the start costs a second try.
started=''
for _ in 1 2 3 4 5; do
	port=$((20000 + RANDOM % 12000))
	if (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; then
		continue
	fi
	if as_server "$bin/pg_ctl" -D "$cluster/data" -l "$cluster/server.log" -o "-p $port" -w -t 60 start >/dev/null 2>&1; then
		started=yes
		break
	fi
done
[[ -n $started ]] ||
	{ tail -n 30 "$cluster/server.log" >&2 || true; fail "PostgreSQL did not start" "see above, or set TEST_DATABASE_URL"; }
export TEST_DATABASE_URL="postgres://postgres@127.0.0.1:$port/postgres?sslmode=disable"

# The command gets a process group of its own. Bash runs a trap only between commands, so it has to wait
# for a background one to hear a signal in time; and signalling the whole group reaches the test binaries
# below `go test` as well.
set -m
"$@" </dev/null &
child=$!
set +m
trap 'kill -INT -- "-$child" 2>/dev/null || true' INT
trap 'kill -TERM -- "-$child" 2>/dev/null || true' TERM HUP

status=0
while :; do
	status=0
	wait "$child" || status=$?
	# A signal cuts the wait short; the command may still be stopping.
	kill -0 "$child" 2>/dev/null || break
done
# What it left behind would only talk to a database that is about to go.
kill -KILL -- "-$child" 2>/dev/null || true
exit "$status"
