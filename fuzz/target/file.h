/* SPDX-License-Identifier: MIT */
/*
 * Opening what somebody named as an input. Only a file has an end: a pipe, a socket or a terminal
 * may be waited for without one, and reading some devices changes them.
 */
#ifndef FUZZ_TARGET_FILE_H
#define FUZZ_TARGET_FILE_H

#include <stdio.h>

/*
 * Opens the file @path to be read, at once. Returns NULL with errno: EISDIR a folder, ESPIPE what
 * is neither a file nor a folder, else what open() says.
 */
FILE *file_open(const char *path);

/*
 * What is wrong with a path that file_open() refused with @error, and what to do, to put after it.
 */
const char *file_why(int error);

/*
 * @path as one word of a shell, on one line of a terminal: as it is where it can be, else in '', or
 * with control bytes and what is not ASCII as octal in $''. Good until the next call; cut after
 * 4096 bytes, which no path has.
 */
const char *file_word(const char *path);

#endif
