/* SPDX-License-Identifier: MIT */
/*
 * The parser `libvfn`: libvfn c2acee36 of 2026, src/iommu/vfio.c vfio_iommu_type1_get_capabilities().
 * Read, not measured.
 *
 * The flag is tested, cap_offset is not: with 0 the INFO struct is the first header. next 0 ends
 * the chain, and nothing else does. Each IOVA_RANGE replaces the one before: the table is
 * reallocated, without a look at the result, and all ranges are copied, so that a count beyond any
 * memory is a store to a null pointer. The case for DMA_AVAIL tests a macro that vfio.h does not
 * have, and is never built. A reply that is too long is asked for once more, and the second is read
 * as it comes.
 */
#include <signal.h>

#include "../model.h"

/*
 * Not instrumented: AddressSanitizer would unpoison the whole stack, with a system call, before the
 * trap.
 */
__attribute__((no_sanitize_address)) static struct info_answer libvfn_read(struct walk *walk,
									   const void *info,
									   uint32_t len,
									   enum info_kind kind)
{
	uint32_t at, next, last = 0;
	struct info_cap cap;

	if (model_asks_again(info, len, MODEL_IOMMU))
		return answer_truncated(overlay_argsz(info));
	if (!model_has_caps(info, kind))
		return answer(VERDICT_ABSENT);
	for (at = overlay_cap_offset(info, kind);; at = next) {
		if (overlay_header(info, at)->id == CAP_ID_IOVA_RANGE) {
			/* realloc() fails, and memcpy() stores where it did not. */
			if (!model_heap_has(model_count(info, at), ELEMENTS_PAIRS))
				walk_crash(walk, SIGSEGV);
			overlay_cap(info, at, kind, &cap);
			last++;
		}
		next = overlay_header(info, at)->next;
		if (!next)
			break;
	}
	if (!last)
		return answer(VERDICT_ABSENT);
	walk_deliver(walk, &cap);
	return answer(VERDICT_OK);
}

const struct info_parser libvfn_parser = {
	.name = "libvfn",
	.summary = "libvfn c2acee36: the last IOVA_RANGE wins, cap_offset 0 is not tested",
	.trust = INFO_TRUSTING,
	.source = INFO_FROM_KERNEL,
	.claims = INFO_CLAIM_ALL,
	.reads = {[INFO_IOMMU] = {INFO_LIST, INFO_ID(CAP_ID_IOVA_RANGE),
				  INFO_ID(CAP_ID_IOVA_RANGE)}},
	.read = libvfn_read,
};
