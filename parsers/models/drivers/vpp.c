/* SPDX-License-Identifier: MIT */
/*
 * The parser `vpp`: VPP b575ec2c of 2026, src/vlib/linux/vfio.c format_vfio_region_info(), with the
 * request loop of src/vlib/linux/pci.c. Read, not measured.
 *
 * The flag is tested, cap_offset is not: the first header is looked at before next is, so that with
 * cap_offset 0 the INFO struct is a header and its flags the next. Every capability is named in the
 * log, and no payload is read. Like DPDK it asks until argsz is what it asked with; an argsz below
 * 32 the kernel refuses, and for a shorter one it is taken to give the same bytes again.
 */
#include "../model.h"

static struct info_answer vpp_read(struct walk *walk, const void *info, uint32_t len,
				   enum info_kind kind)
{
	const uint32_t argsz = overlay_argsz(info);
	struct info_cap cap = {.decoded = false};

	if (argsz > len)
		return answer_truncated(argsz);
	if (argsz < layout_infos[kind].minsz)
		return answer_reject("einval");
	if (argsz < len)
		info = model_copy(walk, argsz);
	if (!model_has_caps(info, kind))
		return answer(VERDICT_ABSENT);
	cap.offset = overlay_cap_offset(info, kind);
	do {
		cap.id = overlay_header(info, cap.offset)->id;
		cap.version = overlay_header(info, cap.offset)->version;
		walk_deliver(walk, &cap);
		cap.offset = overlay_header(info, cap.offset)->next;
	} while (cap.offset);
	return answer(VERDICT_OK);
}

const struct info_parser vpp_parser = {
	.name = "vpp",
	.summary =
		"VPP b575ec2c: names every capability, starting at cap_offset even where that is 0",
	.trust = INFO_TRUSTING,
	.source = INFO_FROM_KERNEL,
	.claims = INFO_CLAIM_ALL,
	.reads = {[INFO_REGION] = {INFO_LIST, INFO_ALL_IDS, 0}},
	.read = vpp_read,
};
