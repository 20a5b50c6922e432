/* SPDX-License-Identifier: MIT */
/*
 * What the versions of QEMU's vfio-user client share, hw/vfio-user/device.c
 * vfio_user_device_io_get_region_info(), then the lookups of hw/vfio. 10.1 brought it; Debian's 10.0
 * has none.
 *
 * With CAPS, a cap_offset below 32 or above the server's argsz is an error (equal is not), also in
 * a first reply that the caller would ask for again: the kernel's own short reply is refused. Then
 * it asks again for as long as argsz is above its own, and looks up SPARSE_MMAP and MSIX_MAPPABLE. It
 * reads from a peer: replies that these models cannot answer for without a fault, they abstain from.
 */
#ifndef PARSERS_MODELS_QEMU_PEER_H
#define PARSERS_MODELS_QEMU_PEER_H

#include "../peer.h"
#include "qemu.h"

static inline struct info_answer qemu_peer_read(struct walk *walk, const void *info, uint32_t len,
						const struct qemu_lookups *lookups)
{
	const enum info_kind kind = INFO_REGION;
	const uint32_t size = layout_infos[kind].minsz;
	uint32_t argsz, cap_offset, sparse, msix, areas = 0;
	struct peer peer;

	if (len < size)
		return answer(VERDICT_ABSTAIN);
	argsz = overlay_argsz(info);
	cap_offset = overlay_cap_offset(info, kind);
	if (model_has_caps(info, kind) && (cap_offset < size || cap_offset > argsz))
		return answer_reject("einval");
	if (argsz > len)
		return answer_truncated(argsz);
	if (!model_has_caps(info, kind))
		return answer(VERDICT_ABSENT);
	peer = peer_begin(info, len);
	if (!peer_find(&peer, cap_offset, CAP_ID_SPARSE_MMAP, &sparse) ||
	    (sparse && !peer_areas(&peer, sparse, &areas)) || !qemu_heap_has(areas) ||
	    !peer_find(&peer, cap_offset, CAP_ID_MSIX_MAPPABLE, &msix) ||
	    /* Its version is delivered too. */
	    (msix && !peer_may_load(&peer, msix, CAP_HEADER_next, 2)))
		return answer(VERDICT_ABSTAIN);
	if (sparse) {
		const char *reason =
			lookups->refuses ? lookups->refuses(walk, info, sparse, len) : NULL;

		if (reason)
			return answer_reject(reason);
		model_take(walk, info, sparse, kind);
	}
	if (msix)
		model_take(walk, info, msix, kind);
	return answer(sparse || msix ? VERDICT_OK : VERDICT_ABSENT);
}

#endif
