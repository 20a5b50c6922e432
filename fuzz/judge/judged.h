/* SPDX-License-Identifier: MIT */
/*
 * What was found about one buffer: every parser's standing, the buckets that name it, and what of it
 * breaks a promise. It is filled by judge_read(), and of conversations by fetch_judge_read(); here it
 * is only read.
 */
#ifndef FUZZ_JUDGE_JUDGED_H
#define FUZZ_JUDGE_JUDGED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "../sandbox/result.h"
#include "compare.h"
#include "ledger.h"
#include "spec.h"

#define BUCKET_MAX 128

/* Which buffers are held to the relations of relations.h too. */
enum relating {
	RELATE_NEVER,
	RELATE_SHARE, /* a fixed share, chosen by a hash of the bytes */
	RELATE_ALL,
};

/**
 * struct judged - one parser on one buffer
 * @parser: which
 * @closed: why it cannot be used here, and abstains: a static line; or NULL
 * @spec: the reference it was held to: of the buffer, or of its fixed-size copy
 * @walk: how its walk ended
 * @disagreement: AGREES, or the class of its answer
 * @policy: it agrees, with an answer that is not the reference's own
 * @after_match: a lookup was right although the chain is bad further on
 * @skipped: it was not run, because nothing here could stop it (no hooks, and a loop)
 * @relation: a relation that it claims and broke: another class of disagreement, `unstable`, beside
 *	what it answered on this buffer
 * @became: with @relation, how the changed buffer was answered
 * @conversation: of a fetch loop: the rule of conversations that it broke, or NULL
 * @model: of a program's own reader: the model of this kind that it holds, or NULL; set with the kind
 * @model_differs: that answered otherwise
 * @touched: with judge_next(): the bytes that the walk read
 */
struct judged {
	const struct info_parser *parser;
	const char *closed;
	struct spec *spec;
	struct walk_result walk;
	uint64_t loads_per_byte;
	enum disagreement disagreement;
	bool policy;
	bool after_match;
	bool skipped;
	enum relation relation;
	enum verdict became;
	const char *conversation;
	const struct judged *model;
	bool model_differs;
	struct sandbox_touched touched;
};

/**
 * struct judge - a buffer and everything that was found about it
 * @kind, @info, @len: the buffer, valid until the next judge_read()
 * @converses: the input is a conversation about one of that kind, and the parsers are loops that
 *	ask (fetch/judge.h)
 * @spec: the reference
 * @judged, @count: every parser, sorted by name
 * @readers, @nreaders: those of them that read this kind; the others abstain and cost nothing
 * @walks: the readers in the order of their walks: the last @nfixed read a buffer of a fixed size
 * @caps: what all parsers delivered
 * @relate: for the caller to set; RELATE_NEVER at first
 * @seldom: for the caller to set: a parser whose walk is a system call runs on a share of buffers,
 *	chosen by a hash of the bytes, and abstains on the others
 * @spared: this buffer is one of the others
 * @touching: judge_next() runs; @changed: what it was given
 * @traced, @trace: for judge_trace(): the parser whose loads are noted, and where; NULL
 * @reference: the reference's own standing: of it only @relation and @became can break
 * @related: changed buffers that were walked, for each relation, since judge_new()
 */
struct judge {
	enum info_kind kind;
	bool converses;
	const uint8_t *info;
	size_t len;
	struct spec *spec;
	struct judged *judged;
	size_t count;
	size_t *readers;
	size_t nreaders;
	size_t *walks;
	size_t nfixed;
	struct info_cap *caps; /* @places rows of CAPS_STRIDE */
	size_t places;
	enum relating relate;
	bool seldom;
	bool spared;
	size_t traced;
	struct sandbox_trace *trace;
	const struct sandbox_touched *changed;
	bool touching;
	struct judged reference;
	uint64_t related[RELATIONS];
	uint8_t *hooked;
};

/* Of how many buffers, with judge->seldom, one is walked by parsers that cost a system call. */
#define SELDOM_SHARE 64

/* Whether @judged reads @kind, here: neither closed, nor of other kinds alone. */
static inline bool judged_reads(const struct judged *judged, enum info_kind kind)
{
	return !judged->closed && judged->parser->reads[kind].ids != 0;
}

/* Its standing, as compare() has it. */
static inline void judged_stand(struct judged *judged, struct comparison found)
{
	judged->disagreement = found.disagreement;
	judged->policy = found.policy;
	judged->after_match = found.after_match;
}

/* "device", "region", "iommu"; "fetch" where it converses. */
const char *judge_kind_name(const struct judge *judge);

/* The reason of a walk: its reject reason, or "". */
const char *judged_reason(const struct judged *judged);

/* The class in its bucket: that of its disagreement, `unstable` where it broke a relation. */
const char *judged_class(const struct judged *judged);

/*
 * parser:verdict:class:cause, at most BUCKET_MAX bytes; class may be "". Of a broken relation the
 * class is `unstable` and the cause its name.
 */
void judged_bucket(const struct judged *judged, char ret_bucket[BUCKET_MAX]);

/* The cause in its bucket, relations apart, as a number below JUDGED_CAUSES. */
#define JUDGED_CAUSES ((size_t)RULE_COUNT + NOTE_COUNT + VERDICTS)
size_t judged_cause(const struct judged *judged);

/*
 * A hash of the set of verdicts: (verdict, reason, class) of every parser that reads the kind, by
 * name. The same on every run and build: parsers that not every build has are left out.
 */
uint64_t judge_signature(const struct judge *judge);

/*
 * The first parser that broke its promise (a hardened one that disagrees, a safe one that faults, or
 * any on a plain buffer) in a bucket that the ledger does not excuse; NULL where all kept theirs.
 */
const struct judged *judge_broken(const struct judge *judge);

/* What a parser promises: "safe", and what that means. */
const char *promise_name(enum info_trust trust);
const char *promise_words(enum info_trust trust);

/*
 * Whether this one parser broke its promise, excused or not. A fault of the parser from outside does so
 * on any buffer, whatever its promise, but where faults of a trusting one are allowed.
 */
bool judged_breaks(const struct judged *judged);

/*
 * How bad what it did is, the lower the worse: wrote, oob, crash, runaway, stale, a wrong answer, a
 * refusal of what is right.
 */
unsigned int judged_badness(const struct judged *judged);

/* Whether there is a bucket to name: it disagrees, or broke a relation. */
bool judged_differs(const struct judged *judged);

/* What excuses it: its entry in the ledger, or NULL. */
const struct ledger_entry *judged_excuse(const struct judged *judged);

#endif
