/* SPDX-License-Identifier: MIT */
/* What QEMU's VFIO readers use and do not have in the files they are cut from; REAL_QEMU is 100 * major + minor. */
/* GLib aborts where there is no memory; QEMU was seen to be granted as much. */
#define REAL_HEAP ((size_t)1 << 34)
#include "real.h"

#include <linux/pci_regs.h>
#include <linux/vfio_zdev.h>

#undef assert
#define assert(what)		       ((what) ? (void)0 : real_abort())
#define container_of(at, type, member) ((type *)((char *)(at)-offsetof(type, member)))

static void *qemu_had(void *at)
{
	if (!at)
		real_leave(answer_reject("enomem"));
	return at;
}

static void *qemu_new0(size_t count, size_t size)
{
	return count && size ? qemu_had(calloc(count, size)) : NULL;
}

static void *qemu_realloc(void *at, size_t size)
{
	if (size)
		return qemu_had(realloc(at, size));
	free(at);
	return NULL;
}

static __attribute__((unused)) void qemu_auto(void *at)
{
	free(*(void **)at);
}

#define g_malloc0(size)		   qemu_new0(1, size)
#define g_new0(type, count)	   ((type *)qemu_new0(count, sizeof(type)))
#define g_new(type, count)	   g_new0(type, count)
#define g_realloc(at, size)	   qemu_realloc(at, size)
#define g_free(at)		   free(at)
#define g_autofree		   __attribute__((cleanup(qemu_auto)))
#define qemu_real_host_page_size() ((uintptr_t)4096)
#define error_setg_errno(...)	   ((void)0)
#define memory_region_init_io(...) ((void)0)

/* A region is taken to be mappable, as its models have it: with a flag for that or without. */
#undef VFIO_REGION_INFO_FLAG_MMAP
#define VFIO_REGION_INFO_FLAG_MMAP UINT32_MAX

#define PCI_DEVICE(at) (&(at)->pdev)

typedef struct Error Error;
typedef struct Object Object;
typedef struct VFIODevice VFIODevice;
typedef struct GList GList;
typedef struct Range Range;

/* Of this size VFIOMmap has its 304 bytes. */
typedef uint8_t MemoryRegion[280];

/* How 10.2 asks, by way of whom. */
typedef struct {
	int (*get_region_info)(VFIODevice *device, struct vfio_region_info *info, int *fd);
} VFIODeviceIOOps;

struct VFIODevice {
	int fd;
	char *name;
	bool no_mmap;
	unsigned int num_regions, num_initial_regions;
	const VFIODeviceIOOps *io_ops;
	struct vfio_region_info **reginfo;
	int *region_fds;
};

/* A container, and what it is a part of: one struct until 10.0; the names changed with 10.2. */
#if REAL_QEMU < 1002
#define QEMU_BASE   VFIOContainerBase
#define QEMU_LEGACY VFIOContainer
#else
#define QEMU_BASE   VFIOContainer
#define QEMU_LEGACY VFIOLegacyContainer
#endif
#define QEMU_FIELDS                                                                                \
	uint64_t pgsizes, dirty_pgsizes, max_dirty_bitmap_size;                                    \
	unsigned int dma_max_mappings;                                                             \
	bool dirty_pages_supported;                                                                \
	GList *iova_ranges
typedef struct {
	QEMU_FIELDS;
} QEMU_BASE;
typedef struct {
	union {
		QEMU_BASE bcontainer;
		struct {
			QEMU_FIELDS;
		};
	};
	int fd;
	bool unmap_all_supported;
} QEMU_LEGACY;
#define VFIO_IOMMU(at)	      (&(at)->bcontainer)
#define VFIO_IOMMU_LEGACY(at) container_of(at, QEMU_LEGACY, bcontainer)

/* What it keeps of ranges nothing here reads. */
#define range_list_insert(list, range) (free(range), (GList *)NULL)

/* A device behind a root port of PCIe that has no atomics yet. */
typedef struct PCIDevice {
	struct {
		uint8_t exp_cap;
	} exp;
	uint8_t config[256];
	int devfn;
	uint32_t cap_present;
} PCIDevice;
typedef struct {
	PCIDevice *parent_dev;
} PCIBus;
typedef struct {
	PCIDevice pdev;
	VFIODevice vbasedev;
	bool clear_parent_atomics_on_exit;
} VFIOPCIDevice;
#define pci_get_bus(device)		     ((void)(device), &qemu_bus)
#define pci_bus_is_root(bus)		     false
#define pcie_cap_get_type(device)	     4
#define pcie_cap_get_version(device)	     2
#define PCI_EXP_FLAGS_VER2		     2
#define QEMU_PCI_CAP_MULTIFUNCTION	     8
#define pci_get_long(at)		     (*(uint32_t *)(at))
#define pci_long_test_and_set_mask(at, mask) ((void)(*(uint32_t *)(at) |= (mask)))
static PCIDevice qemu_port = {.exp = {64}};
static __attribute__((unused)) PCIBus qemu_bus = {&qemu_port};

/* s390: a function that is passed through, whose group nobody has made yet. */
typedef struct {
	uint8_t fr, version, dtsm;
	uint64_t dasm, msia;
	uint16_t mui, i, maxstbl;
} ClpRspQueryPciGrp;
typedef struct {
	ClpRspQueryPciGrp zpci_group;
	uint8_t id;
} S390PCIGroup;
typedef struct {
	uint8_t next_sim_grp;
} S390pciState;
typedef struct {
	uint64_t max_dma_limit;
} S390PCIIOMMU;
typedef struct {
	PCIDevice *pdev;
	S390PCIGroup *pci_group;
	S390PCIIOMMU *iommu;
	bool interp, rtr_avail;
	uint8_t pft;
	struct {
		uint64_t sdma, edma;
		uint16_t pchid, vfn;
		uint8_t pfgid, fmbl, pft, flags, util_str[64], pfip[4];
	} zpci_fn;
} S390PCIBusDevice;
static S390PCIGroup qemu_made, qemu_default;
#define VFIO_PCI_DEVICE(at)	     container_of(at, VFIOPCIDevice, pdev)
#define TARGET_PAGE_BITS	     12
#define s390_get_phb()		     ((S390pciState *)NULL)
#define s390_group_find(id)	     ((id) == ZPCI_DEFAULT_FN_GRP ? &qemu_default : NULL)
#define s390_group_find_host_sim(id) ((S390PCIGroup *)NULL)
#define s390_group_create(...)	     (&qemu_made)
