/* SPDX-License-Identifier: MIT */
/*
 * Counts next from the header that holds it. Real: libvfio-user samples/client.c, and i10e, which
 * scales it too.
 */
#define PLANTED_ID	next_relative
#define PLANTED_NAME	"planted-next-relative"
#define PLANTED_SUMMARY "next counts from the header that holds it"
#define NEXT(chain, at)                                                                            \
	PLANT(load32(chain, (at) + CAP_HEADER_next),                                               \
	      load32(chain, (at) + CAP_HEADER_next) +                                              \
		      (at) * (load32(chain, (at) + CAP_HEADER_next) != 0))
#include "walker.h"
