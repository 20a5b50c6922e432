/* SPDX-License-Identifier: MIT */
/*
 * The parser `firecracker`: Firecracker fa70b54b9a15 (its pull requests 6055, 6068 and 6085),
 * src/vmm/src/devices/vfio/sys.rs capability_chain(), query_region() and iommu_info(). Read, not
 * measured; a release build.
 *
 * It asks for as long as argsz is above its own. The flag is tested, 0 ends, and all headers are read
 * before any payload is: one that is not inside its own buffer, whatever argsz says, and more of them
 * than len / 8 are errors, also behind what it wants. There is no lower bound: an offset into the
 * struct is followed. Of a region the last SPARSE_MMAP stays; of an IOMMU the ranges of every
 * IOVA_RANGE, and the last DMA_AVAIL. Each count and element has to lie inside the buffer too.
 */
#include "../model.h"

/* Whether [at, at + size) lies inside the buffer, in usize. */
static bool is_inside(uint64_t at, uint64_t size, uint32_t len)
{
	return at + size <= len;
}

/* Whether every header is inside, and there are not too many. */
static bool chain_is_sound(const void *info, uint32_t at, uint32_t len)
{
	for (uint32_t caps = 0; at; at = overlay_header(info, at)->next)
		if (caps++ >= len / CAP_HEADER_SIZE || !is_inside(at, CAP_HEADER_SIZE, len))
			return false;
	return true;
}

/* Whether the capability at @at can be read whole: its count, then that many elements. */
static bool payload_is_inside(const void *info, uint32_t at, enum info_kind kind, uint16_t id,
			      uint32_t len)
{
	if (!is_inside(at, CAP_COUNT_AT + 4, len))
		return false;
	if (kind == INFO_IOMMU && id == CAP_ID_DMA_AVAIL)
		return true;
	return !model_count(info, at) ||
	       is_inside(at, 16 + (uint64_t)model_count(info, at) * ELEMENTS_PAIRS, len);
}

static struct info_answer firecracker_read(struct walk *walk, const void *info, uint32_t len,
					   enum info_kind kind)
{
	uint16_t once = kind == INFO_REGION ? CAP_ID_SPARSE_MMAP : CAP_ID_DMA_AVAIL;
	bool any = false;
	uint16_t id;

	if (overlay_argsz(info) > len)
		return answer_truncated(overlay_argsz(info));
	if (!model_has_caps(info, kind))
		return answer(VERDICT_ABSENT);
	if (!chain_is_sound(info, overlay_cap_offset(info, kind), len))
		return answer_reject("malformed-chain");
	for (uint32_t at = overlay_cap_offset(info, kind); at;
	     at = overlay_header(info, at)->next) {
		id = overlay_header(info, at)->id;
		if (id != once && (kind == INFO_REGION || id != CAP_ID_IOVA_RANGE))
			continue;
		if (!payload_is_inside(info, at, kind, id, len))
			return answer_reject("malformed-payload");
		if (id == once)
			walk_forget(walk, id);
		model_take(walk, info, at, kind);
		any = true;
	}
	return answer(any ? VERDICT_OK : VERDICT_ABSENT);
}

#define AREAS INFO_ID(CAP_ID_SPARSE_MMAP)
#define TAKEN (INFO_ID(CAP_ID_IOVA_RANGE) | INFO_ID(CAP_ID_DMA_AVAIL))

const struct info_parser firecracker_parser = {
	.name = "firecracker",
	.summary =
		"Firecracker fa70b54b9a15: bounds of its own buffer, what is malformed is an error",
	.trust = INFO_TRUSTING,
	.source = INFO_FROM_KERNEL,
	.claims = INFO_CLAIM_ALL,
	.reads = {[INFO_REGION] = {INFO_LIST, AREAS, AREAS},
		  [INFO_IOMMU] = {INFO_LIST, TAKEN, TAKEN}},
	.read = firecracker_read,
};
