/* SPDX-License-Identifier: MIT */
/* DPDK's bus/pci as a parser: whether the BAR of the MSI-X table may be mapped. */

static struct info_answer read_region(void)
{
	return pci_vfio_msix_is_mappable(0, 0) < 0 ? answer_reject("refused") : real_answer(NULL);
}

static struct info_answer dpdk_read(struct walk *walk, const void *info, uint32_t len,
				    enum info_kind kind)
{
	return real_run(walk, info, len, kind, sizeof(struct vfio_region_info), read_region);
}

const struct info_parser capchain_parser = {
	.name = REAL_NAME,
	.summary = "DPDK's own bus/pci",
	.trust = INFO_TRUSTING,
	.source = INFO_FROM_KERNEL,
	.reads = {[INFO_REGION] = {INFO_LIST, INFO_ALL_IDS, 0}},
	.read = dpdk_read,
};
