#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Compiles parsers/include/bounded.h as a program has it that took this one file: see usage() below.
set -u

usage() {
	cat <<'TXT'
usage: scripts/test/bounded-builds.sh [HEADER]

Copies HEADER (default: parsers/include/bounded.h) alone into a temporary folder, beside a small program
that calls all of it, and compiles that with gcc and clang: as C and C++, for 32 bits, for BPF,
without any header or library, at every level of optimisation, and with every warning that makes
sense as an error. At each level of optimisation the program is also run.

Prints a line a variant, `ok`, `FAIL` with what the compiler said, or `skip` with the reason, and
at the end how many there were of each.

environment:
  GCC, GXX, CLANG, CLANGXX   the compilers (default: gcc, g++, clang, clang++)

exit status:
  0  nothing failed
  1  at least one variant failed: mend bounded.h, not the list of warnings
  2  wrong usage, HEADER cannot be read, or nothing at all could be compiled
TXT
}

# Called by name, as every other warning is asked for.
gcc_warnings=(-Wall -Wextra -Wshadow -Wconversion -Wvla -Wpedantic -Wcast-qual -Wsign-conversion
	-Wundef -Werror)

# All that clang has, but for these:
clang_warnings=("${gcc_warnings[@]}" -Weverything
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
write_program() {
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
	echo "FAIL  $1"
	sed 's/^/      /' log
	failed=$((failed + 1))
}

has() {
	command -v "$1" >/dev/null && return
	skip "$2" "no $1"
	return 1
}

# compile NAME COMPILER FLAG...: one object.
compile() {
	local name=$1 compiler=$2
	shift 2
	has "$compiler" "$name" || return
	"$compiler" "$@" -c -o out.o >log 2>&1
	result "$name" $?
}

# run NAME COMPILER FLAG...: two units linked together, and the program's own word.
run() {
	local name=$1 compiler=$2
	shift 2
	has "$compiler" "$name" || return
	{
		"$compiler" "$@" -c program.c -o program.o &&
			"$compiler" "$@" -DSECOND -c program.c -o second.o &&
			"$compiler" "$@" program.o second.o -o program && ./program
	} >log 2>&1
	result "$name" $?
}

# targets COMPILER FLAG...: whether it makes any object with FLAG.
targets() {
	"$@" -x c -c -o empty.o - <<<'int nothing;' >/dev/null 2>&1
}

# compile_for NAME COMPILER TARGET-FLAGS -- FLAG...: skipped where the compiler lacks the target.
compile_for() {
	local name=$1 compiler=$2 target=()
	shift 2
	while [ "$1" != -- ]; do
		target+=("$1")
		shift
	done
	shift
	has "$compiler" "$name" || return
	if ! targets "$compiler" "${target[@]}"; then
		skip "$name" "$compiler has no ${target[*]}"
		return
	fi
	compile "$name" "$compiler" "${target[@]}" "$@"
}

c_variants() {
	local compiler=$1 std level
	shift
	for std in c11 c17; do
		compile "$compiler -std=$std, all warnings" "$compiler" -std=$std "$@" \
			-Wmissing-prototypes program.c
	done
	compile "$compiler -ffreestanding -nostdinc" "$compiler" -std=c11 "$@" -O2 -ffreestanding \
		-nostdinc program.c
	compile_for "$compiler -m32" "$compiler" -m32 -- -std=c11 "$@" -O2 -ffreestanding -nostdinc \
		program.c
	for level in 0 1 2 3; do
		run "$compiler -O$level, linked and run" "$compiler" -std=c11 "$@" -O$level
	done
}

main() {
	local gcc=${GCC:-gcc} gxx=${GXX:-g++} clang=${CLANG:-clang} clangxx=${CLANGXX:-clang++}
	local define

	c_variants "$gcc" "${gcc_warnings[@]}"
	c_variants "$clang" "${clang_warnings[@]}"
	compile "$gxx -std=c++17, all warnings" "$gxx" -std=c++17 "${gcc_warnings[@]}" -O2 \
		program.cpp
	compile "$clangxx -std=c++17, all warnings" "$clangxx" -std=c++17 "${clang_warnings[@]}" \
		"${cxx_warnings[@]}" -O2 program.cpp
	compile_for "$clang -target bpf" "$clang" -target bpf -- -std=c11 "${clang_warnings[@]}" \
		-O2 program.c
	for define in WITHOUT_LOAD WITH_LOAD; do
		compile_for "$clang -target bpf, vb_step from bpf_loop, $define" "$clang" \
			-target bpf -- -std=c11 -Wall -Wextra -Werror -O2 -g -D$define bpf.c
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
header=${1:-$(dirname "$0")/../../parsers/include/bounded.h}
if [ $# -gt 1 ] || [ ! -f "$header" ] || [ ! -r "$header" ]; then
	echo "bounded-builds: $header: no header that can be read" >&2
	exit 2
fi
folder=$(mktemp -d) || exit 2
trap 'rm -rf "$folder"' EXIT
cp -- "$header" "$folder/bounded.h" && cd "$folder" || exit 2
write_program >program.c
cp program.c program.cpp
write_bpf >bpf.c

main
echo "$passed ok, $failed failed, $skipped skipped"
[ "$failed" -eq 0 ] || exit 1
[ "$passed" -gt 0 ] || exit 2
