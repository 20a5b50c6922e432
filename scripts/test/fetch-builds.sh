#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Compiles parsers/include/fetch.h as a program has it that took this one file: see usage() below.
set -u

usage() {
	cat <<'TXT'
usage: scripts/test/fetch-builds.sh [HEADER]

Copies HEADER (default: parsers/include/fetch.h) alone into a temporary folder, beside a small program that
holds a conversation for every status, and compiles that with gcc and clang: as C and C++, for 32
bits, without any header or library, at every level of optimisation, with warnings as errors. What was
built for this machine is also run, and no object may want a symbol from elsewhere.

Prints a line a variant, `ok`, `FAIL` with what was said, or `skip` with the reason, and at the end
how many there were of each.

environment:
  GCC, GXX, CLANG, CLANGXX   the compilers (default: gcc, g++, clang, clang++)

exit status:
  0  nothing failed
  1  at least one variant failed: mend fetch.h, not the list of warnings
  2  wrong usage, HEADER cannot be read, or nothing at all could be compiled
TXT
}

warnings=(-Wall -Wextra -Wshadow -Wconversion -Wsign-conversion -Wvla -Wpedantic -Wundef -Werror)

# In what C and C++ have in common. Every status, what comes with it, and that nothing is left behind.
write_program() {
	cat <<'C'
#include "fetch.h"
#include "fetch.h"

struct peer {
	vf_u32 wants[9];
	vf_u32 calls;
	vf_u32 largest;
	vf_u32 given;
	int fails;
	int wrong;
};

static vf_u32 room[65536 / 4 + 1];

static int ask(void *context, void *info)
{
	struct peer *const peer = (struct peer *)context;
	vf_u32 *const words = (vf_u32 *)info;
	vf_u32 i;

	/* The fixed struct has room; nothing of a reply before it; and the question. */
	if (words[0] < 32)
		peer->wrong = 1;
	for (i = 1; i < words[0] / 4; i++)
		if (words[i] != (i == 2 ? 7u : i < 8 ? 0u : 0xffffffffu))
			peer->wrong = 1;
	if (peer->fails)
		return peer->fails;
	words[0] = peer->wants[peer->calls < 8 ? peer->calls : 8];
	for (i = 1; i < 8; i++)
		words[i] = 0x55555555u;
	peer->calls++;
	return 0;
}

static void *grant(void *context, vf_u32 size)
{
	struct peer *const peer = (struct peer *)context;

	if (peer->given || size > 65536)
		peer->wrong = 1;
	if (size > peer->largest)
		peer->largest = size;
	if (size == 4000)
		return 0;
	peer->given = 1;
	return room;
}

static void release(void *context, void *info)
{
	struct peer *const peer = (struct peer *)context;

	if (!peer->given || info != (void *)room)
		peer->wrong = 1;
	peer->given = 0;
}

struct row {
	struct peer peer;
	vf_u32 first, limit;
	enum vf_status status;
	vf_u32 len, argsz, attempts;
};

static const struct row rows[] = {
	{{{32, 0, 0, 0, 0, 0, 0, 0, 0}, 0, 0, 0, 0, 0}, 0, 0, VF_OK, 32, 32, 1},
	{{{48, 48, 0, 0, 0, 0, 0, 0, 0}, 0, 0, 0, 0, 0}, 0, 0, VF_OK, 48, 48, 2},
	{{{48, 40, 0, 0, 0, 0, 0, 0, 0}, 0, 0, 0, 0, 0}, 0, 0, VF_OK, 48, 40, 2},
	{{{48, 51, 51, 0, 0, 0, 0, 0, 0}, 0, 0, 0, 0, 0}, 3, 0, VF_OK, 51, 51, 3},
	{{{48, 0, 0, 0, 0, 0, 0, 0, 0}, 0, 0, 0, 0, 0}, 64, 0, VF_OK, 64, 48, 1},
	{{{65536, 65536, 0, 0, 0, 0, 0, 0, 0}, 0, 0, 0, 0, 0}, 0, 0, VF_OK, 65536, 65536, 2},
	{{{65537, 0, 0, 0, 0, 0, 0, 0, 0}, 0, 0, 0, 0, 0}, 0, 0, VF_TOO_LARGE, 0, 65537, 1},
	{{{0xffffffffu, 0, 0, 0, 0, 0, 0, 0, 0}, 0, 0, 0, 0, 0}, 0, 0, VF_TOO_LARGE, 0,
	 0xffffffffu, 1},
	{{{33, 0, 0, 0, 0, 0, 0, 0, 0}, 0, 0, 0, 0, 0}, 64, 1, VF_TOO_LARGE, 0, 33, 1},
	{{{48, 31, 0, 0, 0, 0, 0, 0, 0}, 0, 0, 0, 0, 0}, 0, 0, VF_SHORT, 0, 31, 2},
	{{{0, 0, 0, 0, 0, 0, 0, 0, 0}, 0, 0, 0, 0, 0}, 0, 0, VF_SHORT, 0, 0, 1},
	{{{40, 48, 56, 64, 72, 80, 88, 96, 104}, 0, 0, 0, 0, 0}, 0, 0, VF_UNSTEADY, 0, 96, 8},
	{{{40, 48, 56, 64, 72, 80, 88, 88, 104}, 0, 0, 0, 0, 0}, 0, 0, VF_OK, 88, 88, 8},
	{{{4000, 0, 0, 0, 0, 0, 0, 0, 0}, 0, 0, 0, 0, 0}, 0, 0, VF_NO_MEMORY, 0, 4000, 1},
	{{{0, 0, 0, 0, 0, 0, 0, 0, 0}, 0, 0, 0, -22, 0}, 0, 0, VF_REFUSED, 0, 0, 1},
};

static int holds(const struct row *row)
{
	struct peer peer;
	struct vf_caller caller;
	struct vf_reply reply;
	vf_u32 i;

	/* No whole struct is copied: that may be a call of memcpy(). */
	for (i = 0; i < 9; i++)
		peer.wants[i] = row->peer.wants[i];
	peer.calls = peer.largest = peer.given = 0;
	peer.fails = row->peer.fails;
	peer.wrong = 0;
	caller.context = &peer;
	caller.ask = ask;
	caller.grant = grant;
	caller.release = release;
	if (vf_fetch(&reply, &caller, VF_REGION, 7, row->first, row->limit) != row->status ||
	    reply.status != row->status || reply.len != row->len || reply.argsz != row->argsz ||
	    reply.attempts != row->attempts || reply.error != row->peer.fails || peer.wrong)
		return 0;
	if (row->status != VF_OK)
		return !reply.info && !peer.given;
	return reply.info == (void *)room && peer.given && *(vf_u32 *)reply.info == row->argsz;
}

int main(void);
int main(void)
{
	vf_u32 i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (!holds(&rows[i]))
			return (int)i + 1;
	if (vf_minimum(VF_DEVICE) != 16 || vf_fixed(VF_IOMMU) != 24 || vf_fixed(VF_REGION) != 32)
		return 100;
	return vf_name(VF_UNSTEADY)[0] != 'u' || vf_name((enum vf_status)6)[2] != 'k';
}
C
}

passed=0
failed=0
skipped=0

skip() {
	echo "skip  $1 ($2)"
	skipped=$((skipped + 1))
}

# result NAME STATUS: what stands in the log is shown of a failure only.
result() {
	if [ "$2" -eq 0 ]; then
		echo "ok    $1"
		passed=$((passed + 1))
		return
	fi
	echo "FAIL  $1 (status $2)"
	sed 's/^/      /' log
	failed=$((failed + 1))
}

# alone: the object wants nothing that is not in it.
alone() {
	command -v nm >/dev/null || return 0
	! nm -u out.o | grep -v _GLOBAL_OFFSET_TABLE_ | grep .
}

# variant NAME COMPILER SOURCE RUNS FLAG...
variant() {
	local name=$1 compiler=$2 source=$3 runs=$4
	shift 4
	command -v "$compiler" >/dev/null || {
		skip "$name" "no $compiler"
		return
	}
	"$compiler" "$@" -x c -c -o empty.o - <<<'int nothing;' >/dev/null 2>&1 || {
		case $* in *-m32*)
			skip "$name" "$compiler has no -m32"
			return
			;;
		esac
	}
	{
		"$compiler" "$@" "${warnings[@]}" -c "$source" -o out.o && alone &&
			{ [ "$runs" = no ] || { "$compiler" out.o -o program && ./program; }; }
	} >log 2>&1
	result "$name" $?
}

c_variants() {
	local compiler=$1 std level
	for std in c11 c17; do
		variant "$compiler -std=$std" "$compiler" program.c yes -std=$std
	done
	variant "$compiler -m32" "$compiler" program.c no -m32 -std=c11 -O2 -ffreestanding -nostdinc \
		-fno-pic
	for level in 0 1 2 3 s; do
		variant "$compiler -O$level, freestanding, run" "$compiler" program.c yes -std=c11 \
			-O$level -ffreestanding -nostdinc -fno-stack-protector
	done
}

case ${1-} in
-h | --help)
	usage
	exit 0
	;;
-*)
	usage >&2
	exit 2
	;;
esac
header=${1:-$(dirname "$0")/../../parsers/include/fetch.h}
if [ $# -gt 1 ] || [ ! -f "$header" ] || [ ! -r "$header" ]; then
	echo "fetch-builds: $header: no header that can be read" >&2
	exit 2
fi
folder=$(mktemp -d) || exit 2
trap 'rm -rf "$folder"' EXIT
cp -- "$header" "$folder/fetch.h" && cd "$folder" || exit 2
write_program >program.c
cp program.c program.cpp

c_variants "${GCC:-gcc}"
c_variants "${CLANG:-clang}"
variant "${GXX:-g++} -std=c++17" "${GXX:-g++}" program.cpp yes -std=c++17 -O2
variant "${CLANGXX:-clang++} -std=c++17" "${CLANGXX:-clang++}" program.cpp yes -std=c++17 -O2
echo "$passed ok, $failed failed, $skipped skipped"
[ "$failed" -eq 0 ] || exit 1
[ "$passed" -gt 0 ] || exit 2
