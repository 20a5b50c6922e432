/* SPDX-License-Identifier: MIT */
/*
 * The parser `naive`: trusts everything, as most programs do. Where the flag is set it starts at
 * cap_offset and follows next until 0; no bound, no loop guard, no look at argsz.
 */
#include "overlay.h"
#include "parser.h"

static struct info_answer naive_read(struct walk *walk, const void *info, uint32_t len,
				     enum info_kind kind)
{
	struct info_cap cap;
	uint32_t offset;
	bool any = false;

	(void)len;
	if (!(overlay_flags(info) & layout_infos[kind].caps_flag))
		return answer(VERDICT_ABSENT);
	for (offset = overlay_cap_offset(info, kind); offset;
	     offset = overlay_header(info, offset)->next) {
		overlay_cap(info, offset, kind, &cap);
		walk_deliver(walk, &cap);
		any = true;
	}
	return answer(any ? VERDICT_OK : VERDICT_ABSENT);
}

#define READS_ALL INFO_ROW(INFO_LIST, INFO_ALL_IDS, INFO_ALL_IDS)

const struct info_parser naive_parser = {
	.name = "naive",
	.summary = "raw pointers until next is 0, no checks: what most programs do",
	.trust = INFO_TRUSTING,
	.source = INFO_FROM_KERNEL,
	.claims = INFO_CLAIM_ALL,
	.reads = {READS_ALL, READS_ALL, READS_ALL},
	.read = naive_read,
};
