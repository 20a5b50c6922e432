/* SPDX-License-Identifier: MIT */
/* Verdicts in words; see verdicts.h. */
#include "verdicts.h"

#include <inttypes.h>

#include "../sandbox/leaks.h"
#include "../sandbox/sandbox.h"
#include "own.h"
#include "relations.h"

#define TEXT_OF(x)   #x
#define STRING_OF(x) TEXT_OF(x)

#if defined(__has_feature)
#define HAS_ASAN __has_feature(address_sanitizer)
#define HAS_MSAN __has_feature(memory_sanitizer)
#if !defined(HAS_UBSAN) && __has_feature(undefined_behavior_sanitizer)
#define HAS_UBSAN 1
#endif
#elif defined(__SANITIZE_ADDRESS__)
#define HAS_ASAN 1
#define HAS_MSAN 0
#else
#define HAS_ASAN 0
#define HAS_MSAN 0
#endif
#ifndef HAS_UBSAN
#define HAS_UBSAN 0
#endif

void verdicts_print(FILE *file, const struct judge *judge)
{
	uint64_t hash = INFO_HASH_START;

	for (size_t i = 0; i < judge->len; i++)
		hash = info_hash(hash, judge->info[i]);
	fprintf(file, "%016" PRIx64 " %s %zu %s:%s", hash, judge_kind_name(judge), judge->len,
		verdict_name(judge->spec->verdict), rule_name(judge->spec->rule));
	for (size_t i = 0; i < judge->count; i++) {
		const struct judged *const judged = &judge->judged[i];

		/* Not every build has it, and lines are the same in all. */
		if (judged->parser->open)
			continue;
		fprintf(file, " %s:%s:%s:%s", judged->parser->name,
			verdict_name(judged->walk.verdict), judged_reason(judged),
			disagreement_name(judged->disagreement));
	}
	fputc('\n', file);
}

static const char *arena_words(void)
{
	if (!sandbox_has_arena())
		return ", no arena (32-bit)";
	return sandbox_tells_stores() ? ", arena"
				      : ", arena (a fault here does not tell a store from a load: "
					"stores are the hooks' alone)";
}

void verdicts_oracles(const struct judge *judge, char *ret_text, size_t size)
{
	static const char *const relating[] = {
		[RELATE_NEVER] = "",
		[RELATE_SHARE] = (", relations on 1 buffer in " STRING_OF(RELATIONS_SHARE)),
		[RELATE_ALL] = ", relations",
	};
	const char *const unseen = leaks_unseen();
	char closed[512] = "", leaks[192] = "";
	size_t hooked = 0, open = 0;

	for (size_t i = 0; i < judge->count; i++) {
		const struct judged *const judged = &judge->judged[i];

		open += !judged->closed;
		hooked += !judged->closed && judge->hooked[i];
		if (judged->closed)
			snprintf(closed, sizeof(closed), "; %s abstains: %s", judged->parser->name,
				 judged->closed);
		else if (judged->parser->open)
			snprintf(closed, sizeof(closed), ", %s%s", judged->parser->name,
				 judge->seldom ? " on 1 buffer in " STRING_OF(SELDOM_SHARE) : "");
	}
	if (unseen)
		snprintf(leaks, sizeof(leaks), " but for leaks (%s)", unseen);
	snprintf(ret_text, size, "load hooks in %zu of %zu parsers%s%s, canaries%s%s%s%s%s%s",
		 hooked, open,
		 hooked == open ? ""
		 : own_parser	? " (one from outside, without, walks in a child)"
				: " (the others are skipped where links loop)",
		 arena_words(), relating[judge->relate], HAS_ASAN ? ", AddressSanitizer" : "",
		 leaks, HAS_MSAN ? ", MemorySanitizer" : "",
		 HAS_UBSAN ? ", UndefinedBehaviorSanitizer" : "", closed);
}
