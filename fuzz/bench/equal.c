/* SPDX-License-Identifier: MIT */
/*
 * The verdicts of many buffers as lines, for comparing one build with another. The buffers are
 * every file of a corpus as bytes (FOLDER/device, region and iommu), and 20,000 random ones that
 * are the same everywhere: three in four are mutations of those files, the rest is noise. Where a
 * walk ended with `wrote`, the next line says where it wrote.
 *
 * Exit status: 0; 1 a folder has no file; 2 something cannot be read; or the sandbox's.
 *
 * Usage: equal FOLDER
 */
#include <dirent.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../parsers/layout.h"
#include "../../parsers/registry.h"
#include "../target/file.h"
#include "../judge/judge.h"
#include "../mutator/mutate.h"
#include "../judge/rules.h"
#include "../judge/verdicts.h"

#define RANDOM_BUFFERS 20000
#define NOISE_MAX      160
/* A mutation of a mutation, now and then a third time: far from the corpus. */
#define ROUNDS	       3

struct buffer {
	size_t len;
	uint8_t info[INFO_LEN_MAX];
};

static struct judge *judge;

static uint64_t random_next(uint64_t *state)
{
	uint64_t z = *state += UINT64_C(0x9e3779b97f4a7c15);

	z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
	return z ^ z >> 31;
}

static void print(const struct buffer *buffer, enum info_kind kind)
{
	judge_read(judge, buffer->info, buffer->len, kind);
	verdicts_print(stdout, judge);
	for (size_t i = 0; i < judge->count; i++)
		if (judge->judged[i].walk.verdict == VERDICT_WROTE)
			printf("\t%s wrote at %" PRId64 "\n", judge->judged[i].parser->name,
			       (int64_t)judge->judged[i].walk.offset);
}

static void read_file(const char *folder, const char *name, struct buffer *ret_buffer)
{
	char path[4096];
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	file = file_open(path);
	if (!file) {
		perror(path);
		exit(2);
	}
	ret_buffer->len = fread(ret_buffer->info, 1, sizeof(ret_buffer->info), file);
	fclose(file);
}

static int visible(const struct dirent *entry)
{
	return entry->d_name[0] != '.';
}

static void make_random(struct buffer *buffer, enum info_kind kind, uint64_t seed)
{
	const unsigned int rounds = seed % 4 ? 1 + (unsigned int)(seed / 4 % ROUNDS) : 0;

	if (!rounds) {
		buffer->len = (size_t)(random_next(&seed) % (NOISE_MAX + 1));
		for (size_t i = 0; i < buffer->len; i++)
			buffer->info[i] = (uint8_t)random_next(&seed);
	}
	for (unsigned int i = 0; i < rounds; i++)
		buffer->len = mutate(buffer->info, buffer->len, kind, sizeof(buffer->info),
				     random_next(&seed), buffer->info, NULL);
}

static int print_kind(const char *root, enum info_kind kind)
{
	static struct buffer buffer;
	struct dirent **entries;
	char folder[2048];
	int count;

	snprintf(folder, sizeof(folder), "%s/%s", root, info_kind_name(kind));
	count = scandir(folder, &entries, visible, alphasort);
	if (count < 1) {
		fprintf(stderr, "equal: %s: no file in it\n", folder);
		return 1;
	}
	for (int i = 0; i < count; i++) {
		read_file(folder, entries[i]->d_name, &buffer);
		print(&buffer, kind);
	}
	for (unsigned int i = 0; i < RANDOM_BUFFERS / INFO_KINDS + (kind == INFO_DEVICE ? 2 : 0);
	     i++) {
		read_file(folder, entries[i % (unsigned int)count]->d_name, &buffer);
		make_random(&buffer, kind, i);
		print(&buffer, kind);
	}
	for (int i = 0; i < count; i++)
		free(entries[i]);
	free(entries);
	return 0;
}

int main(int argc, char **argv)
{
	char error[512];

	if (argc != 2) {
		fprintf(stderr, "usage: equal FOLDER\n");
		return 2;
	}
	judge = judge_new(info_parsers, info_parser_count, error, sizeof(error));
	if (!judge) {
		fprintf(stderr, "equal: %s\n", error);
		return sandbox_exit();
	}
	for (enum info_kind kind = 0; kind < INFO_KINDS; kind++)
		if (print_kind(argv[1], kind))
			return 1;
	judge_free(judge);
	return 0;
}
