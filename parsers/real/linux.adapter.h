/* SPDX-License-Identifier: MIT */
/* The kernel's VFIO selftest as a parser: which addresses a container has. */

static struct info_answer read_iommu(void)
{
	struct iommu iommu = {0};
	u32 count = 0;

	real_keep(iommu_iova_ranges(&iommu, &count));
	return real_answer(NULL);
}

static struct info_answer ksft_read(struct walk *walk, const void *info, uint32_t len,
				    enum info_kind kind)
{
	return real_run(walk, info, len, kind, sizeof(struct vfio_iommu_type1_info), read_iommu);
}

const struct info_parser capchain_parser = {
	.name = REAL_NAME,
	.summary = "the kernel's own VFIO selftest",
	.trust = INFO_TRUSTING,
	.source = INFO_FROM_KERNEL,
	.reads = {[INFO_IOMMU] = {INFO_LIST, INFO_ALL_IDS, 0}},
	.read = ksft_read,
};
