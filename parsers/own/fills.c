/* SPDX-License-Identifier: MIT */
/*
 * An adapter round a reader that fills a struct of its program's and returns 0 or -errno. What it took it does
 * not hand over, so its style is INFO_OUTCOME: its verdict is held, and every load of it is watched.
 */
#include <errno.h>
#include <string.h>
#include "capchain/parser.h"

/* In place of this stands your reader: what a region's capabilities come to. */
struct region {
	uint32_t type, subtype;
	uint32_t nr_areas;
};

static int read_region(struct region *ret_region, const char *info, uint32_t len)
{
	uint32_t words[4], offset, steps = 0;

	memset(ret_region, 0, sizeof(*ret_region));
	if (len < 32)
		return -EINVAL;
	memcpy(words, info, sizeof(words));
	len = words[0] < len ? words[0] : len;
	for (offset = words[1] & 8 ? words[3] : 0; offset; offset = words[1]) {
		/* A header, of ids 1 and 2 also 8 bytes more, lies inside; no chain has more than fit. */
		if (len < 32 || offset > len - 8 || ++steps > len / 8)
			return -EINVAL;
		memcpy(words, info + offset, 8);
		if ((words[0] & 0xffff) != 1 && (words[0] & 0xffff) != 2)
			continue;
		if (offset > len - 16)
			return -EINVAL;
		memcpy(words + 2, info + offset + 8, 8);
		if ((words[0] & 0xffff) == 1)
			ret_region->nr_areas = words[2];
		else
			ret_region->type = words[2], ret_region->subtype = words[3];
	}
	return 0;
}

static struct info_answer read_info(struct walk *walk, const void *info, uint32_t len,
				    enum info_kind kind)
{
	struct region region;

	(void)walk, (void)kind;
	return read_region(&region, info, len) ? answer_reject("einval") : answer(VERDICT_OK);
}

const struct info_parser capchain_parser = {
	.name = "fills",
	.summary = "fills a struct",
	.trust = INFO_SAFE,
	.reads = {[INFO_REGION] = {.style = INFO_OUTCOME, .ids = INFO_ALL_IDS}},
	.read = read_info,
};
