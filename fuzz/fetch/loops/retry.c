/* SPDX-License-Identifier: MIT */
/*
 * Loops that ask once more where the first reply wants more, and take what then comes.
 *
 * libvfn src/iommu/vfio.c clears between the two; rdma-core providers/mlx5/mlx5_vfio.c does not
 * clear what realloc() adds; QEMU util/vfio-helpers.c walks whenever the first argsz was above its
 * struct, and else not at all; the kernel's selftest, tools/testing/selftests/vfio/lib/iommu.c,
 * asks twice in any case, and holds each argsz to its struct's size alone.
 */
#include <string.h>

#include "fetch_loops.h"

static struct info_answer libvfn_run(struct fetch *fetch, enum info_kind kind, uint32_t first)
{
	uint8_t *info = fetch_zalloc(fetch, IOMMU_INFO);
	uint32_t argsz;

	(void)first;
	if (loop_ask(fetch, info, kind, IOMMU_INFO))
		return loop_give_up(fetch, info, "refused");
	argsz = overlay_argsz(info);
	if (argsz <= IOMMU_INFO)
		return fetch_hand(fetch, info);
	info = fetch_realloc(fetch, info, argsz);
	memset(info, 0, argsz);
	if (loop_ask(fetch, info, kind, argsz))
		return loop_give_up(fetch, info, "refused");
	return fetch_hand(fetch, info);
}

const struct fetch_loop fetch_libvfn_loop = {
	.name = "libvfn",
	.summary = "libvfn: one retry, cleared between",
	.trust = INFO_TRUSTING,
	.source = INFO_FROM_KERNEL,
	.walk = "libvfn",
	.kinds = KIND_BIT(INFO_IOMMU),
	.run = libvfn_run,
};

static struct info_answer rdma_core_run(struct fetch *fetch, enum info_kind kind, uint32_t first)
{
	uint8_t *info = fetch_zalloc(fetch, IOMMU_INFO);
	uint32_t argsz;

	(void)first;
	if (loop_ask(fetch, info, kind, IOMMU_INFO))
		return loop_give_up(fetch, info, "refused");
	argsz = overlay_argsz(info);
	if (argsz <= IOMMU_INFO)
		return fetch_hand(fetch, info);
	info = fetch_realloc(fetch, info, argsz);
	if (loop_ask(fetch, info, kind, argsz))
		return loop_give_up(fetch, info, "refused");
	return fetch_hand(fetch, info);
}

const struct fetch_loop fetch_rdma_core_loop = {
	.name = "rdma-core",
	.summary = "rdma-core 44: one retry, what realloc() adds stays as it was",
	.trust = INFO_TRUSTING,
	.source = INFO_FROM_KERNEL,
	.walk = "rdma-core",
	.kinds = KIND_BIT(INFO_IOMMU),
	.run = rdma_core_run,
};

static struct info_answer qemu_util_run(struct fetch *fetch, enum info_kind kind, uint32_t first)
{
	uint8_t *info = fetch_zalloc(fetch, IOMMU_INFO);
	uint32_t argsz;

	(void)first;
	if (loop_ask(fetch, info, kind, IOMMU_INFO))
		return loop_give_up(fetch, info, "refused");
	argsz = overlay_argsz(info);
	if (argsz <= IOMMU_INFO) {
		fetch_free(fetch, info);
		return answer(VERDICT_ABSENT);
	}
	info = fetch_realloc(fetch, info, argsz);
	if (loop_ask(fetch, info, kind, argsz))
		return loop_give_up(fetch, info, "refused");
	return fetch_hand(fetch, info);
}

const struct fetch_loop fetch_qemu_util_loop = {
	.name = "qemu-util",
	.summary = "QEMU's NVMe driver: one retry, and a walk because of the first argsz",
	.trust = INFO_TRUSTING,
	.source = INFO_FROM_KERNEL,
	.walk = "qemu-util",
	.kinds = KIND_BIT(INFO_IOMMU),
	.run = qemu_util_run,
};

static struct info_answer ksft_run(struct fetch *fetch, enum info_kind kind, uint32_t first)
{
	uint8_t *info = fetch_zalloc(fetch, IOMMU_INFO);
	uint32_t argsz;

	(void)first;
	if (loop_ask(fetch, info, kind, IOMMU_INFO))
		return loop_give_up(fetch, info, "refused");
	argsz = overlay_argsz(info);
	if (argsz < IOMMU_INFO)
		return loop_give_up(fetch, info, "short-argsz");
	info = fetch_realloc(fetch, info, argsz);
	if (loop_ask(fetch, info, kind, argsz))
		return loop_give_up(fetch, info, "refused");
	return fetch_hand(fetch, info);
}

const struct fetch_loop fetch_ksft_vfio_loop = {
	.name = "ksft-vfio",
	.summary = "the kernel's VFIO selftest: two calls, bounds of the second argsz",
	.trust = INFO_TRUSTING,
	.source = INFO_FROM_KERNEL,
	.walk = "ksft-vfio",
	.kinds = KIND_BIT(INFO_IOMMU),
	.run = ksft_run,
};
