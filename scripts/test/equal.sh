#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Whether every build gives the same verdicts: see usage() below.
set -u

usage() {
	cat <<'TXT'
usage: scripts/test/equal.sh [--levels] [FOLDER]

Has every build judge the corpus and 20,000 random buffers, the same ones everywhere, and compares
their verdicts line for line. FOLDER is the corpus as bytes, with a folder a kind; it is made where
none is given. Builds are those whose build/NAME/equal is there; the 32-bit one runs under qemu-i386
where this kernel does not run it. With --levels our own code (judge, reference, sandbox, bounded.h)
is also built at -O0 to -O3 and with link-time optimisation, by clang and by gcc; parsers keep their
flags. `make equal` builds what is needed, and runs it so.

Prints a line a build, and at the end a checksum of the lines: that of another system is the same.

environment:
  CLANG, GCC   the compilers (default: clang, gcc)

exit status:
  0  all are the same
  1  one is not, with the first lines that differ; or nothing could be compared
  2  wrong usage
TXT
}

build=build
out=$build/equal
levels=no
count=0
status=0

# compare NAME COMMAND...: its lines to those of the first.
compare() {
	local name=$1 log=$out/lines
	shift
	[ $count -eq 0 ] || log=$out/other
	"$@" "$bytes" >"$log" || {
		echo "FAILED  $name: ended with $?"
		status=1
		return
	}
	count=$((count + 1))
	if [ $count -gt 1 ] && ! diff "$out/lines" "$log" >"$out/diff"; then
		echo "FAILED  $name: $(grep -c '^>' "$out/diff") lines differ:"
		head -n 6 "$out/diff" | cut -c 1-300
		status=1
		return
	fi
	echo "ok      $name"
}

# One compiler's build of our own code at one level.
build_level() {
	local config=$1 level=$2 clang=${CLANG:-clang} name
	name=$config-$(tr -cd 'a-z0-9O' <<<"$level")
	# Debian's clang has no plugin for GNU ld beside it.
	if [[ $config,$level = clang,*-flto* ]]; then
		command -v ld.lld >/dev/null || {
			echo "skipped $config $level: no ld.lld here (Debian package lld)"
			return
		}
		clang="$clang -fuse-ld=lld -Wno-unused-command-line-argument"
	fi
	make --no-print-directory -s -j"$(nproc)" SETUP=0 BUILD="$out/$name" LEVEL="$level" \
		CLANG="$clang" "$out/$name/$config/equal" >"$out/$name.log" 2>&1 || {
		echo "FAILED  $config $level does not build:"
		tail -n 5 "$out/$name.log"
		status=1
		return
	}
	compare "$config $level" "$out/$name/$config/equal"
}

for arg; do
	case $arg in
	-h | --help)
		usage
		exit 0
		;;
	--levels) levels=yes ;;
	-*)
		usage >&2
		exit 2
		;;
	*) bytes=$arg ;;
	esac
done
cd "$(dirname "$0")/../.." || exit 1
mkdir -p "$out"
if [ -z "${bytes:-}" ]; then
	bytes=$out/bytes
	scripts/fuzz/corpus-bytes.sh "$bytes" || exit 1
fi

for config in clang gcc clang-asan gcc-asan clang-msan clang32; do
	[ -x "$build/$config/equal" ] || continue
	case $config in
	clang32) compare "$config" scripts/test/i386.sh "$build/$config/equal" ;;
	*) compare "$config" "$build/$config/equal" ;;
	esac
done
if [ $levels = yes ]; then
	for config in clang gcc; do
		case $config in clang) name=${CLANG:-clang} ;; gcc) name=${GCC:-gcc} ;; esac
		command -v "${name%% *}" >/dev/null || continue
		for level in -O0 -O1 -O2 -O3 '-O2 -flto'; do build_level $config "$level"; done
	done
fi
[ $count -gt 0 ] || {
	echo "nothing to compare: make equal builds it"
	exit 1
}
echo "$count builds; verdicts of $(grep -c '^[^	]' "$out/lines") buffers: $(sha256sum <"$out/lines" | cut -c 1-16)"
exit $status
