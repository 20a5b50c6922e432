/* SPDX-License-Identifier: MIT */
/*
 * Signals that a starter may have left in any state, and that would change what we do: as we need
 * them here, and as they were for what we start.
 */
#ifndef FUZZ_CLIENT_SIGNALS_H
#define FUZZ_CLIENT_SIGNALS_H

/*
 * Children are waited for; nothing is blocked; a file too large is an error of write().
 */
void signals_take(void);

/* As they were, in a child before its exec. */
void signals_give_back(void);

#endif
