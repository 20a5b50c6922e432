/* SPDX-License-Identifier: MIT */
/* See nameless.h. */
#include "nameless.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

const char *temporary_folder(void)
{
	const char *const tmp = getenv("TMPDIR");

	return tmp && tmp[0] == '/' ? tmp : "/tmp";
}

int nameless_file(const char *name)
{
	char path[PATH_MAX];
	int fd = memfd_create(name, MFD_CLOEXEC);

	if (fd >= 0)
		return fd;
	if (snprintf(path, sizeof(path), "%s/%s-XXXXXX", temporary_folder(), name) >=
	    (int)sizeof(path))
		return -ENAMETOOLONG;
	fd = mkostemp(path, O_CLOEXEC);
	if (fd < 0)
		return -errno;
	unlink(path);
	return fd;
}
