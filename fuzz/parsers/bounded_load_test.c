/* SPDX-License-Identifier: MIT */
/*
 * Tests that all of bounded.h's loads go through VB_LOAD, and that none leaves min(len, argsz).
 *
 * The header is compiled with an accessor of this file and given an address that nobody can read,
 * so a load past the accessor is a SIGSEGV. The accessor checks each load before it serves it.
 * Everything that bounded_test.c compares is compared here too: an answer by way of VB_LOAD is the
 * same answer.
 *
 * Usage: bounded_load_test [CORPUS], else $CORPUS, else ./corpus. When a test fails, it prints the
 * load, and hold() prints the buffer where an answer differs.
 */
#include <stddef.h>
#include <stdint.h>

struct vb_chain;
static uint64_t checked_load(const struct vb_chain *chain, uint32_t offset, uint32_t size);

#define VB_LOAD(chain, offset, size) checked_load(chain, offset, size)
#define HOLD_INFO		     subject.guard

#include "bounded_corpus.h"
#include "bounded_hold.h"
#include "bounded_inputs.h"

#define NOISE_BUFFERS 100000u

static size_t loads;

/* The bytes that may be loaded are worked out from the buffer, not from what @chain says. */
static uint64_t checked_load(const struct vb_chain *chain, uint32_t offset, uint32_t size)
{
	const bool argsz = offset == INFO_AT_DEVICE_argsz && size == 4;
	uint64_t bound = subject.len;

	loads++;
	if (chain->info != subject.guard)
		fail_msg("a load of another buffer");
	if (size != 1 && size != 2 && size != 4 && size != 8)
		fail_msg("a load of %u bytes at %u", size, offset);
	/* The field that says how much was delivered has to be there in any case. */
	if (!argsz && subject.len >= 4 && layout_load(subject.bytes, 4) < bound)
		bound = layout_load(subject.bytes, 4);
	if ((uint64_t)offset + size > bound)
		fail_msg("a load of %u bytes at %u, past %zu", size, offset, (size_t)bound);
	return layout_load(subject.bytes + offset, size);
}

/* A buffer below what the kernel always fills is not loaded at all. */
static void hold_loads(const uint8_t *info, size_t len, enum info_kind kind)
{
	const size_t before = loads;

	hold(info, len, kind);
	assert_int_equal(loads > before, len >= layout_infos[kind].minsz);
}

static void hold_rho(const struct rho *rho)
{
	hold_loads(rho->bytes, rho->len, rho->kind);
}

static void test_ladder(void **state)
{
	(void)state;
	each_ladder(hold_loads);
}

static void test_small(void **state)
{
	(void)state;
	each_small(hold_loads);
}

static void test_payloads(void **state)
{
	(void)state;
	each_payload(hold_loads);
}

static void test_noise(void **state)
{
	(void)state;
	each_noise(NOISE_BUFFERS, hold_loads);
}

static void test_loops(void **state)
{
	(void)state;
	each_rho(hold_rho);
	each_long(hold_rho);
}

static void test_corpus(void **state)
{
	(void)state;
	each_corpus(hold_loads);
}

int main(int argc, char **argv)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_ladder),	 cmocka_unit_test(test_small),
		cmocka_unit_test(test_payloads), cmocka_unit_test(test_noise),
		cmocka_unit_test(test_loops),	 cmocka_unit_test(test_corpus),
	};

	corpus_from(argc, argv);
	return cmocka_run_group_tests(tests, hold_open, hold_close);
}
