# Shared by the scripts of tests/vm: where things are cached, one build at a
# time, progress on a terminal. Sourced with bash, never run.
# shellcheck shell=bash

repo=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
vm=$repo/tests/vm
cache=${SVCNAT_CACHE:-${XDG_CACHE_HOME:-${HOME:-/root}/.cache}/svcnat}

die() {
	printf '%s: %s\n' "${0##*/}" "$*" >&2
	exit 1
}

note() {
	printf '%s\n' "$*" >&2
}

# Under tests/run-suite standard error is a log; the screen is descriptor 7.
screen=${SVCNAT_SCREEN:-2}

announce() {
	printf '%s\n' "$*" >&"$screen"
}

# with_progress LABEL LOG COMMAND… - run quietly into LOG. A terminal sees a
# running count of the log's lines and seconds; a pipe sees nothing.
with_progress() {
	local label=$1 log=$2 pid ticker='' rc=0
	shift 2
	mkdir -p "$(dirname "$log")"
	"$@" >"$log" 2>&1 </dev/null &
	pid=$!
	if [ -t "$screen" ]; then
		progress_line "$label" "$log" "$pid" &
		ticker=$!
	fi
	wait "$pid" || rc=$?
	if [ -n "$ticker" ]; then
		wait "$ticker" || true
		printf '\r\033[K' >&"$screen"
	fi
	return "$rc"
}

progress_line() {
	local label=$1 log=$2 pid=$3 start=$SECONDS
	while kill -0 "$pid" 2>/dev/null; do
		printf '\r\033[K%s: %d steps, %d s' "$label" "$(wc -l <"$log")" \
			$((SECONDS - start)) >&"$screen"
		sleep 1
	done
}

# Only one kernel is built at a time on a machine, whoever asks for it.
lock_builds() {
	mkdir -p "$cache"
	exec 9>"$cache/lock"
	flock -n 9 && return
	note "waiting for another kernel build on this machine to finish"
	flock 9
}

# The archive this machine installs Debian itself from, as apt knows it.
debian_mirror() {
	local codename
	# shellcheck disable=SC1091
	codename=$(. /etc/os-release && echo "$VERSION_CODENAME")
	# shellcheck disable=SC2016
	apt-get indextargets --format '$(REPO_URI) $(RELEASE) $(CODENAME)' 'Created-By: Packages' |
		awk -v c="$codename" '$2 == c || $2 == "stable" { print $1; exit }'
}

# apt_sid COMMAND… - an apt with its own state that knows only Debian sid.
apt_sid() {
	local root=$cache/sid mirror
	mkdir -p "$root"/{lists/partial,archives/partial,parts}
	if [ ! -s "$root/sources.list" ]; then
		mirror=$(debian_mirror)
		[ -n "$mirror" ] || die "apt knows no Debian mirror for this release; add one to its sources and try again"
		echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $mirror sid main" \
			>"$root/sources.list"
	fi
	[ -s "$root/status" ] || : >"$root/status"
	"$1" -o Dir::Etc::sourcelist="$root/sources.list" -o Dir::Etc::sourceparts="$root/parts" \
		-o Dir::State::lists="$root/lists" -o Dir::State::status="$root/status" \
		-o Dir::Cache="$root" -o Dir::Cache::archives="$root/archives" \
		-o APT::Sandbox::User=root -o Acquire::Languages=none "${@:2}"
}
