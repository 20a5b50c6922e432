/* SPDX-License-Identifier: MIT */
/* rdma-core's mlx5 as a parser: which addresses it may hand out. */

/* It walks in line, so what it kept says what it took: every range of IOVA_RANGE, or the two of its own. */
static struct info_answer read_iommu(void)
{
	struct mlx5_vfio_context context = {.iova_alloc = iset_create()};
	const int refused = context.iova_alloc ? mlx5_vfio_get_iommu_info(&context) : -1;

	real_keep(&context);
	if (refused)
		return answer_reject("einval");
	real_find(VFIO_IOMMU_TYPE1_INFO_CAP_IOVA_RANGE);
	return real_answer(NULL);
}

static struct info_answer rdma_core_read(struct walk *walk, const void *info, uint32_t len,
					 enum info_kind kind)
{
	return real_run(walk, info, len, kind, sizeof(struct vfio_iommu_type1_info), read_iommu);
}

const struct info_parser capchain_parser = {
	.name = REAL_NAME,
	.summary = "rdma-core's own mlx5",
	.trust = INFO_TRUSTING,
	.source = INFO_FROM_KERNEL,
	.reads = {[INFO_IOMMU] = {INFO_LIST, INFO_ALL_IDS, 0}},
	.read = rdma_core_read,
};
