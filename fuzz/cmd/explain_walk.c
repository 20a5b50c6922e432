/* SPDX-License-Identifier: MIT */
/*
 * What `capchain explain` says of one reader: what it took, where it parts from the reference, where it left
 * the buffer and which bytes it read.
 */
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "../../parsers/layout.h"
#include "cmd.h"

/* Of what one line lists; the others are counted. */
#define SHOWN 32

/* The bytes read, as ranges in ascending order. */
static void print_ranges(const struct judge *judge, const struct sandbox_trace *trace)
{
	static uint8_t read[INFO_LEN_MAX];
	const size_t kept = trace->count < SANDBOX_TRACE_MAX ? trace->count : SANDBOX_TRACE_MAX;
	size_t end, count = 0;

	memset(read, 0, sizeof(read));
	for (size_t i = 0; i < kept; i++)
		memset(read + trace->loads[i].offset, 1, trace->loads[i].size);
	for (size_t at = 0; at < judge->len; at = end + 1) {
		for (end = at; end < judge->len && read[end]; end++)
			;
		if (end > at && count++ < SHOWN)
			printf("%s%zu-%zu", count == 1 ? "  read " : ", ", at, end - 1);
	}
	if (count > SHOWN)
		printf(" and %zu more ranges", count - SHOWN);
	printf("%s in %zu loads of the buffer\n", count ? "" : "  read nothing", trace->count);
}

/* Where an access was, and what saw it. */
static void print_where(const struct judge *judge, const struct walk_result *walk)
{
	char words[DIFFERS_SIZE];

	fault_words(walk, judge->len, words, sizeof(words));
	printf("  %s%s%s\n", words, walk->scratch ? ": from its copy or table, not the buffer" : "",
	       walk->seen_by == SEEN_BY_HOOK	 ? " (seen by the load hooks)"
	       : walk->seen_by == SEEN_BY_CANARY ? " (seen by a canary)"
						 : " (seen by a page fault)");
}

static void print_fault(const struct judge *judge, const struct walk_result *walk)
{
	switch (walk->verdict) {
	case VERDICT_OOB:
	case VERDICT_WROTE:
		print_where(judge, walk);
		return;
	case VERDICT_RUNAWAY:
		printf("  stopped: no end in %" PRIu64 " loads, and it would go on\n",
		       walk->budget);
		return;
	case VERDICT_STALE:
		printf("  read at %u, past argsz %u: this reply did not deliver it\n",
		       walk->stale_at, judge->spec->bound);
		return;
	case VERDICT_CRASH:
		printf("  signal %d (%s)\n", walk->signal, strsignal(walk->signal));
		return;
	case VERDICT_TRUNCATED:
		printf("  asks again with argsz %u\n", walk->need);
		return;
	default:
		return;
	}
}

static void print_cap(const struct judge *judge, const struct info_cap *cap)
{
	const struct layout_cap *const layout = layout_cap(judge->kind, cap->id);

	if (layout)
		printf("%s@%u", layout->name, cap->offset);
	else
		printf("id %u@%u", cap->id, cap->offset);
}

/* Those of @caps, at most @most of them; nothing where there is none. */
static void print_taken(const struct judge *judge, const struct info_cap *caps, size_t count,
			size_t most)
{
	const size_t shown = count < most ? count : most;

	for (size_t i = 0; i < shown; i++) {
		fputs(i ? ", " : "  took ", stdout);
		print_cap(judge, &caps[i]);
	}
	if (count > shown)
		printf(" and %zu more", count - shown);
	if (count)
		putchar('\n');
}

static bool is_of_reference(const struct judge *judge, const struct info_cap *cap)
{
	for (size_t i = 0; i < judge->spec->ncaps; i++)
		if (judge->spec->caps[i].cap.offset == cap->offset &&
		    judge->spec->caps[i].cap.id == cap->id)
			return true;
	return false;
}

/* How many capabilities a walk takes before one that the reference has not, or that it took already. */
static size_t taken_together(const struct judge *judge, const struct walk_result *walk)
{
	for (size_t i = 0; i < walk->ncaps; i++) {
		if (!is_of_reference(judge, &walk->caps[i]))
			return i;
		for (size_t before = 0; before < i; before++)
			if (walk->caps[before].offset == walk->caps[i].offset &&
			    walk->caps[before].id == walk->caps[i].id)
				return i;
	}
	return walk->ncaps;
}

/* What it took, and between that the place from which on it is not the reference's. */
static void print_way(const struct judge *judge, const struct judged *judged)
{
	const struct walk_result *const walk = &judged->walk;
	const size_t most = walk->verdict == VERDICT_OK ? SHOWN : 4;
	char expected[DIFFERS_SIZE], got[DIFFERS_SIZE];
	size_t together = walk->ncaps;

	if (judged_differs(judged))
		together = taken_together(judge, walk);
	print_taken(judge, walk->caps, together, most);
	if (judged_differs(judged)) {
		expected_words(judged, expected, sizeof(expected));
		got_words(judged, judge->len, got, sizeof(got));
		printf("  here it parts from the reference: expected %s, got %s\n", expected, got);
	}
	print_taken(judge, walk->caps + together, walk->ncaps - together, most);
}

void explain_parser(const struct judge *judge, size_t i, const struct sandbox_trace *trace)
{
	const struct judged *const judged = &judge->judged[i];
	const struct ledger_entry *entry = judged_excuse(judged);
	char words[DIFFERS_SIZE], bucket[BUCKET_MAX];

	answer_said(judged, words, sizeof(words));
	printf("%s (%s): %s%s%s\n", judged->parser->name, source_name(judged->parser->source),
	       words, judged->policy ? " (a policy: the UAPI leaves it open)" : "",
	       judged->skipped ? " (skipped: no load hooks in this build)" : "");
	if (judged_differs(judged)) {
		judged_bucket(judged, bucket);
		printf("  differs: %s%s%s%s\n", bucket,
		       judged->walk.no_answer		 ? "  NO ANSWER"
		       : judged_breaks(judged) && !entry ? "  PROMISE BROKEN"
							 : "",
		       judged_breaks(judged) && entry ? "  in the ledger: " : "",
		       judged_breaks(judged) && entry ? entry->reason : "");
	}
	if (judged->relation)
		printf("  %s; changed so it is %s\n", relation_words(judged->relation),
		       verdict_name(judged->became));
	if (judged->after_match)
		puts("  right up to its match; the chain is bad after it");
	if (judged->walk.verdict == VERDICT_ABSTAIN && judged->parser->source != INFO_FROM_KERNEL) {
		printf("  its program reads from a %s: what it does with this is not shown\n",
		       source_name(judged->parser->source));
		return;
	}
	print_way(judge, judged);
	print_fault(judge, &judged->walk);
	print_place(&judged->walk);
	print_ranges(judge, trace);
}

void explain_reference(const struct judge *judge)
{
	const struct spec *const spec = judge->spec;
	char words[64];

	verdict_words(spec->verdict, rule_name(spec->rule), words, sizeof(words));
	printf("\nreference: %s\n", words);
	for (size_t i = 0; i < spec->ncaps && i < SHOWN; i++) {
		fputs(i ? ", " : "  has ", stdout);
		print_cap(judge, &spec->caps[i].cap);
	}
	if (spec->ncaps > SHOWN)
		printf(" and %zu more", spec->ncaps - SHOWN);
	if (spec->ncaps)
		putchar('\n');
}
