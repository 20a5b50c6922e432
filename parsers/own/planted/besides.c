/* SPDX-License-Identifier: MIT */
/*
 * A reader of one capability that is right, and does besides what WAY says (PARSER_CFLAGS=-DWAY=n).
 * scripts/fuzz/own_oracles_test.py has what is told of each.
 */
#include "capchain/parser.h"

#include <stdlib.h>
#include <string.h>

enum { ABSTAINS, COUNTS_CALLS, FAULTS_LATE, LEAKS, MISALIGNED, COPIES };

static volatile uint64_t sum;
static unsigned int calls;
static void *volatile kept;

static bool does(const void *info, uint32_t len)
{
	uint64_t word;

	switch (WAY) {
	case COUNTS_CALLS:
		return ++calls % 2;
	case FAULTS_LATE:
		/* Only where something was walked before. */
		if (++calls == 4)
			sum += ((const volatile char *)info)[len];
		return true;
	case LEAKS:
		kept = malloc(16);
		return true;
	case MISALIGNED:
		sum += *(const uint64_t *)(const void *)((const char *)info + 4);
		return true;
	case COPIES:
		/* The same load to a hook, and allowed everywhere. */
		memcpy(&word, (const char *)info + 4, sizeof(word));
		sum += word;
		return true;
	default:
		return true;
	}
}

static struct info_answer read_info(struct walk *walk, const void *info, uint32_t len,
				    enum info_kind kind)
{
	const volatile unsigned char *const bytes = info;
	struct info_cap cap = {.offset = 32, .version = 1};

	(void)kind;
	if (WAY == ABSTAINS)
		return answer(VERDICT_ABSTAIN);
	if (len < 40)
		return answer_reject("short-buffer");
	cap.id = bytes[32];
	if (does(info, len))
		walk_deliver(walk, &cap);
	return answer(VERDICT_OK);
}

const struct info_parser capchain_parser = {
	.name = "planted-heard",
	.summary = "is right, and does something besides",
	.reads = {[INFO_REGION] = {.style = INFO_LIST, .ids = INFO_ALL_IDS}},
	.read = read_info,
};
