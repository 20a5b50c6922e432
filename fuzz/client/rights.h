/* SPDX-License-Identifier: MIT */
/*
 * What the client may do, for the while that we do it in its place: its user, groups and
 * capabilities, as a process with its ids would have them. Ours may be root's, while the client gave
 * up its own.
 */
#ifndef FUZZ_CLIENT_RIGHTS_H
#define FUZZ_CLIENT_RIGHTS_H

#include <stdbool.h>

#include "remote.h"

/*
 * From here to rights_return() this thread has the rights to files of @caller, and none that it has
 * not itself: those of its real ids, which access() asks about, or else those of its effective ones.
 * Returns 0, or -EACCES with our own rights where they cannot be had.
 */
int rights_take(const struct caller *caller, bool real);
void rights_return(void);

#endif
