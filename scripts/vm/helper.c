/* SPDX-License-Identifier: MIT */
/*
 * Holds the parser `kernel` to the kernel: Linux' own chain helpers, built by helper.py from
 * Debian's source, walk each buffer of the corpus and of the space of small chains in the same
 * sandbox, and verdict and capabilities have to be the same.
 *
 * Usage: helper CORPUS. Exit status 0, or as many as there were tests that failed. When it fails,
 * parsers/kernel.c walks otherwise than the kernel named in the line before, on the buffer in that
 * line.
 *
 * vfio_info_cap_add() and vfio_info_cap_shift() both go along a chain from the start of a buffer to
 * the header whose `next` is 0. So that they go along that of a reply, its first 8 bytes become a
 * header whose `next` is cap_offset, until that is taken; and where they load a `next` is where
 * they are: helper.py has their hook for a load of 4 bytes call saw_next() first.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "../../fuzz/parsers/bounded_corpus.h"
#include "../../fuzz/exhaust/exhaust.h"
#include "../../fuzz/judge/judge.h"
#include "../../parsers/overlay.h"

extern const struct info_parser kernel_parser;

/* The kernel's. */
struct vfio_info_cap {
	void *buf;
	size_t size;
};
void *vfio_info_cap_add(struct vfio_info_cap *caps, size_t size, uint16_t id, uint16_t version);
void vfio_info_cap_shift(struct vfio_info_cap *caps, size_t offset);

/* Hooks: the sandbox's, and the one in its place. */
void __sanitizer_cov_load4(const void *address);
void saw_next(const void *address);

/* The walk that goes on. */
static struct {
	struct walk *walk;
	uint8_t *copy;
	enum info_kind kind;
	uint32_t flags; /* of the reply, while cap_offset stands in their place */
	size_t headers;
} going;

static void put_word(uint8_t *copy, uint32_t at, uint32_t value)
{
	memcpy(copy + at, &value, sizeof(value));
}

/* A load that counts as one of kernel.c's does: this file has no hooks. */
static uint32_t load_word(const uint8_t *copy, uint32_t at)
{
	__sanitizer_cov_load4(copy + at);
	return overlay_word(copy, at);
}

void saw_next(const void *address)
{
	struct info_cap cap;

	/* The first header is none of the reply's, and costs it no load. */
	if (!going.headers++)
		return;
	if (going.headers == 2)
		put_word(going.copy, INFO_AT_DEVICE_flags, going.flags);
	overlay_cap(going.copy,
		    (uint32_t)((const uint8_t *)address - going.copy) -
			    (uint32_t)offsetof(struct overlay_header, next),
		    going.kind, &cap);
	walk_deliver(going.walk, &cap);
	__sanitizer_cov_load4(address);
}

/*
 * A copy of the reply, as copy_from_user() gives it, and where its chain begins; 0 for an answer.
 */
static uint32_t copy_reply(struct walk *walk, uint32_t len, enum info_kind kind,
			   struct info_answer *ret_answer)
{
	const struct layout_info *const layout = &layout_infos[kind];
	uint8_t *const copy = walk_alloc(walk, len < layout->minsz ? layout->minsz : len);
	uint32_t argsz, bound, offset = 0;

	*ret_answer = answer_reject("efault");
	if (!copy || walk_copy_in(walk, copy, 0, layout->minsz))
		return 0;
	argsz = load_word(copy, INFO_AT_DEVICE_argsz);
	*ret_answer = answer_reject("einval");
	if (argsz < layout->minsz)
		return 0;
	bound = argsz < len ? argsz : len;
	if (walk_copy_in(walk, copy + layout->minsz, layout->minsz, bound - layout->minsz))
		return 0;
	*ret_answer = argsz > len ? answer_truncated(argsz) : answer(VERDICT_ABSENT);
	going.walk = walk;
	going.copy = copy;
	going.kind = kind;
	going.headers = 0;
	going.flags = load_word(copy, INFO_AT_DEVICE_flags);
	if (going.flags & layout->caps_flag && bound >= layout->first.at + 4)
		offset = load_word(copy, layout->first.at);
	put_word(copy, INFO_AT_DEVICE_flags, offset);
	return offset;
}

static struct info_answer add_read(struct walk *walk, const void *info, uint32_t len,
				   enum info_kind kind)
{
	/* Below the copy, where no offset of 32 bits leads. */
	uint8_t *const made = walk_alloc(walk, sizeof(struct overlay_header));
	struct vfio_info_cap caps;
	struct info_answer done;

	(void)info;
	if (!copy_reply(walk, len, kind, &done))
		return done;
	caps = (struct vfio_info_cap){going.copy, (size_t)(made - going.copy)};
	vfio_info_cap_add(&caps, sizeof(struct overlay_header), 1, 1);
	return answer(VERDICT_OK);
}

/* Shifted by nothing, each `next` stays. */
static struct info_answer shift_read(struct walk *walk, const void *info, uint32_t len,
				     enum info_kind kind)
{
	struct vfio_info_cap caps;
	struct info_answer done;

	(void)info;
	if (!copy_reply(walk, len, kind, &done))
		return done;
	caps = (struct vfio_info_cap){going.copy, len};
	vfio_info_cap_shift(&caps, 0);
	return answer(VERDICT_OK);
}

static struct info_parser add_parser, shift_parser;
static struct judge *judge;
static uint64_t compared, walked, oob, runaway;

static bool is_same_cap(const struct info_cap *a, const struct info_cap *b)
{
	return a->offset == b->offset && a->id == b->id && a->version == b->version &&
	       a->decoded == b->decoded &&
	       (!a->decoded || (a->count == b->count && a->hash == b->hash &&
				!memcmp(a->field, b->field, sizeof(a->field))));
}

static bool is_same(const struct walk_result *a, const struct walk_result *b)
{
	bool same = a->verdict == b->verdict && a->need == b->need && a->ncaps == b->ncaps &&
		    !a->reason == !b->reason && (!a->reason || !strcmp(a->reason, b->reason)) &&
		    (a->verdict != VERDICT_OOB || a->offset == b->offset);

	for (size_t i = 0; same && i < a->ncaps; i++)
		same = is_same_cap(&a->caps[i], &b->caps[i]);
	return same;
}

static void differs(const struct judged *kernel)
{
	print_error("kernel.c: %s, %zu capabilities; %s: %s, %zu; of this %s of %zu bytes: ",
		    verdict_name(judge->judged[0].walk.verdict), judge->judged[0].walk.ncaps,
		    kernel->parser->name, verdict_name(kernel->walk.verdict), kernel->walk.ncaps,
		    info_kind_name(judge->kind), judge->len);
	for (size_t i = 0; i < judge->len; i++)
		print_error("%02x", judge->info[i]);
	print_error("\n");
	fail_msg("kernel.c differs from the kernel");
}

static void see(const uint8_t *info, size_t len, enum info_kind kind)
{
	const struct walk_result *const ours = &judge->judged[0].walk;

	judge_read(judge, info, len, kind);
	compared++;
	walked += ours->ncaps > 0;
	oob += ours->verdict == VERDICT_OOB;
	runaway += ours->verdict == VERDICT_RUNAWAY;
	for (size_t i = 1; i < judge->count; i++)
		if (!is_same(ours, &judge->judged[i].walk))
			differs(&judge->judged[i]);
}

static void say(const char *what)
{
	print_message("%s: %llu buffers, %llu of them with capabilities, %llu out of bounds, "
		      "%llu without end; differences 0\n",
		      what, (unsigned long long)compared, (unsigned long long)walked,
		      (unsigned long long)oob, (unsigned long long)runaway);
	/* A hook that was never called would make everything the same. */
	assert_true(walked && oob && runaway);
	compared = walked = oob = runaway = 0;
}

static void test_corpus(void **state)
{
	(void)state;
	each_corpus(see);
	say("corpus");
}

static void test_small_chains(void **state)
{
	static uint8_t info[EXHAUST_LEN_MAX];

	(void)state;
	for (uint32_t kind = 0; kind < INFO_KINDS; kind++) {
		struct exhaust_space *const space = exhaust_space_new((enum info_kind)kind, 2);

		assert_non_null(space);
		for (uint64_t i = 0; i < exhaust_space_count(space); i++)
			see(info, exhaust_buffer(space, i, info), (enum info_kind)kind);
		exhaust_space_free(space);
	}
	say("up to 2 capabilities");
}

int main(int argc, char **argv)
{
	static const struct info_parser *const all[] = {&kernel_parser, &add_parser, &shift_parser};
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_corpus),
		cmocka_unit_test(test_small_chains),
	};
	char error[512];

	corpus_from(argc, argv);
	add_parser = shift_parser = kernel_parser;
	add_parser.name = "vfio_info_cap_add";
	add_parser.read = add_read;
	shift_parser.name = "vfio_info_cap_shift";
	shift_parser.read = shift_read;
	judge = judge_new(all, sizeof(all) / sizeof(all[0]), error, sizeof(error));
	if (!judge) {
		fprintf(stderr, "%s\n", error);
		return EXIT_ARENA;
	}
	sandbox_take_signals();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
