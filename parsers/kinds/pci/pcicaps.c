/* SPDX-License-Identifier: MIT */
/* The parser `pcicaps`: what a program sees that reads configuration space with pcicaps.h. */
#include "../../layout.h"

#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
/* Inputs are in the machine's order, as those of the other kinds are. */
#define PC_LOAD(list, offset, size)                                                                \
	((pc_u32)layout_load((const uint8_t *)(list)->space + (offset), (size)))
#endif
#include "../../include/pcicaps.h"

static void take(struct walk *walk, const struct pc_list *list, const struct pc_cap *from,
		 enum info_kind kind)
{
	const struct layout_cap *const layout = from->version ? layout_cap(kind, from->id) : NULL;
	struct info_cap cap = {.offset = from->offset,
			       .id = from->id,
			       .version = from->version,
			       .decoded = layout != NULL};
	size_t slot = 0;

	for (size_t i = 0; layout && i < layout->nfields; i++) {
		const struct layout_field *const field = &layout->fields[i];
		pc_u32 value;

		if (field->role != ROLE_VALUE)
			continue;
		/* What pc_begin() has found to be whole. */
		if (!pc_read(list, from, field->at, field->width, &value))
			cap.decoded = false;
		cap.field[slot++] = value;
	}
	walk_deliver(walk, &cap);
}

static struct info_answer pcicaps_read(struct walk *walk, const void *info, uint32_t len,
				       enum info_kind kind)
{
	struct pc_list list;
	struct pc_cap cap;

	switch (pc_begin(&list, info, len, kind == INFO_PCI ? PC_CONVENTIONAL : PC_EXTENDED)) {
	case PC_OK:
		while (pc_next(&list, &cap))
			take(walk, &list, &cap, kind);
		return answer(VERDICT_OK);
	case PC_ABSENT:
		return answer(VERDICT_ABSENT);
	case PC_TRUNCATED:
		return answer_truncated(list.size);
	default:
		return answer_reject(pc_name(list.status));
	}
}

#define READS_ALL INFO_ROW(INFO_LIST, INFO_ALL_IDS, INFO_ALL_IDS)

const struct info_parser pcicaps_parser = {
	.name = "pcicaps",
	.summary = "pcicaps.h, the reading that other programs can take as one file",
	.trust = INFO_HARDENED,
	.source = INFO_FROM_KERNEL,
	.reads = {[INFO_PCI] = READS_ALL, [INFO_PCIE] = READS_ALL},
	.read = pcicaps_read,
};
