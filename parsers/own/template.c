/* SPDX-License-Identifier: MIT */
/* An adapter: copy it anywhere, call your reader in read_info(), `make fuzz PARSER=my/copy.c`. */
#include <string.h>
#include "capchain/parser.h"

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
	struct info_cap cap = {0}; /* undecoded: its payload is not compared */
	struct header header;

	if (len < 16)
		return answer_reject("short-buffer");
	memcpy(&flags, (const char *)info + 4, 4);
	if (!(flags & caps_flag))
		return answer(VERDICT_ABSENT);
	memcpy(&offset, (const char *)info + (kind == INFO_REGION ? 12 : 16), 4);
	for (; offset; offset = header.next) {
		memcpy(&header, (const char *)info + offset, sizeof(header));
		cap.offset = offset, cap.id = header.id, cap.version = header.version;
		walk_deliver(walk, &cap);
	}
	return answer(VERDICT_OK);
}

const struct info_parser capchain_parser = {
	.name = "mine",
	.summary = "what it reads chains for",
	.trust = INFO_TRUSTING,
	.reads = {[INFO_DEVICE... INFO_IOMMU] = {.style = INFO_LIST, .ids = INFO_ALL_IDS}},
	.read = read_info,
};
