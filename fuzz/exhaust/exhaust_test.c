/* SPDX-License-Identifier: MIT */
/*
 * Tests of the exhaustive mode: that the space has what its alphabet says, no buffer twice and
 * every rule and note; that what is found does not depend on the number of jobs; that a planted
 * fault is found with its smallest buffer; that a run of nothing, or a job that dies, is no
 * success.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "../../parsers/layout.h"
#include "exhaust_run.h"
#include "../judge/spec.h"

static struct spec *reference;

static struct exhaust_space *space_of(enum info_kind kind, unsigned int caps)
{
	struct exhaust_space *const space = exhaust_space_new(kind, caps);

	assert_non_null(space);
	assert_true(exhaust_space_count(space) > 0);
	return space;
}

static uint64_t hash_of(const uint8_t *info, size_t len)
{
	uint64_t hash = info_hash(INFO_HASH_START, len);

	for (size_t i = 0; i < len; i++)
		hash = info_hash(hash, info[i]);
	return hash;
}

static int compare_hashes(const void *a, const void *b)
{
	const uint64_t first = *(const uint64_t *)a, second = *(const uint64_t *)b;

	return first < second ? -1 : first > second;
}

/* 64 bits of hash: by chance two of a million would be the same once in ten million runs. */
static void test_no_buffer_twice(void **state)
{
	(void)state;
	for (enum info_kind kind = 0; kind < INFO_KINDS; kind++) {
		struct exhaust_space *const space = space_of(kind, 2);
		const uint64_t count = exhaust_space_count(space);
		uint64_t *const hashes = malloc(count * sizeof(*hashes));
		uint8_t info[EXHAUST_LEN_MAX];

		assert_non_null(hashes);
		for (uint64_t i = 0; i < count; i++)
			hashes[i] = hash_of(info, exhaust_buffer(space, i, info));
		qsort(hashes, count, sizeof(*hashes), compare_hashes);
		for (uint64_t i = 1; i < count; i++)
			if (hashes[i] == hashes[i - 1])
				fail_msg("%s: a buffer comes twice", info_kind_name(kind));
		free(hashes);
		exhaust_space_free(space);
	}
}

/* A smaller space is the start of a larger one. */
static void test_numbers(void **state)
{
	struct exhaust_space *const two = space_of(INFO_IOMMU, 2);
	struct exhaust_space *small;
	uint8_t first[EXHAUST_LEN_MAX], second[EXHAUST_LEN_MAX];

	(void)state;
	for (unsigned int caps = 0; caps < 2; caps++) {
		small = space_of(INFO_IOMMU, caps);
		assert_true(exhaust_space_count(small) < exhaust_space_count(two));
		for (uint64_t i = 0; i < exhaust_space_count(small); i++) {
			const size_t len = exhaust_buffer(small, i, first);

			assert_int_equal(exhaust_buffer(two, i, second), len);
			assert_memory_equal(first, second, len);
		}
		exhaust_space_free(small);
	}
	exhaust_space_free(two);
}

/*
 * Every rule, note and class, chains of every length, and each size that argsz and len can differ
 * by: of the kinds that have an argsz.
 */
static void test_reaches(void **state)
{
	const uint32_t ranges = NOTE_BIT(NOTE_COUNT) - NOTE_BIT(NOTE_RANGES_OVERLAP);

	(void)state;
	for (enum info_kind kind = 0; kind < INFO_IOCTL_KINDS; kind++) {
		struct exhaust_space *const space = space_of(kind, 2);
		uint64_t rules[RULE_COUNT] = {0}, classes[BUFFER_CLASSES] = {0};
		uint64_t lengths[4] = {0};
		uint8_t info[EXHAUST_LEN_MAX];
		uint32_t wanted = (NOTE_BIT(NOTE_COUNT) - 1) & ~NOTES_OF_SPACE, notes = 0;

		for (uint64_t i = 0; i < exhaust_space_count(space); i++) {
			spec_read(info, exhaust_buffer(space, i, info), kind, reference);
			rules[reference->rule]++;
			classes[reference->class]++;
			notes |= reference->notes;
			if (reference->verdict == VERDICT_OK)
				lengths[reference->ncaps < 3 ? reference->ncaps : 3]++;
		}
		for (unsigned int rule = 0; rule < RULE_COUNT; rule++)
			if (!rules[rule] && rule != RULE_ALL_ONES)
				fail_msg("%s: no buffer for %s", info_kind_name(kind),
					 rule_name((enum rule)rule));
		for (unsigned int each = 0; each < BUFFER_CLASSES; each++)
			assert_true(classes[each] > 0);
		/* Areas are of a region, ranges of an IOMMU. */
		if (kind != INFO_REGION)
			wanted &= ~(NOTES_OF_ELEMENT & ~ranges);
		if (kind != INFO_IOMMU)
			wanted &= ~ranges;
		assert_int_equal(notes, wanted);
		assert_true(lengths[1] && lengths[2] && lengths[3]);
		exhaust_space_free(space);
	}
}

static struct info_answer say_reference(struct walk *walk, const void *info, uint32_t len,
					enum info_kind kind)
{
	spec_read(info, len, kind, reference);
	for (size_t i = 0; i < reference->ncaps; i++)
		walk_deliver(walk, &reference->caps[i].cap);
	return (struct info_answer){reference->verdict, reference->need,
				    rule_name(reference->rule)};
}

/* Wrong in one small place: a loop of two or more is taken for the end of the chain. */
static struct info_answer ends_at_loop(struct walk *walk, const void *info, uint32_t len,
				       enum info_kind kind)
{
	const struct info_answer said = say_reference(walk, info, len, kind);

	return reference->rule == RULE_LOOP && reference->ncaps > 1 ? answer(VERDICT_OK) : said;
}

/* Right where its buffer has 72 bytes at most. */
static struct info_answer hates_length(struct walk *walk, const void *info, uint32_t len,
				       enum info_kind kind)
{
	return len > 72 ? answer_reject("long") : say_reference(walk, info, len, kind);
}

static struct info_answer dies(struct walk *walk, const void *info, uint32_t len,
			       enum info_kind kind)
{
	spec_read(info, len, kind, reference);
	if (reference->rule == RULE_LOOP)
		_exit(9);
	return say_reference(walk, info, len, kind);
}

#define READS_ALL                                                                                  \
	{                                                                                          \
		{INFO_LIST, INFO_ALL_IDS, INFO_ALL_IDS}, {INFO_LIST, INFO_ALL_IDS, INFO_ALL_IDS},  \
		{                                                                                  \
			INFO_LIST, INFO_ALL_IDS, INFO_ALL_IDS                                      \
		}                                                                                  \
	}

/* Tells what the reference read of it, which is what these readers rest on. */
static void tell_reading(struct walk *walk, enum info_kind kind)
{
	walk_tell_load(walk, 0, layout_infos[kind].end);
	for (size_t i = 0; i < reference->ncaps; i++)
		walk_tell_load(walk, reference->caps[i].cap.offset, reference->caps[i].span);
	walk_tell_load(walk, reference->last, 16);
}

/* The first byte of the last slot's next, where the buffer ends with it; most others never look there. */
static uint32_t last_next(uint32_t len, enum info_kind kind)
{
	const uint32_t back = kind == INFO_DEVICE ? 36 : 28;

	return len > layout_infos[kind].full + back ? len - back : 0;
}

/* Reads one byte more. */
static struct info_answer reads_last(struct walk *walk, const void *info, uint32_t len,
				     enum info_kind kind)
{
	const struct info_answer said = say_reference(walk, info, len, kind);
	const uint32_t at = last_next(len, kind);

	tell_reading(walk, kind);
	walk_tell_load(walk, at, 1);
	return at && ((const uint8_t *)info)[at] ? answer_reject("last-next") : said;
}

/* The same, and keeps silent about that byte. */
static struct info_answer hides_last(struct walk *walk, const void *info, uint32_t len,
				     enum info_kind kind)
{
	const struct info_answer said = say_reference(walk, info, len, kind);
	const uint32_t at = last_next(len, kind);

	tell_reading(walk, kind);
	return at && ((const uint8_t *)info)[at] ? answer_reject("last-next") : said;
}

static struct info_answer says_and_tells(struct walk *walk, const void *info, uint32_t len,
					 enum info_kind kind)
{
	const struct info_answer said = say_reference(walk, info, len, kind);

	tell_reading(walk, kind);
	return said;
}

static const struct info_parser right = {
	.name = "right", .trust = INFO_HARDENED, .reads = READS_ALL, .read = say_reference};
static const struct info_parser wrong = {
	.name = "wrong", .trust = INFO_HARDENED, .reads = READS_ALL, .read = ends_at_loop};
static const struct info_parser shy = {
	.name = "shy", .trust = INFO_HARDENED, .reads = READS_ALL, .read = hates_length};
static const struct info_parser mortal = {
	.name = "mortal", .trust = INFO_HARDENED, .reads = READS_ALL, .read = dies};

static const struct info_parser open_ = {
	.name = "open", .trust = INFO_HARDENED, .reads = READS_ALL, .read = says_and_tells};
static const struct info_parser curious = {
	.name = "curious", .trust = INFO_HARDENED, .reads = READS_ALL, .read = reads_last};
static const struct info_parser sly = {
	.name = "sly", .trust = INFO_HARDENED, .reads = READS_ALL, .read = hides_last};

/* Runs up to @caps region capabilities through two parsers. */
static int run(const struct info_parser *second, unsigned int caps, unsigned int jobs,
	       struct exhaust_result **ret_result, char *ret_error)
{
	const struct info_parser *const parsers[] = {&right, second};
	const struct exhaust_options options = {.parsers = parsers,
						.count = 2,
						.kind = INFO_REGION,
						.caps = caps,
						.jobs = jobs,
						.relate = RELATE_SHARE};

	return exhaust_run(&options, ret_result, ret_error, 2048);
}

static void test_clean(void **state)
{
	struct exhaust_space *const space = space_of(INFO_REGION, 1);
	struct exhaust_result *result;
	uint64_t classes = 0, sets = 0;
	char error[2048];

	(void)state;
	assert_int_equal(run(&right, 1, 2, &result, error), 0);
	assert_true(exhaust_is_clean(result));
	assert_int_equal(result->nbuckets, 0);
	assert_int_equal(result->buffers, exhaust_space_count(space));
	for (size_t i = 0; i < BUFFER_CLASSES; i++)
		classes += result->classes[i];
	for (size_t i = 0; i < result->nsets; i++)
		sets += result->sets[i].group.buffers;
	assert_int_equal(classes, result->buffers);
	assert_int_equal(sets, result->buffers);
	assert_int_equal(result->parsers[0].disagreements[AGREES], result->buffers);
	for (unsigned int relation = 1; relation < RELATIONS; relation++)
		assert_true(relation == RELATION_ORDER || result->related[relation] > 0);
	/* No buffer has shown nothing. */
	result->buffers = 0;
	assert_false(exhaust_is_clean(result));
	exhaust_result_free(result);
	exhaust_space_free(space);
}

/* The planted fault is found, with the buffer that a search of our own finds. */
static void test_planted(void **state)
{
	struct exhaust_space *const space = space_of(INFO_REGION, 2);
	uint8_t info[EXHAUST_LEN_MAX];
	uint64_t count = 0, index = 0;
	struct exhaust_result *result;
	size_t smallest = SIZE_MAX;
	char error[2048];

	(void)state;
	for (uint64_t i = 0; i < exhaust_space_count(space); i++) {
		const size_t len = exhaust_buffer(space, i, info);

		spec_read(info, len, INFO_REGION, reference);
		if (reference->rule != RULE_LOOP || reference->ncaps < 2)
			continue;
		count++;
		if (len < smallest) {
			smallest = len;
			index = i;
		}
	}
	assert_true(count > 0);
	assert_int_equal(run(&wrong, 2, 2, &result, error), 0);
	assert_false(exhaust_is_clean(result));
	assert_true(result->nbuckets > 0);
	for (size_t i = 0; i < result->nbuckets; i++) {
		assert_string_equal(result->buckets[i].name, "wrong:ok:accepts-malformed:loop");
		assert_false(result->buckets[i].excused);
		assert_int_equal(result->buckets[i].group.buffers, count);
		assert_int_equal(result->buckets[i].group.len, smallest);
		assert_int_equal(result->buckets[i].group.index, index);
	}
	assert_int_equal(result->nbuckets, 1);
	assert_int_equal(result->parsers[1].disagreements[ACCEPTS_MALFORMED], count);
	/* What the ledger excuses is shown, and is no failure. */
	result->buckets[0].excused = true;
	assert_true(exhaust_is_clean(result));
	exhaust_result_free(result);
	exhaust_space_free(space);
}

/* A broken relation is a broken promise here too. */
static void test_unstable(void **state)
{
	struct exhaust_result *result;
	bool found = false;
	char error[2048];

	(void)state;
	assert_int_equal(run(&shy, 1, 1, &result, error), 0);
	for (size_t i = 0; i < result->nbuckets; i++)
		found |= strncmp(result->buckets[i].name, "shy:", 4) == 0 &&
			 strstr(result->buckets[i].name, ":unstable:");
	assert_true(found);
	assert_true(result->parsers[1].unstable > 0);
	assert_int_equal(result->parsers[0].unstable, 0);
	exhaust_result_free(result);
}

/* Runs @second beside a right reader, and says whether passing buffers over found what all of them show. */
static bool is_found_alike(const struct info_parser *second, enum info_kind kind,
			   uint64_t *ret_judged)
{
	const struct info_parser *const parsers[] = {&open_, second};
	struct exhaust_options options = {.parsers = parsers,
					  .count = 2,
					  .kind = kind,
					  .caps = 2,
					  .jobs = 2,
					  .relate = RELATE_NEVER};
	struct exhaust_result *some, *all;
	char error[2048];
	bool same;

	assert_int_equal(exhaust_run(&options, &some, error, sizeof(error)), 0);
	options.whole = true;
	assert_int_equal(exhaust_run(&options, &all, error, sizeof(error)), 0);
	assert_int_equal(all->judged, all->buffers);
	*ret_judged = some->judged;
	assert_true(some->judged <= some->buffers);
	assert_int_equal(some->buffers, all->buffers);
	same = memcmp(some->classes, all->classes, sizeof(all->classes)) == 0 &&
	       memcmp(some->parsers, all->parsers, sizeof(all->parsers)) == 0 &&
	       some->nsets == all->nsets &&
	       memcmp(some->sets, all->sets, all->nsets * sizeof(*all->sets)) == 0 &&
	       some->nbuckets == all->nbuckets;
	for (size_t i = 0; same && i < all->nbuckets; i++)
		same = strcmp(some->buckets[i].name, all->buckets[i].name) == 0 &&
		       memcmp(&some->buckets[i].group, &all->buckets[i].group,
			      sizeof(all->buckets[i].group)) == 0;
	exhaust_result_free(some);
	exhaust_result_free(all);
	return same;
}

/*
 * One that reads a byte more has all buffers judged that it can tell apart, and no more; one that reads it in
 * secret is what the comparison is for.
 */
static void test_passed_over(void **state)
{
	(void)state;
	for (enum info_kind kind = 0; kind < INFO_IOCTL_KINDS; kind++) {
		uint64_t judged, more, each;

		assert_true(is_found_alike(&open_, kind, &judged));
		assert_true(is_found_alike(&curious, kind, &more));
		assert_false(is_found_alike(&sly, kind, &judged));
		assert_true(judged < more);
		/* Nobody tells what this one reads. */
		assert_true(is_found_alike(&right, kind, &each));
		assert_true(more < each);
	}
}

static void test_jobs(void **state)
{
	struct exhaust_result *one, *other;
	char error[2048];

	(void)state;
	assert_int_equal(run(&wrong, 1, 1, &one, error), 0);
	for (unsigned int jobs = 2; jobs <= 5; jobs++) {
		assert_int_equal(run(&wrong, 1, jobs, &other, error), 0);
		assert_int_equal(other->buffers, one->buffers);
		assert_memory_equal(other->classes, one->classes, sizeof(one->classes));
		assert_memory_equal(other->related, one->related, sizeof(one->related));
		assert_memory_equal(other->parsers, one->parsers, sizeof(one->parsers));
		assert_int_equal(other->nsets, one->nsets);
		assert_memory_equal(other->sets, one->sets, one->nsets * sizeof(*one->sets));
		assert_int_equal(other->nbuckets, one->nbuckets);
		for (size_t i = 0; i < one->nbuckets; i++) {
			assert_string_equal(other->buckets[i].name, one->buckets[i].name);
			assert_memory_equal(&other->buckets[i].group, &one->buckets[i].group,
					    sizeof(one->buckets[i].group));
			assert_int_equal(other->buckets[i].notes, one->buckets[i].notes);
		}
		exhaust_result_free(other);
	}
	exhaust_result_free(one);
}

/* A job that dies takes nothing along: the run has failed, and says at which buffer. */
static void test_dead_job(void **state)
{
	struct exhaust_result *result = NULL;
	char error[2048] = "";

	(void)state;
	assert_int_equal(run(&mortal, 1, 2, &result, error), 1);
	assert_null(result);
	assert_non_null(strstr(error, "a job died (status 9) at this buffer: "));
	/* A region's argsz, flags and index, in this machine's order. */
	assert_true(strlen(strrchr(error, ' ') + 1) >= 64);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_no_buffer_twice), cmocka_unit_test(test_numbers),
		cmocka_unit_test(test_reaches),		cmocka_unit_test(test_clean),
		cmocka_unit_test(test_planted),		cmocka_unit_test(test_unstable),
		cmocka_unit_test(test_passed_over),	cmocka_unit_test(test_jobs),
		cmocka_unit_test(test_dead_job),
	};
	int failed;

	reference = spec_new();
	if (!reference)
		return 1;
	failed = cmocka_run_group_tests_name("exhaust", tests, NULL, NULL);
	spec_free(reference);
	return failed;
}
