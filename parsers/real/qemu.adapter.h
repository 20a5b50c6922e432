/* SPDX-License-Identifier: MIT */
/*
 * QEMU's vfio-pci as a parser: its chains as vfio_realize() and s390's CLP read them, one after the other.
 * qemu.shim.h has what stands below. REAL_S390 is the device chain of s390, which 7.2's models have beside the
 * others.
 */

/* A group of a function that QEMU simulates, and strings above their room, are looked up and not taken. */
static S390PCIBusDevice *s390;

static __attribute__((unused)) bool takes_zpci(const struct real_found *found)
{
	switch (found->id) {
	case VFIO_DEVICE_INFO_CAP_ZPCI_GROUP:
		return s390->pci_group == &qemu_made;
	case VFIO_DEVICE_INFO_CAP_ZPCI_UTIL:
		return s390->zpci_fn.flags;
	case VFIO_DEVICE_INFO_CAP_ZPCI_PFIP:
		return real_word(found->at + 8) <= sizeof(s390->zpci_fn.pfip);
	}
	return true;
}

#if REAL_QEMU < 1000 || defined(REAL_S390)
static struct info_answer read_device(void)
{
	VFIOPCIDevice pci = {.vbasedev = {.name = "device"}};
	S390PCIIOMMU iommu = {0};
	S390PCIBusDevice device = {.pdev = &pci.pdev,
				   .interp = true,
				   .rtr_avail = true,
				   .iommu = &iommu,
				   .zpci_fn = {.pfgid = 0xff}};

	uint32_t handle = 0;

	s390 = &device;
	s390_pci_get_host_fh(&device, &handle);
	real_keep(&handle);
	/* Of the same capabilities; what is taken is told of this one. */
	real_begin();
	real.nfound = 0;
	s390_pci_get_clp_info(&device);
	real_keep(&device);
	real_keep(&qemu_made);
	return real_answer(takes_zpci);
}
#else
static struct info_answer read_device(void)
{
	VFIOPCIDevice pci = {.vbasedev = {.name = "device"}};

	memset(qemu_port.config, 0, sizeof(qemu_port.config));
	vfio_pci_enable_rp_atomics(&pci);
	real_keep(qemu_port.config);
	return real_answer(NULL);
}
#endif

#ifndef REAL_S390
static struct info_answer read_region(void)
{
	struct vfio_region_info *replies[VFIO_PCI_NUM_REGIONS] = {0};
	VFIODevice device = {
		.name = "device",
		.num_regions = VFIO_PCI_NUM_REGIONS,
		.num_initial_regions = VFIO_PCI_NUM_REGIONS,
		.reginfo = replies,
#if REAL_QEMU >= 1002
		.io_ops = &(const VFIODeviceIOOps){vfio_device_io_get_region_info},
#endif
	};
	VFIORegion region = {0};

	if (vfio_region_setup(NULL, &device, &region, 0, "region"))
		return answer_reject("refused");
	/* Of a region of no size it looks up less, which its models do not have. */
	if (!region.size)
		return answer(VERDICT_ABSTAIN);
	real_keep(&region);
	real_begin();
#if REAL_QEMU >= 1002
	vfio_device_has_region_cap(&device, 0, VFIO_REGION_INFO_CAP_MSIX_MAPPABLE);
#else
	vfio_has_region_cap(&device, 0, VFIO_REGION_INFO_CAP_MSIX_MAPPABLE);
#endif
	return real_answer(NULL);
}

#if REAL_QEMU < 1000
/* In a switch of vfio_connect_container(), in this order. */
static struct info_answer read_iommu(void)
{
	struct vfio_iommu_type1_info *info;
	VFIOContainer container = {0};

	if (vfio_get_iommu_info(&container, &info))
		return answer_reject("refused");
	vfio_get_info_dma_avail(info, &container.dma_max_mappings);
	vfio_get_iommu_info_migration(&container, info);
	real_keep(&container);
	return real_answer(NULL);
}
#else
static struct info_answer read_iommu(void)
{
	QEMU_LEGACY container = {0};

	if (!vfio_legacy_setup(&container.bcontainer, NULL))
		return answer_reject("refused");
	real_keep(&container);
	return real_answer(NULL);
}
#endif
#endif

static struct info_answer qemu_read(struct walk *walk, const void *info, uint32_t len,
				    enum info_kind kind)
{
#ifdef REAL_S390
	return real_run(walk, info, len, kind, sizeof(struct vfio_device_info), read_device);
#else
	static struct info_answer (*const programs[])(void) = {read_device, read_region,
							       read_iommu};
	static const uint32_t first[] = {sizeof(struct vfio_device_info),
					 sizeof(struct vfio_region_info),
					 sizeof(struct vfio_iommu_type1_info)};

	return real_run(walk, info, len, kind, first[kind], programs[kind]);
#endif
}

const struct info_parser capchain_parser = {
	.name = REAL_NAME,
	.summary = "QEMU's own vfio-pci",
	.trust = INFO_TRUSTING,
	.source = INFO_FROM_KERNEL,
	.reads =
		{
			[INFO_DEVICE] = {INFO_LIST, INFO_ALL_IDS, 0},
#ifndef REAL_S390
			[INFO_REGION] = {INFO_LIST, INFO_ALL_IDS, 0},
			[INFO_IOMMU] = {INFO_LIST, INFO_ALL_IDS, 0},
#endif
		},
	.read = qemu_read,
};
