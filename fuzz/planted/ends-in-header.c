/* SPDX-License-Identifier: MIT */
/*
 * Ends at a next below the fixed fields' end, as if that were the 0 which ends a chain. Real:
 * rust-vmm vfio-ioctls (`next < 32`), whose own test has a next of 4.
 */
#define PLANTED_ID	ends_in_header
#define PLANTED_NAME	"planted-ends-in-header"
#define PLANTED_SUMMARY "any offset into the fixed fields ends the chain"
#define ENDS(chain, at) PLANT((at) == 0, (at) < (chain)->layout->end)
#include "walker.h"
