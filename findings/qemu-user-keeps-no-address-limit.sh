#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# A program under qemu-user sets a limit of its address space, is told that this worked, and has
# none: setrlimit(RLIMIT_AS) is answered with 0 and dropped, since the limit would be the
# emulator's own. The program that asks back is told `unlimited`. So a test of what a sandbox says
# where it may not reserve its memory passes natively and cannot be made under qemu-user;
# RLIMIT_NOFILE is kept.
#
# Seen: Debian 12, qemu-user-static 1:7.2+dfsg-7+deb12u18+b3, 2026-11-30 (a shell's ulimit, set
# and asked):
#	native -v: 1048576    qemu-x86_64 -v: unlimited    qemu-x86_64 -n: 100
# It needs an x86-64 machine.
#
# Needs apt-get, dpkg-deb and a network. Exit status: 0 as seen; 1 it has changed; 77 the archive
# no longer has that version.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"

get() {
	local package
	for package; do
		apt-get -qq download "$package" 2>/dev/null || {
			echo "the archive has no $package"
			exit 77
		}
	done
	for package in *.deb; do dpkg-deb -x "$package" . && rm "$package"; done
}

changed() {
	echo "changed: $*"
	exit 1
}

get qemu-user-static=1:7.2+dfsg-7+deb12u18+b3

# limit FLAG VALUE COMMAND...: what bash says of a limit that it has just set.
limit() {
	local flag=$1 value=$2
	shift 2
	"$@" /bin/bash -c "ulimit $flag $value && ulimit $flag" || changed "ulimit $flag is refused"
}

native=$(limit -v 1048576 env)
emulated=$(limit -v 1048576 usr/bin/qemu-x86_64-static)
files=$(limit -n 100 usr/bin/qemu-x86_64-static)
echo "address space: $native, under qemu-x86_64 $emulated; descriptors under it: $files"
[ "$native" = 1048576 ] || changed "the native limit"
[ "$emulated" = unlimited ] || changed "the limit is kept"
[ "$files" = 100 ] || changed "the limit of descriptors"
