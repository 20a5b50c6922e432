/* SPDX-License-Identifier: MIT */
/* An adapter: copy it anywhere, call your reader in read_info(), `make fuzz PARSER=my/copy.c`. */
#include <string.h>
#include "capchain/parser.h"

/* In place of this and of the loop below stands your reader, #included or named in PARSER_LIBS. */
struct header {
	uint16_t id, version;
	uint32_t next;
};

static struct info_answer read_info(struct walk *walk, const void *info, uint32_t len,
				    enum info_kind kind)
{
	const uint32_t caps_flag = kind == INFO_REGION ? 8 : kind == INFO_IOMMU ? 2 : 128;
	uint32_t words[5] = {0}, offset, steps = 0;
	struct info_cap cap = {0}; /* undecoded: its payload is not compared */
	struct header header;

	memcpy(words, info, len < 4 ? len : 4);
	len = words[0] < len ? words[0] : len; /* argsz: what is behind it is not of this reply */
	memcpy(words, info, len < 20 ? len : 20);
	if (len < 16 || (len < 20 && words[1] & caps_flag))
		return answer_reject("short-buffer");
	if (!(words[1] & caps_flag))
		return answer(VERDICT_ABSENT);
	for (offset = words[kind == INFO_REGION ? 3 : 4]; offset; offset = header.next) {
		/* The header lies inside; no chain has more of them than stand side by side. */
		if (offset > len - 8 || ++steps > len / 8)
			return answer_reject("bad-link");
		memcpy(&header, (const char *)info + offset, sizeof(header));
		cap.offset = offset, cap.id = header.id, cap.version = header.version;
		walk_deliver(walk, &cap);
	}
	return answer(VERDICT_OK);
}

const struct info_parser capchain_parser = {
	.name = "mine",
	.summary = "what it reads chains for",
	.trust = INFO_SAFE, /* _TRUSTING: may fault on bad replies; _HARDENED: right on them */
	.reads = {[INFO_DEVICE... INFO_IOMMU] = {.style = INFO_LIST, .ids = INFO_ALL_IDS}},
	.read = read_info,
};
