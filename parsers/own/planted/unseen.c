/* SPDX-License-Identifier: MIT */
/*
 * A reader that reads what it should not in a way that a hook of loads may not hear: how and where, the id
 * of the first capability says, 100 + 3 * how + where. scripts/fuzz/own_oracles_test.py has what names each.
 */
#include "capchain/parser.h"

#include <string.h>

enum { COPY, STRUCT_COPY, COMPARE, LENGTH, VECTOR, ASSEMBLY };
enum { PAST_THE_END, PAST_THE_BOUND, BEFORE };

struct three {
	uint64_t word[3];
};
typedef long long vector __attribute__((vector_size(32), aligned(1)));

static struct three words, *volatile to_words = &words;
static vector lanes, *volatile to_lanes = &lanes;
static char bytes[32], *volatile to_bytes = bytes;
static volatile int sum;

static void reads(unsigned int how, const char *at)
{
	switch (how) {
	case COPY:
		memcpy(to_bytes, at, 16);
		break;
	case STRUCT_COPY:
		*to_words = *(const struct three *)(const void *)at;
		break;
	case COMPARE:
		sum += memcmp(to_bytes, at, 16);
		break;
	case LENGTH:
		sum += (int)strnlen(at, 16);
		break;
	case VECTOR:
		*to_lanes = *(const vector *)(const void *)at;
		break;
	case ASSEMBLY:
#if defined(__x86_64__)
		__asm__ volatile("movb (%0), %%al" : : "r"(at + 15) : "al", "memory");
#else
		sum += at[15];
#endif
		break;
	}
}

/* Where 16 bytes and more are not its own. */
static const char *place(unsigned int where, const char *info, uint32_t len)
{
	uint32_t argsz;

	memcpy(&argsz, info, 4);
	return where == PAST_THE_END	 ? info + len - 8
	       : where == PAST_THE_BOUND ? info + argsz
					 : info - 16;
}

static struct info_answer read_info(struct walk *walk, const void *info, uint32_t len,
				    enum info_kind kind)
{
	const char *const start = info;
	struct info_cap cap = {.offset = 32, .version = 1};

	(void)kind;
	if (len < 40)
		return answer_reject("short-buffer");
	cap.id = ((const volatile unsigned char *)info)[32];
	reads((cap.id - 100u) / 3, place((cap.id - 100u) % 3, start, len));
	walk_deliver(walk, &cap);
	return answer(VERDICT_OK);
}

const struct info_parser capchain_parser = {
	.name = "planted-unseen",
	.summary = "reads where hooks may not hear it",
	.trust = INFO_SAFE,
	.reads = {[INFO_REGION] = {.style = INFO_LIST, .ids = INFO_ALL_IDS}},
	.read = read_info,
};
