/* SPDX-License-Identifier: MIT */
/* Opens inputs; see file.h. */
#include "file.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* 0 where @what can be read to its end, else the error. */
static int weigh(const struct stat *what)
{
	if (S_ISDIR(what->st_mode))
		return EISDIR;
	return S_ISREG(what->st_mode) ? 0 : ESPIPE;
}

FILE *file_open(const char *path)
{
	struct stat what;
	FILE *file = NULL;
	int fd, error;

	/* Opening a device may already do something. */
	if (stat(path, &what))
		return NULL;
	error = weigh(&what);
	if (error) {
		errno = error;
		return NULL;
	}
	/* It may be a pipe by now, which open() would wait for. */
	fd = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	if (fd < 0)
		return NULL;
	error = fstat(fd, &what) ? errno : weigh(&what);
	if (!error && !(file = fdopen(fd, "rb")))
		error = errno;
	if (error) {
		close(fd);
		errno = error;
	}
	return file;
}

const char *file_why(int error)
{
	if (error == EISDIR)
		return "is a folder; name a file in it";
	if (error == ESPIPE)
		return "is a pipe, socket or device, which may have no end; copy its bytes to a file, and "
		       "name that";
	return strerror(error);
}
