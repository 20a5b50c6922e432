/* SPDX-License-Identifier: MIT */
/*
 * Takes a list of nothing for no list, and so what must not be mapped for all that may be. Real:
 * DPDK's PCI bus, which maps the whole BAR where nr_areas is 0.
 */
#define PLANTED_ID		empty_is_absent
#define PLANTED_NAME		"planted-empty-is-absent"
#define PLANTED_SUMMARY		"a list without elements counts as none"
#define COUNTS(elements, count) PLANT(true, ((elements) == ELEMENTS_NONE) | ((count) != 0))
#include "walker.h"
