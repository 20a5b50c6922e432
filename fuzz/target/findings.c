/* SPDX-License-Identifier: MIT */
/* Keeps what a fuzz run finds; see findings.h. */
#include "findings.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../../parsers/layout.h"
#include "file.h"
#include "../judge/own.h"
#include "../sandbox/where.h"

/*
 * Sets of verdicts seen by this process: open addressing, size of the best witness beside each. It
 * doubles when it is half full, so that a long run drops none.
 */
#define SLOTS_AT_FIRST 65536
static struct set {
	uint64_t signature;
	size_t size; /* plus one: 0 is a free slot, and an empty input has a size */
} at_first[SLOTS_AT_FIRST], *sets = at_first;
static size_t slots = SLOTS_AT_FIRST, sets_seen;

static const char *folder;

/* All of @bytes to @fd: 0 or -errno. */
static int put_all(int fd, const uint8_t *bytes, size_t len)
{
	while (len > 0) {
		const ssize_t done = write(fd, bytes, len);

		if (done < 0 && errno != EINTR)
			return -errno;
		bytes += done < 0 ? 0 : done;
		len -= done < 0 ? 0 : (size_t)done;
	}
	return 0;
}

/* Up to its last slash, "." where it has none. */
static bool folder_of(const char *path, char ret_dir[PATH_MAX])
{
	const char *const slash = strrchr(path, '/');
	const int len = slash ? (int)(slash - path) + (slash == path) : 1;

	return snprintf(ret_dir, PATH_MAX, "%.*s", len, slash ? path : ".") < PATH_MAX;
}

/* Our descriptor that @path names, as /dev/stdout and /dev/fd/3 do; -1 where it names a file. */
static int descriptor_of(const char *path)
{
	char link[PATH_MAX], next[PATH_MAX], dir[PATH_MAX], real[PATH_MAX], own[64];

	snprintf(own, sizeof(own), "/proc/%ld/fd", (long)getpid());
	snprintf(link, sizeof(link), "%s", path);
	/* /dev/stdout is a link to /proc/self/fd/1, and none of those is a longer way. */
	for (int i = 0; i < 4; i++) {
		ssize_t len;

		if (!folder_of(link, dir) || !realpath(dir, real))
			return -1;
		if (strcmp(real, own) == 0)
			return atoi(strrchr(link, '/') + 1);
		len = readlink(link, next, sizeof(next) - 1);
		if (len <= 0 || next[0] != '/')
			return -1;
		next[len] = '\0';
		strcpy(link, next);
	}
	return -1;
}

/* A device or pipe is written to, for only a file can be replaced. */
static int write_through(const char *path, const void *bytes, size_t len)
{
	const int fd = open(path, O_WRONLY | O_NOCTTY | O_CLOEXEC);
	int error = fd < 0 ? -errno : put_all(fd, bytes, len);

	if (fd >= 0 && close(fd) && !error)
		error = -errno;
	return error;
}

static mode_t own_umask(void)
{
	const mode_t mask = umask(0);

	umask(mask);
	return mask;
}

int findings_write(const char *path, const void *bytes, size_t len)
{
	char temporary[PATH_MAX + 128], dir[PATH_MAX], ending[64];
	struct stat what;
	int error, fd = descriptor_of(path);

	if (fd >= 0) {
		fflush(stdout);
		return put_all(fd, bytes, len);
	}
	if (stat(path, &what) == 0 && !S_ISREG(what.st_mode) && !S_ISDIR(what.st_mode))
		return write_through(path, bytes, len);
	if (!folder_of(path, dir))
		return -ENAMETOOLONG;
	/* A name that nobody can have put there before; fuzz.py sweeps by the pid in it. */
	snprintf(ending, sizeof(ending), ".%ld.tmp", (long)getpid());
	snprintf(temporary, sizeof(temporary), "%s/capchain-XXXXXX%s", dir, ending);
	fd = mkostemps(temporary, (int)strlen(ending), O_CLOEXEC);
	if (fd < 0)
		return -errno;
	error = fchmod(fd, 0666 & ~own_umask()) ? -errno : put_all(fd, bytes, len);
	/* A full disk may show no earlier than here. */
	if (close(fd) && !error)
		error = -errno;
	if (!error && rename(temporary, path))
		error = -errno;
	if (error)
		unlink(temporary);
	return error;
}

/* Says once that findings are not kept, and counts each for the front end. */
static void say_not_kept(const char *what, int error)
{
	const bool first = !counts_kept->failed;

	counts_add(&counts_kept->failed, 1);
	if (first)
		fprintf(stderr,
			"capchain: cannot keep %s: %s; findings are not being kept, make room or "
			"choose another folder\n",
			what, strerror(-error));
}

uint64_t findings_lost(void)
{
	return counts_kept->failed;
}

static int make_folder(const char *dir, const char *name, char *ret_error, size_t error_size)
{
	char path[4096];

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	if (mkdir(path, 0777) == 0 || errno == EEXIST)
		return 0;
	snprintf(ret_error, error_size,
		 "cannot make %s: %s; choose a findings folder you may write", file_word(path),
		 strerror(errno));
	return -1;
}

int findings_open(const char *dir, enum info_kind kind, const struct judge *judge, char *ret_error,
		  size_t error_size)
{
	if (dir) {
		if (make_folder(dir, "", ret_error, error_size) ||
		    make_folder(dir, "sets", ret_error, error_size) ||
		    make_folder(dir, "broken", ret_error, error_size) ||
		    make_folder(dir, "buckets", ret_error, error_size) ||
		    make_folder(dir, "counts", ret_error, error_size) ||
		    counts_open(dir,
				kind < INFO_KINDS ? info_kind_name(kind) : judge_kind_name(judge),
				judge, ret_error, error_size))
			return -1;
		folder = dir;
	}
	counts_name(judge);
	return 0;
}

/* Where @signature stands in the table, or may. */
static struct set *slot(uint64_t signature)
{
	size_t i = (size_t)signature % slots;

	while (sets[i].size && sets[i].signature != signature)
		i = (i + 1) % slots;
	return &sets[i];
}

/* Makes the table twice as large; not by malloc, which a sanitizer would end the run for. */
static int grow(void)
{
	struct set *const old = sets;
	const size_t count = slots;
	void *const larger = mmap(NULL, 2 * count * sizeof(*sets), PROT_READ | PROT_WRITE,
				  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (larger == MAP_FAILED)
		return -errno;
	sets = larger;
	slots = 2 * count;
	for (size_t i = 0; i < count; i++)
		if (old[i].size)
			*slot(old[i].signature) = old[i];
	if (old != at_first)
		munmap(old, count * sizeof(*old));
	return 0;
}

/*
 * The size kept of @signature, SIZE_MAX of a new one; NULL where there is no memory for one more.
 */
static size_t *set_size(uint64_t signature)
{
	struct set *set = slot(signature);

	if (set->size)
		return &set->size;
	if (sets_seen == slots / 2) {
		const int error = grow();

		if (error) {
			say_not_kept("sets of verdicts", error);
			return NULL;
		}
		set = slot(signature);
	}
	sets_seen++;
	counts_add(&counts_kept->sets, 1);
	*set = (struct set){signature, SIZE_MAX};
	return &set->size;
}

/*
 * Keeps other runs from replacing a witness between our look at it and our own; -1 where it cannot.
 */
static int lock_folder(void)
{
	char path[4096];
	int fd;

	snprintf(path, sizeof(path), "%s/sets", folder);
	fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd >= 0)
		flock(fd, LOCK_EX);
	return fd;
}

/* Keeps the buffer at @path unless a smaller one is there. Returns 0 or -errno. */
static int keep_smaller(const struct judge *judge, const char *path)
{
	const int lock = lock_folder();
	struct stat known;
	int error = 0;

	if (stat(path, &known) || (size_t)known.st_size > judge->len)
		error = findings_write(path, judge->info, judge->len);
	if (lock >= 0)
		close(lock);
	if (error)
		say_not_kept(file_word(path), error);
	return error;
}

static int keep_witness(const struct judge *judge, uint64_t signature)
{
	char path[4096];

	snprintf(path, sizeof(path), "%s/sets/%s-%016" PRIx64, folder, judge_kind_name(judge),
		 signature);
	return keep_smaller(judge, path);
}

void findings_keep(const struct judge *judge, uint64_t signature)
{
	size_t *const size = set_size(signature);

	counts_walks(judge);
	if (!size || *size <= judge->len + 1)
		return;
	/* One that could not be kept is tried again when it comes again. */
	if (!folder || keep_witness(judge, signature) == 0)
		*size = judge->len + 1;
}

/* Where in its source a parser from outside did it. */
static void say_place(const struct walk_result *walk)
{
	const char *const place = walk->code ? where_words(walk->code) : NULL;

	if (place)
		fprintf(stderr, "capchain: in %s\n", place);
	if (walk->said)
		fprintf(stderr, "capchain: it said: %s\n", walk->said);
}

/* The witness of @bucket in the folder @name. */
static void witness_path(const struct judge *judge, const char *name, const char *bucket,
			 char *ret_path, size_t size)
{
	const int used =
		snprintf(ret_path, size, "%s/%s/%s-", folder, name, judge_kind_name(judge));

	if (used < 0 || (size_t)used >= size)
		return;
	snprintf(ret_path + used, size - (size_t)used, "%s", bucket);
	for (char *at = ret_path + used; (at = strchr(at, ':'));)
		*at = '_';
}

static void count_bucket(const struct judge *judge, const struct judged *judged, bool breaks)
{
	char bucket[BUCKET_MAX], path[4096];
	struct findings_bucket *row;

	judged_bucket(judged, bucket);
	row = counts_bucket(bucket);
	counts_add(&row->times, 1);
	row->breaks |= breaks;
	if (row->size && row->size <= judge->len + 1)
		return;
	if (folder) {
		witness_path(judge, "buckets", bucket, path, sizeof(path));
		if (keep_smaller(judge, path))
			return;
	}
	row->size = judge->len + 1;
}

void findings_go_on(const struct judge *judge)
{
	for (size_t i = 0; i <= judge->nreaders; i++) {
		const struct judged *const judged =
			i < judge->nreaders ? &judge->judged[judge->readers[i]] : &judge->reference;
		bool breaks;

		if (!judged_differs(judged))
			continue;
		breaks = judged_breaks(judged) && !judged_excuse(judged);
		if (breaks || judged->parser == own_parser)
			count_bucket(judge, judged, breaks);
	}
}

_Noreturn void findings_stop(const struct judge *judge, const struct judged *broken)
{
	char bucket[BUCKET_MAX], path[4096], entry[LEDGER_TEXT_MAX];

	judged_bucket(broken, bucket);
	fprintf(stderr, "capchain: broken promise: %s\n", bucket);
	say_place(&broken->walk);
	if (folder) {
		witness_path(judge, "broken", bucket, path, sizeof(path));
		if (keep_smaller(judge, path) == 0)
			fprintf(stderr, "capchain: %s explain --kind %s %s\n", own_command(),
				judge_kind_name(judge), file_word(path));
	}
	/* The ledger is for the readers of this tree. */
	if (broken->parser != own_parser) {
		ledger_suggest(bucket, broken->spec->kind, broken->spec->notes,
			       "\"\"   # the witness, below corpus/regressions/", entry);
		fprintf(stderr,
			"capchain: mend %s, or where this is known and stays add to "
			"corpus/ledger.yaml:\n%s",
			broken->parser->name, entry);
	}
	/* What libFuzzer, ClusterFuzz and AFL++ group crashes by. */
	fprintf(stderr, "Assertion failure: %s\nDEDUP_TOKEN: %s\n", bucket, bucket);
	abort();
}
