/* SPDX-License-Identifier: MIT */
/*
 * Takes an offset that is not above the one before for a loop, and refuses a legal chain. Real:
 * Raven's stub, and the fix proposed in rust-vmm/vfio PR 172.
 */
#define PLANTED_ID	   rising_only
#define PLANTED_NAME	   "planted-rising-only"
#define PLANTED_SUMMARY	   "takes every next that goes back for a loop"
#define IS_LOOP(chain, at) PLANT(was_here(chain, at), (at) <= (chain)->from)
#include "walker.h"
