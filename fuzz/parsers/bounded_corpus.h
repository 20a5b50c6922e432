/* SPDX-License-Identifier: MIT */
/*
 * The corpus as buffers: everything in captured/, seeds/ and regressions/ of one directory, text
 * (.yaml) or bytes. Each buffer is read as every kind, whatever its name says: a reply under the
 * wrong struct is one more input. A fetch script is no INFO buffer and is left out.
 */
#ifndef FUZZ_PARSERS_BOUNDED_CORPUS_H
#define FUZZ_PARSERS_BOUNDED_CORPUS_H

#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "bounded_inputs.h"
#include "../text/text.h"

#define CORPUS_PATH_MAX 4096
#define CORPUS_FILE_MAX (1u << 20)

/* From the first argument, else the environment, else where `make` runs. */
static const char *corpus_dir;

static inline void corpus_from(int argc, char **argv)
{
	corpus_dir = argc > 1 ? argv[1] : getenv("CORPUS");
	if (!corpus_dir)
		corpus_dir = "corpus";
}

static inline bool corpus_ends(const char *name, const char *end)
{
	const size_t size = strlen(name);

	return size >= strlen(end) && strcmp(name + size - strlen(end), end) == 0;
}

/* Reads a whole file, which is known to be there: anything else fails the test. */
static inline size_t corpus_file(const char *path, char ret_content[CORPUS_FILE_MAX])
{
	FILE *const file = fopen(path, "rb");
	size_t size;

	if (!file)
		fail_msg("%s: cannot be opened", path);
	size = fread(ret_content, 1, CORPUS_FILE_MAX, file);
	if (ferror(file) || fclose(file) || size == CORPUS_FILE_MAX)
		fail_msg("%s: cannot be read, or is too long", path);
	return size;
}

static inline size_t corpus_text(const char *path, const char *text, size_t size,
				 uint8_t ret_info[INFO_LEN_MAX])
{
	char error[TEXT_ERROR_SIZE];
	struct chain chain;
	size_t len;

	if (text_load(path, text, size, &chain, error))
		fail_msg("%s", error);
	chain_write(&chain, ret_info);
	len = chain.len;
	chain_free(&chain);
	return len;
}

/* As which kinds each buffer is handed over: from the first on, before the second. */
static uint32_t corpus_kinds[2] = {0, INFO_IOCTL_KINDS};

static inline void corpus_see(const char *path, buffer_test *see)
{
	static char content[CORPUS_FILE_MAX];
	static uint8_t info[INFO_LEN_MAX];
	size_t len = corpus_file(path, content);

	if (corpus_ends(path, ".yaml"))
		len = corpus_text(path, content, len, info);
	else if (len <= INFO_LEN_MAX)
		memcpy(info, content, len);
	else
		fail_msg("%s: longer than an INFO buffer", path);
	for (uint32_t kind = corpus_kinds[0]; kind < corpus_kinds[1]; kind++)
		see(info, len, (enum info_kind)kind);
}

/* Hands over every buffer of one folder and returns how many. */
static inline size_t corpus_folder(const char *folder, buffer_test *see)
{
	char path[CORPUS_PATH_MAX];
	struct dirent *entry;
	size_t count = 0;
	DIR *dir;

	snprintf(path, sizeof(path), "%s/%s", corpus_dir, folder);
	dir = opendir(path);
	if (!dir)
		return 0;
	while ((entry = readdir(dir))) {
		/* Scripts are no buffers. */
		if (entry->d_name[0] == '.' || strncmp(entry->d_name, "fetch-", 6) == 0 ||
		    corpus_ends(entry->d_name, ".md") || strncmp(entry->d_name, "fetch-", 6) == 0)
			continue;
		snprintf(path, sizeof(path), "%s/%s/%s", corpus_dir, folder, entry->d_name);
		corpus_see(path, see);
		count++;
	}
	closedir(dir);
	return count;
}

/* Hands over the whole corpus; a folder without a buffer is named, no buffer at all is a skip. */
static inline void each_corpus(buffer_test *see)
{
	static const char *const folders[] = {"captured", "seeds", "regressions"};
	size_t count = 0;

	for (size_t i = 0; i < sizeof(folders) / sizeof(folders[0]); i++) {
		const size_t found = corpus_folder(folders[i], see);

		if (found == 0)
			print_message("corpus: no buffer in %s/%s\n", corpus_dir, folders[i]);
		count += found;
	}
	if (count == 0)
		skip();
	print_message("corpus: %zu buffers\n", count);
}

/* Those that stand for configuration spaces, as both kinds of them. */
static inline void each_space(buffer_test *see)
{
	corpus_kinds[0] = INFO_IOCTL_KINDS;
	corpus_kinds[1] = INFO_KINDS;
	if (!corpus_folder("spaces", see))
		skip();
	corpus_folder("seeds", see);
	corpus_folder("regressions", see);
	corpus_kinds[0] = 0;
	corpus_kinds[1] = INFO_IOCTL_KINDS;
}

#endif
