/* SPDX-License-Identifier: MIT */
/*
 * The judge: runs every parser on one buffer, each in the sandbox, and holds its walk to the
 * reference.
 *
 * On a buffer with odd notes the reference is a set of answers; one of them that is not the
 * reference's own is a policy, never a disagreement. A parser that looks up ids is held to the
 * reference lookup: its first match before any rejecting point is right. The judge knows nothing of
 * engines, files or reports.
 */
#ifndef FUZZ_JUDGE_JUDGE_H
#define FUZZ_JUDGE_JUDGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "../../parsers/parser.h"
#include "ledger.h"
#include "../sandbox/sandbox.h"
#include "spec.h"

/*
 * How a walk differs from the reference. WRONG_REFUSAL is for hardened parsers alone: they refuse
 * with another verdict, need or rule than the reference.
 */
enum disagreement {
	AGREES,
	WRONG_CAPS,
	WRONG_PAYLOAD,
	REJECTS_VALID,
	ACCEPTS_MALFORMED,
	ABSENT_FOR_UNREADABLE,
	FAULT,
	WRONG_REFUSAL,
	DISAGREEMENTS
};

/* "wrong-caps"; "" for AGREES. */
const char *disagreement_name(enum disagreement disagreement);

/*
 * A walk may take 64 + bound + K * (header and payload bytes that the reference visited) loads of
 * the buffer. One load a byte reads the finest payload there is, and half a load a byte passes a
 * header; so K is 1 for a reader that goes through the chain once, and the number of its lookups
 * for one that looks up ids. A hardened parser answers on every chain, and may go over it again to
 * find a loop: 4. A loop is caught in about one pass over the bound.
 */
#define JUDGE_K_HARDENED 4

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
	struct info_cap *caps;
	enum relating relate;
	bool seldom;
	bool spared;
	struct judged reference;
	uint64_t related[RELATIONS];
	uint8_t *hooked;
};

/*
 * A judge over @count parsers. NULL with one line in @ret_error when memory is short or the sandbox
 * cannot be opened.
 */
struct judge *judge_new(const struct info_parser *const *parsers, size_t count, char *ret_error,
			size_t error_size);
void judge_free(struct judge *judge);

/*
 * Room for what one parser delivers, and some: were it a multiple of a page, the first capabilities
 * of all parsers would stand in the same few sets of the CPU's cache and drive each other out of
 * it.
 */
#define CAPS_STRIDE (INFO_LEN_MAX + 9)

/* That room of @count parsers, which judge_free() gives back; NULL when memory is short. */
struct info_cap *judge_map_caps(size_t count);

/* Whether @judged reads @kind, here: neither closed, nor of other kinds alone. */
static inline bool judged_reads(const struct judged *judged, enum info_kind kind)
{
	return !judged->closed && judged->parser->reads[kind].ids != 0;
}

/* Of how many buffers, with judge->seldom, one is walked by parsers that cost a system call. */
#define SELDOM_SHARE 64

/*
 * Says which buffers judge_read() will be handed next, for parsers that read many at once. Findings
 * are the same without.
 */
void judge_ahead(struct judge *judge, enum info_kind kind, size_t count,
		 const uint8_t *const infos[], const uint32_t lens[]);

/* Judges @len bytes (0 to INFO_LEN_MAX) at @info. */
void judge_read(struct judge *judge, const uint8_t *info, size_t len, enum info_kind kind);

/* Judges with a trace of the loads of parser @traced. */
void judge_trace(struct judge *judge, const uint8_t *info, size_t len, enum info_kind kind,
		 size_t traced, struct sandbox_trace *ret_trace);

/* The K of @parser's budget for @kind. */
uint64_t judge_loads_per_byte(const struct info_parser *parser, enum info_kind kind);

/*
 * Whether the links of the buffer come back to themselves, for a reader that tests nothing at all:
 * the reference may have stopped before it gets there.
 */
bool judge_links_loop(enum info_kind kind, const uint8_t *info, size_t len);

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
 * The first parser that broke its promise (a hardened one that disagrees, or any on a plain buffer)
 * in a bucket that the ledger does not excuse; NULL where all kept theirs.
 */
const struct judged *judge_broken(const struct judge *judge);

/* Whether this one parser broke its promise, excused or not. */
bool judged_breaks(const struct judged *judged);

/* Whether there is a bucket to name: it disagrees, or broke a relation. */
bool judged_differs(const struct judged *judged);

/* What excuses it: its entry in the ledger, or NULL. */
const struct ledger_entry *judged_excuse(const struct judged *judged);

#endif
