/* SPDX-License-Identifier: MIT */
/* Each call is made by us on the fake's own file, and its result copied to the client. */
#include "paths.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "remote.h"

/* One call on a path of the fake: @real is it, @args the client's from behind the path on. */
struct path_call {
	const struct fake *fake;
	pid_t tid;
	const char *real;
	enum fake_kind kind;
	const __u64 *args;
	struct path_answer *answer;
};

static int64_t open_as(const struct path_call *c, uint64_t flags)
{
	const int made = (int)flags & ~(O_CREAT | O_EXCL | O_TRUNC);

	c->answer->fd = c->kind == FAKE_NONE ? open(c->real, made | O_CLOEXEC)
					     : fake_fd(c->fake, c->kind, made);
	c->answer->closes_on_exec = flags & O_CLOEXEC;
	return c->kind != FAKE_NONE ? c->answer->fd : c->answer->fd < 0 ? -errno : 0;
}

static int64_t do_open(const struct path_call *c)
{
	return open_as(c, c->args[0]);
}

static int64_t do_openat2(const struct path_call *c)
{
	struct open_how how;

	if (remote_read(c->tid, c->args[0], &how, sizeof(how)) != sizeof(how))
		return -EFAULT;
	return open_as(c, how.flags);
}

static int64_t put(const struct path_call *c, uint64_t at, const void *bytes, size_t size)
{
	return remote_write(c->tid, at, bytes, size) == size ? 0 : -EFAULT;
}

#ifdef __x86_64__
static int64_t stat_as(const struct path_call *c, int flags)
{
	struct stat what;

	if (fstatat(AT_FDCWD, c->real, &what, flags & AT_SYMLINK_NOFOLLOW))
		return -errno;
	return put(c, c->args[0], &what, sizeof(what));
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
	struct statx what;

	if (statx(AT_FDCWD, c->real, (int)c->args[0], (unsigned int)c->args[1], &what))
		return -errno;
	return put(c, c->args[2], &what, sizeof(what));
}

static int64_t do_access(const struct path_call *c)
{
	return faccessat(AT_FDCWD, c->real, (int)c->args[0], 0) ? -errno : 0;
}

static int64_t do_readlink(const struct path_call *c)
{
	char target[PATH_MAX];
	const size_t room = (int)c->args[1] < 0 ? 0 : c->args[1];
	const ssize_t len = readlink(c->real, target, sizeof(target));
	const size_t given = (size_t)len < room ? (size_t)len : room;

	if (len < 0)
		return -errno;
	if (room == 0)
		return -EINVAL;
	return put(c, c->args[0], target, given) ? -EFAULT : (int64_t)given;
}

static const struct {
	int nr;
	unsigned int path;
	int64_t (*answer)(const struct path_call *c);
} calls[] = {
#define ROW(call, path, answer) {SYS_##call, path, answer},
	PATH_CALLS(ROW)};

bool paths_answer(const struct fake *fake, const struct seccomp_notif *call,
		  struct path_answer *ret_answer)
{
	char path[PATH_MAX], real[PATH_MAX];
	struct path_call c = {fake, (pid_t)call->pid, real, FAKE_NONE, NULL, ret_answer};

	for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++) {
		if (calls[i].nr != call->data.nr)
			continue;
		/*
		 * A relative path starts at a folder that is open, which is real or already ours.
		 */
		if (!remote_string(c.tid, call->data.args[calls[i].path], path, sizeof(path)) ||
		    path[0] != '/' || !fake_path(fake, path, real, &c.kind))
			return false;
		c.args = &call->data.args[calls[i].path + 1];
		ret_answer->fd = -1;
		ret_answer->result = calls[i].answer(&c);
		return true;
	}
	return false;
}
