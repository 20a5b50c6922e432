/* SPDX-License-Identifier: MIT */
/*
 * Parsers that are `bounded` but for one thing each, and break its promise; see emit_faulty.c. They
 * are apart from those because what `emit` writes of one has all of bounded.h.
 */
#include "../../parsers/include/bounded.h"
#include "../../parsers/overlay.h"
#include "../../parsers/parser.h"

extern const struct info_parser bounded_parser;

static volatile uint32_t faulty_sink;

/*
 * They do wrong only where flags has its highest bit, so that fuzzers have seeds without.
 */
static bool is_marked(const void *info, uint32_t len)
{
	return len >= 8 && (overlay_flags(info) & 0x80000000u);
}

static struct info_answer faulty_read_refusal(struct walk *walk, const void *info, uint32_t len,
					      enum info_kind kind)
{
	const struct info_answer said = bounded_parser.read(walk, info, len, kind);

	return said.verdict == VERDICT_TRUNCATED && is_marked(info, len) ? answer_reject("loop")
									 : said;
}

static struct info_answer faulty_read_stale(struct walk *walk, const void *info, uint32_t len,
					    enum info_kind kind)
{
	if (is_marked(info, len))
		faulty_sink = ((const volatile uint8_t *)info)[len - 1];
	return bounded_parser.read(walk, info, len, kind);
}

#define READS_ALL INFO_ROW(INFO_LIST, INFO_ALL_IDS, INFO_ALL_IDS)
#define FAULTY(symbol, is_called, words, reads_by)                                                 \
	const struct info_parser symbol##_parser = {                                               \
		.name = is_called,                                                                 \
		.summary = words,                                                                  \
		.trust = INFO_HARDENED,                                                            \
		.source = INFO_FROM_PEER,                                                          \
		.reads = {READS_ALL, READS_ALL, READS_ALL},                                        \
		.read = reads_by,                                                                  \
	}
FAULTY(faulty_refusal, "faulty-refusal", "calls a truncated reply a loop", faulty_read_refusal);
FAULTY(faulty_stale, "faulty-stale", "reads what this reply did not deliver", faulty_read_stale);
