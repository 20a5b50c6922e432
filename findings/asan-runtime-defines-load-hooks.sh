#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# AddressSanitizer's run-time takes the place of your own load hooks without a word, in LLVM 16
# and on. -fsanitize-coverage=trace-loads calls __sanitizer_cov_load4 before a load of four bytes.
# A program defines that function itself. With LLVM 14 a link that lost it fails: nobody else
# defines it. Newer run-times of ASan have a weak and empty one, so the same link succeeds, and no
# load is ever told. libFuzzer's own archive has none in any of them: whether the link fails hangs
# on the sanitizer.
#
# Seen: Debian 12, libclang-rt-{14,16,19}-dev, 2026-11-30 (what nm calls the symbol):
#	asan of 14: not there    asan of 16: W    asan of 19: W    fuzzer of 19: not there
# It needs nm too, of any version.
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

get libclang-rt-14-dev=1:14.0.6-12 libclang-rt-16-dev=1:16.0.6-15~deb12u1 \
	libclang-rt-19-dev=1:19.1.7-3~deb12u1

# symbol VERSION RUNTIME: how the archive has the hook of four bytes.
symbol() {
	local archive
	archive=$(find usr -path "*llvm-$1/*" -name "libclang_rt.$2-x86_64.a")
	[ -n "$archive" ] || changed "no $2 archive for $1"
	nm "$archive" 2>/dev/null | awk '$3 == "__sanitizer_cov_load4" { print $2 }'
}

while read -r version runtime wanted; do
	is=$(symbol "$version" "$runtime")
	is=${is:--}
	echo "libclang_rt.$runtime of $version: $is"
	[ "$is" = "$wanted" ] || changed "it was $wanted"
done <<'ROWS'
14 asan -
16 asan W
19 asan W
19 fuzzer -
ROWS
