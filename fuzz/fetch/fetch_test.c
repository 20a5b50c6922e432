/* SPDX-License-Identifier: MIT */
/*
 * Conversations, judged. Every rule has a loop that breaks it and is blamed for it; every planted
 * loop shows its bug; the reference loop faults in no cell of the table, and on no input of a long
 * run of random ones; on plain conversations with every real producer each loop is right, or
 * excused.
 *
 * When a rule is not seen, look at host.c for those of asking and at fetch_judge.c for those of the
 * answer.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "fetch_judge.h"
#include "../planted/fetch_loops/fetch_bugs.h"
#include "faulty/faulty_fetch_loops.h"
#include "table.h"
#include "../text/text_fetch.h"

static uint64_t random_state = 0x5eed;

static uint32_t random_below(uint32_t limit)
{
	random_state ^= random_state >> 12;
	random_state ^= random_state << 25;
	random_state ^= random_state >> 27;
	return (uint32_t)((random_state * 0x2545f4914f6cdd1du) >> 32) % limit;
}

static struct judge *open_judge(const struct fetch_loop *const *loops, size_t count)
{
	char error[512] = "";
	struct judge *const judge = fetch_judge_new(loops, count, error, sizeof(error));

	if (!judge)
		fail_msg("%s", error);
	return judge;
}

static const struct judged *judged_of(const struct judge *judge, const char *name)
{
	for (size_t i = 0; i < judge->count; i++)
		if (strcmp(judge->judged[i].parser->name, name) == 0)
			return &judge->judged[i];
	fail_msg("no loop %s", name);
	return NULL;
}

static size_t column_of(const char *name)
{
	for (size_t column = 0; column < TABLE_SCRIPTS; column++)
		if (strcmp(fetch_table_name(column), name) == 0)
			return column;
	fail_msg("no script %s", name);
	return 0;
}

static const struct fetch_loop *reference_loop(void)
{
	for (size_t i = 0; i < fetch_loop_count; i++)
		if (strcmp(fetch_loops[i]->name, "fetch") == 0)
			return fetch_loops[i];
	fail_msg("no reference loop");
	return NULL;
}

/* A producer's input: random capabilities of its own, or any. */
static size_t make_producer(const struct producer *producer, uint8_t *bytes, size_t ncaps, bool own)
{
	size_t used = 9;

	bytes[0] = SCRIPT_PRODUCED;
	script_put(bytes + 1, 2, random_below(64));
	script_put(bytes + 3, 2, script_key(producer));
	script_put(bytes + 5, 4, random_below(2) ? 7 : 0);
	for (size_t i = 0; i < ncaps; i++) {
		uint16_t id = (uint16_t)random_below(6);
		const struct layout_cap *layout;
		uint32_t size;

		while (own && !info_has_id(producer->ids, id))
			id = (uint16_t)random_below(6);
		layout = layout_cap(producer->kind, id);
		size = layout ? producer_cap_size(layout, 1, random_below(3)) - CAP_HEADER_SIZE
			      : random_below(24);
		script_put(bytes + used, 2, id);
		script_put(bytes + used + 2, 2, 1);
		script_put(bytes + used + 4, 2, size);
		memset(bytes + used + 6, 0, size);
		if (layout && layout->elements && size >= 4)
			layout_store(bytes + used + 6, 4,
				     (size + CAP_HEADER_SIZE - layout_fixed(layout, 1)) /
					     layout->elements);
		used += 6 + size;
	}
	return used;
}

static size_t faulty_script(const struct fetch_faulty *faulty, uint8_t bytes[TABLE_BYTES])
{
	if (faulty->script)
		return fetch_table_script(column_of(faulty->script), INFO_REGION, bytes);
	for (size_t i = 0; i < producer_count; i++)
		if (strcmp(producers[i].name, "vfio-pci-region-6.6") == 0)
			return make_producer(&producers[i], bytes, 1, true);
	fail_msg("no such producer");
	return 0;
}

/* Each rule is seen, and by its name. */
static void test_rules(void **state)
{
	bool seen[FETCH_RULES] = {[FETCH_NONE] = true};
	uint8_t bytes[TABLE_BYTES];

	(void)state;
	for (size_t i = 0; i < fetch_faulty_count; i++) {
		const struct fetch_faulty *const faulty = &fetch_faulty[i];
		const struct fetch_loop *const loops[] = {&faulty->loop, reference_loop()};
		struct judge *const judge = open_judge(loops, 2);

		fetch_judge_read(judge, bytes, faulty_script(faulty, bytes));
		if (!judge->judged[0].conversation ||
		    strcmp(judge->judged[0].conversation, fetch_rules[faulty->rule].name) != 0)
			fail_msg("%s on %s: %s, not %s", faulty->loop.name,
				 faulty->script ? faulty->script : "a plain one",
				 judge->judged[0].conversation ? judge->judged[0].conversation
							       : "no rule",
				 fetch_rules[faulty->rule].name);
		assert_int_equal(judge->judged[0].disagreement, FAULT);
		assert_string_equal(judged_class(&judge->judged[0]), "conversation");
		assert_null(judge->judged[1].conversation);
		seen[faulty->rule] = true;
		judge_free(judge);
	}
	for (unsigned int rule = 0; rule < FETCH_RULES; rule++)
		if (!seen[rule])
			fail_msg("no loop breaks %s", fetch_rules[rule].name);
}

/* Which conversation shows each planted bug, and as what. */
static void test_planted(void **state)
{
	static const struct {
		const char *loop, *script, *rule;
	} rows[] = {
		{"planted-any-less", "large then 4", "overrun"},
		{"planted-any-size", "0xffffffff", "absurd-alloc"},
		{"planted-endless", "always +8", "unbounded"},
		{"planted-keeps-flags", "flags change", "earlier-reply"},
		{"planted-reuse", "caps vanish", "unwritten"},
	};
	/* The first reply wants 8 more, the second is none. */
	static const uint8_t refusing[] = {1, 32, 0, REPLY_RELATIVE, 8, 0, 0, REPLY_FAILS, 0, 0, 0};
	uint8_t bytes[TABLE_BYTES];
	size_t found = 0;

	(void)state;
	assert_int_equal(fetch_planted_count, 6);
	for (size_t i = 0; i < fetch_planted_count; i++) {
		const struct fetch_loop *const loops[] = {fetch_planted_loops[i], reference_loop()};
		struct judge *const judge = open_judge(loops, 2);

		for (size_t r = 0; r < sizeof(rows) / sizeof(rows[0]); r++) {
			if (strcmp(rows[r].loop, loops[0]->name) != 0)
				continue;
			fetch_judge_read(
				judge, bytes,
				fetch_table_script(column_of(rows[r].script), INFO_REGION, bytes));
			assert_non_null(judge->judged[0].conversation);
			assert_string_equal(judge->judged[0].conversation, rows[r].rule);
			assert_ptr_equal(judge_broken(judge), &judge->judged[0]);
			found++;
		}
		fetch_judge_read(judge, refusing, sizeof(refusing));
		if (strcmp(loops[0]->name, "planted-forgets") == 0) {
			assert_string_equal(judge->judged[0].conversation, "leak");
			found++;
		} else {
			assert_null(judge->judged[0].conversation);
		}
		judge_free(judge);
	}
	assert_int_equal(found, 6);
}

/* No cell of the reference loop is a fault, and none delivers what the last reply did not say. */
static void test_table(void **state)
{
	struct judge *const judge = open_judge(fetch_loops, fetch_loop_count);
	const struct judged *const fetch = judged_of(judge, "fetch");
	uint8_t bytes[TABLE_BYTES];
	size_t faults[TABLE_SCRIPTS] = {0};

	(void)state;
	for (size_t column = 0; column < TABLE_SCRIPTS; column++)
		for (enum info_kind kind = 0; kind < INFO_IOCTL_KINDS; kind++) {
			const size_t len = fetch_table_script(column, kind, bytes);

			assert_true(len <= TABLE_BYTES);
			fetch_judge_read(judge, bytes, len);
			assert_int_equal(judge->kind, kind);
			if (judged_differs(fetch) || fetch->walk.verdict > VERDICT_REJECT)
				fail_msg("fetch on %s: %s", fetch_table_name(column),
					 verdict_name(fetch->walk.verdict));
			for (size_t r = 0; r < judge->nreaders; r++) {
				const struct judged *const judged =
					&judge->judged[judge->readers[r]];

				faults[column] += judged->disagreement == FAULT;
				if (judged->parser->source == INFO_FROM_PEER)
					assert_true(judged->walk.verdict <= VERDICT_ABSTAIN);
			}
		}
	/* Only an honest producer, and one that honestly grows, leave every loop whole. */
	assert_int_equal(faults[column_of("constant")], 0);
	assert_int_equal(faults[column_of("grows once more")], 0);
	for (size_t column = 0; column < TABLE_SCRIPTS; column++)
		if (column != column_of("constant") && column != column_of("grows once more"))
			assert_true(faults[column] > 0);
	judge_free(judge);
}

/*
 * Every producer with capabilities of its own: what is plain, every loop that asks it gets right.
 */
static void test_plain(void **state)
{
	struct judge *const judge = open_judge(fetch_loops, fetch_loop_count);
	uint8_t bytes[4096];
	char bucket[BUCKET_MAX];
	size_t plain = 0;

	(void)state;
	for (size_t p = 0; p < producer_count; p++)
		for (size_t round = 0; round < 40; round++) {
			const size_t most = producers[p].most < 3 ? producers[p].most : 3;
			const size_t ncaps = most ? random_below((uint32_t)most + 1) : 0;
			const struct judged *broken;

			fetch_judge_read(judge, bytes,
					 make_producer(&producers[p], bytes, ncaps, true));
			plain += judge->spec->class == CLASS_PLAIN;
			broken = judge_broken(judge);
			if (!broken)
				continue;
			judged_bucket(broken, bucket);
			fail_msg("%s, %zu capabilities: %s", producers[p].name, ncaps, bucket);
		}
	assert_true(plain > producer_count * 10);
	judge_free(judge);
}

static size_t make_random(uint8_t *bytes)
{
	const size_t len = random_below(10) ? random_below(200) : random_below(4);
	uint8_t table[TABLE_BYTES];
	size_t from;

	for (size_t i = 0; i < len; i++)
		bytes[i] = (uint8_t)(random_below(3) ? random_below(256) : random_below(2) * 8);
	if (random_below(3) == 0)
		return len;
	/* A scripted one with some bytes changed. */
	from = fetch_table_script(random_below(TABLE_SCRIPTS), (enum info_kind)random_below(3),
				  table);
	memcpy(bytes, table, from);
	for (size_t i = random_below(6); i > 0; i--)
		bytes[random_below((uint32_t)from)] = (uint8_t)random_below(256);
	return from;
}

/* The same verdicts twice, the reference loop never wrong, and no memory of the input before. */
static void test_random(void **state)
{
	struct judge *const judge = open_judge(fetch_loops, fetch_loop_count);
	uint8_t bytes[TABLE_BYTES];
	char bucket[BUCKET_MAX];

	(void)state;
	for (size_t i = 0; i < 4000; i++) {
		const size_t len = make_random(bytes);
		const struct judged *broken;
		uint64_t signature;

		fetch_judge_read(judge, bytes, len);
		broken = judge_broken(judge);
		if (broken) {
			judged_bucket(broken, bucket);
			fail_msg("input %zu: %s", i, bucket);
		}
		signature = judge_signature(judge);
		fetch_judge_read(judge, bytes, len);
		assert_int_equal(judge_signature(judge), signature);
	}
	judge_free(judge);
}

/* Any bytes become text and the same bytes again. */
static void test_text(void **state)
{
	static uint8_t bytes[TABLE_BYTES], back[INFO_LEN_MAX];

	(void)state;
	for (size_t i = 0; i < 4000; i++) {
		size_t len = make_random(bytes), back_len = 0, size = 0;
		char error[TEXT_ERROR_SIZE] = "", *text = NULL;
		FILE *memory;

		if (i % 4 == 0)
			len = make_producer(&producers[i / 4 % producer_count], bytes,
					    random_below(4), false);
		if (i % 8 == 0)
			bytes[0] = (uint8_t)random_below(256);
		len -= len && random_below(4) == 0 ? random_below((uint32_t)len) : 0;
		memory = open_memstream(&text, &size);
		assert_int_equal(fetch_text_dump(memory, bytes, len, false), 0);
		fclose(memory);
		assert_true(fetch_text_is(text, size));
		if (fetch_text_load("t", text, size, false, back, &back_len, error))
			fail_msg("%s\n%s", error, text);
		assert_int_equal(back_len, len);
		assert_memory_equal(back, bytes, len);
		free(text);
	}
}

static void test_text_refused(void **state)
{
	static const struct {
		const char *text, *line;
	} rows[] = {
		{"kind: fetch\nabout: disk\nfirst: 0\n",
		 "t:2:8: about: want device, region, iommu, not disk"},
		{"kind: fetch\nfirst: 65536\n", "t:2:8: first: 65536 is too big: want 0 to 65535"},
		{"kind: fetch\nfirst: 1\nreplies: 2\n", "t:3:10: replies: want a list, not 2"},
		{"kind: fetch\nfirst: 1\nreplies:\n  - fails: 1\n",
		 "t:4:12: fails: want false, true, not 1"},
		{"kind: fetch\nfirst: 1\ncaps: []\n",
		 "t:1:1: document: want replies, or producer, flags and caps"},
		{"kind: fetch\nfrist: 1\n",
		 "t:2:1: document: unknown key frist: want kind, about, first, cycles, spare, "
		 "replies, producer, flags, caps, rest"},
		{"kind: fetch\nreplies: []\nabout: iommu\n",
		 "t:1:1: document: no key first: want it"},
	};
	static uint8_t bytes[INFO_LEN_MAX];

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char error[TEXT_ERROR_SIZE] = "";
		size_t len;

		assert_true(fetch_text_load("t", rows[i].text, strlen(rows[i].text), false, bytes,
					    &len, error) < 0);
		assert_string_equal(error, rows[i].line);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rules),	     cmocka_unit_test(test_planted),
		cmocka_unit_test(test_table),	     cmocka_unit_test(test_plain),
		cmocka_unit_test(test_random),	     cmocka_unit_test(test_text),
		cmocka_unit_test(test_text_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
