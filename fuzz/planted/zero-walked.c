/* SPDX-License-Identifier: MIT */
/*
 * Tests the flag and not whether cap_offset is 0. Real: VPP, libvfn, whose do-while begins at the
 * INFO struct itself.
 */
#define PLANTED_ID	    zero_walked
#define PLANTED_NAME	    "planted-zero-walked"
#define PLANTED_SUMMARY	    "takes a cap_offset of 0 for an offset"
#define NO_CHAIN(chain, at) PLANT((at) == 0, 0)
#include "walker.h"
