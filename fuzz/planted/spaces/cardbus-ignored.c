/* SPDX-License-Identifier: MIT */
/*
 * Begins at 0x34 whatever the header. Real: libpci, vfio-pci, and nearly all of user space.
 */
#define PLANTED_ID	cardbus_ignored
#define PLANTED_NAME	"planted-cardbus-ignored"
#define PLANTED_SUMMARY "begins at 0x34 in a CardBus header too"
#define READS		INFO_ROW([INFO_PCI] = READS_ALL)
#define START(s)	PLANT(IS_CARDBUS(s) ? 0x14 : 0x34, 0x34)
#include "space_walker.h"
