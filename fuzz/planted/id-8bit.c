/* SPDX-License-Identifier: MIT */
/*
 * Holds an id in 8 bits, as PCI's own capabilities have it, on which these are modelled. No reader
 * known has just this one.
 */
#define PLANTED_ID	id_8bit
#define PLANTED_NAME	"planted-id-8bit"
#define PLANTED_SUMMARY "compares ids in 8 bits"

#define ID(chain, at) PLANT(load16(chain, (at) + CAP_HEADER_id), load8(chain, (at) + CAP_HEADER_id))
#include "walker.h"
