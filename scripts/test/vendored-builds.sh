#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Compiles bounded.h or fetch.h as a program has it that took this one file: see usage() below.
set -u

usage() {
	cat <<'TXT'
usage: scripts/test/vendored-builds.sh bounded|fetch [HEADER]

Copies HEADER (default: parsers/include/bounded.h or fetch.h) alone into a temporary folder, beside a small
program that calls all of it (of fetch.h: that holds a conversation for every status), and compiles that
with gcc and clang: as C and C++, for 32 bits, bounded.h also for BPF, without any header or library, at
every level of optimisation, and with every warning that makes sense as an error. What was built for this
machine is two units linked together, and is run; no object that was built without a library may want a
symbol from elsewhere.

Prints a line a variant, `ok`, `FAIL` with what was said, or `skip` with the reason, and at the end how many
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

# Everything of bounded.h, in what C and C++ have in common. Returns 0 where all was read right.
write_bounded() {
	cat <<'C'
#include "bounded.h"
#include "bounded.h"

static vb_u64 read_elements(const struct vb_chain *chain, const struct vb_cap *cap)
{
	struct vb_area area;
	struct vb_range range;
	vb_u64 sum = 0;
	vb_u8 byte;
	vb_u32 i;

	for (i = 0; vb_get_area(chain, cap, i, &area); i++)
		sum += area.offset + area.size;
	for (i = 0; vb_get_range(chain, cap, i, &range); i++)
		sum += range.start + range.end;
	for (i = 0; vb_get_zpci_byte(chain, cap, i, &byte); i++)
		sum += byte;
	return sum;
}

static vb_u64 read_fields(const struct vb_chain *chain, const struct vb_cap *cap)
{
	struct vb_zpci_base base;
	struct vb_zpci_group group;
	struct vb_migration migration;
	struct vb_type type;
	vb_u64 wide;
	vb_u32 word;

	if (vb_get_zpci_base(chain, cap, &base))
		return base.start_dma + base.fh;
	if (vb_get_zpci_group(chain, cap, &group))
		return group.dasm + group.imaxstbl;
	if (vb_get_migration(chain, cap, &migration))
		return migration.pgsize_bitmap;
	if (vb_get_type(chain, cap, &type))
		return type.type + type.subtype;
	if (vb_get_nvlink2_tgt(chain, cap, &wide))
		return wide;
	if (vb_get_nvlink2_speed(chain, cap, &word) || vb_get_dma_avail(chain, cap, &word) ||
	    vb_get_atomic(chain, cap, &word))
		return word;
	return 0;
}

static vb_u64 read_reply(const void *info, __SIZE_TYPE__ len, enum vb_kind kind)
{
	struct vb_chain chain;
	struct vb_cap cap;
	vb_u64 sum = 0;

	if (vb_begin(&chain, info, len, kind) != VB_OK)
		return (vb_u64)vb_name(chain.status)[0];
	while (vb_next(&chain, &cap))
		sum += read_elements(&chain, &cap) + read_fields(&chain, &cap);
	vb_rewind(&chain);
	return vb_find(&chain, VB_TYPE, &cap) ? sum + chain.count : 0;
}

/* A second unit that has the header too, to be linked with the first. */
#ifdef SECOND
int second(void);
#define main second
#endif

int main(void);
int main(void)
{
	/* Region info whose chain is TYPE (type 4, subtype 2), then SPARSE_MMAP of one area. */
	static const vb_u32 region[] = {80, 8, 0, 32, 0,      0, 0,      0, 2 | 1 << 16, 48,
					4,  2, 1 | 1 << 16, 0, 1, 0, 0x1000, 0, 0x2000,      0};
	static const vb_u32 loop[] = {40, 8, 0, 32, 0, 0, 0, 0, 3 | 1 << 16, 32};

	if (read_reply(region, sizeof(region), VB_REGION) != 4 + 2 + 0x3000 + 2)
		return 1;
	return read_reply(loop, sizeof(loop), VB_REGION) != 'l';
}
C
}

# A reading as a BPF program has it: no loop of its own, every step from bpf_loop(). WITH_LOAD reads
# from a map's value, with an offset that the verifier can see is inside it.
write_bpf() {
	cat <<'C'
#define REPLY_MAX 4096

#ifdef WITH_LOAD
struct vb_chain;
static __UINT64_TYPE__ load_reply(const struct vb_chain *chain, __UINT32_TYPE__ offset,
				  __UINT32_TYPE__ size);
#define VB_LOAD(chain, offset, size) load_reply(chain, offset, size)
#endif

#include "bounded.h"

struct reply {
	vb_u8 bytes[REPLY_MAX + 8];
	vb_u32 len;
	vb_u32 status;
	vb_u32 count;
};

struct reply reply;

#ifdef WITH_LOAD
static vb_u64 load_reply(const struct vb_chain *chain, vb_u32 offset, vb_u32 size)
{
	vb_u64 value = 0;

	(void)chain;
	__builtin_memcpy(&value, reply.bytes + (offset & (REPLY_MAX - 1)), 8);
	return size < 8 ? value & ((1ull << 8 * size) - 1) : value;
}
#endif

static long (*const bpf_loop)(vb_u32 times, long (*call)(vb_u32 i, void *context), void *context,
			      vb_u64 flags) = (long (*)(vb_u32, long (*)(vb_u32, void *), void *,
							vb_u64))181;

static long take_step(vb_u32 i, void *context)
{
	(void)i;
	return vb_step((struct vb_chain *)context);
}

__attribute__((section("socket"), used)) int read_reply(void *context)
{
	struct vb_chain chain;

	(void)context;
	if (reply.len > REPLY_MAX)
		return 0;
	if (!vb_start(&chain, reply.bytes, reply.len, VB_IOMMU))
		bpf_loop(VB_STEPS(REPLY_MAX), take_step, &chain, 0);
	reply.status = chain.status;
	reply.count = chain.count;
	return 0;
}
C
}

# In what C and C++ have in common. Every status, what comes with it, and that nothing is left behind.
write_fetch() {
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

/* A second unit that has the header too, to be linked with the first. */
#ifdef SECOND
int second(void);
#define main second
#endif

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

declare -A count=([ok]=0 [FAIL]=0 [skip]=0)

# told OUTCOME NAME [WHY]: what stands in the log is shown of a failure only.
told() {
	printf '%-5s %s\n' "$1" "$2${3:+ ($3)}"
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
	local source=$1 name="${*:2}" flags=()
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

c_variants() {
	local level free=(-std=c11 -ffreestanding -nostdinc -fno-stack-protector)
	variant program.c "$1" -std=c11
	variant program.c "$1" -std=c17
	variant program.c "$1" -m32 -O2 "${free[@]}" -fno-pic
	for level in 0 1 2 3 s; do variant program.c "$1" -O$level "${free[@]}"; done
}

which=${1-}
case $which in
bounded | fetch) ;;
-h | --help)
	usage
	exit 0
	;;
*)
	usage >&2
	exit 2
	;;
esac
header=${2:-$(dirname "$0")/../../parsers/include/$which.h}
if [ $# -gt 2 ] || [ ! -f "$header" ] || [ ! -r "$header" ]; then
	echo "vendored-builds: $header: no header that can be read" >&2
	exit 2
fi
folder=$(mktemp -d) || exit 2
trap 'rm -rf "$folder"' EXIT
cp -- "$header" "$folder/$which.h" && cd "$folder" || exit 2
"write_$which" >program.c
# It is 0 in both languages.
[ "$which" = bounded ] || cxx_warnings+=(-Wno-zero-as-null-pointer-constant)
cp program.c program.cpp
c_variants "${GCC:-gcc}"
c_variants "${CLANG:-clang}"
variant program.cpp "${GXX:-g++}" -std=c++17 -O2
variant program.cpp "${CLANGXX:-clang++}" -std=c++17 -O2
if [ "$which" = bounded ]; then
	write_bpf >bpf.c
	variant program.c "${CLANG:-clang}" -target bpf -std=c11 -O2
	# A BPF program's names are for its loader.
	clang_warnings+=(-Wno-missing-prototypes -Wno-missing-variable-declarations)
	for define in WITHOUT_LOAD WITH_LOAD; do
		variant bpf.c "${CLANG:-clang}" -target bpf -std=c11 -O2 -g -D$define
	done
fi
echo "${count[ok]} ok, ${count[FAIL]} failed, ${count[skip]} skipped"
[ "${count[FAIL]}" -eq 0 ] || exit 1
[ "${count[ok]}" -gt 0 ] || exit 2
