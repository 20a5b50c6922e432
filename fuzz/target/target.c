/* SPDX-License-Identifier: MIT */
/*
 * The fuzz target of one kind: raw INFO bytes in, every parser on them, and a stop only where a
 * promise is broken: a hardened parser that faults or differs from the reference, a safe one or one
 * from outside that faults, or any wrong on a plain buffer that the ledger does not excuse. It stops by abort(), after naming the
 * bucket. What trusting parsers do elsewhere is counted and kept, and stops nothing.
 *
 * One source for libFuzzer, AFL++ and the stand-alone program; TARGET_KIND is the kind.
 * Environment:
 *
 *	CAPCHAIN_FINDINGS	folder for witnesses and counts; without it nothing is written
 *	CAPCHAIN_TRUNCATE	1: also judge the truncations of each buffer (AFL++ does of 1 in 4)
 *	CAPCHAIN_FEEDBACK	for comparison: 0, verdicts are no coverage; sets or answers, only
 *				sets of verdicts or only what each parser answers to a cause
 *	CAPCHAIN_GO_ON		1: a promise that is broken is counted, its witness kept, and the run
 *				goes on; `make fuzz PARSER=` sets it, where another's parser joined
 *	CAPCHAIN_PARSERS	names with commas between: only these parsers
 *	CAPCHAIN_ALLOW		faults: see own/register.c
 *	CAPCHAIN_VERDICTS	file to append one line of verdicts a buffer to
 *
 * A planted target (TARGET_PLANTED) judges one planted bug beside them: planted/bugs.h. That of
 * KIND_FETCH takes scripts (fetch/script.h) and has fetch loops for parsers; it truncates nothing, as
 * a script that is cut is another one.
 */
#include "target.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#ifndef TARGET_FETCH
#define TARGET_FETCH 0
#endif

#include "../../parsers/layout.h"
#include "chosen.h"
#include "feedback.h"
#include "file.h"
#include "findings.h"
#include "../judge/judge.h"
#include "../judge/truncations.h"
#include "../judge/verdicts.h"
#include "../status.h"
#if TARGET_FETCH
#include "../fetch/fetch_judge.h"
#include "../planted/fetch_loops/fetch_bugs.h"
#elif TARGET_PLANTED
#include "../planted/bugs.h"
#endif

#ifndef TARGET_TRUNCATES
#ifdef __AFL_COMPILER
#define TARGET_TRUNCATES 1
#else
#define TARGET_TRUNCATES 0
#endif
#endif

static struct judge *judge;
static FILE *verdicts;
static bool goes_on;
/* Which buffers it truncates; AFL++ builds start with a share. */
static enum { TRUNCATE_NONE, TRUNCATE_SHARE, TRUNCATE_ALL } truncates = TARGET_TRUNCATES;

#if defined(__has_feature)
#define HAS_MSAN __has_feature(memory_sanitizer)
#else
#define HAS_MSAN 0
#endif
/* Stack that set-up has used, in bytes, generously. */
#define DEAD_FRAMES 65536

/* An input is initialised, whatever MemorySanitizer made of the way AFL++'s driver read it. */
#if HAS_MSAN
void __msan_unpoison(const volatile void *at, size_t size);
#else
#define __msan_unpoison(at, size) ((void)(at), (void)(size))
#endif

static _Noreturn void give_up(const char *error, int status)
{
	fprintf(stderr, "capchain: %s\n", error);
	exit(status);
}

/* The line that says what this build can see. */
static void say_oracles(void)
{
	char oracles[ORACLES_SIZE];

	verdicts_oracles(judge, oracles, sizeof(oracles));
	fprintf(stderr, "capchain: kind %s, %zu parsers; oracles: %s\n",
		TARGET_FETCH ? "fetch" : info_kind_name(TARGET_KIND), judge->count, oracles);
}

#if TARGET_FETCH
/* A judge over every loop. */
static struct judge *open_judge(char *error, size_t size)
{
	const struct fetch_loop *const *loops = fetch_loops;
	size_t count = fetch_loop_count;

	if (getenv("CAPCHAIN_PARSERS"))
		give_up("CAPCHAIN_PARSERS is for the other kinds: fetch loops are all run",
			EXIT_UNUSABLE);
#if TARGET_PLANTED
	if (fetch_planted_open(&loops, &count, error, size))
		give_up(error, EXIT_UNUSABLE);
#endif
	return fetch_judge_new(loops, count, error, size);
}
#else
/* A judge over the parsers that are asked for. */
static struct judge *open_judge(char *error, size_t size)
{
	const struct info_parser *const *parsers;
	size_t count = chosen_parsers(getenv("CAPCHAIN_PARSERS"), &parsers, error, size);

	if (!count)
		give_up(error, EXIT_UNUSABLE);
#if TARGET_PLANTED
	if (planted_open(&parsers, &count, error, size))
		give_up(error, EXIT_UNUSABLE);
#endif
	return judge_new(parsers, count, error, size);
}
#endif

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	const char *const path = getenv("CAPCHAIN_VERDICTS");
	const char *const truncate = getenv("CAPCHAIN_TRUNCATE");
	const char *const go_on = getenv("CAPCHAIN_GO_ON");
	char error[512];

	(void)argc;
	(void)argv;
	if (judge)
		return 0;
	judge = open_judge(error, sizeof(error));
	if (!judge)
		give_up(error, sandbox_exit());
	judge->relate = TARGET_FETCH ? RELATE_NEVER : RELATE_SHARE;
	/* Who names parsers wants them on every buffer. */
	judge->seldom = !TARGET_FETCH && !getenv("CAPCHAIN_PARSERS");
	if (findings_open(getenv("CAPCHAIN_FINDINGS"), TARGET_KIND, judge, error, sizeof(error)))
		give_up(error, EXIT_CANNOT_WRITE);
	if (path && !(verdicts = fopen(path, "a"))) {
		snprintf(error, sizeof(error), "cannot write %s: %s", file_word(path),
			 strerror(errno));
		give_up(error, EXIT_CANNOT_WRITE);
	}
	/* A line at a time: AFL++ ends its target by a signal. */
	if (verdicts)
		setvbuf(verdicts, NULL, _IOLBF, 0);
	if (truncate && strcmp(truncate, "1") == 0)
		truncates = TRUNCATE_ALL;
	goes_on = go_on && strcmp(go_on, "1") == 0;
	say_oracles();
	/*
	 * AFL++'s run-time is not instrumented: MemorySanitizer would take our dead frames for its.
	 */
	__msan_unpoison((char *)__builtin_frame_address(0) - DEAD_FRAMES, DEAD_FRAMES);
	/* libFuzzer installs its handlers next, and only over defaults. */
	sandbox_give_signals_back();
	return 0;
}

/* Returns the set of verdicts, as judge_signature() has it. */
static uint64_t judge_buffer(const uint8_t *data, size_t size)
{
	const struct judged *broken;
	uint64_t signature;

#if TARGET_FETCH
	fetch_judge_read(judge, data, size);
#else
	judge_read(judge, data, size, TARGET_KIND);
#endif
	signature = judge_signature(judge);
	findings_keep(judge, signature);
	if (verdicts) {
		verdicts_print(verdicts, judge);
		/* At once, since an engine takes exit() for a crash of the input. */
		if (ferror(verdicts)) {
			fputs("capchain: the file that CAPCHAIN_VERDICTS names cannot be written "
			      "whole\n",
			      stderr);
			_exit(EXIT_CANNOT_WRITE);
		}
	}
#if TARGET_PLANTED && TARGET_FETCH
	fetch_planted_watch(judge);
#elif TARGET_PLANTED
	planted_watch(judge);
#endif
	if (goes_on) {
		findings_go_on(judge);
		return signature;
	}
	broken = judge_broken(judge);
	if (broken)
		findings_stop(judge, broken);
	return signature;
}

static void judge_truncations(const uint8_t *data, size_t size)
{
	size_t lens[TRUNCATIONS_MAX];
	const size_t count = TARGET_FETCH ? 0 : truncations(TARGET_KIND, size, lens);

	for (size_t i = 0; i < count; i++)
		judge_buffer(data, lens[i]);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static bool taken;

	if (!taken) {
		sandbox_take_signals();
		taken = true;
	}
	__msan_unpoison(data, size);
	/* No INFO reply is longer, and no parser is handed more. */
	if (size > INFO_LEN_MAX)
		return 0;
	feedback_give(judge, judge_buffer(data, size));
	if (truncates == TRUNCATE_ALL ||
	    (truncates == TRUNCATE_SHARE && truncations_chosen(data, size)))
		judge_truncations(data, size);
	return 0;
}
