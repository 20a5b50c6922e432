/* SPDX-License-Identifier: MIT */
/* /proc/TID/status says whose they are; setfsuid() and its kin change those of this thread alone. */
#include "rights.h"

#include <errno.h>
#include <grp.h>
#include <inttypes.h>
#include <linux/capability.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/fsuid.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define GROUPS_MAX 65536

struct rights {
	unsigned int uid;
	unsigned int gid;
	size_t ngroups;
	gid_t groups[GROUPS_MAX];
	uint64_t caps;
};

static struct rights own, clients;
static bool taken;

/* The third of `real effective saved fs`, or the first. */
static bool read_id(const char *words, bool real, unsigned int *ret_id)
{
	return sscanf(words, real ? "%u" : "%*u %*u %*u %u", ret_id) == 1;
}

static void read_groups(const char *words, struct rights *ret)
{
	char *rest;

	for (ret->ngroups = 0; ret->ngroups < GROUPS_MAX; words = rest) {
		const unsigned long id = strtoul(words, &rest, 10);

		if (rest == words)
			return;
		ret->groups[ret->ngroups++] = (gid_t)id;
	}
}

/* Of thread @tid. */
static bool read_rights(pid_t tid, bool real, struct rights *ret)
{
	char path[64], *line = NULL;
	unsigned int seen = 0;
	size_t room = 0;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/status", (int)tid);
	file = fopen(path, "re");
	while (file && getline(&line, &room, file) > 0)
		if (!strncmp(line, "Uid:", 4)) {
			seen += read_id(line + 4, real, &ret->uid);
		} else if (!strncmp(line, "Gid:", 4)) {
			seen += read_id(line + 4, real, &ret->gid);
		} else if (!strncmp(line, "Groups:", 7)) {
			read_groups(line + 7, ret);
			seen++;
		} else if (!strncmp(line, "CapEff:", 7)) {
			seen += sscanf(line + 7, "%" SCNx64, &ret->caps) == 1;
		}
	free(line);
	if (file)
		fclose(file);
	return seen == 4;
}

/* Capabilities in a user namespace of its own are none outside of it. */
static bool same_namespace(pid_t tid)
{
	struct stat ours, theirs;
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/ns/user", (int)tid);
	return stat("/proc/self/ns/user", &ours) == 0 && stat(path, &theirs) == 0 &&
	       ours.st_dev == theirs.st_dev && ours.st_ino == theirs.st_ino;
}

static bool set_caps(uint64_t effective)
{
	struct __user_cap_header_struct head = {_LINUX_CAPABILITY_VERSION_3, 0};
	struct __user_cap_data_struct caps[2];

	if (syscall(SYS_capget, &head, caps))
		return false;
	caps[0].effective = (uint32_t)effective;
	caps[1].effective = (uint32_t)(effective >> 32);
	return syscall(SYS_capset, &head, caps) == 0;
}

static bool same_groups(const struct rights *a, const struct rights *b)
{
	return a->ngroups == b->ngroups &&
	       !memcmp(a->groups, b->groups, a->ngroups * sizeof(a->groups[0]));
}

/* setfsuid() returns what was before, and says of no failure but by a second call. */
static bool take(const struct rights *r)
{
	if (!same_groups(&own, r) && setgroups(r->ngroups, r->groups))
		return false;
	setfsgid(r->gid);
	setfsuid(r->uid);
	return setfsgid((gid_t)-1) == (int)r->gid && setfsuid((uid_t)-1) == (int)r->uid &&
	       set_caps(own.caps & r->caps);
}

int rights_take(const struct caller *caller, bool real)
{
	if (!read_rights(getpid(), false, &own) || !read_rights(caller->tid, real, &clients))
		return -EACCES;
	if (!same_namespace(caller->tid))
		clients.caps = 0;
	if (!caller_waits(caller))
		return -EACCES;
	taken = own.uid != clients.uid || own.gid != clients.gid || !same_groups(&own, &clients) ||
		own.caps & ~clients.caps;
	if (!taken || take(&clients))
		return 0;
	rights_return();
	return -EACCES;
}

void rights_return(void)
{
	if (!taken)
		return;
	taken = false;
	/* In this order: the first gives back the right to the others. */
	if (!set_caps(own.caps))
		abort();
	setfsuid(own.uid);
	setfsgid(own.gid);
	if (!same_groups(&own, &clients) && setgroups(own.ngroups, own.groups))
		abort();
	if (!set_caps(own.caps))
		abort();
}
