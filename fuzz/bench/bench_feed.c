/* SPDX-License-Identifier: MIT */
/*
 * A mutator that does not mutate: it feeds the files of the folder $CAPCHAIN_BENCH to the engine,
 * in the order of their names, over and over. So a benchmark runs the same inputs through every
 * target, the empty one too, with the engine's own loop around them. For libFuzzer it is linked in,
 * for AFL++ it is a shared object.
 */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FILE_MAX 4096

struct file {
	uint8_t bytes[FILE_MAX];
	size_t size;
};

static struct file *files;
static size_t count;

static _Noreturn void give_up(const char *what)
{
	fprintf(stderr, "bench: %s: %s\n", what, "cannot be read");
	exit(2);
}

static int visible(const struct dirent *entry)
{
	return entry->d_name[0] != '.';
}

static void load(void)
{
	const char *const folder = getenv("CAPCHAIN_BENCH");
	struct dirent **entries;
	char path[4096];
	int found;

	if (!folder || (found = scandir(folder, &entries, visible, alphasort)) <= 0)
		give_up("$CAPCHAIN_BENCH");
	files = calloc((size_t)found, sizeof(*files));
	for (int i = 0; files && i < found; i++) {
		FILE *file;

		snprintf(path, sizeof(path), "%s/%s", folder, entries[i]->d_name);
		file = fopen(path, "rb");
		if (!file)
			give_up(path);
		files[count].size = fread(files[count].bytes, 1, FILE_MAX, file);
		fclose(file);
		free(entries[i]);
		count++;
	}
	free(entries);
	if (!count)
		give_up(folder);
}

static size_t next_file(uint8_t **ret_bytes)
{
	static size_t next;
	size_t at;

	if (!files)
		load();
	at = next;
	next = (next + 1) % count;
	*ret_bytes = files[at].bytes;
	return files[at].size;
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max, unsigned int seed);
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max, unsigned int seed)
{
	uint8_t *bytes;
	const size_t next = next_file(&bytes);

	(void)size;
	(void)seed;
	if (next > max)
		return 0;
	memcpy(data, bytes, next);
	return next;
}

void *afl_custom_init(void *afl, unsigned int seed);
void *afl_custom_init(void *afl, unsigned int seed)
{
	(void)seed;
	return afl;
}

size_t afl_custom_fuzz(void *afl, uint8_t *data, size_t size, uint8_t **ret_data, uint8_t *add,
		       size_t add_size, size_t max);
size_t afl_custom_fuzz(void *afl, uint8_t *data, size_t size, uint8_t **ret_data, uint8_t *add,
		       size_t add_size, size_t max)
{
	uint8_t *bytes;
	const size_t next = next_file(&bytes);

	(void)afl;
	(void)data;
	(void)size;
	(void)add;
	(void)add_size;
	(void)max;
	*ret_data = bytes;
	return next;
}

void afl_custom_deinit(void *afl);
void afl_custom_deinit(void *afl)
{
	(void)afl;
}
