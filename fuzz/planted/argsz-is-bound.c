/* SPDX-License-Identifier: MIT */
/*
 * Holds everything to the argsz of the reply, whatever the size of the buffer. Real: Raven's stub,
 * the Linux selftests of VFIO, crosvm region info.
 */
#define PLANTED_ID	  argsz_is_bound
#define PLANTED_NAME	  "planted-argsz-is-bound"
#define PLANTED_SUMMARY	  "believes argsz, whatever it allocated"
#define BOUND(argsz, len) PLANT((argsz) < (len) ? (argsz) : (len), argsz)
#include "walker.h"
