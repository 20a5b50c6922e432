/* SPDX-License-Identifier: MIT */
/* The replies of `capchain run`: files named on the command line, and scripts of several. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../target/file.h"
#include "cmd.h"
#include "run.h"

size_t run_list_of(const char *name)
{
	if (!strcmp(name, "device"))
		return LIST_DEVICE;
	if (!strcmp(name, "iommu"))
		return LIST_IOMMU;
	if (strncmp(name, "region", 6))
		return LISTS;
	name += 6;
	if (!*name)
		return 0;
	return name[0] >= '0' && name[0] < '0' + (int)FAKE_REGIONS && !name[1]
		       ? (size_t)(name[0] - '0')
		       : LISTS;
}

int run_add_file(struct replies *replies, size_t list, const char *path, struct reading reading,
		 struct reply **ret_reply)
{
	static struct input input;
	const enum info_kind kind = list == LIST_DEVICE	 ? INFO_DEVICE
				    : list == LIST_IOMMU ? INFO_IOMMU
							 : INFO_REGION;
	int status;

	if (input_load(path, &kind, &input))
		return EXIT_UNUSABLE;
	status = reply_add(replies, list, reading.rule, input.bytes, input.len,
			   !reading.keeps_fields, ret_reply);
	input_free(&input);
	if (!status)
		return 0;
	fprintf(stderr, "capchain: %s: %s\n", path, strerror(-status));
	return EXIT_UNUSABLE;
}

/* One line of a script, and where it stands. */
struct line {
	const char *script;
	unsigned int number;
	struct replies *replies;
	struct reading reading;
};

static int refuse(const struct line *line, const char *what, const char *word)
{
	fprintf(stderr, "capchain: %s:%u: %s `%s`\n", line->script, line->number, what, word);
	return EXIT_UNUSABLE;
}

/* argsz=N or argsz=+N. */
static int set_argsz(const struct line *line, const char *word, struct reply *reply)
{
	const char *number = word + strlen("argsz=");
	unsigned long long value;
	char *rest;

	if (strncmp(word, "argsz=", strlen("argsz=")))
		return refuse(line, "want argsz=N or argsz=+N, not", word);
	reply->how = *number == '+' ? ARGSZ_GROWS : ARGSZ_IS;
	number += *number == '+';
	errno = 0;
	value = strtoull(number, &rest, 0);
	if (*number < '0' || *number > '9' || *rest || errno || value > UINT32_MAX)
		return refuse(line, "want argsz=N or argsz=+N of 32 bits, not", word);
	reply->argsz = (uint32_t)value;
	return 0;
}

/* @name as seen from the script's folder; freed by the caller. */
static char *beside(const char *script, const char *name)
{
	const char *const slash = strrchr(script, '/');
	char *made = NULL;

	if (name[0] == '/' || !slash)
		return strdup(name);
	return asprintf(&made, "%.*s/%s", (int)(slash - script), script, name) < 0 ? NULL : made;
}

static int add_reply(struct line *line, size_t list, const char *rule, const char *name,
		     const char *argsz)
{
	struct reply *reply;
	char *path;
	int status;

	if (!reply_rule_parse(rule, &line->reading.rule))
		return refuse(line, "want kernel, iommufd, vfio-user, raw or again, not", rule);
	if (!name)
		return refuse(line, "no FILE after", rule);
	path = beside(line->script, name);
	status = path ? run_add_file(line->replies, list, path, line->reading, &reply)
		      : refuse(line, "no memory for", name);
	free(path);
	return status ? status : argsz ? set_argsz(line, argsz, reply) : 0;
}

static int add_line(struct line *line, char *text)
{
	static const char blanks[] = " \t\r\n";
	char *rest, *which, *rule, *name, *argsz, *more;
	size_t list;

	text[strcspn(text, "#")] = '\0';
	which = strtok_r(text, blanks, &rest);
	if (!which)
		return 0;
	rule = strtok_r(NULL, blanks, &rest);
	name = strtok_r(NULL, blanks, &rest);
	argsz = strtok_r(NULL, blanks, &rest);
	more = strtok_r(NULL, blanks, &rest);
	list = run_list_of(which);
	if (list == LISTS)
		return refuse(line, "want device, iommu, region or region0 to region8, not", which);
	if (!rule)
		return refuse(line, "no rule after", which);
	if (more)
		return refuse(line, "one reply a line; what is", more);
	if (line->replies->lists[list].again)
		return refuse(line, "nothing can follow `again` of", which);
	if (strcmp(rule, "again"))
		return add_reply(line, list, rule, name, argsz);
	if (name || !line->replies->lists[list].count)
		return refuse(line, "`again` stands alone, after replies of", which);
	line->replies->lists[list].again = true;
	return 0;
}

int run_add_script(struct replies *replies, const char *path, struct reading reading)
{
	struct line line = {path, 0, replies, reading};
	FILE *const file = file_open(path);
	char *text = NULL;
	size_t size = 0;
	int status = 0;

	if (!file) {
		fprintf(stderr, "capchain: %s: %s\n", path, file_why(errno));
		return EXIT_UNUSABLE;
	}
	errno = 0;
	while (!status && getline(&text, &size, file) >= 0) {
		line.number++;
		status = add_line(&line, text);
		errno = 0;
	}
	if (!status && ferror(file)) {
		fprintf(stderr, "capchain: %s: %s\n", path, strerror(errno ? errno : EIO));
		status = EXIT_UNUSABLE;
	}
	free(text);
	fclose(file);
	return status;
}
