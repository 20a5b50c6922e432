/* SPDX-License-Identifier: MIT */
/* Exit statuses of every program here; README lists them. */
#ifndef FUZZ_STATUS_H
#define FUZZ_STATUS_H

enum {
	EXIT_FINE = 0,
	EXIT_FOUND = 1,	       /* a promise is broken, a verdict changed, --fail-on met */
	EXIT_UNUSABLE = 2,     /* an input or the command line cannot be used */
	EXIT_MISSING = 3,      /* what it needs is not here, or forbidden; hooks are not heard */
	EXIT_ARENA = 4,	       /* the sandbox cannot open */
	EXIT_CANNOT_WRITE = 5, /* output could not be written whole */
	EXIT_OUR_FAULT = 6,    /* a BPF program of ours is refused */
};

#endif
