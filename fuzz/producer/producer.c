/* SPDX-License-Identifier: MIT */
/* The table of producers; see producer.h. */
#include "producer.h"

#include <errno.h>
#include <string.h>

#include "answers.h"

#define CLAIMS(...) ((const struct producer_claim[]){__VA_ARGS__, {0}})
#define NONE	    ((const struct producer_claim[]){{0}})
#define LINUX(...)  PRODUCER_LINUX(__VA_ARGS__)

#define ZPCI                                                                                       \
	(INFO_ID(CAP_ID_ZPCI_BASE) | INFO_ID(CAP_ID_ZPCI_GROUP) | INFO_ID(CAP_ID_ZPCI_UTIL) |      \
	 INFO_ID(CAP_ID_ZPCI_PFIP))
#define REGION                                                                                     \
	(INFO_ID(CAP_ID_SPARSE_MMAP) | INFO_ID(CAP_ID_TYPE) | INFO_ID(CAP_ID_MSIX_MAPPABLE) |      \
	 INFO_ID(CAP_ID_NVLINK2_SSATGT) | INFO_ID(CAP_ID_NVLINK2_LNKSPD))
#define TYPE1 (INFO_ID(CAP_ID_IOVA_RANGE) | INFO_ID(CAP_ID_MIGRATION) | INFO_ID(CAP_ID_DMA_AVAIL))

/*
 * Of the names of captured replies: the samples mbochs, mdpy and mtty are those that begin with m.
 */
const struct producer producers[] = {
	{
		.name = "device-16-bytes",
		.summary =
			"platform, amba, ap, ccw, cdx, fsl-mc, gvt, the samples; vfio-pci to 5.9",
		.kind = INFO_DEVICE,
		.source = INFO_FROM_KERNEL,
		.minsz = 16,
		.base = 16,
		.fixed = 16,
		.captured = CLAIMS({"m*.probe-*", 0, 0}),
		.answer = producer_answer_helpers,
	},
	{
		.name = "libvfio-user-device",
		.summary = "libvfio-user: always says argsz 16",
		.kind = INFO_DEVICE,
		.source = INFO_FROM_PEER,
		.minsz = 16,
		.base = 16,
		.fixed = 16,
		.captured = NONE,
		.answer = producer_answer_libvfio_user,
	},
	{
		.name = "rust-vmm-device",
		.summary = "rust-vmm's vfio-user server: always says argsz 16, refuses no argsz",
		.kind = INFO_DEVICE,
		.source = INFO_FROM_PEER,
		.base = 16,
		.fixed = 16,
		.captured = NONE,
		.answer = producer_answer_rust_vmm,
	},
	{
		.name = "vfio-pci-device-5.10",
		.summary = "vfio-pci 5.10 to 6.5: chain at 20, nothing rounded up",
		.kind = INFO_DEVICE,
		.source = INFO_FROM_KERNEL,
		.ids = ZPCI | INFO_ID(CAP_ID_PCI_ATOMIC_COMP),
		.most = 5,
		.minsz = 16,
		.base = 20,
		.fixed = 20,
		.wholly = true,
		.align = 1,
		.captured = CLAIMS({"[!m]*", LINUX(5, 10), LINUX(6, 6)},
				   {"m[!bdt]*", LINUX(5, 10), LINUX(6, 6)}),
		.answer = producer_answer_helpers,
	},
	{
		.name = "vfio-pci-device-6.6",
		.summary = "vfio-pci from 6.6 on: chain at 24, rounded up to 8",
		.kind = INFO_DEVICE,
		.source = INFO_FROM_KERNEL,
		.ids = ZPCI | INFO_ID(CAP_ID_PCI_ATOMIC_COMP),
		.most = 5,
		.minsz = 16,
		.base = 24,
		.fixed = 24,
		.align = 8,
		.captured = CLAIMS({"[!m]*", LINUX(6, 6), 0}, {"m[!bdt]*", LINUX(6, 6), 0}),
		.answer = producer_answer_helpers,
	},
	{
		.name = "libvfio-user-region",
		.summary = "libvfio-user: CAPS only where capabilities fit; argsz shrinks too",
		.kind = INFO_REGION,
		.source = INFO_FROM_PEER,
		.ids = INFO_ID(CAP_ID_SPARSE_MMAP),
		.most = 1,
		.minsz = 32,
		.base = 32,
		.fixed = 32,
		.align = 1,
		.captured = NONE,
		.answer = producer_answer_libvfio_user,
	},
	{
		.name = "mbochs-4.18",
		.summary =
			"the mbochs sample to 6.18: claims what it cuts off, refuses a large argsz",
		.kind = INFO_REGION,
		.source = INFO_FROM_KERNEL,
		.ids = INFO_ID(CAP_ID_TYPE),
		.most = 1,
		.minsz = 32,
		.base = 32,
		.fixed = 32,
		.align = 1,
		.captured = CLAIMS({"mbochs.probe-*", LINUX(4, 18), LINUX(6, 19)}),
		.answer = producer_answer_mbochs,
	},
	{
		.name = "region-no-caps",
		.summary =
			"platform, amba, cdx, fsl-mc, mtty, mdpy: the caller's own cap_offset comes back",
		.kind = INFO_REGION,
		.source = INFO_FROM_KERNEL,
		.minsz = 32,
		.base = 32,
		.fixed = 32,
		.captured = CLAIMS({"mdpy.probe-*", 0, 0}, {"mtty.probe-*", 0, 0}),
		.answer = producer_answer_helpers,
	},
	{
		.name = "rust-vmm-region",
		.summary =
			"rust-vmm's vfio-user server: CAPS and cap_offset even where nothing follows",
		.kind = INFO_REGION,
		.source = INFO_FROM_PEER,
		.ids = INFO_ID(CAP_ID_SPARSE_MMAP),
		.most = 1,
		.base = 32,
		.fixed = 32,
		.align = 1,
		.all_or_none = true,
		.captured = NONE,
		.answer = producer_answer_rust_vmm,
	},
	{
		.name = "vfio-pci-region-4.6",
		.summary =
			"vfio-pci, ccw, gvt 4.6 to 6.5: nothing rounded up; cap_offset may be the caller's",
		.kind = INFO_REGION,
		.source = INFO_FROM_KERNEL,
		.ids = REGION,
		.most = 3,
		.minsz = 32,
		.base = 32,
		.fixed = 32,
		.align = 1,
		.captured = CLAIMS({"[!m]*", LINUX(4, 6), LINUX(6, 6)},
				   {"m[!bdt]*", LINUX(4, 6), LINUX(6, 6)}),
		.answer = producer_answer_helpers,
	},
	{
		.name = "vfio-pci-region-6.6",
		.summary =
			"the same from 6.6 on, nvgrace-gpu, and from 6.19 mbochs: rounded up to 8",
		.kind = INFO_REGION,
		.source = INFO_FROM_KERNEL,
		.ids = REGION,
		.most = 3,
		.minsz = 32,
		.base = 32,
		.fixed = 32,
		.align = 8,
		.captured = CLAIMS({"[!m]*", LINUX(6, 6), 0}, {"m[!bdt]*", LINUX(6, 6), 0},
				   {"mbochs.probe-*", LINUX(6, 19), 0}),
		.answer = producer_answer_helpers,
	},
	{
		.name = "iommu-16-bytes",
		.summary = "type1 to 5.3: no field cap_offset",
		.kind = INFO_IOMMU,
		.source = INFO_FROM_KERNEL,
		.minsz = 16,
		.base = 16,
		.fixed = 16,
		.captured = NONE,
		.answer = producer_answer_helpers,
	},
	{
		.name = "iommufd-6.2",
		.summary =
			"iommufd 6.2 to 6.5 as a container: argsz shrinks, what fits is written, no pads",
		.kind = INFO_IOMMU,
		.source = INFO_FROM_KERNEL,
		.ids = INFO_ID(CAP_ID_DMA_AVAIL) | INFO_ID(CAP_ID_IOVA_RANGE),
		.least = 2,
		.most = 2,
		.minsz = 16,
		.base = 24,
		.fixed = 24,
		.align = 1,
		.captured = NONE,
		.answer = producer_answer_iommufd,
	},
	{
		.name = "iommufd-6.6",
		.summary =
			"iommufd from 6.6 on as a container: the same, rounded up to 8, pads unwritten",
		.kind = INFO_IOMMU,
		.source = INFO_FROM_KERNEL,
		.ids = INFO_ID(CAP_ID_DMA_AVAIL) | INFO_ID(CAP_ID_IOVA_RANGE),
		.least = 2,
		.most = 2,
		.minsz = 16,
		.base = 24,
		.fixed = 24,
		.align = 8,
		.captured = CLAIMS({"iommufd.probe-*", LINUX(6, 6), 0}),
		.answer = producer_answer_iommufd,
	},
	{
		.name = "type1-5.4",
		.summary = "type1 5.4 to 6.5: nothing rounded up, bytes 20 to 23 never written",
		.kind = INFO_IOMMU,
		.source = INFO_FROM_KERNEL,
		.ids = TYPE1,
		.most = 3,
		.minsz = 16,
		.base = 24,
		.fixed = 20,
		.wholly = true,
		.align = 1,
		.captured = CLAIMS({"[!i]*", LINUX(5, 4), LINUX(6, 6)},
				   {"i[!o]*", LINUX(5, 4), LINUX(6, 6)}),
		.answer = producer_answer_helpers,
	},
	{
		.name = "type1-6.6",
		.summary = "type1 from 6.6 on: rounded up to 8, the pad zero",
		.kind = INFO_IOMMU,
		.source = INFO_FROM_KERNEL,
		.ids = TYPE1,
		.most = 3,
		.minsz = 16,
		.base = 24,
		.fixed = 24,
		.align = 8,
		.captured = CLAIMS({"[!i]*", LINUX(6, 6), 0}, {"i[!o]*", LINUX(6, 6), 0}),
		.answer = producer_answer_helpers,
	},
};
const size_t producer_count = sizeof(producers) / sizeof(producers[0]);

const struct producer *producer_named(const char *name)
{
	for (size_t i = 0; i < producer_count; i++)
		if (strcmp(producers[i].name, name) == 0)
			return &producers[i];
	return NULL;
}

int producer_answer(const struct producer *producer, const struct producer_state *state,
		    uint8_t *buffer, uint32_t argsz)
{
	if (argsz < producer->minsz)
		return -EINVAL;
	if (producer_need(producer, state) == 0)
		return -ENOMEM;
	return producer->answer(producer, state, buffer, argsz);
}

uint32_t producer_sent(const struct producer *producer, const struct producer_state *state,
		       uint32_t argsz)
{
	const uint32_t need = producer_need(producer, state);
	uint32_t message = need;

	if (producer->source == INFO_FROM_KERNEL)
		return argsz;
	if (argsz < need && producer->all_or_none)
		message = producer->base;
	return message < argsz ? message : argsz;
}
