/* SPDX-License-Identifier: MIT */
/*
 * Tests of the parser `bpf`: it says what `bounded` says, of every buffer of the corpus and of the
 * space of small chains, alone and read ahead; and the verifier refuses the program as soon as what
 * its proof rests on is gone. Its words are printed.
 *
 * Usage: bpf_test [CORPUS], else $CORPUS, else ./corpus. Status 77 where BPF may not be used, the
 * last line the reason; a program that the verifier refuses is a failure. When buffers differ, one
 * of the two includes of bounded.h is stale, or a load of walk.bpf.c is not the one that was asked
 * for.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include <bpf/libbpf.h>

#include "../../parsers/bpf/bpf_kernel.h"

#include <walk_without_clamp.skel.h>
#include <walk_without_end.skel.h>

#include "../../parsers/layout.h"
#include "bounded_corpus.h"
#include "../exhaust/exhaust.h"
#include "../judge/judge.h"

#define SKIPPED	 77
#define LOG_SIZE (1u << 20)

extern const struct info_parser bounded_parser, bpf_parser;

static struct judge *judge;
static uint64_t compared;

static void assert_same_cap(const struct info_cap *a, const struct info_cap *b)
{
	assert_int_equal(a->offset, b->offset);
	assert_int_equal(a->id, b->id);
	assert_int_equal(a->version, b->version);
	assert_int_equal(a->decoded, b->decoded);
	if (!a->decoded)
		return;
	assert_int_equal(a->count, b->count);
	assert_int_equal(a->hash, b->hash);
	assert_memory_equal(a->field, b->field, sizeof(a->field));
}

/* What the two said of the buffer just judged. */
static void assert_same(void)
{
	const struct walk_result *const a = &judge->judged[0].walk, *const b =
									    &judge->judged[1].walk;

	assert_int_equal(a->verdict, b->verdict);
	assert_int_equal(a->need, b->need);
	if (a->reason || b->reason)
		assert_string_equal(a->reason, b->reason);
	assert_int_equal(a->ncaps, b->ncaps);
	for (size_t i = 0; i < a->ncaps; i++)
		assert_same_cap(&a->caps[i], &b->caps[i]);
	assert_int_equal(judge->judged[1].disagreement, AGREES);
	compared++;
}

static void see(const uint8_t *info, size_t len, enum info_kind kind)
{
	judge_read(judge, info, len, kind);
	assert_same();
}

static void test_corpus(void **state)
{
	(void)state;
	compared = 0;
	judge->relate = RELATE_ALL;
	each_corpus(see);
	judge->relate = RELATE_NEVER;
	print_message("corpus: %llu readings, differences 0\n", (unsigned long long)compared);
	assert_true(compared);
}

/* Every length there is, of a chain as dense as can be: the longest readings. */
static void test_long(void **state)
{
	static uint8_t info[INFO_LEN_MAX];

	(void)state;
	for (uint32_t next = 32; next + 16 <= sizeof(info); next += 8)
		layout_store(info + next + 4, 4, next + 8);
	layout_store(info, 4, sizeof(info));
	layout_store(info + 4, 4, FLAG_REGION_CAPS);
	layout_store(info + 12, 4, 32);
	compared = 0;
	for (uint32_t len = sizeof(info); len; len = len > 64 ? len / 2 + 3 : len - 1)
		see(info, len, INFO_REGION);
	/* It comes back to its first capability after 8188 others. */
	layout_store(info + sizeof(info) - 8 + 4, 4, 32);
	see(info, sizeof(info), INFO_REGION);
	assert_int_equal(judge->judged[1].walk.verdict, VERDICT_REJECT);
}

static void exhaust_kind(enum info_kind kind)
{
	static uint8_t bytes[BPF_SLOTS][EXHAUST_LEN_MAX];
	static const uint8_t *infos[BPF_SLOTS];
	static uint32_t lens[BPF_SLOTS];
	struct exhaust_space *const space = exhaust_space_new(kind, 2);
	const uint64_t total = exhaust_space_count(space);

	for (uint64_t first = 0; first < total; first += BPF_SLOTS) {
		const size_t many = total - first < BPF_SLOTS ? (size_t)(total - first) : BPF_SLOTS;

		for (size_t i = 0; i < many; i++) {
			infos[i] = bytes[i];
			lens[i] = (uint32_t)exhaust_buffer(space, first + i, bytes[i]);
		}
		judge_ahead(judge, kind, many, infos, lens);
		for (size_t i = 0; i < many; i++)
			see(bytes[i], lens[i], kind);
		/* And not in the order that was announced. */
		judge_ahead(judge, kind, many, infos, lens);
		see(bytes[many - 1], lens[many - 1], kind);
		see(bytes[0], lens[0], kind);
	}
	exhaust_space_free(space);
}

static void test_small_chains(void **state)
{
	(void)state;
	compared = 0;
	for (uint32_t kind = 0; kind < INFO_IOCTL_KINDS; kind++)
		exhaust_kind((enum info_kind)kind);
	print_message("up to 2 capabilities: %llu readings, differences 0\n",
		      (unsigned long long)compared);
	assert_true(compared > 1000000);
}

/* A slot that is too short for its reply, or whose bytes are not those that come. */
static void test_ahead_of_others(void **state)
{
	static uint8_t one[64], other[BPF_SLOT + 8];
	const uint8_t *const infos[] = {one, other, one};
	const uint32_t lens[] = {sizeof(one), sizeof(other), sizeof(one)};

	(void)state;
	layout_store(one, 4, sizeof(one));
	layout_store(other, 4, sizeof(other));
	judge_ahead(judge, INFO_REGION, 3, infos, lens);
	see(one, sizeof(one), INFO_REGION);
	see(other, sizeof(other), INFO_REGION);
	see(one, sizeof(one), INFO_REGION);
	judge_ahead(judge, INFO_REGION, 3, infos, lens);
	layout_store(one + 4, 4, FLAG_REGION_CAPS);
	layout_store(one + 12, 4, 8);
	see(one, sizeof(one), INFO_REGION);
	assert_string_equal(judge->judged[1].walk.reason, "into-header");
}

static void assert_refused(const char *what, int error, char *log, const char *words)
{
	char *const stats = strstr(log, "\nprocessed ");
	size_t len;

	assert_true(error == -EACCES || error == -EINVAL);
	assert_non_null(strstr(log, words));
	if (stats)
		*stats = '\0';
	len = strlen(log);
	print_message("%s it is refused (%s), in the verifier's words:\n", what, strerror(-error));
	for (char *line = strtok(len > 400 ? strchr(log + len - 400, '\n') : log, "\n"); line;
	     line = strtok(NULL, "\n"))
		print_message("    %s\n", line);
}

/* One test a variant: its load has to be refused, with @words in the log. */
#define TEST_REFUSED(name, what, words)                                                            \
	static void test_##name(void **state)                                                      \
	{                                                                                          \
		static char log[LOG_SIZE];                                                         \
		LIBBPF_OPTS(bpf_object_open_opts, options, .kernel_log_buf = log,                  \
			    .kernel_log_size = sizeof(log), .kernel_log_level = 1);                \
		struct name##_bpf *const program = name##_bpf__open_opts(&options);                \
		int error;                                                                         \
                                                                                                   \
		(void)state;                                                                       \
		assert_non_null(program);                                                          \
		error = name##_bpf__load(program);                                                 \
		assert_refused(what, error, log, words);                                           \
		name##_bpf__destroy(program);                                                      \
	}
TEST_REFUSED(walk_without_clamp, "without the clamp", "unbounded memory access")
TEST_REFUSED(walk_without_end, "with a loop that has no bound", "infinite loop detected")

int main(int argc, char **argv)
{
	static const struct info_parser *const both[] = {&bounded_parser, &bpf_parser};
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_corpus),
		cmocka_unit_test(test_long),
		cmocka_unit_test(test_small_chains),
		cmocka_unit_test(test_ahead_of_others),
		cmocka_unit_test(test_walk_without_clamp),
		cmocka_unit_test(test_walk_without_end),
	};
	char error[512];

	corpus_from(argc, argv);
	judge = judge_new(both, 2, error, sizeof(error));
	if (!judge) {
		fprintf(stderr, "%s\n", error);
		return EXIT_ARENA;
	}
	sandbox_take_signals();
	if (judge->judged[1].closed) {
		printf("bpf: %s\n", judge->judged[1].closed);
		return bpf_kernel_at_fault() ? 1 : SKIPPED;
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
