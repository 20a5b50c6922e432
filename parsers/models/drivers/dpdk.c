/* SPDX-License-Identifier: MIT */
/*
 * The parser `dpdk`: DPDK 22.11 (Debian 12's 22.11.11-0+deb12u1), drivers/bus/pci/linux/pci_vfio.c
 * pci_vfio_msix_is_mappable(). Measured with testpmd and dpdk-test: loops hang, wild offsets crash,
 * an argsz that alternates or grows is asked for without end, one of 4 writes past its memory.
 *
 * Of the MSI-X BAR's chain it looks up MSIX_MAPPABLE, and nothing else: the flag is tested, an
 * offset of 0 ends the chain, no bound, no guard; of the match only the id is read. Which reply is read: dpdk.h.
 */
#include "dpdk.h"

static struct info_answer dpdk_read(struct walk *walk, const void *info, uint32_t len,
				    enum info_kind kind)
{
	struct info_answer none;
	const void *const reply = dpdk_reply(walk, info, len, &none);
	uint32_t at;

	if (!reply)
		return none;
	if (!model_has_caps(reply, kind))
		return answer(VERDICT_ABSENT);
	at = model_find(reply, overlay_cap_offset(reply, kind), CAP_ID_MSIX_MAPPABLE);
	if (!at)
		return answer(VERDICT_ABSENT);
	dpdk_take_mappable(walk, reply, at);
	return answer(VERDICT_OK);
}

const struct info_parser dpdk_parser = {
	.name = "dpdk",
	.summary = "DPDK 22.11: looks up MSIX_MAPPABLE, asks until argsz is its own",
	.trust = INFO_TRUSTING,
	.source = INFO_FROM_KERNEL,
	.claims = INFO_CLAIM_ALL,
	.reads = {[INFO_REGION] = {INFO_LOOKUP, INFO_ID(CAP_ID_MSIX_MAPPABLE),
				   INFO_ID(CAP_ID_MSIX_MAPPABLE)}},
	.read = dpdk_read,
};
