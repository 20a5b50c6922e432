/* SPDX-License-Identifier: MIT */
/*
 * Lets a range end one byte behind the bound. Real: QEMU 10 vfio-user (`cap_offset > argsz`
 * refuses,
 * `== argsz` passes).
 */
#define PLANTED_ID	   bound_off_by_one
#define PLANTED_NAME	   "planted-bound-off-by-one"
#define PLANTED_SUMMARY	   "one byte past the bound counts as inside"
#define INSIDE(end, bound) PLANT((end) <= (bound), (end) <= (uint64_t)(bound) + 1)
#include "walker.h"
