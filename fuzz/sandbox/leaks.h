/* SPDX-License-Identifier: MIT */
/* Whether leaks can be looked for where this runs. */
#ifndef FUZZ_SANDBOX_LEAKS_H
#define FUZZ_SANDBOX_LEAKS_H

/*
 * NULL where LeakSanitizer can look, and in builds that have none; else what is in its way, in one
 * static line, and it does not look.
 */
const char *leaks_unseen(void);

#endif
