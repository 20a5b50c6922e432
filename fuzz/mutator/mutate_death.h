/* SPDX-License-Identifier: MIT */
/*
 * What is left of a mutation that the mutator dies in. An engine knows of inputs alone: its artifact
 * would be empty, and the command that it names would pass. Each shim notes what it hands over, and
 * has mutate_last_words() called where a signal or a sanitizer ends the process.
 */
#ifndef FUZZ_MUTATOR_MUTATE_DEATH_H
#define FUZZ_MUTATOR_MUTATE_DEATH_H

#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "../../parsers/layout.h"
#include "mutate_kind.h"

#if TARGET_FETCH
#define KIND_NAME "fetch"
#else
#define KIND_NAME info_kind_name(MUTATE_KIND)
#endif

/* The mutation that goes on: of @bytes, and where @other_size is not 0 a splice with @other. */
static struct {
	bool goes_on;
	uint8_t bytes[INFO_LEN_MAX];
	size_t size;
	uint8_t other[INFO_LEN_MAX];
	size_t other_size;
	size_t max;
	uint64_t seed;
} mutation;

static inline size_t mutate_note_bytes(uint8_t *to, const uint8_t *bytes, size_t size)
{
	const size_t kept = size < INFO_LEN_MAX ? size : INFO_LEN_MAX;

	if (kept)
		memcpy(to, bytes, kept);
	return kept;
}

/* Before a mutation; after it, mutation.goes_on is false again. */
static inline void mutate_note(const uint8_t *bytes, size_t size, const uint8_t *other,
			       size_t other_size, size_t max, uint64_t seed)
{
	mutation.size = mutate_note_bytes(mutation.bytes, bytes, size);
	mutation.other_size = mutate_note_bytes(mutation.other, other, other_size);
	mutation.max = max;
	mutation.seed = seed;
	mutation.goes_on = true;
}

#define MUTATE_PATH_MAX (PATH_MAX + 32)

/*
 * Keeps @bytes in a file that nobody can have put there before: @path gets a random end. False where it could
 * not be kept, and nothing is left.
 */
static inline bool mutate_keep(char path[MUTATE_PATH_MAX], const uint8_t *bytes, size_t size)
{
	const size_t used = strlen(path);
	unsigned long long end;
	bool kept;
	int fd;

	if (getrandom(&end, sizeof(end), GRND_NONBLOCK) != sizeof(end))
		return false;
	snprintf(path + used, MUTATE_PATH_MAX - used, "-%016llx", end);
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
	if (fd < 0)
		return false;
	kept = write(fd, bytes, size) == (ssize_t)size;
	if (close(fd) || !kept)
		unlink(path);
	return kept;
}

/*
 * Where a mutation goes on: keeps its bytes in $CAPCHAIN_FINDINGS or here, and says the command that
 * repeats it.
 */
static inline void mutate_last_words(void)
{
	const char *const kind = KIND_NAME;
	const char *const findings = getenv("CAPCHAIN_FINDINGS");
	char path[MUTATE_PATH_MAX], other[MUTATE_PATH_MAX], words[3 * PATH_MAX];
	bool kept;
	int len;

	if (!mutation.goes_on)
		return;
	mutation.goes_on = false;
	len = snprintf(path, PATH_MAX, "%s/%s-mutator-limit%zu-seed%llu", findings ? findings : ".",
		       kind, mutation.max, (unsigned long long)mutation.seed);
	if (len < 0 || len >= PATH_MAX)
		return;
	/* @path is shorter than PATH_MAX, and both have 32 bytes more. */
	memcpy(other, path, (size_t)len);
	memcpy(other + len, "-other", sizeof("-other"));
	kept = mutate_keep(path, mutation.bytes, mutation.size) &&
	       (!mutation.other_size || mutate_keep(other, mutation.other, mutation.other_size));
	len = snprintf(
		words, sizeof(words),
		"capchain: in the mutator, not in a parser: %s build/capchain mutate --kind %s "
		"--limit %zu --seed %llu %s%s '%s' -o OUT\n",
		kept ? "repeat it with" : "its bytes could not be kept:", kind, mutation.max,
		(unsigned long long)mutation.seed, mutation.other_size ? "--splice " : "",
		mutation.other_size ? other : "", path);
	if (write(STDERR_FILENO, words, (size_t)len) < 0)
		return;
}

/* kind_splice() where there is an @other, else kind_mutate(), noted while it goes on. */
static inline size_t mutate_noted(const uint8_t *bytes, size_t size, const uint8_t *other,
				  size_t other_size, size_t max, uint64_t seed, uint8_t *out,
				  struct mutated *ret_how)
{
	size_t made;

	mutate_note(bytes, size, other, other_size, max, seed);
	made = other_size ? kind_splice(bytes, size, other, other_size, max, seed, out, ret_how)
			  : kind_mutate(bytes, size, max, seed, out, ret_how);
	mutation.goes_on = false;
	return made;
}

#endif
