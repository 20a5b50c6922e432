/* SPDX-License-Identifier: MIT */
/* Opens inputs; see file.h. */
#include "file.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* What a word may have that needs no quotes, beside letters and digits. */
#define PLAIN "_@%+=:,./-"

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

static bool is_plain(const char *path)
{
	for (const char *at = path; *at; at++)
		if (!isascii(*at) || (!isalnum(*at) && !strchr(PLAIN, *at)))
			return false;
	return *path != '\0';
}

static bool is_printable(const char *path)
{
	for (; *path; path++)
		if (!isascii(*path) || !isprint(*path))
			return false;
	return true;
}

const char *file_word(const char *path)
{
	static char word[4 * PATH_MAX + sizeof("$''")];
	const bool printable = is_printable(path);
	char *to = word;

	if (is_plain(path) && strlen(path) < PATH_MAX)
		return path;
	to = stpcpy(to, printable ? "'" : "$'");
	for (int i = 0; path[i] && i < PATH_MAX; i++) {
		if (path[i] == '\'')
			to = stpcpy(to, printable ? "'\\''" : "\\'");
		else if (printable || (is_printable((const char[]){path[i], 0}) && path[i] != '\\'))
			*to++ = path[i];
		else
			to += sprintf(to, "\\%03o", (unsigned char)path[i]);
	}
	strcpy(to, "'");
	return word;
}
