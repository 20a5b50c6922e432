/* SPDX-License-Identifier: MIT */
/*
 * Parsers that each do one thing wrong, so that triage is tried on every verdict and class and not
 * only on those of the day's parsers. Command and targets are linked with them, in place of the
 * registered ones, as build/COMPILER/triage/; nobody else sees them.
 *
 * These read as most programs do. They do their wrong thing at a capability of a version above 8, or
 * one that is misaligned: on an odd buffer, where no promise is broken. Those that break theirs are in
 * emit_faulty_hardened.c.
 */
#include "../../parsers/overlay.h"
#include "../../parsers/parser.h"

static volatile uint32_t faulty_zero;
static volatile uint32_t faulty_sink;

/* What to do at a capability: whether it is handed over. */
typedef bool (*at_cap)(struct walk *walk, const void *info, uint32_t len, struct info_cap *cap);

static bool is_new(const struct info_cap *cap)
{
	return cap->version > 8;
}

static bool is_misaligned(const struct info_cap *cap)
{
	return cap->offset % 4 != 0;
}

static struct info_answer read_trusting(struct walk *walk, const void *info, uint32_t len,
					enum info_kind kind, at_cap act)
{
	struct info_cap cap;
	uint32_t offset;
	bool any = false;

	if (!(overlay_flags(info) & layout_infos[kind].caps_flag))
		return answer(VERDICT_ABSENT);
	for (offset = overlay_cap_offset(info, kind); offset;
	     offset = overlay_header(info, offset)->next) {
		overlay_cap(info, offset, kind, &cap);
		if (act(walk, info, len, &cap))
			walk_deliver(walk, &cap);
		any = true;
	}
	return answer(any ? VERDICT_OK : VERDICT_ABSENT);
}

#define AT_CAP(name)                                                                               \
	static bool name(struct walk *walk __attribute__((unused)),                                \
			 const void *info __attribute__((unused)),                                 \
			 uint32_t len __attribute__((unused)), struct info_cap *cap)

AT_CAP(below)
{
	if (is_new(cap))
		faulty_sink = *((const volatile uint8_t *)info - 1);
	return true;
}

AT_CAP(caps)
{
	return !is_misaligned(cap);
}

AT_CAP(crash)
{
	if (is_new(cap))
		faulty_sink = len / faulty_zero;
	return true;
}

AT_CAP(deliver)
{
	while (is_new(cap))
		walk_deliver(walk, cap);
	return true;
}

/* Reads where its fixed buffer ends. */
AT_CAP(fixed)
{
	if (is_new(cap))
		faulty_sink = ((const volatile uint8_t *)info)[len];
	return true;
}

AT_CAP(payload)
{
	if (is_misaligned(cap))
		cap->field[0]++;
	return true;
}

AT_CAP(scratch)
{
	volatile uint8_t *const table = walk_alloc(walk, 20);

	if (is_new(cap))
		table[20 + faulty_zero] = 1;
	return true;
}

AT_CAP(scratch_load)
{
	const volatile uint8_t *const table = walk_alloc(walk, 20);

	if (is_new(cap))
		faulty_sink = table[20 + faulty_zero];
	return true;
}

/* Goes round in its own copy, and delivers nothing meanwhile. */
AT_CAP(spin)
{
	volatile uint8_t *const copy = walk_alloc(walk, len);

	if (is_new(cap) && !walk_copy_in(walk, (void *)(uintptr_t)copy, 0, len))
		for (;;)
			faulty_sink = copy[len - 1];
	return true;
}

AT_CAP(wrote)
{
	if (is_new(cap))
		*((volatile uint8_t *)(uintptr_t)info + cap->offset) = 0;
	return true;
}

#define READS_ALL INFO_ROW(INFO_LIST, INFO_ALL_IDS, INFO_ALL_IDS)
#define TRUSTING(symbol, is_called, words, act, size)                                              \
	static struct info_answer symbol##_read(struct walk *walk, const void *info, uint32_t len, \
						enum info_kind kind)                               \
	{                                                                                          \
		return read_trusting(walk, info, len, kind, act);                                  \
	}                                                                                          \
	const struct info_parser symbol##_parser = {                                               \
		.name = is_called,                                                                 \
		.summary = words,                                                                  \
		.trust = INFO_TRUSTING,                                                            \
		.source = INFO_FROM_PEER,                                                          \
		.fixed_size = size,                                                                \
		.reads = {READS_ALL, READS_ALL, READS_ALL},                                        \
		.read = symbol##_read,                                                             \
	}

TRUSTING(faulty_below, "faulty-below", "reads below the buffer", below, 0);
TRUSTING(faulty_caps, "faulty-caps", "leaves a capability out", caps, 0);
TRUSTING(faulty_crash, "faulty-crash", "divides by zero", crash, 0);
TRUSTING(faulty_deliver, "faulty-deliver", "delivers for ever", deliver, 0);
TRUSTING(faulty_fixed, "faulty-fixed", "reads past its fixed buffer", fixed, 200);
TRUSTING(faulty_payload, "faulty-payload", "gets a payload wrong", payload, 0);
TRUSTING(faulty_scratch, "faulty-scratch", "writes past its own memory", scratch, 0);
TRUSTING(faulty_scratch_load, "faulty-scratch-load", "reads past its own memory", scratch_load, 0);
TRUSTING(faulty_spin, "faulty-spin", "goes round in its own copy", spin, 0);
TRUSTING(faulty_wrote, "faulty-wrote", "writes to the buffer", wrote, 0);
