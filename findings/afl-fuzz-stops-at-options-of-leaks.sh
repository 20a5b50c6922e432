#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# A container that refuses ptrace() needs LSAN_OPTIONS=detect_leaks=0, or LeakSanitizer ends every
# program that it is in. One would expect afl-fuzz to pass the variable on, or to leave it to a target
# that has LeakSanitizer. It ends before its first input, whatever the target: it wants `symbolize=0` in
# the variable, which it would have set itself had there been none.
#
# Seen: Debian 12, afl++ 4.04c-4, 2026-11-30: `Custom LSAN_OPTIONS set without symbolize=0 - please fix!`
# and status 1; with detect_leaks=0:symbolize=0 it does not say that.
#
# Needs apt-get, dpkg-deb and a network. Exit status: 0 as seen; 1 it has changed; 77 the archive
# no longer has that version.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"

apt-get -qq download afl++=4.04c-4 2>/dev/null || {
	echo "the archive has no afl++=4.04c-4"
	exit 77
}
dpkg-deb -x afl++*.deb .
mkdir in
printf a >in/one
export AFL_NO_UI=1 AFL_SKIP_CPUFREQ=1 AFL_NO_AFFINITY=1 AFL_I_DONT_CARE_ABOUT_MISSING_CRASHES=1

# A script is no target of afl-fuzz's: where it gets as far as that, it says so and ends too.
printf '#!/bin/sh\nexit 0\n' >target
chmod +x target
said() {
	LSAN_OPTIONS=$1 usr/bin/afl-fuzz -i in -o out -V 1 -- ./target 2>&1 || echo "status $?"
}
for options in detect_leaks=0 detect_leaks=0:symbolize=0; do
	said $options >$options.said
	echo "$options: $(grep -aoE 'Custom LSAN_OPTIONS[^!]*!|status [0-9]+' $options.said | tr '\n' ' ')"
done
grep -qa 'LSAN_OPTIONS set without symbolize=0' detect_leaks=0.said || {
	echo "changed: LSAN_OPTIONS without symbolize=0 is taken"
	exit 1
}
! grep -qa 'LSAN_OPTIONS set without' detect_leaks=0:symbolize=0.said || {
	echo "changed: LSAN_OPTIONS with symbolize=0 is refused"
	exit 1
}
