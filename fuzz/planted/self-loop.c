/* SPDX-License-Identifier: MIT */
/*
 * Sees every loop but that of a header which names itself. Real: the iommufd selftest, which takes
 * a header that is not past the one before it for a good one, and rust-vmm vfio-user client (PR
 * 172).
 */
#define PLANTED_ID	   self_loop
#define PLANTED_NAME	   "planted-self-loop"
#define PLANTED_SUMMARY	   "misses a header that names itself"
#define IS_LOOP(chain, at) PLANT(was_here(chain, at), was_here(chain, at) & ((at) != (chain)->from))
#include "walker.h"
