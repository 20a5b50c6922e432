/* SPDX-License-Identifier: MIT */
/* See walkers.h. */
#include "walkers.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>

#include "remote.h"

/* @cpu_ns: its CPU time when it was first looked at after a call. */
struct walker {
	pid_t tid;
	size_t info;
	bool seen;
	uint64_t cpu_ns;
};

static struct walker *find(struct walkers *walkers, pid_t tid)
{
	for (size_t i = 0; i < walkers->count; i++)
		if (walkers->all[i].tid == tid)
			return &walkers->all[i];
	return NULL;
}

bool walkers_add(struct walkers *walkers, pid_t tid, size_t info)
{
	struct walker *walker = find(walkers, tid);

	if (!walker) {
		struct walker *const longer =
			realloc(walkers->all, (walkers->count + 1) * sizeof(*longer));

		if (!longer)
			return false;
		walkers->all = longer;
		walker = &longer[walkers->count++];
	}
	*walker = (struct walker){tid, info, false, 0};
	return true;
}

void walkers_add_all(struct walkers *walkers, pid_t pid, size_t info)
{
	char path[64];
	struct dirent *entry;
	DIR *folder;

	snprintf(path, sizeof(path), "/proc/%d/task", (int)pid);
	folder = opendir(path);
	while (folder && (entry = readdir(folder)))
		if (entry->d_name[0] != '.')
			walkers_add(walkers, (pid_t)atoi(entry->d_name), info);
	if (folder)
		closedir(folder);
}

void walkers_all_called(struct walkers *walkers)
{
	for (size_t i = 0; i < walkers->count; i++)
		walkers->all[i].seen = false;
}

void walkers_called(struct walkers *walkers, pid_t tid)
{
	struct walker *const walker = find(walkers, tid);

	if (walker)
		walker->seen = false;
}

bool walkers_hang(struct walkers *walkers, uint64_t hang_ns, size_t *ret_info, uint64_t *ret_cpu_ns)
{
	for (size_t i = walkers->count; i-- > 0;) {
		struct walker *const w = &walkers->all[i];
		uint64_t now;

		if (!remote_cpu(w->tid, &now)) {
			*w = walkers->all[--walkers->count];
		} else if (!w->seen) {
			w->seen = true;
			w->cpu_ns = now;
		} else if (now - w->cpu_ns >= hang_ns) {
			*ret_info = w->info;
			*ret_cpu_ns = now - w->cpu_ns;
			return true;
		}
	}
	return false;
}

void walkers_free(struct walkers *walkers)
{
	free(walkers->all);
	*walkers = (struct walkers){0};
}
