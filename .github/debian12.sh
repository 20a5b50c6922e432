#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Runs a command in Debian 12, for which the project's packages are named, with this tree as its
# folder: .github/debian12.sh make check
# PACKAGES names more packages to install first. What the command leaves in build/ belongs to the
# caller, so that a workflow can keep it.
set -eu
[ $# -gt 0 ] || {
	echo "usage: .github/debian12.sh COMMAND [ARG...]" >&2
	exit 2
}
cd "$(dirname "$0")/.."
# shellcheck disable=SC2016
exec docker run --rm --init -v "$PWD:/capchain" -w /capchain -e CI=true \
	-e "PACKAGES=git make ${PACKAGES:-}" -e "OWNER=$(id -u):$(id -g)" debian:12 bash -c '
	set -eu
	apt-get -qq update
	apt-get -qq install -y --no-install-recommends $PACKAGES >/dev/null
	git config --global --add safe.directory /capchain
	status=0
	"$@" || status=$?
	[ ! -e build ] || chown -R "$OWNER" build
	exit $status' bash "$@"
