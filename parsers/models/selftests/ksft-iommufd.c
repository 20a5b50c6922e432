/* SPDX-License-Identifier: MIT */
/*
 * The parser `ksft-iommufd`: the kernel's selftest of iommufd's compatibility,
 * tools/testing/selftests/iommu/iommufd.c check_vfio_info_cap_chain() (Linux 6.2 to 7.3). Read, not
 * measured.
 *
 * It tests what iommufd wrote, at every argsz, so it knows two capabilities and refuses any other, a
 * version but 1, and more or fewer ranges than one; where that range lies is its mock domain's, and not
 * modelled. A DMA_AVAIL has to reach exactly to the next header, or to argsz. Flags other than PGSIZES
 * and CAPS fail it; cap_offset 0 means that argsz was too small. A header has to end inside argsz,
 * and a next that points back fails it, but for one that points at itself.
 */
#include "../model.h"

/* sizeof(struct vfio_iommu_type1_info_dma_avail). */
#define DMA_AVAIL_SIZE 12

/* What fails at the capability at @at, or NULL. */
static const char *fault_of(const void *info, uint32_t at, uint32_t end)
{
	const uint16_t id = overlay_header(info, at)->id;

	if (id != CAP_ID_IOVA_RANGE && id != CAP_ID_DMA_AVAIL)
		return "unknown-id";
	if (overlay_header(info, at)->version != 1)
		return "version";
	if (id == CAP_ID_IOVA_RANGE)
		return model_count(info, at) == 1 ? NULL : "ranges";
	return end - at == DMA_AVAIL_SIZE ? NULL : "size";
}

static struct info_answer ksft_iommufd_read(struct walk *walk, const void *info, uint32_t len,
					    enum info_kind kind)
{
	const uint32_t argsz = overlay_argsz(info);
	uint32_t at, next;
	const char *fault;

	if (overlay_flags(info) != (FLAG_IOMMU_PGSIZES | FLAG_IOMMU_CAPS))
		return answer_reject("flags");
	if (len < MODEL_IOMMU)
		return argsz > len ? answer_truncated(argsz) : answer(VERDICT_ABSENT);
	at = overlay_cap_offset(info, kind);
	if (!at)
		return argsz > len ? answer_truncated(argsz) : answer(VERDICT_ABSENT);
	for (;; at = next) {
		/* The header lies inside argsz. */
		if ((uint64_t)at + CAP_HEADER_SIZE > argsz)
			return answer_reject("outside");
		next = overlay_header(info, at)->next;
		fault = fault_of(info, at, next ? next : argsz);
		if (fault)
			return answer_reject(fault);
		model_take(walk, info, at, kind);
		if (!next)
			return answer(VERDICT_OK);
		if (next < at)
			return answer_reject("back");
	}
}

#define KNOWN (INFO_ID(CAP_ID_IOVA_RANGE) | INFO_ID(CAP_ID_DMA_AVAIL))

const struct info_parser ksft_iommufd_parser = {
	.name = "ksft-iommufd",
	.summary = "Linux 6.2 to 7.3, iommufd selftest: two capabilities of version 1, no other",
	.trust = INFO_TRUSTING,
	.source = INFO_FROM_KERNEL,
	/* Not what its sizes rest on. */
	.claims = INFO_CLAIM_AGAIN,
	.reads = {[INFO_IOMMU] = {INFO_LIST, KNOWN, KNOWN}},
	.read = ksft_iommufd_read,
};
