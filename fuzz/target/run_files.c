/* SPDX-License-Identifier: MIT */
/* Runs the target on files, without any engine: the replay half of every target. */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "../../parsers/parser.h"
#include "../status.h"
#include "file.h"
#include "findings.h"
#include "target.h"

/* The empty target of the benches keeps none. */
#pragma weak findings_lost

static size_t ran;

static int complain(const char *path)
{
	/* Somebody takes it for a libFuzzer target. */
	if (path[0] == '-' && errno == ENOENT)
		fprintf(stderr,
			"capchain: %s: no option is known here: this build has no engine of its own, "
			"and runs files and folders\n",
			file_word(path));
	else
		fprintf(stderr, "capchain: %s: %s\n", file_word(path), file_why(errno));
	return EXIT_UNUSABLE;
}

static int run_file(const char *path)
{
	static uint8_t bytes[INFO_LEN_MAX + 1];
	FILE *const file = file_open(path);
	size_t len;
	int failed;

	if (!file)
		return complain(path);
	len = fread(bytes, 1, sizeof(bytes), file);
	failed = ferror(file);
	fclose(file);
	if (failed)
		return complain(path);
	/* An INFO buffer has a size that somebody would pass as argsz. */
	if (len > INFO_LEN_MAX) {
		fprintf(stderr, "capchain: %s: longer than %u bytes, the most an input may have\n",
			file_word(path), INFO_LEN_MAX);
		return EXIT_UNUSABLE;
	}
	LLVMFuzzerTestOneInput(bytes, len);
	ran++;
	return 0;
}

static int visible(const struct dirent *entry)
{
	return entry->d_name[0] != '.';
}

static int run_path(const char *path)
{
	struct dirent **entries;
	char below[4096];
	struct stat what;
	int status = 0, count;

	if (stat(path, &what))
		return complain(path);
	if (!S_ISDIR(what.st_mode))
		return run_file(path);
	count = scandir(path, &entries, visible, alphasort);
	if (count < 0)
		return complain(path);
	for (int i = 0; i < count; i++) {
		snprintf(below, sizeof(below), "%s/%s", path, entries[i]->d_name);
		status |= run_path(below);
		free(entries[i]);
	}
	free(entries);
	return status;
}

int target_run_files(int count, char *const paths[])
{
	int status = 0;

	for (int i = 0; i < count; i++)
		status |= run_path(paths[i]);
	fprintf(stderr, "capchain: %zu inputs\n", ran);
	/* What was found and not kept is lost. */
	if (findings_lost && findings_lost())
		return EXIT_CANNOT_WRITE;
	/* A replay of nothing has shown nothing. */
	return status ? status : ran == 0;
}
