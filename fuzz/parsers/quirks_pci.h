/* SPDX-License-Identifier: MIT */
/* Quirks of readers of configuration space: rows of models_test.c. */
#ifndef FUZZ_QUIRKS_PCI_H
#define FUZZ_QUIRKS_PCI_H

#include "quirks.h"

#define PCI(caps_)	      "{kind: pci, len: 256, caps: [" caps_ "]}"
#define PCI_AS(info_, caps_)  "{kind: pci, len: 256, info: {" info_ "}, caps: [" caps_ "]}"
#define PCI_RAW(info_, raw_)  "{kind: pci, len: 256, info: {" info_ "}, raw: [" raw_ "]}"
#define PCIE(caps_)	      "{kind: pcie, len: 4096, caps: [" caps_ "]}"
#define PCIE_AS(info_, caps_) "{kind: pcie, len: 4096, info: {" info_ "}, caps: [" caps_ "]}"
#define PCIE_RAW(caps_, raw_) "{kind: pcie, len: 4096, caps: [" caps_ "], raw: [" raw_ "]}"
#define EXPRESS		      "{id: EXP, at: 0x40, flags: 2}"
#define CARDBUS                                                                                    \
	PCI_RAW("status: CAP_LIST, header_type: 2, cardbus_first: 0x80, first: 0x40",              \
		"{at: 0x40, hex: '1000'}, {at: 0x80, hex: '0500'}")
#define INTO_HEADER  PCI("{id: MSI, at: 0x40, next: 0x20}")
#define SELF	     PCI("{id: MSI, at: 0x40, next: 0x40}")
#define NULL_IN	     PCI("{id: MSI, at: 0x40}, {id: 0, at: 0x50}, " EXPRESS_LAST)
#define EXPRESS_LAST "{id: EXP, at: 0x80, flags: 2}"
#define ONES                                                                                       \
	PCI_RAW("status: CAP_LIST, first: 0x40", "{at: 0x40, hex: '0580'}, {at: 0x80, hex: 'ff40'}")
#define LOW_BITS                                                                                   \
	PCI_RAW("status: CAP_LIST, first: 0x43", "{at: 0x40, hex: '1000'}, {at: 0x43, hex: '1000'}")
#define NO_STATUS    PCI_AS("status: 0, first: 0x40", "{id: VNDR, length: 3}")
#define CUT	     "{kind: pci, len: 64, info: {status: CAP_LIST, first: 0x40}}"
#define PCIX_AER     PCIE_AS("at_40: 0x0007", "{id: AER}")
#define PCIE_BELOW   PCIE("{id: AER, at: 0x100, next: 0x0f0}")
#define PCIE_SELF    PCIE("{id: ACS, at: 0x100, next: 0x100}")
#define PCIE_ZERO    PCIE("{id: AER, at: 0x100, next: 0x200}")
#define PCIE_ONES    PCIE_RAW("{id: ACS, at: 0x100, next: 0x200}", "{at: 0x200, hex: 'ffffffff'}")
#define PCIE_HIDDEN  PCIE("{id: ACS, at: 0x100}, {id: ARI, at: 0x110}, {id: SRIOV, at: 0x120}")
#define PCIE_WITH_PM PCIE_PM("{id: ACS, at: 0x100}, {id: ARI, at: 0x110}")
#define PCIE_PM(caps_)                                                                             \
	"{kind: pcie, len: 4096, info: {at_40: 0x00025010}, caps: [" caps_                         \
	"], raw: [{at: 0x50, hex: '0100'}]}"

static const struct row pci_rows[] = {
	{"lspci", "a CardBus header has its pointer at 0x14", CARDBUS, SAYS(OK, "128")},
	{"lspci", "a header type above 2 has no list",
	 PCI_AS("header_type: 3", "{id: MSI, at: 0x40}"), SAYS(ABSENT, "")},
	{"lspci", "a link into the header is followed", INTO_HEADER, SAYS(OK, "64 32")},
	{"lspci", "each offset once", SELF, SAYS(OK, "64")},
	{"lspci", "id 0 goes on", NULL_IN, SAYS(OK, "64 80 128")},
	{"lspci", "id ff is a broken chain", ONES, SAYS(OK, "64")},
	{"lspci", "low bits are masked", LOW_BITS, SAYS(OK, "64")},
	{"lspci", "a place that a dump lacks is access denied", CUT, SAYS(TRUNCATED, "")},
	{"lspci", "the extended list of a PCI-X function", PCIX_AER, SAYS(OK, "256")},
	{"lspci", "a next below 256 is followed", PCIE_BELOW, SAYS(OK, "256")},
	{"lspci", "a header of 0 ends the extended list", PCIE_ZERO, SAYS(OK, "256")},
	{"libpci", "0x34 in a CardBus header too", CARDBUS, SAYS(OK, "64")},
	{"libpci", "a place that a dump lacks reads as id ff", CUT, SAYS(ABSENT, "")},
	{"libpci", "no extended list of a PCI-X function", PCIX_AER, SAYS(ABSENT, "")},
	{"linux-pci", "a CardBus header has its pointer at 0x14", CARDBUS, SAYS(OK, "128")},
	{"linux-pci", "a link into the header ends the list", PCI("{id: PM, at: 0x40, next: 0x20}"),
	 SAYS(OK, "64")},
	{"linux-pci", "48 entries of a loop", SELF, SAYS(OK, "64")},
	{"linux-pci", "a failed read is ones", CUT, SAYS(ABSENT, "")},
	{"linux-pci", "no extended list without Express", PCIX_AER, SAYS(ABSENT, "")},
	{"linux-pci", "all ones later is an entry", PCIE_ONES, SAYS(ABSENT, "")},
	{"vfio-pci", "0x34 in a CardBus header too", CARDBUS, SAYS(OK, "64")},
	{"vfio-pci", "no mask", LOW_BITS, SAYS(OK, "67")},
	{"vfio-pci", "what has no length is hidden",
	 PCI("{id: SSVID, at: 0x40}, {id: EA, at: 0x50}, {id: 0x7f, at: 0x60}, {id: PM, at: 0x70}"),
	 SAYS(OK, "112")},
	{"vfio-pci", "a read that fails fails the open", CUT, REJECTS("efault", "")},
	{"vfio-pci", "PASID and DOE are hidden",
	 PCIE("{id: PASID, at: 0x100}, {id: AER, at: 0x110}, {id: DOE, at: 0x140}"),
	 SAYS(OK, "272")},
	{"qemu-pci", "no mask", LOW_BITS, SAYS(OK, "67")},
	{"qemu-pci", "ARI and SR-IOV are dropped", PCIE_HIDDEN, SAYS(OK, "256")},
	{"qemu-pci", "a loop is not shown", SELF, SAYS(ABSTAIN, NULL)},
	{"qemu-pci", "nor what it does with a port", PCI("{id: EXP, at: 0x40, flags: 0x42}"),
	 SAYS(ABSTAIN, NULL)},
	{"dpdk-pci", "no mask", LOW_BITS, SAYS(OK, "67")},
	{"dpdk-pci", "48 entries of a loop", PCI("{id: VNDR, length: 3, at: 0x40, next: 0x40}"),
	 SAYS(OK, "64")},
	{"dpdk-pci", "a short read is not shown", CUT, SAYS(ABSTAIN, NULL)},
	{"dpdk-pci", "an extended list without Express", PCIE_AS("at_40: 0", "{id: ACS}"),
	 SAYS(OK, "256")},
	{"hwloc", "Express behind a Null", NULL_IN, SAYS(OK, "128")},
	{"hwloc", "0x34 in a CardBus header too", CARDBUS, SAYS(OK, "64")},
	{"hwloc", "what cannot be read is ff", CUT, SAYS(ABSENT, "")},
	{"lshw", "id 0 ends the list", NULL_IN, SAYS(OK, "64")},
	{"lshw", "no look at the status", NO_STATUS, SAYS(OK, "64")},
	{"libvirt", "no mask", LOW_BITS, SAYS(OK, "67")},
	{"libvirt", "a loop is not shown", SELF, SAYS(ABSTAIN, NULL)},
	{"libvirt", "a failed read is 0", CUT, SAYS(ABSENT, "")},
	{"libvirt", "a link into the header ends the list", PCI("{id: PM, at: 0x40, next: 0x20}"),
	 SAYS(OK, "64")},
	{"xen", "a link into the header ends the list", INTO_HEADER, SAYS(OK, "64")},
	{"xen", "a next below 256 ends the list", PCIE("{id: ATS, at: 0x100, next: 0x40}"),
	 SAYS(OK, "256")},
	{"cloud-hypervisor-pci", "no extended list without power management", PCIE("{id: AER}"),
	 SAYS(ABSENT, "")},
	{"cloud-hypervisor-pci", "ARI is hidden", PCIE_WITH_PM, SAYS(OK, "256")},
	{"cloud-hypervisor-pci", "a loop is not shown", SELF, SAYS(ABSTAIN, NULL)},
	{"crosvm-pci", "no look at the status", NO_STATUS, SAYS(OK, "64")},
	{"crosvm-pci", "ARI and SR-IOV are skipped", PCIE_HIDDEN, SAYS(OK, "256")},
	{"spdk-pci", "every vendor-specific one",
	 PCI("{id: VNDR, at: 0x40, length: 3}, {id: PM, at: 0x50}, {id: VNDR, at: 0x60, length: 3}"),
	 SAYS(OK, "64 96")},
	{"spdk-pci", "no look at the status", NO_STATUS, SAYS(OK, "64")},
	{"seabios", "no mask", LOW_BITS, SAYS(OK, "67")},
	{"seabios", "256 steps of a loop", SELF, SAYS(ABSENT, "")},
	{"kernel-pci", "48 entries of a loop", SELF, SAYS(OK, NULL)},
	{"kernel-pci", "a next below 256 ends the list", PCIE_BELOW, SAYS(OK, "256")},
	{"kernel-pci", "480 entries of a loop", PCIE_SELF, SAYS(OK, NULL)},
	{"naive-pci", "a loop never ends", SELF, FAULTS(RUNAWAY)},
};

#endif
