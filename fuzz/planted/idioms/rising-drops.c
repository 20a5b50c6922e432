/* SPDX-License-Identifier: MIT */
/*
 * Gives up where a next does not rise, and drops all that it had. Real: User-mode Linux and Raven, whose
 * lookups then say that there is none.
 */
#define PLANTED_ID	    rising_drops
#define PLANTED_NAME	    "planted-rising-drops"
#define PLANTED_SUMMARY	    "a next that goes back makes the whole chain absent"
#define GIVES_UP(chain, at) PLANT(false, (at) && (at) < (chain)->from)
#include "../walker.h"
