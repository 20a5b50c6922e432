/* SPDX-License-Identifier: MIT */
/*
 * Reads and writes the client by process_vm_readv() and its kin, or by /proc/TID/mem where a
 * container forbids those.
 */
#include "remote.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#define PAGE 4096u

/* What a page allows is not asked by that file: it reads what nobody may, and writes what is read-only. */
static bool page_allows(pid_t tid, uint64_t at, bool writes)
{
	char path[64], flags[5], *line = NULL;
	size_t room = 0;
	bool allows = false;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/maps", (int)tid);
	file = fopen(path, "re");
	if (!file)
		return false;
	while (!allows && getline(&line, &room, file) > 0) {
		uint64_t from, to;

		allows = sscanf(line, "%" SCNx64 "-%" SCNx64 " %4s", &from, &to, flags) == 3 &&
			 at >= from && at < to && flags[writes] != '-';
	}
	free(line);
	fclose(file);
	errno = EFAULT;
	return allows;
}

static ssize_t by_mem(pid_t tid, uint64_t at, void *bytes, size_t size, bool writes)
{
	char path[64];
	ssize_t done;
	int fd;

	if (!page_allows(tid, at, writes))
		return -1;
	snprintf(path, sizeof(path), "/proc/%d/mem", (int)tid);
	fd = open(path, (writes ? O_WRONLY : O_RDONLY) | O_CLOEXEC);
	if (fd < 0)
		return -1;
	done = writes ? pwrite(fd, bytes, size, (off_t)at) : pread(fd, bytes, size, (off_t)at);
	close(fd);
	return done;
}

/* One piece that crosses no page, so that it is there whole or not at all. */
static ssize_t move_piece(pid_t tid, uint64_t at, void *bytes, size_t size, bool writes)
{
	const struct iovec ours = {bytes, size};
	const struct iovec theirs = {(void *)(uintptr_t)at, size};
	const ssize_t done = writes ? process_vm_writev(tid, &ours, 1, &theirs, 1, 0)
				    : process_vm_readv(tid, &ours, 1, &theirs, 1, 0);

	return done < 0 && (errno == EPERM || errno == ENOSYS)
		       ? by_mem(tid, at, bytes, size, writes)
		       : done;
}

static size_t move(pid_t tid, uint64_t at, void *bytes, size_t size, bool writes)
{
	size_t done = 0;

	while (done < size) {
		const size_t left = size - done, room = PAGE - (at + done) % PAGE;
		const size_t piece = left < room ? left : room;
		const ssize_t moved =
			move_piece(tid, at + done, (uint8_t *)bytes + done, piece, writes);

		if (moved <= 0)
			break;
		done += (size_t)moved;
	}
	return done;
}

bool caller_waits(const struct caller *caller)
{
	return caller->listener < 0 ||
	       ioctl(caller->listener, SECCOMP_IOCTL_NOTIF_ID_VALID, &caller->id) == 0;
}

size_t remote_read(const struct caller *caller, uint64_t at, void *ret_bytes, size_t size)
{
	const size_t done = move(caller->tid, at, ret_bytes, size, false);

	return caller_waits(caller) ? done : 0;
}

size_t remote_write(const struct caller *caller, uint64_t at, const void *bytes, size_t size)
{
	return caller_waits(caller) ? move(caller->tid, at, (void *)(uintptr_t)bytes, size, true)
				    : 0;
}

bool remote_string(const struct caller *caller, uint64_t at, char *ret_string, size_t size)
{
	size_t have = 0;

	while (have < size) {
		const size_t room = PAGE - (at + have) % PAGE;
		const size_t piece = size - have < room ? size - have : room;

		if (remote_read(caller, at + have, ret_string + have, piece) != piece)
			return false;
		if (memchr(ret_string + have, '\0', piece))
			return true;
		have += piece;
	}
	return false;
}

int remote_allowed(pid_t pid)
{
	/* After a fork this address is mapped in both. */
	static volatile char here = 'x';
	const struct caller child = {.tid = pid, .listener = -1};
	char there = 0;

	if (remote_read(&child, (uintptr_t)&here, &there, 1) == 1 &&
	    remote_write(&child, (uintptr_t)&here, &there, 1) == 1)
		return 0;
	return -errno;
}

/* The parent and the clock ticks of CPU time of a process or thread; false where it is gone. */
static bool read_stat(const char *pid, int *ret_parent, unsigned long *ret_ticks)
{
	char path[288], line[1024];
	unsigned long user, system;
	const char *after;
	FILE *file;
	bool found;

	snprintf(path, sizeof(path), "/proc/%s/stat", pid);
	file = fopen(path, "re");
	if (!file)
		return false;
	/* A process's name may hold anything, so what follows its last parenthesis counts. */
	found = fgets(line, sizeof(line), file) && (after = strrchr(line, ')')) &&
		sscanf(after + 1, " %*c %d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu", ret_parent,
		       &user, &system) == 3;
	fclose(file);
	if (found)
		*ret_ticks = user + system;
	return found;
}

bool remote_cpu_ticks(pid_t tid, uint64_t *ret_ns)
{
	const long per_second = sysconf(_SC_CLK_TCK);
	unsigned long ticks;
	char pid[32];
	int parent;

	snprintf(pid, sizeof(pid), "%d", (int)tid);
	if (per_second <= 0 || !read_stat(pid, &parent, &ticks))
		return false;
	*ret_ns = ticks * (UINT64_C(1000000000) / (uint64_t)per_second);
	return true;
}

bool remote_cpu(pid_t tid, uint64_t *ret_ns)
{
	char path[64];
	FILE *file;
	int found;

	snprintf(path, sizeof(path), "/proc/%d/schedstat", (int)tid);
	file = fopen(path, "re");
	/* Not every kernel has it. */
	if (!file)
		return remote_cpu_ticks(tid, ret_ns);
	found = fscanf(file, "%" SCNu64, ret_ns);
	fclose(file);
	return found == 1;
}

static void kill_children(void)
{
	DIR *const proc = opendir("/proc");
	const struct dirent *entry;
	unsigned long ticks;
	int parent;

	while (proc && (entry = readdir(proc)))
		if (entry->d_name[0] >= '0' && entry->d_name[0] <= '9' &&
		    read_stat(entry->d_name, &parent, &ticks) && parent == getpid())
			kill((pid_t)atoi(entry->d_name), SIGKILL);
	if (proc)
		closedir(proc);
}

void remote_kill_all(pid_t pid, int *ret_status)
{
	pid_t dead;
	int status;

	/* What a killed process leaves behind becomes ours, and is there for the next round. */
	do {
		kill_children();
		dead = waitpid(-1, &status, 0);
		if (dead == pid)
			*ret_status = status;
	} while (dead > 0 || errno == EINTR);
}
