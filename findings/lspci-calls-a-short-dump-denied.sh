#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# lspci 3.9.0 says "<access denied>" of capabilities that nobody denied: a dump of 64 bytes, which
# is what an unprivileged read of sysfs gives, has the capability bit set and ends before the
# list. lspci reads the dump as root, is denied nothing, and ends with status 0. The same device
# with 256 bytes shows its one capability. So a script cannot tell a short dump from a missing
# right.
#
# Seen: Debian 12, pciutils 1:3.9.0-4, 2026-11-30:
#	64 bytes:  Capabilities: <access denied>
#	256 bytes: Capabilities: [40] Power Management version 3
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

get pciutils=1:3.9.0-4 libpci3=1:3.9.0-4
lspci=$(find . -path '*bin/lspci')
LD_LIBRARY_PATH=$(dirname "$(find "$PWD" -name libpci.so.3)")
export LD_LIBRARY_PATH

# A device of class 0200 with the capability bit, and Power Management at 40.
{
	echo '00:01.0 device'
	echo '00: 86 80 34 12 00 00 10 00 00 00 00 02 00 00 00 00'
	for row in 10 20; do echo "$row: 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00"; done
	echo '30: 00 00 00 00 40 00 00 00 00 00 00 00 00 00 00 00'
} >short
{
	cat short
	echo '40: 01 00 03 00 00 00 00 00 00 00 00 00 00 00 00 00'
	for row in 5 6 7 8 9 a b c d e f; do
		echo "${row}0: 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00"
	done
} >whole

for dump in short whole; do
	echo "$dump: $("$lspci" -F "$dump" -v 2>/dev/null | grep Capabilities)"
done | tee said
grep -q '^short:.*<access denied>$' said || changed "the short dump is not called denied"
grep -q '^whole:.*\[40\] Power Management version 3$' said ||
	changed "the whole dump reads otherwise"
