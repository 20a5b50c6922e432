/* SPDX-License-Identifier: MIT */
/*
 * Each call is made by us on the fake's own file, with the client's rights, and its result copied to
 * the client.
 */
#include "paths.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "rights.h"

/* One call on @path, absolute, of the fake: @args are the client's from behind its path on. */
struct path_call {
	const struct fake *fake;
	const struct caller *caller;
	const char *path;
	enum fake_kind kind;
	const __u64 *args;
	struct path_answer *answer;
};

/* The file itself, opened with the client's rights to find it. */
static int look_up(const struct path_call *c, bool follows)
{
	int fd = rights_take(c->caller, false);

	if (fd == 0) {
		fd = fake_at(c->fake, c->path, O_PATH | (follows ? 0 : O_NOFOLLOW));
		rights_return();
	}
	return fd;
}

static int64_t open_as(const struct path_call *c, uint64_t flags)
{
	int fd;

	c->answer->closes_on_exec = flags & O_CLOEXEC;
	/* Devices are everybody's, and none is a file of this machine. */
	if (c->kind != FAKE_NONE) {
		fd = fake_fd(c->fake, c->kind, (int)flags);
	} else {
		fd = rights_take(c->caller, false);
		if (fd == 0) {
			fd = fake_at(c->fake, c->path, flags);
			rights_return();
		}
	}
	c->answer->fd = fd < 0 ? -1 : fd;
	return fd < 0 ? fd : 0;
}

static int64_t do_open(const struct path_call *c)
{
	return open_as(c, c->args[0]);
}

static int64_t do_openat2(const struct path_call *c)
{
	struct open_how how;

	if (remote_read(c->caller, c->args[0], &how, sizeof(how)) != sizeof(how))
		return -EFAULT;
	return open_as(c, how.flags);
}

static int64_t put(const struct path_call *c, uint64_t at, const void *bytes, size_t size)
{
	return remote_write(c->caller, at, bytes, size) == size ? 0 : -EFAULT;
}

#ifdef __x86_64__
static int64_t do_creat(const struct path_call *c)
{
	return open_as(c, O_WRONLY);
}

static int64_t stat_as(const struct path_call *c, int flags)
{
	const int fd = look_up(c, !(flags & AT_SYMLINK_NOFOLLOW));
	struct stat what;
	int status;

	if (fd < 0)
		return fd;
	status = fstat(fd, &what) ? -errno : 0;
	close(fd);
	return status ? status : put(c, c->args[0], &what, sizeof(what));
}

static int64_t do_stat(const struct path_call *c)
{
	return stat_as(c, 0);
}

static int64_t do_lstat(const struct path_call *c)
{
	return stat_as(c, AT_SYMLINK_NOFOLLOW);
}

static int64_t do_newfstatat(const struct path_call *c)
{
	return stat_as(c, (int)c->args[1]);
}
#endif

static int64_t do_statx(const struct path_call *c)
{
	const int flags = (int)c->args[0], fd = look_up(c, !(flags & AT_SYMLINK_NOFOLLOW));
	struct statx what;
	int status;

	if (fd < 0)
		return fd;
	status = statx(fd, "", flags | AT_EMPTY_PATH, (unsigned int)c->args[1], &what) ? -errno : 0;
	close(fd);
	return status ? status : put(c, c->args[2], &what, sizeof(what));
}

static int64_t access_as(const struct path_call *c, int flags)
{
	const int fd = look_up(c, !(flags & AT_SYMLINK_NOFOLLOW));
	int64_t status = fd < 0 ? fd : rights_take(c->caller, !(flags & AT_EACCESS));

	if (status == 0) {
		if (syscall(SYS_faccessat2, fd, "", (int)c->args[0], AT_EMPTY_PATH | AT_EACCESS))
			status = -errno;
		rights_return();
	}
	if (fd >= 0)
		close(fd);
	return status;
}

static int64_t do_access(const struct path_call *c)
{
	return access_as(c, 0);
}

static int64_t do_faccessat2(const struct path_call *c)
{
	return access_as(c, (int)c->args[1]);
}

static int64_t do_readlink(const struct path_call *c)
{
	const size_t room = (int)c->args[1] < 0 ? 0 : c->args[1];
	const int fd = look_up(c, false);
	char target[PATH_MAX];
	ssize_t len;
	size_t given;

	if (fd < 0)
		return fd;
	len = readlinkat(fd, "", target, sizeof(target));
	close(fd);
	if (room == 0 || len < 0)
		return -EINVAL;
	given = (size_t)len < room ? (size_t)len : room;
	return put(c, c->args[0], target, given) ? -EFAULT : (int64_t)given;
}

static const struct {
	int nr;
	unsigned int path;
	int64_t (*answer)(const struct path_call *c);
} calls[] = {
#define ROW(call, path, answer) {SYS_##call, path, answer},
	PATH_CALLS(ROW)};

/*
 * The folder that a relative path starts at, as the client sees it: one that was opened in the
 * fake's folder is that of the same name.
 */
static bool start_of(const struct fake *fake, const struct caller *caller, int dirfd,
		     char ret_start[PATH_MAX])
{
	const size_t root = strlen(fake->root);
	char link[64];
	ssize_t len;

	if (dirfd == AT_FDCWD)
		snprintf(link, sizeof(link), "/proc/%d/cwd", (int)caller->tid);
	else
		snprintf(link, sizeof(link), "/proc/%d/fd/%d", (int)caller->tid, dirfd);
	len = readlink(link, ret_start, PATH_MAX - 1);
	if (len <= 0 || ret_start[0] != '/' || !caller_waits(caller))
		return false;
	ret_start[len] = '\0';
	if (!strncmp(ret_start, fake->root, root) && (ret_start[root] == '/' || !ret_start[root]))
		memmove(ret_start, ret_start + root, (size_t)len + 1 - root);
	return true;
}

/* The path in argument @at of @call, absolute; false where there is none, as in an fstat(). */
static bool path_of(const struct fake *fake, const struct caller *caller,
		    const struct seccomp_data *call, unsigned int at, char ret_path[2 * PATH_MAX])
{
	char said[PATH_MAX], start[PATH_MAX];

	if (!remote_string(caller, call->args[at], said, sizeof(said)) || !said[0])
		return false;
	if (said[0] == '/') {
		strcpy(ret_path, said);
		return true;
	}
	if (!start_of(fake, caller, at ? (int)call->args[at - 1] : AT_FDCWD, start))
		return false;
	snprintf(ret_path, 2 * PATH_MAX, "%s/%s", start, said);
	return true;
}

/*
 * Whether @path of the client's leads to a device of VFIO's that is real, by a link or by another node. Links
 * are followed with the client's rights.
 */
static bool leads_to_real(const struct caller *caller, const char *path)
{
	char there[3 * PATH_MAX];
	bool real = false;
	int fd;

	snprintf(there, sizeof(there), "/proc/%d/root%s", (int)caller->tid, path);
	if (rights_take(caller, false))
		return false;
	fd = open(there, O_PATH | O_CLOEXEC);
	rights_return();
	if (fd >= 0) {
		real = fake_is_real(fd);
		close(fd);
	}
	return real;
}

static bool opens(int nr)
{
#ifdef __x86_64__
	if (nr == SYS_open || nr == SYS_creat)
		return true;
#endif
	return nr == SYS_openat || nr == SYS_openat2;
}

bool paths_answer(const struct fake *fake, const struct caller *caller,
		  const struct seccomp_data *call, struct path_answer *ret_answer)
{
	char path[2 * PATH_MAX], said[2 * PATH_MAX];
	struct path_call c = {fake, caller, path, FAKE_NONE, NULL, ret_answer};
	size_t i = 0;

	while (i < sizeof(calls) / sizeof(calls[0]) && calls[i].nr != call->nr)
		i++;
	if (i == sizeof(calls) / sizeof(calls[0]) ||
	    !path_of(fake, caller, call, calls[i].path, path))
		return false;
	ret_answer->fd = -1;
	strcpy(said, path);
	switch (fake_place(fake, path, &c.kind)) {
	case PLACE_ELSEWHERE:
		if (!opens(call->nr) || !leads_to_real(caller, said))
			return false;
		ret_answer->result = -ENOENT;
		return true;
	case PLACE_EMPTY:
		ret_answer->result = -ENOENT;
		return true;
	default:
		c.args = &call->args[calls[i].path + 1];
		ret_answer->result = calls[i].answer(&c);
		return true;
	}
}
