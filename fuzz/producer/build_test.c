/* SPDX-License-Identifier: MIT */
/*
 * What producers build is what parsers read. Random lists of capabilities, of each producer's own
 * and of any kind, are told by every producer at every argsz up to past the full reply; the
 * reference has to deliver what was told where it fits, and to ask for what is needed where it does
 * not, and every registered parser goes through the judge: a hardened one agrees with the
 * reference, a trusting one is right on what is plain.
 *
 * When "delivers" fails, the model does not lay a chain out as it says, or the reference is wrong;
 * conform_test knows which. When "breaks" fails, the parser in the line is wrong.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../judge/judge.h"
#include "producer.h"

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

#define LISTS	     150 /* of each sort, for each producer */
#define CAPS_MAX     6
#define PAYLOAD_MAX  128
#define GUARD	     64
#define BUFFER	     1024
#define UNKNOWN_FROM 40

struct list {
	struct producer_state state;
	struct producer_cap caps[CAPS_MAX];
	uint8_t payload[CAPS_MAX][PAYLOAD_MAX];
};

static struct judge *judge;
static size_t read_whole, read_short;
static uint64_t random_state = 0x5eed;

/* xorshift64*: the same numbers in every run. */
static uint32_t random_below(uint32_t limit)
{
	random_state ^= random_state >> 12;
	random_state ^= random_state << 25;
	random_state ^= random_state >> 27;
	return (uint32_t)((random_state * 0x2545f4914f6cdd1du) >> 32) % limit;
}

/* A known capability with 0 to 4 elements, or of an unknown id with any payload. */
static void make_cap(enum info_kind kind, uint16_t id, uint16_t version, uint8_t *payload,
		     struct producer_cap *ret_cap)
{
	const struct layout_cap *const layout = layout_cap(kind, id);
	const uint32_t count = random_below(5);
	const uint16_t known = !layout || version <= layout->newest ? version : layout->newest;
	uint32_t size = random_below(4) ? 4 * random_below(12) : random_below(48);

	for (size_t i = 0; i < PAYLOAD_MAX; i++)
		payload[i] = (uint8_t)random_below(256);
	if (layout && version > 0)
		size = producer_cap_size(layout, known, count) - CAP_HEADER_SIZE;
	if (layout && version > 0 && layout->elements != ELEMENTS_NONE)
		layout_store(payload + CAP_COUNT_AT - CAP_HEADER_SIZE, 4, count);
	*ret_cap = (struct producer_cap){id, version, size, payload};
}

static void make_state(enum info_kind kind, struct list *list)
{
	list->state = (struct producer_state){
		.flags = random_below(8) & ~layout_infos[kind].caps_flag,
		.num_regions = random_below(10),
		.num_irqs = random_below(6),
		.region_size = random_below(UINT32_MAX),
		.region_offset = (uint64_t)random_below(UINT32_MAX) << 12,
		.iova_pgsizes = random_below(UINT32_MAX),
		.stack = 0x5c5c5c5c,
		.caps = list->caps,
	};
}

/* Capabilities that the real one writes, each once at most, in any order. */
static void make_own(const struct producer *producer, struct list *list)
{
	uint64_t left = producer->ids;
	const size_t span = producer->most - producer->least + 1;
	const size_t ncaps = producer->least + random_below((uint32_t)span);

	make_state(producer->kind, list);
	for (size_t i = 0; i < ncaps; i++) {
		const struct layout_cap *layout;
		uint16_t id;

		do
			id = (uint16_t)(1 + random_below(8));
		while (!(left & INFO_ID(id)));
		left &= ~INFO_ID(id);
		layout = layout_cap(producer->kind, id);
		make_cap(producer->kind, id, (uint16_t)(1 + random_below(layout->newest)),
			 list->payload[i], &list->caps[i]);
	}
	list->state.ncaps = ncaps;
}

/* Any capabilities of the kind, also twice, unknown, and of versions that there are not. */
static void make_any(const struct producer *producer, struct list *list)
{
	const size_t least = producer->least > 0;

	make_state(producer->kind, list);
	list->state.ncaps = least + random_below(CAPS_MAX + 1 - (uint32_t)least);
	for (size_t i = 0; i < list->state.ncaps; i++) {
		const uint32_t id =
			random_below(8) ? 1 + random_below(5) : UNKNOWN_FROM + random_below(0xff00);

		make_cap(producer->kind, (uint16_t)id,
			 (uint16_t)(random_below(6) ? 1 + random_below(2) : random_below(4)),
			 list->payload[i], &list->caps[i]);
	}
}

/* What a reading delivers of this capability when it stands at @at. */
static void expected(enum info_kind kind, const struct producer_cap *cap, uint32_t at,
		     struct info_cap *ret_cap)
{
	const struct layout_cap *const layout = layout_cap(kind, cap->id);
	const uint8_t *const start = cap->payload - CAP_HEADER_SIZE;
	uint16_t version;
	const uint8_t *element;
	size_t field = 0;

	*ret_cap = (struct info_cap){.offset = at, .id = cap->id, .version = cap->version};
	if (!layout || cap->version == 0)
		return;
	version = cap->version <= layout->newest ? cap->version : layout->newest;
	ret_cap->decoded = true;
	ret_cap->hash = INFO_HASH_START;
	for (size_t i = 0; i < layout->nfields; i++) {
		const struct layout_field *const known = &layout->fields[i];

		if (known->role == ROLE_COUNT)
			ret_cap->count = (uint32_t)layout_load(start + known->at, 4);
		if (known->role == ROLE_VALUE && known->version <= version)
			ret_cap->field[field] = layout_load(start + known->at, known->width);
		field += known->role == ROLE_VALUE;
	}
	element = start + layout_fixed(layout, version);
	for (uint32_t i = 0; i < ret_cap->count * (layout->elements == ELEMENTS_PAIRS ? 2 : 1);
	     i++) {
		const unsigned int width = layout->elements == ELEMENTS_PAIRS ? 8 : 1;

		ret_cap->hash = info_hash(ret_cap->hash, layout_load(element, width));
		element += width;
	}
}

static bool same_cap(const struct info_cap *a, const struct info_cap *b)
{
	if (a->offset != b->offset || a->id != b->id || a->version != b->version ||
	    a->decoded != b->decoded)
		return false;
	return !a->decoded || (a->count == b->count && (!a->count || a->hash == b->hash) &&
			       memcmp(a->field, b->field, sizeof(a->field)) == 0);
}

/* The reference delivers what was told, in that order, at the places that the era says. */
static bool delivers(const struct producer *producer, const struct producer_state *facts)
{
	const size_t ncaps = producer->most ? facts->ncaps : 0;
	uint32_t at = producer->base;

	if (judge->spec->verdict != (ncaps ? VERDICT_OK : VERDICT_ABSENT) ||
	    judge->spec->ncaps != ncaps)
		return false;
	for (size_t i = 0; i < ncaps; i++) {
		const uint32_t size = CAP_HEADER_SIZE + facts->caps[i].size;
		struct info_cap cap;

		expected(producer->kind, &facts->caps[i], at, &cap);
		if (!same_cap(&cap, &judge->spec->caps[i].cap))
			return false;
		at += (size + producer->align - 1) / producer->align * producer->align;
	}
	return true;
}

static void fill(const struct producer *producer, uint8_t *buffer, size_t size, uint32_t argsz,
		 uint8_t byte)
{
	memset(buffer, byte, size);
	if (argsz >= 4)
		layout_store(buffer, 4, argsz);
	if (producer->kind == INFO_REGION && argsz >= INFO_AT_REGION_index + 4)
		layout_store(buffer + INFO_AT_REGION_index, 4, 9);
}

/* Whether the real one refuses this argsz; see the models. */
static bool refuses(const struct producer *producer, const struct producer_state *facts,
		    uint32_t argsz)
{
	if (strcmp(producer->name, "mbochs-4.18") == 0 &&
	    argsz > (facts->ncaps ? producer_need(producer, facts) : 48))
		return true;
	return argsz < producer->minsz;
}

/*
 * Answers over the caller's fill @byte, in memory that ends at argsz for AddressSanitizer and in
 * front of a guard for all others: nothing is written past argsz.
 */
static void answer_over(const struct producer *producer, const struct producer_state *facts,
			uint32_t argsz, uint8_t byte, uint8_t ret_buffer[BUFFER])
{
	uint8_t *const tight = malloc(argsz);
	const int status = refuses(producer, facts, argsz) ? -EINVAL : 0;

	/* gcc 14 does not know that an assertion does not return. */
	if (argsz > BUFFER - GUARD || (argsz && !tight)) {
		fail();
		return;
	}
	fill(producer, ret_buffer, argsz + GUARD, argsz, byte);
	assert_int_equal(producer_answer(producer, facts, ret_buffer, argsz), status);
	for (size_t at = argsz; at < argsz + GUARD; at++)
		assert_int_equal(ret_buffer[at], byte);
	fill(producer, tight, argsz, argsz, byte);
	assert_int_equal(producer_answer(producer, facts, tight, argsz), status);
	assert_memory_equal(tight, ret_buffer, argsz);
	free(tight);
}

/* Every parser on @len bytes of a reply. */
static void judge_all(const struct producer *producer, const uint8_t *buffer, uint32_t len)
{
	const struct judged *broken;
	char bucket[BUCKET_MAX];

	judge_read(judge, buffer, len, producer->kind);
	broken = judge_broken(judge);
	if (!broken)
		return;
	judged_bucket(broken, bucket);
	fail_msg("%s: a reply of %u bytes breaks %s", producer->name, len, bucket);
}

/*
 * Whether the reference says of a reply that does not fit what it has to. mbochs cuts off its last
 * capability anywhere, and of an unknown id only the header is needed.
 */
static bool asks_again(const struct producer *producer, const struct producer_state *facts)
{
	if (judge->spec->verdict == VERDICT_TRUNCATED)
		return judge->spec->need == producer_need(producer, facts);
	return strcmp(producer->name, "mbochs-4.18") == 0 && delivers(producer, facts);
}

static void judge_reply(const struct producer *producer, const struct producer_state *facts,
			const uint8_t *buffer, uint32_t argsz)
{
	const uint32_t need = producer_need(producer, facts);
	const uint32_t sent = producer_sent(producer, facts, argsz);
	const bool whole = argsz >= need || !producer->most || !facts->ncaps;

	/*
	 * What a client that ignores the message's length would read, the caller's own bytes too.
	 */
	if (sent < argsz)
		judge_all(producer, buffer, argsz);
	judge_all(producer, buffer, sent);
	if (whole ? !delivers(producer, facts) : !asks_again(producer, facts))
		fail_msg("%s at argsz %u of %u: the reference says %s", producer->name, argsz, need,
			 verdict_name(judge->spec->verdict));
	*(whole ? &read_whole : &read_short) += 1;
}

/*
 * What is written does not depend on the caller's fill; of a peer it is what was sent, but for the
 * index, which stands there before.
 */
static void assert_writes(const struct producer *producer, const struct producer_state *facts,
			  uint32_t argsz, const uint8_t *dirty, const uint8_t *clean)
{
	const bool answers = !refuses(producer, facts, argsz);
	const uint32_t sent = producer_sent(producer, facts, argsz);

	for (uint32_t at = 0; at < argsz; at++) {
		const bool callers =
			at < 4 || (at >= INFO_AT_REGION_index && at < INFO_AT_REGION_index + 4);
		const bool written = dirty[at] == clean[at];

		assert_true(written || (dirty[at] == 0xa5 && !clean[at]));
		if (producer->source == INFO_FROM_PEER && !callers)
			assert_true(written == (answers && at < sent));
	}
}

static void tell(const struct producer *producer, const struct list *list)
{
	const uint32_t minsz = layout_infos[producer->kind].minsz;
	const uint32_t need = producer_need(producer, &list->state);
	uint8_t dirty[BUFFER], clean[BUFFER];

	for (uint32_t argsz = 0; argsz <= need + 24; argsz++) {
		answer_over(producer, &list->state, argsz, 0xa5, dirty);
		answer_over(producer, &list->state, argsz, 0, clean);
		assert_writes(producer, &list->state, argsz, dirty, clean);
		/* Below minsz there is nothing to read, whether it is refused or not. */
		if (argsz < minsz || refuses(producer, &list->state, argsz))
			continue;
		judge_reply(producer, &list->state, dirty, argsz);
		judge_reply(producer, &list->state, clean, argsz);
	}
}

static void each_producer(void (*make)(const struct producer *, struct list *))
{
	for (size_t i = 0; i < producer_count; i++) {
		read_whole = read_short = 0;
		for (size_t n = 0; n < LISTS; n++) {
			struct list list;

			make(&producers[i], &list);
			tell(&producers[i], &list);
		}
		assert_true(read_whole > LISTS && !read_short == !producers[i].most);
		print_message("%s: %zu whole replies, %zu short ones\n", producers[i].name,
			      read_whole, read_short);
	}
}

static void test_own_lists(void **state)
{
	(void)state;
	each_producer(make_own);
}

static void test_any_lists(void **state)
{
	(void)state;
	each_producer(make_any);
}

/*
 * A model that writes one bit of a header wrong is not taken for one that delivers what was told.
 */
static void test_wrong_headers(void **state)
{
	size_t planted = 0;

	(void)state;
	for (size_t i = 0; i < producer_count; i++) {
		struct list list;
		uint8_t buffer[BUFFER];
		uint32_t need, at = producers[i].base;

		if (!producers[i].most)
			continue;
		do
			make_own(&producers[i], &list);
		while (!list.state.ncaps);
		need = producer_need(&producers[i], &list.state);
		fill(&producers[i], buffer, need, need, 0xa5);
		assert_int_equal(producer_answer(&producers[i], &list.state, buffer, need), 0);
		for (; at < need; at = (uint32_t)layout_load(buffer + at + CAP_HEADER_next, 4)) {
			for (uint32_t bit = 0; bit < 8 * CAP_HEADER_SIZE; bit++, planted++) {
				buffer[at + bit / 8] ^= (uint8_t)(1 << bit % 8);
				judge_read(judge, buffer, need, producers[i].kind);
				assert_false(delivers(&producers[i], &list.state));
				buffer[at + bit / 8] ^= (uint8_t)(1 << bit % 8);
			}
			if (layout_load(buffer + at + CAP_HEADER_next, 4) == 0)
				break;
		}
	}
	assert_true(planted >= 10 * 8 * CAP_HEADER_SIZE);
}

static int set_up(void **state)
{
	char error[512];

	(void)state;
	judge = judge_new(info_parsers, info_parser_count, error, sizeof(error));
	if (!judge)
		print_error("%s\n", error);
	else
		sandbox_take_signals();
	return !judge;
}

static int tear_down(void **state)
{
	(void)state;
	judge_free(judge);
	return 0;
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_own_lists),
		cmocka_unit_test(test_any_lists),
		cmocka_unit_test(test_wrong_headers),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
