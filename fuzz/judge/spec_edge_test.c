/* SPDX-License-Identifier: MIT */
/*
 * Tests of spec.c at every edge of the ladder: chains that are fine when nothing is missing, read
 * at every len and every argsz up to past their end. spec_test.c says what to do when one fails.
 */
#include "spec_build.h"

#define EDGES_MAX 7

/*
 * One range that a reading needs, in the order in which it needs them: it ends at @end and belongs
 * to the capability at @at, which @from links to. @rule is what it breaks; HEADER_STRADDLE stands
 * for all three rules of R7. @ncaps and @visited are what a reading has when it stops here.
 */
struct edge {
	uint32_t at;
	uint32_t from;
	uint32_t end;
	enum rule rule;
	size_t ncaps;
	uint64_t visited;
};

/* A chain that is fine when nothing is missing, and every edge of it; the edges end with end 0. */
struct sample {
	const char *name;
	struct image image;
	struct edge edges[EDGES_MAX + 1];
	enum verdict verdict;
	size_t ncaps;
	uint64_t visited;
};

#define EDGES(...) .edges = {__VA_ARGS__}
#define EDGE(at_, from_, bytes, rule_, ncaps_, visited_)                                           \
	INFO_ROW(at_, from_, (at_) + (bytes), rule_, ncaps_, visited_)
#define HEADER(at_, from_, ncaps_, visited_)                                                       \
	EDGE(at_, from_, 8, RULE_HEADER_STRADDLE, ncaps_, visited_)
#define PAYLOAD(at_, from_, bytes, ncaps_, visited_)                                               \
	EDGE(at_, from_, bytes, RULE_PAYLOAD_OOB, ncaps_, visited_)

static const struct sample samples[] = {
	{"device, bare fixed fields", CLEAR(DEVICE, 24, 0, 24), ABSENT},
	{"region, bare fixed fields", CLEAR(REGION, 32, 0, 32), ABSENT},
	{"iommu, bare fixed fields", CLEAR(IOMMU, 24, 0, 24), ABSENT},
	{"bare header", REG(40, 0, 32, CAP(32, 3, 1, 0)), EDGES(HEADER(32, 0, 0, 0)), OK(1, 8)},
	{"unknown id", DEV(28, 0, 20, CAP(20, 9, 1, 0)), EDGES(HEADER(20, 0, 0, 0)), OK(1, 8)},
	{"version 0", IOM(28, 0, 20, CAP(20, 1, 0, 0)), EDGES(HEADER(20, 0, 0, 0)), OK(1, 8)},
	{"payload of 16 bytes", REG(48, 0, 32, CAP(32, 2, 1, 0)),
	 EDGES(HEADER(32, 0, 0, 0), PAYLOAD(32, 0, 16, 0, 8)), OK(1, 16)},
	{"payload of 39 bytes", DEV(63, 0, 24, CAP(24, 2, 1, 0)),
	 EDGES(HEADER(24, 0, 0, 0), PAYLOAD(24, 0, 39, 0, 8)), OK(1, 39)},
	{"payload of 42 bytes", DEV(66, 0, 24, CAP(24, 2, 2, 0)),
	 EDGES(HEADER(24, 0, 0, 0), PAYLOAD(24, 0, 42, 0, 8)), OK(1, 42)},
	{"no areas", REG(48, 0, 32, CAP(32, 1, 1, 0)),
	 EDGES(HEADER(32, 0, 0, 0), PAYLOAD(32, 0, 12, 0, 8), PAYLOAD(32, 0, 16, 0, 12)),
	 OK(1, 16)},
	{"two areas", REG(80, 0, 32, COUNTED(32, 1, 1, 0, 2)),
	 EDGES(HEADER(32, 0, 0, 0), PAYLOAD(32, 0, 12, 0, 8), PAYLOAD(32, 0, 48, 0, 12)),
	 OK(1, 48)},
	{"no string", DEV(36, 0, 24, CAP(24, 3, 1, 0)),
	 EDGES(HEADER(24, 0, 0, 0), PAYLOAD(24, 0, 12, 0, 8)), OK(1, 12)},
	{"string of 5", DEV(41, 0, 24, COUNTED(24, 3, 1, 0, 5)),
	 EDGES(HEADER(24, 0, 0, 0), PAYLOAD(24, 0, 12, 0, 8), PAYLOAD(24, 0, 17, 0, 12)),
	 OK(1, 17)},
	{"Linux 6.1 iommu",
	 IOM(116, 0, 24, CAP(24, 2, 1, 56), CAP(56, 3, 1, 68), COUNTED(68, 1, 1, 0, 2)),
	 EDGES(HEADER(24, 0, 0, 0), PAYLOAD(24, 0, 32, 0, 8), HEADER(56, 24, 1, 32),
	       PAYLOAD(56, 24, 12, 1, 40), HEADER(68, 56, 2, 44), PAYLOAD(68, 56, 12, 2, 52),
	       PAYLOAD(68, 56, 48, 2, 56)),
	 OK(3, 92)},
	{"backward", REG(72, 0, 48, CAP(48, 2, 1, 32), CAP(32, 2, 1, 64), CAP(64, 9, 1, 0)),
	 EDGES(HEADER(48, 0, 0, 0), PAYLOAD(48, 0, 16, 0, 8), HEADER(32, 48, 1, 16),
	       PAYLOAD(32, 48, 16, 1, 24), HEADER(64, 32, 2, 32)),
	 OK(3, 40)},
};

/* R1 to R4 for a sample at one len and argsz. Returns whether a chain can be read. */
static bool assert_start(const struct image *image, uint32_t len, uint32_t argsz)
{
	const uint32_t minsz = image->kind == INFO_REGION ? 32 : 16;
	const uint32_t covers = image->kind == INFO_REGION ? 16 : 20;

	if (len < minsz) {
		assert_reject(RULE_SHORT_BUFFER, 0, 0);
	} else if (argsz < minsz) {
		assert_reject(RULE_SHORT_ARGSZ, 0, 0);
	} else if (image->clear) {
		assert_int_equal(spec->verdict, argsz > len ? VERDICT_TRUNCATED : VERDICT_ABSENT);
	} else if (len < covers || argsz < covers) {
		if (argsz > len)
			assert_int_equal(spec->verdict, VERDICT_TRUNCATED);
		else
			assert_reject(RULE_SHORT_ARGSZ, 0, 0);
	} else {
		return true;
	}
	assert_int_equal(spec->ncaps, 0);
	assert_int_equal(spec->visited, 0);
	return false;
}

/* The first edge past the bound decides. */
static void assert_edges(const struct sample *sample, uint32_t bound, uint32_t argsz)
{
	size_t i = 0;
	const struct edge *edge;

	while (sample->edges[i].end && sample->edges[i].end <= bound)
		i++;
	if (sample->edges[i].end == 0) {
		assert_int_equal(spec->verdict, sample->verdict);
		assert_int_equal(spec->visited, sample->visited);
		assert_delivered(spec, sample->image.caps, sample->ncaps);
		return;
	}
	edge = &sample->edges[i];
	if (edge->end <= argsz)
		assert_int_equal(spec->verdict, VERDICT_TRUNCATED);
	else if (edge->rule == RULE_HEADER_STRADDLE && edge->at >= bound)
		assert_reject(edge->from ? RULE_NEXT_OOB : RULE_OFFSET_OOB, edge->at, edge->from);
	else
		assert_reject(edge->rule, edge->at, edge->from);
	assert_int_equal(spec->visited, edge->visited);
	assert_delivered(spec, sample->image.caps, edge->ncaps);
}

static void test_sample(void **state)
{
	const struct sample *const sample = *state;
	const uint32_t full = sample->image.len;

	build(&sample->image);
	for (uint32_t len = 0; len <= full + 2; len++) {
		for (uint32_t step = 0; step <= full + 5; step++) {
			/* The last two steps are the far end of argsz. */
			const uint32_t argsz = step <= full + 3 ? step : UINT32_MAX - (step & 1);

			put(0, 4, argsz);
			spec_read(at_guard(built, len), len, sample->image.kind, spec);
			assert_sound(spec, len, argsz);
			if (assert_start(&sample->image, len, argsz))
				assert_edges(sample, len < argsz ? len : argsz, argsz);
		}
	}
}

int main(void)
{
	static struct CMUnitTest tests[COUNT_OF(samples)];

	for (size_t i = 0; i < COUNT_OF(samples); i++)
		tests[i] = row_test(samples[i].name, test_sample, &samples[i]);
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
