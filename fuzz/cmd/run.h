/* SPDX-License-Identifier: MIT */
/*
 * What `capchain run` is made of beside the supervisor: its replies, and how it says what it saw.
 */
#ifndef FUZZ_CMD_RUN_H
#define FUZZ_CMD_RUN_H

#include <jansson.h>

#include "../client/supervise.h"

/*
 * How the files of one command line are read: by which rule, and whether their fixed fields stay.
 */
struct reading {
	enum reply_rule rule;
	bool keeps_fields;
};

/* "device", "iommu", "region", "region3": the list that is, or LISTS. */
size_t run_list_of(const char *name);

/*
 * Adds the file at @path, text form or bytes, to list @list. Returns 0, or EXIT_UNUSABLE after one
 * line.
 */
int run_add_file(struct replies *replies, size_t list, const char *path, struct reading reading,
		 struct reply **ret_reply);

/*
 * Adds what the script at @path says; its files are looked for beside it. Returns as
 * run_add_file().
 */
int run_add_script(struct replies *replies, const char *path, struct reading reading);

/*
 * What there is to tell. @good: the run with good replies, NULL where it was left out. @options to
 * @options_end, then @command: the words of the command line.
 */
struct run_report {
	const struct supervised *good;
	const struct supervised *run;
	const struct vfio *vfio;
	char *const *options;
	char *const *options_end;
	char *const *command;
};

/*
 * Whether a run shows a fault: anything but an end by itself with every mapping inside, or the same
 * as with good replies.
 */
bool run_is_faulty(const struct run_report *report);

/* "killed by SIGSEGV", in at most @size bytes. */
void run_words(const struct supervised *run, char *ret_words, size_t size);

void run_print(const struct run_report *report);
json_t *run_json(const struct run_report *report);

#endif
