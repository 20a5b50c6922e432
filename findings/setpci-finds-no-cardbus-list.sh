#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# pciutils has two walks of a capability list, and of a CardBus bridge they disagree: lspci starts
# at byte 14, as the specification of header type 2 says, and setpci (libpci) at byte 34 for every
# type. So lspci shows a capability that setpci says is not there, from the same bytes.
#
# Seen: Debian 12, pciutils 1:3.9.0-4, 2026-11-30:
#	lspci:  Capabilities: [80] Power Management version 2
#	setpci: Instance #0 of Capability 0001 not found - there are no capabilities with that id.
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
setpci=$(find . -path '*bin/setpci')
LD_LIBRARY_PATH=$(dirname "$(find "$PWD" -name libpci.so.3)")
export LD_LIBRARY_PATH

# A CardBus bridge (type 2) whose list starts at 80, with Power Management alone.
{
	echo '00:01.0 bridge'
	echo '00: 86 80 34 12 00 00 10 00 00 00 07 06 00 00 02 00'
	echo '10: 00 00 00 00 80 00 00 00 00 00 00 00 00 00 00 00'
	for row in 2 3 4 5 6 7; do
		echo "${row}0: 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00"
	done
	echo '80: 01 00 02 00 00 00 00 00 00 00 00 00 00 00 00 00'
	for row in 9 a b c d e f; do
		echo "${row}0: 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00"
	done
} >bridge

"$lspci" -F bridge -v 2>/dev/null | grep Capabilities | tee said
grep -q '\[80\] Power Management version 2$' said || changed "lspci reads the bridge otherwise"
! "$setpci" -A dump -O dump.name=bridge -s 00:01.0 CAP_PM+2.w >said 2>&1 ||
	changed "setpci finds the capability"
cat said
grep -q 'there are no capabilities with that id' said || changed "setpci says something else"
