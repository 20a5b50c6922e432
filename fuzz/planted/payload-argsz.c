/* SPDX-License-Identifier: MIT */
/*
 * Holds a payload to argsz, which may be more than was allocated. Real: crosvm region info, which
 * bounds the second reply by the argsz of that reply, in a buffer of the first one's.
 */
#define PLANTED_ID	     payload_argsz
#define PLANTED_NAME	     "planted-payload-argsz"
#define PLANTED_SUMMARY	     "a payload may end where argsz says, not where the buffer does"
#define PAYLOAD_BOUND(chain) PLANT((chain)->bound, (chain)->argsz)
#include "walker.h"
