/* SPDX-License-Identifier: MIT */
/*
 * Holds everything to its own buffer, whatever argsz says the reply has. Real: Firecracker's and
 * User-mode Linux's readers.
 */
#define PLANTED_ID	  bound_by_allocation
#define PLANTED_NAME	  "planted-bound-by-allocation"
#define PLANTED_SUMMARY	  "believes what it allocated, whatever argsz says"
#define BOUND(argsz, len) PLANT((argsz) < (len) ? (argsz) : (len), len)
#include "../walker.h"
