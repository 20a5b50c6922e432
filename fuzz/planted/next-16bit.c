/* SPDX-License-Identifier: MIT */
/*
 * Reads next as 16 bits. Real: syzkaller dev_vfio.txt, which declares it so.
 */
#define PLANTED_ID	next_16bit
#define PLANTED_NAME	"planted-next-16bit"
#define PLANTED_SUMMARY "next is read as 16 bits"
#define NEXT(chain, at)                                                                            \
	PLANT(load32(chain, (at) + CAP_HEADER_next), load16(chain, (at) + CAP_HEADER_next))
#include "walker.h"
