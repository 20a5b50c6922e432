/* SPDX-License-Identifier: MIT */
/* The parser `bounded`: what a program sees that reads its INFO replies with bounded.h. */
#include "include/bounded.h"

#include "bounded_take.h"
#include "parser.h"

static struct info_answer bounded_read(struct walk *walk, const void *info, uint32_t len,
				       enum info_kind kind)
{
	struct vb_chain chain;
	struct vb_cap cap;

	vb_begin(&chain, info, len, take_kinds[kind]);
	while (vb_next(&chain, &cap))
		take_cap(walk, &chain, &cap, kind);
	/*
	 * What was delivered ends where the reading did, whatever it said: the judge compares no
	 * prefix.
	 */
	if (chain.cursor != chain.at)
		return answer_reject("wrong-prefix");
	return take_answer(chain.status, chain.argsz);
}

#define READS_ALL INFO_ROW(INFO_LIST, INFO_ALL_IDS, INFO_ALL_IDS)

const struct info_parser bounded_parser = {
	.name = "bounded",
	.summary = "bounded.h, the reading that other programs can take as one file",
	.trust = INFO_HARDENED,
	.source = INFO_FROM_KERNEL,
	.reads = {READS_ALL, READS_ALL, READS_ALL},
	.read = bounded_read,
};
