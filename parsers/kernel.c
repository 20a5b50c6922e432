/* SPDX-License-Identifier: MIT */
/*
 * The parser `kernel`, kernel-copied in both senses. It copies the bytes in once, as kernel code
 * copies from user memory: the fixed part by the minsz and argsz rules, then the rest up to
 * min(len, argsz), and never looks at the caller's bytes again. The copy is walked as the kernel's
 * own chain helpers walk theirs: where the flag is set and cap_offset is not 0 the first header is
 * always visited, a next of 0 ends the chain, and nothing bounds it.
 */
#include "overlay.h"
#include "parser.h"

static struct info_answer walk_copy(struct walk *walk, const void *copy, uint32_t offset,
				    enum info_kind kind)
{
	struct info_cap cap;

	do {
		overlay_cap(copy, offset, kind, &cap);
		walk_deliver(walk, &cap);
		offset = overlay_header(copy, offset)->next;
	} while (offset);
	return answer(VERDICT_OK);
}

static struct info_answer kernel_read(struct walk *walk, const void *info, uint32_t len,
				      enum info_kind kind)
{
	const struct layout_info *const layout = &layout_infos[kind];
	const uint32_t cap_offset_end = layout->first.at + 4;
	uint32_t argsz, bound, offset;
	uint8_t *copy;

	(void)info;
	/* INFO_LEN_MAX bytes at most, so the copy is never absurd. */
	copy = walk_alloc(walk, len < layout->minsz ? layout->minsz : len);
	if (!copy)
		return answer_reject("enomem");
	if (walk_copy_in(walk, copy, 0, layout->minsz))
		return answer_reject("efault");
	argsz = overlay_argsz(copy);
	if (argsz < layout->minsz)
		return answer_reject("einval");
	/* The copy has len bytes, and argsz may say less. */
	bound = argsz < len ? argsz : len;
	if (walk_copy_in(walk, copy + layout->minsz, layout->minsz, bound - layout->minsz))
		return answer_reject("efault");
	if (!(overlay_flags(copy) & layout->caps_flag))
		return argsz > len ? answer_truncated(argsz) : answer(VERDICT_ABSENT);
	/* cap_offset counts only where argsz covers it, and is the caller's only where len does. */
	offset = bound < cap_offset_end ? 0 : overlay_cap_offset(copy, kind);
	if (!offset)
		return argsz > len ? answer_truncated(argsz) : answer(VERDICT_ABSENT);
	return walk_copy(walk, copy, offset, kind);
}

#define READS_ALL INFO_ROW(INFO_LIST, INFO_ALL_IDS, INFO_ALL_IDS)

const struct info_parser kernel_parser = {
	.name = "kernel",
	.summary =
		"copies the buffer in as the kernel would, then walks the copy as its helpers do",
	.trust = INFO_TRUSTING,
	.source = INFO_FROM_KERNEL,
	/* Not that a cut delivers no more: past it stands what its copy held before. */
	.claims = INFO_CLAIM_ALL & ~INFO_CLAIM_CUT,
	.reads = {READS_ALL, READS_ALL, READS_ALL},
	.read = kernel_read,
};
