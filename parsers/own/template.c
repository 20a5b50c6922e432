/* SPDX-License-Identifier: MIT */
/* An adapter: copy it anywhere, call your reader in read_info(), `make fuzz PARSER=my/copy.c`. */
#include "capchain/parser.h"

#include <string.h>

/* In place of this stands your reader, #included or named in PARSER_LIBS. */
struct header {
	uint16_t id, version;
	uint32_t next;
};

static struct info_answer read_info(struct walk *walk, const void *info, uint32_t len,
				    enum info_kind kind)
{
	const uint32_t caps_flag = kind == INFO_REGION ? 8 : kind == INFO_IOMMU ? 2 : 128;
	uint32_t flags, offset;
	struct header header;

	if (len < 16)
		return answer_reject("short-buffer");
	memcpy(&flags, (const char *)info + 4, 4);
	if (!(flags & caps_flag))
		return answer(VERDICT_ABSENT);
	memcpy(&offset, (const char *)info + (kind == INFO_REGION ? 12 : 16), 4);
	for (; offset; offset = header.next) {
		memcpy(&header, (const char *)info + offset, sizeof(header));
		/* Each capability as your reader takes it; without .decoded its payload is not compared. */
		walk_deliver(walk, &(struct info_cap){offset, header.id, header.version});
	}
	return answer(VERDICT_OK);
}

const struct info_parser capchain_parser = {
	.name = "mine",
	.summary = "what it reads chains for",
	.reads = {{INFO_LIST, INFO_ALL_IDS}, {INFO_LIST, INFO_ALL_IDS}, {INFO_LIST, INFO_ALL_IDS}},
	.read = read_info,
};
