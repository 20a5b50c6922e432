/* SPDX-License-Identifier: MIT */
/*
 * A process of our own that starts programs, so that its descendants are those programs' alone: the
 * one that was started by somebody may have other children, which are not ours to end.
 */
#ifndef FUZZ_CLIENT_APART_H
#define FUZZ_CLIENT_APART_H

#include <signal.h>

/*
 * Set in that process once it was asked to end: by INT, TERM, HUP or QUIT, or by the death of the
 * process that it works for.
 */
extern volatile sig_atomic_t apart_stopped;

/*
 * Runs @work(@with) in such a process, the sub-reaper of what it starts, and returns what that
 * returns, or -errno where there can be none. Where the process was asked to end, so was this one,
 * and ends by the same signal once the other has cleaned up.
 */
int apart(int (*work)(void *with), void *with);

#endif
