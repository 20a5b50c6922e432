/* SPDX-License-Identifier: MIT */
/* See faulty.h. Volatile keeps each fault from being optimised away or turned into a builtin. */
#include "faulty.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>

#define FAULTY_READ(name)                                                                          \
	struct info_answer faulty_##name(struct walk *walk __attribute__((unused)),                \
					 const void *info __attribute__((unused)),                 \
					 uint32_t len __attribute__((unused)),                     \
					 enum info_kind kind __attribute__((unused)))

static volatile uint64_t sink;
static volatile uint32_t zero;

static const volatile uint8_t *bytes(const void *info)
{
	return info;
}

FAULTY_READ(good)
{
	sink = *(const volatile uint32_t *)info;
	return answer(VERDICT_OK);
}

FAULTY_READ(loop_in_buffer)
{
	for (;;)
		sink = bytes(info)[0];
}

FAULTY_READ(loop_in_copy)
{
	volatile uint8_t *const copy = walk_alloc(walk, len);

	if (walk_copy_in(walk, (void *)(uintptr_t)copy, 0, len))
		return answer_reject("efault");
	for (;;)
		sink = copy[len - 1];
}

FAULTY_READ(loop_in_global)
{
	while (zero == 0)
		;
	return answer(VERDICT_OK);
}

FAULTY_READ(loop_of_copies)
{
	uint32_t word;

	while (walk_copy_in(walk, &word, 0, sizeof(word)) == 0)
		;
	return answer(VERDICT_OK);
}

FAULTY_READ(deliver_forever)
{
	const struct info_cap cap = {0};

	for (;;)
		walk_deliver(walk, &cap);
}

FAULTY_READ(load_past)
{
	sink = bytes(info)[len];
	return answer(VERDICT_OK);
}

FAULTY_READ(load_straddling)
{
	sink = *(const volatile uint64_t *)(const void *)(bytes(info) + len - 7);
	return answer(VERDICT_OK);
}

FAULTY_READ(load_before)
{
	sink = bytes(info)[-1];
	return answer(VERDICT_OK);
}

FAULTY_READ(load_wild)
{
	sink = bytes(info)[0xfffffff0u + zero];
	return answer(VERDICT_OK);
}

FAULTY_READ(memcpy_past)
{
	uint8_t *const copy = walk_alloc(walk, len + 64);

	memcpy(copy, info, len + 64 + zero);
	return answer(VERDICT_OK);
}

FAULTY_READ(memcpy_wild)
{
	uint8_t *const copy = walk_alloc(walk, 64);

	memcpy(copy, (const uint8_t *)info + 0x7ffffff0u, 32 + zero);
	return answer(VERDICT_OK);
}

FAULTY_READ(store_inside)
{
	*(volatile uint8_t *)(uintptr_t)bytes(info) = 1;
	return answer(VERDICT_OK);
}

FAULTY_READ(store_past)
{
	((volatile uint8_t *)(uintptr_t)bytes(info))[len] = 1;
	return answer(VERDICT_OK);
}

FAULTY_READ(scratch_over_by_one)
{
	volatile uint8_t *const table = walk_alloc(walk, 20);

	table[20 + zero] = 1;
	return answer(VERDICT_OK);
}

/* Three of the four bytes are its own. */
FAULTY_READ(scratch_straddling)
{
	volatile uint32_t *const table = walk_alloc(walk, 19);

	table[4 + zero] = 1;
	return answer(VERDICT_OK);
}

FAULTY_READ(scratch_over_page)
{
	volatile uint8_t *const table = walk_alloc(walk, 32);

	table[32 + zero] = 1;
	return answer(VERDICT_OK);
}

/* Stores that no hook hears: the read-only alias and the canaries have to. */
FAULTY_READ(memset_inside)
{
	memset((void *)(uintptr_t)info, 1, len - 1 + zero);
	return answer(VERDICT_OK);
}

FAULTY_READ(memset_scratch)
{
	uint8_t *const table = walk_alloc(walk, 20);

	memset(table, 1, 21 + zero);
	return answer(VERDICT_OK);
}

/* A table indexed by what the buffer says, far past its end: into the next slot. */
FAULTY_READ(scratch_far_over)
{
	volatile uint8_t *const table = walk_alloc(walk, 512);

	table[512 + 4096 + 77 + zero] = 1;
	return answer(VERDICT_OK);
}

FAULTY_READ(scratch_far_under)
{
	volatile uint8_t *const table = walk_alloc(walk, 512);

	*(table - 100 - zero) = 1;
	return answer(VERDICT_OK);
}

FAULTY_READ(scratch_into_unused)
{
	volatile uint32_t *const table = walk_alloc(walk, 64);

	table[20000 + zero] = 1;
	return answer(VERDICT_OK);
}

FAULTY_READ(scratch_under)
{
	volatile uint8_t *const table = walk_alloc(walk, 32);

	*(table - 1 - zero) = 1;
	return answer(VERDICT_OK);
}

FAULTY_READ(scratch_load_past)
{
	const volatile uint8_t *const table = walk_alloc(walk, 20);

	sink = table[20 + zero];
	return answer(VERDICT_OK);
}

FAULTY_READ(scratch_absurd)
{
	if (walk_alloc(walk, (size_t)1 << 30) || walk_alloc(walk, 0))
		return answer(VERDICT_OK);
	return answer_reject("enomem");
}

FAULTY_READ(scratch_exhausted)
{
	while (walk_alloc(walk, 4096))
		;
	return answer(VERDICT_OK);
}

FAULTY_READ(copy_in_past)
{
	uint8_t *const copy = walk_alloc(walk, len + 1);

	if (walk_copy_in(walk, copy, 0, len + 1))
		return answer_reject("efault");
	return answer(VERDICT_OK);
}

FAULTY_READ(null_pointer)
{
	*(volatile uint8_t *)(uintptr_t)zero = 1;
	return answer(VERDICT_OK);
}

FAULTY_READ(divides_by_zero)
{
	sink = len / zero;
	return answer(VERDICT_OK);
}

FAULTY_READ(illegal)
{
	__builtin_trap();
}

FAULTY_READ(aborts)
{
	abort();
}

FAULTY_READ(names_its_crash)
{
	walk_crash(walk, SIGSEGV);
}

FAULTY_READ(says_oob)
{
	return answer(VERDICT_OOB);
}

static uint32_t deeper(uint32_t depth)
{
	volatile uint32_t here[256];

	here[depth % 256] = depth;
	return depth == UINT32_MAX ? 0 : deeper(depth + 1) + here[depth % 256];
}

FAULTY_READ(recurses)
{
	sink = deeper(zero);
	return answer(VERDICT_OK);
}

FAULTY_READ(reads_stale)
{
	sink = bytes(info)[len - 1];
	return answer(VERDICT_OK);
}

FAULTY_READ(abstains_late)
{
	const struct info_cap cap = {.offset = len - 1};

	walk_deliver(walk, &cap);
	sink = bytes(info)[len - 1];
	return answer(VERDICT_ABSTAIN);
}

FAULTY_READ(own_stack_overflow)
{
	volatile uint8_t own[16];

	own[16 + zero] = 1;
	sink = own[0];
	return answer(VERDICT_OK);
}

FAULTY_READ(load_wild_below)
{
	sink = *(bytes(info) - 0x80000000u + zero);
	return answer(VERDICT_OK);
}

/* A copying reader that trusts an offset in its copy. */
FAULTY_READ(copy_load_wild)
{
	const volatile uint8_t *const copy = walk_alloc(walk, len);

	sink = copy[0x7ffffff0u + zero];
	return answer(VERDICT_OK);
}

FAULTY_READ(copy_memcpy_wild)
{
	const uint8_t *const copy = walk_alloc(walk, len);
	uint8_t *const to = walk_alloc(walk, 64);

	memcpy(to, copy + 0xfffffff0u, 32 + zero);
	return answer(VERDICT_OK);
}

/* The one 32-bit offset from @from that would land on @to, were they less than 4 GiB apart. */
static void load_what_32_bits_reach(const volatile uint8_t *from, const volatile uint8_t *to)
{
	sink = from[(uint32_t)((uintptr_t)to - (uintptr_t)from)];
}

FAULTY_READ(copy_reaches_buffer)
{
	load_what_32_bits_reach(walk_alloc(walk, len), bytes(info));
	return answer(VERDICT_OK);
}

FAULTY_READ(copy_reaches_copy)
{
	const volatile uint8_t *const first = walk_alloc(walk, len);

	load_what_32_bits_reach(first, walk_alloc(walk, len));
	return answer(VERDICT_OK);
}

FAULTY_READ(buffer_reaches_copy)
{
	load_what_32_bits_reach(bytes(info), walk_alloc(walk, len));
	return answer(VERDICT_OK);
}

/* A store through a wild offset that no hook hears: nothing is there to take it. */
FAULTY_READ(copy_far_over)
{
	uint8_t *const copy = walk_alloc(walk, 64);

	memset(copy + 0x10000000u, 1, 8 + zero);
	return answer(VERDICT_OK);
}

const volatile uint8_t *faulty_elsewhere;

FAULTY_READ(load_elsewhere)
{
	sink = *faulty_elsewhere;
	return answer(VERDICT_OK);
}

FAULTY_READ(store_elsewhere)
{
	*(volatile uint8_t *)(uintptr_t)faulty_elsewhere = 1;
	return answer(VERDICT_OK);
}

/* Says the byte below the buffer, fetched where no hook looks. */
FAULTY_READ(sees_below)
{
	uint8_t *const copy = walk_alloc(walk, 16);

	memcpy(copy, (const uint8_t *)info - 1, 1 + zero);
	return answer_truncated(copy[0]);
}
