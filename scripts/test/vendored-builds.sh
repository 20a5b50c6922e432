#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Compiles bounded.h, fetch.h or pcicaps.h as a program has it that took this one file: see usage() below.
set -u

usage() {
	cat <<'TXT'
usage: scripts/test/vendored-builds.sh bounded|fetch|pcicaps [HEADER]

Copies HEADER (default: that of parsers/include/) alone into a temporary folder, beside
fuzz/parsers/vendored_NAME.c, which calls all of it, and compiles that with gcc and clang: as C and C++,
for 32 bits, bounded.h also for BPF (vendored.bpf.c), without any header or library, at every level of
optimisation, and with every warning that makes sense as an error. What was built for this machine is two
units linked together, and is run; no object that was built without a library may want a symbol from
elsewhere.

Prints a line a variant, `ok`, `FAIL` with what was said, or `skipped:` with the reason, and at the end how many
there were of each.

environment:
  GCC, GXX, CLANG, CLANGXX   the compilers (default: gcc, g++, clang, clang++)

exit status:
  0  nothing failed
  1  at least one variant failed: mend the header, not the list of warnings
  2  wrong usage, HEADER cannot be read, or nothing at all could be compiled
TXT
}

# Called by name, as every other warning is asked for.
warnings=(-Wall -Wextra -Wshadow -Wconversion -Wvla -Wpedantic -Wcast-qual -Wsign-conversion
	-Wundef -Werror)

# For bounded.h all that clang has, but for these:
clang_warnings=("${warnings[@]}" -Weverything
	# A newer or older clang has other names.
	-Wno-unknown-warning-option
	# Kernel-doc marks parameters by @, which is how doxygen marks commands.
	-Wno-documentation-unknown-command
	# Two bytes at the end of struct vb_cap: no reply is read through it.
	-Wno-padded
	# C has no bounded pointers; that each access is in range is what the tests are for.
	-Wno-unsafe-buffer-usage)

cxx_warnings=(
	# One header for both languages has C's casts.
	-Wno-old-style-cast
	# What C++98 would not take (long long, variadic macros) is nobody's matter in C++17.
	-Wno-c++98-compat -Wno-c++98-compat-pedantic)

declare -A count=([ok]=0 [FAIL]=0 [skip]=0)

# told OUTCOME NAME [WHY]: a skip as make check counts them; what stands in the log is shown of a failure only.
told() {
	if [ "$1" = skip ]; then echo "skipped: $2: $3"; else printf '%-5s %s\n' "$1" "$2"; fi
	count[$1]=$((count[$1] + 1))
	[ "$1" != FAIL ] || sed 's/^/      /' log
}

# alone OBJECT: it wants nothing that is not in it, but the memcpy() that bounded.h's structs become at -O0.
alone() {
	local known='_GLOBAL_OFFSET_TABLE_'
	[ "$which" = fetch ] || known+='| memcpy$'
	command -v nm >/dev/null || return 0
	! nm -u "$1" | grep -vE "$known" | grep .
}

# build SOURCE COMPILER FLAG...: where the flags are for another machine, as an object that is not run.
build() {
	local source=$1
	shift
	"$@" -c "$source" -o first.o || return
	case " $* " in *" -nostdinc "*) alone first.o || return ;; esac
	case " $* " in *" -m32 "* | *" -target "*) return 0 ;; esac
	"$@" -DSECOND -c "$source" -o second.o && "$1" first.o second.o -o program && ./program
}

# variant SOURCE COMPILER FLAG...: skipped where there is no such compiler, or it lacks the target.
variant() {
	local source=fuzz/parsers/$1 name="${*:2}" flags=()
	shift
	command -v "$1" >/dev/null || {
		told skip "$name" "no $1"
		return
	}
	case " $* " in *" -m32 "*) flags=(-m32) ;; *" -target "*) flags=(-target bpf) ;; esac
	if ! "$1" "${flags[@]}" -x c -c -o empty.o - <<<'int nothing;' >/dev/null 2>why; then
		told skip "$name" "$1 has no ${flags[*]}: $(head -n 1 why)"
		return
	fi
	case $1 in
	*clang++*) set -- "$@" "${clang_warnings[@]}" "${cxx_warnings[@]}" ;;
	*clang*) set -- "$@" "${clang_warnings[@]}" ;;
	*) set -- "$@" "${warnings[@]}" ;;
	esac
	if build "$source" "$@" >log 2>&1; then told ok "$name"; else told FAIL "$name"; fi
}

which=${1-}
case $#,$which in
[12],bounded | [12],fetch | [12],pcicaps) ;;
?,-h | ?,--help)
	usage
	exit 0
	;;
*)
	usage >&2
	exit 2
	;;
esac
top=$(cd "$(dirname "$0")/../.." && pwd)
header=${2:-$top/parsers/include/$which.h}
folder=$(mktemp -d) || exit 2
trap 'rm -rf "$folder"' EXIT
mkdir -p "$folder/parsers/include" "$folder/fuzz/parsers"
cp -- "$header" "$folder/parsers/include/$which.h" 2>/dev/null || {
	echo "vendored-builds: $header: no header that can be read" >&2
	exit 2
}
cp "$top"/fuzz/parsers/vendored* "$folder/fuzz/parsers" && cd "$folder" || exit 2
source=vendored_$which
cp "fuzz/parsers/$source.c" "fuzz/parsers/$source.cpp"
# It is 0 in both languages.
[ "$which" = bounded ] || cxx_warnings+=(-Wno-zero-as-null-pointer-constant)
free=(-std=c11 -ffreestanding -nostdinc -fno-stack-protector)
for compiler in "${GCC:-gcc}" "${CLANG:-clang}"; do
	variant "$source.c" "$compiler" -std=c11
	variant "$source.c" "$compiler" -std=c17
	variant "$source.c" "$compiler" -m32 -O2 "${free[@]}" -fno-pic
	for level in 0 1 2 3 s; do variant "$source.c" "$compiler" -O$level "${free[@]}"; done
done
for compiler in "${GXX:-g++}" "${CLANGXX:-clang++}"; do
	variant "$source.cpp" "$compiler" -std=c++17 -O2
done
if [ "$which" = bounded ]; then
	variant "$source.c" "${CLANG:-clang}" -target bpf -std=c11 -O2
	# A BPF program's names are for its loader.
	clang_warnings+=(-Wno-missing-prototypes -Wno-missing-variable-declarations)
	for define in WITHOUT_LOAD WITH_LOAD; do
		variant vendored.bpf.c "${CLANG:-clang}" -target bpf -std=c11 -O2 -g -D$define
	done
fi
echo "${count[ok]} ok, ${count[FAIL]} failed, ${count[skip]} skipped"
[ "${count[FAIL]}" -eq 0 ] || exit 1
[ "${count[ok]}" -gt 0 ] || exit 2
