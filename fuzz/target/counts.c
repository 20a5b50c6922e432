/* SPDX-License-Identifier: MIT */
/* Counts in a file; see counts.h. */
#include "counts.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "file.h"

#define COUNTS_NAME "CAPCHAIN_COUNTS"

/* Counts files that one pid may have left behind, in other containers or of earlier processes. */
#define COUNTS_OF_ONE_PID 1000

static struct findings_counts in_memory;
struct findings_counts *counts_kept = &in_memory;

/* The file of counts that are another process's too; -1: they are ours. */
static int shared = -1;

static void *map(int fd)
{
	void *const at =
		mmap(NULL, sizeof(*counts_kept), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	return at == MAP_FAILED ? NULL : at;
}

static bool are_of(const struct findings_counts *other, const struct judge *judge)
{
	if (other->magic != FINDINGS_MAGIC || other->parsers != judge->count)
		return false;
	for (size_t i = 0; i < judge->count; i++)
		if (strncmp(other->of[i].name, judge->judged[i].parser->name, FINDINGS_NAME_MAX))
			return false;
	return true;
}

/* Counts where the process does that started this one; false where it has no such file in @own. */
static bool join(const char *own, const struct judge *judge)
{
	const char *const path = getenv(COUNTS_NAME);
	struct findings_counts *other;
	struct stat what;
	int fd;

	if (!path || strncmp(path, own, strlen(own)) != 0 || strchr(path + strlen(own), '/'))
		return false;
	fd = open(path, O_RDWR | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0)
		return false;
	other = fstat(fd, &what) || !S_ISREG(what.st_mode) || what.st_size != sizeof(*counts_kept)
			? NULL
			: map(fd);
	if (other && are_of(other, judge)) {
		counts_kept = other;
		shared = fd;
		return true;
	}
	if (other)
		munmap(other, sizeof(*other));
	close(fd);
	return false;
}

int counts_open(const char *dir, const char *kind, const struct judge *judge, char *ret_error,
		size_t error_size)
{
	char own[4096], path[4096 + 64];
	void *at = NULL;
	int fd, error;

	snprintf(own, sizeof(own), "%s/counts/%s-", dir, kind);
	if (join(own, judge))
		return 0;
	snprintf(path, sizeof(path), "%s%ld", own, (long)getpid());
	/*
	 * Never one that is there: a run in another container may have it mapped under the same
	 * pid.
	 */
	fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
	for (int i = 2; fd < 0 && errno == EEXIST && i < COUNTS_OF_ONE_PID; i++) {
		snprintf(path, sizeof(path), "%s%ld.%d", own, (long)getpid(), i);
		fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
	}
	error = fd < 0 ? errno : posix_fallocate(fd, 0, sizeof(*counts_kept));
	if (!error && (!(at = map(fd)) || setenv(COUNTS_NAME, path, 1)))
		error = errno;
	if (fd >= 0)
		close(fd);
	if (error) {
		if (fd >= 0)
			unlink(path);
		snprintf(ret_error, error_size,
			 "cannot keep counts in %s: %s; make room or choose "
			 "another findings folder",
			 file_word(path), strerror(error));
		return -1;
	}
	counts_kept = at;
	return 0;
}

void counts_name(const struct judge *judge)
{
	if (shared >= 0)
		return;
	for (size_t i = 0; i < judge->count; i++)
		snprintf(counts_kept->of[i].name, FINDINGS_NAME_MAX, "%s",
			 judge->judged[i].parser->name);
	counts_kept->parsers = judge->count;
	counts_kept->magic = FINDINGS_MAGIC;
}

/* Several processes never change one count, or take one row, at once. */
static void lock(int how)
{
	while (shared >= 0 && flock(shared, how) && errno == EINTR)
		;
}

void counts_add(uint64_t *to, uint64_t n)
{
	lock(LOCK_EX);
	*to += n;
	lock(LOCK_UN);
}

void counts_walks(const struct judge *judge)
{
	lock(LOCK_EX);
	counts_kept->walked++;
	counts_kept->classes[judge->spec->class]++;
	for (size_t r = 0; r < judge->nreaders; r++) {
		const size_t i = judge->readers[r];
		const struct judged *const judged = &judge->judged[i];

		counts_kept->of[i].verdicts[judged->walk.verdict]++;
		counts_kept->of[i].disagreements[judged->disagreement]++;
		counts_kept->of[i].skipped += judged->skipped;
	}
	lock(LOCK_UN);
}

static struct findings_bucket *find_row(const char *bucket)
{
	uint64_t hash = INFO_HASH_START;

	for (const char *at = bucket; *at; at++)
		hash = info_hash(hash, (unsigned char)*at);
	for (size_t tried = 0; tried < FINDINGS_BUCKETS_MAX; tried++) {
		struct findings_bucket *const row =
			&counts_kept->buckets[(hash + tried) % FINDINGS_BUCKETS_MAX];

		if (!row->name[0])
			snprintf(row->name, sizeof(row->name), "%s", bucket);
		if (strcmp(row->name, bucket) == 0)
			return row;
	}
	return &counts_kept->buckets[FINDINGS_BUCKETS_MAX - 1];
}

struct findings_bucket *counts_bucket(const char *bucket)
{
	struct findings_bucket *row;

	lock(LOCK_EX);
	row = find_row(bucket);
	lock(LOCK_UN);
	return row;
}
