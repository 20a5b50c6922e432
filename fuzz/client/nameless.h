/* SPDX-License-Identifier: MIT */
/* Files that no folder shows, and that are gone with their last descriptor. */
#ifndef FUZZ_CLIENT_NAMELESS_H
#define FUZZ_CLIENT_NAMELESS_H

/*
 * An empty file to read and write, closed by an exec: a memfd called @name, or where a container
 * refuses memfd_create(), a file that was in $TMPDIR or /tmp. Returns its descriptor, or -errno.
 */
int nameless_file(const char *name);

/* The folder of such files and others: $TMPDIR where that is absolute, else /tmp. */
const char *temporary_folder(void);

#endif
