/* SPDX-License-Identifier: MIT */
/*
 * What `capchain run` and `serve` are made of beside the supervisor: its replies, and how it says what it saw.
 */
#ifndef FUZZ_CMD_RUN_H
#define FUZZ_CMD_RUN_H

#include <argp.h>
#include <jansson.h>

#include "../client/supervise.h"
#include "../vfio_user/listen.h"

/*
 * How the files of one command line are read: by which rule, and whether their fixed fields stay.
 */
struct reading {
	enum reply_rule rule;
	bool keeps_fields;
};

/* What is asked for with one option may be said before or after --rules: files are read last. */
struct asked_file {
	size_t list;
	const char *path;
};

/**
 * struct run_options - the command line
 * @options to @options_end: its words before COMMAND's
 * @each, @each_word: the folder of --each, and the last word that says so
 * @socket: where `capchain serve` listens; NULL: `capchain run`
 */
struct run_options {
	struct asked_file files[LISTS];
	size_t nfiles;
	const char *script;
	const char *socket;
	const char *each;
	char **each_word;
	struct reading reading;
	struct fake_ids ids;
	struct limits limits;
	bool no_good;
	bool json;
	char **options;
	char **options_end;
	char **command;
};

/* The options that `run` and `serve` share, and COMMAND; the input is a struct run_options. */
extern const struct argp run_argp;

/* Of `run` alone, or of `serve` alone. */
enum { RUN_OPTION_IOMMU = 0x80, RUN_OPTION_SOCKET };

/* The FILE of an option for list @list; two of one end the process with one line. */
void run_add_option(struct run_options *o, const struct argp_state *state, size_t list,
		    const char *path);

/* Does what they ask for, in a process of its own. Returns the exit status. */
int run_apart(struct run_options *options);

/* The same in a process that apart() made. */
int run_work(const struct run_options *options);

/* Standard input in memory, to be read once a run; -1 where it is a terminal, -2 after one line. */
int run_keep_input(uint64_t idle_s);

/*
 * Runs the command of @o on @replies. Returns 0, or an exit status after one line. @words: which
 * replies those are, for the line before what the command prints, NULL for no line. @listen: where a client of
 * vfio-user asks, NULL for `run`.
 */
int run_once(const struct run_options *o, const struct fake *fake, struct vu_listen *listen,
	     struct vfio *vfio, struct replies *replies, int input, const char *words,
	     struct supervised *ret_run);

/* "device", "iommu", "region", "region3": the list that is, or LISTS. */
size_t run_list_of(const char *name);

/*
 * Adds the file at @path, text form or bytes, to list @list. Returns 0, or EXIT_UNUSABLE after one
 * line.
 */
int run_add_file(struct replies *replies, size_t list, const char *path, struct reading reading,
		 struct reply **ret_reply);

/*
 * Adds the file at @path to the list of its kind, which is *@ret_list: LISTS where it is a conversation, and
 * nothing was added. Returns as run_add_file().
 */
int run_add_of_kind(struct replies *replies, const char *path, struct reading reading,
		    size_t *ret_list);

/*
 * Adds what the script at @path says; its files are looked for beside it. @is_peer: it may say what only a peer
 * can. Returns as
 * run_add_file().
 */
int run_add_script(struct replies *replies, const char *path, struct reading reading, bool is_peer);

/* Adds what the command line names. Returns as run_add_file(). */
int run_add_all(struct replies *replies, const struct run_options *o);

/*
 * What there is to tell. @good: the run with good replies, NULL where it was left out. @options to
 * @options_end, then @command: the words of the command line. @listen: NULL, or what came to its server.
 */
struct run_report {
	const struct supervised *good;
	const struct supervised *run;
	const struct vfio *vfio;
	const struct vu_listen *listen;
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

/* "; maps what the reply does not hold", or nothing. */
const char *run_maps_words(const struct run_report *report);

void run_print(const struct run_report *report);
json_t *run_json(const struct run_report *report);

#endif
