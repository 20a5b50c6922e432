/* SPDX-License-Identifier: MIT */
/* What the verbs of `capchain` share: exit statuses, inputs, and the judge's words as JSON. */
#ifndef FUZZ_CMD_CMD_H
#define FUZZ_CMD_CMD_H

#include <argp.h>
#include <jansson.h>
#include <limits.h>
#include <stdbool.h>

#include "../chain/endian.h"
#include "../judge/judge.h"
#include "../probe/probe.h"
#include "../status.h"

/* One verb: argv[0] is "capchain VERB". Returns the exit status. */
struct verb {
	const char *name;
	const char *summary;
	int (*run)(int argc, char **argv);
};

int cmd_check(int argc, char **argv);
int cmd_explain(int argc, char **argv);
int cmd_asm(int argc, char **argv);
int cmd_dis(int argc, char **argv);
int cmd_replay(int argc, char **argv);
int cmd_bless(int argc, char **argv);
int cmd_exhaust(int argc, char **argv);
int cmd_list(int argc, char **argv);
int cmd_mutate(int argc, char **argv);
int cmd_shrink(int argc, char **argv);
int cmd_emit(int argc, char **argv);
int cmd_probe(int argc, char **argv);
int cmd_run(int argc, char **argv);
int cmd_serve(int argc, char **argv);
int cmd_ask(int argc, char **argv);
int cmd_capture(int argc, char **argv);

/*
 * @path as reports show it: control bytes, what is not UTF-8, and the bytes in @also as %XX, so
 * that it stays on one line and in one word where that is asked. Freed by the caller; NULL without
 * memory.
 */
char *path_shown(const char *path, const char *also);

/*
 * One input: its bytes, kind (or KIND_FETCH of fetch/judge.h) and path as shown. Bytes that were in
 * the other byte order are turned over to the host's, but for one in which two fields share bytes,
 * at .shared_at.
 */
struct input {
	char *path;
	enum info_kind kind;
	enum endian endian; /* that they were in */
	bool shared;
	uint32_t shared_at;
	size_t len;
	uint8_t bytes[INFO_LEN_MAX];
};

/*
 * Reads the input at @path: text form where the name ends in .yaml, bytes otherwise; the kind of
 * bytes is *@kind, or where that is NULL the start of the file's name. Returns 0, or EXIT_UNUSABLE
 * after one line to stderr that says what is wrong and what to do.
 */
int input_load(const char *path, const enum info_kind *kind, struct input *ret_input);

/*
 * The same of bytes in the order @endian, or of text that is to become such bytes. What cannot be
 * turned over is loaded too: see input_hold().
 */
int input_load_as(const char *path, const enum info_kind *kind, enum endian endian,
		  struct input *ret_input);

/* EXIT_UNUSABLE after one line where two fields of @input share bytes. */
int input_hold(const struct input *input);

/*
 * Whether expected verdicts say nothing of @input, loaded from @path: it could not be turned over, or
 * its text has raw bytes that mean something else in the order that it was loaded in.
 */
bool order_is_other(const char *path, const struct input *input);

/*
 * Before @input is judged, and after: whether a parser then loaded bytes that have another value on
 * a machine of the other byte order, so that its verdict may be another one there.
 */
void order_watch(const struct input *input);
bool order_mattered(void);

/* The bytes of @input in the order that it was given in. */
void input_turn_back(struct input *input);
void input_free(struct input *input);

/* Whether @path is taken for text form. */
bool input_is_text(const char *path);

/*
 * All inputs under @paths, folders wholly, sorted, each path once; files in folders that cannot be
 * inputs (README.md, expect/, ledger, dictionary) are left out. *@ret_files is a list of strings,
 * freed by inputs_free(). Returns 0 or EXIT_UNUSABLE after one line.
 */
int inputs_find(int count, char *const paths[], char ***ret_files, size_t *ret_count);
void inputs_free(char **files, size_t count);

/*
 * Loads every input, its bytes in the order @endian, and hands it to @each, or NULL where it cannot be used. What comes next is
 * known to @judge beforehand (judge_ahead()), where @truncates with the truncations that @each
 * judges of it.
 */
void inputs_each(struct judge *judge, char *const files[], size_t count, enum endian endian,
		 bool truncates,
		 void (*each)(void *with, const char *path, const struct input *input), void *with);

/* "device" and the like to a kind; false where it is none. */
bool kind_parse(const char *name, enum info_kind *ret_kind);

/*
 * The option --kind of every verb that takes bytes: its row in argp's table, and what it does:
 * *@ret_kind points to @value where @arg is a kind; anything else ends the process with one line.
 */
#define KIND_KEY 'k'
#define KIND_OPTION                                                                                \
	INFO_ROW("kind", KIND_KEY, "KIND", 0,                                                      \
		 "the INFO struct that bytes start with: " LAYOUT_KIND_WORDS "; or fetch", 0)
void kind_option(struct argp_state *state, const char *arg, enum info_kind *value,
		 const enum info_kind **ret_kind);

/* The option --endian, the same way: *@ret_endian is the host's before it. */
#define ENDIAN_KEY 'e'
#define ENDIAN_OPTION                                                                              \
	INFO_ROW("endian", ENDIAN_KEY, "ORDER", 0,                                                 \
		 "whose bytes these are: little or big; this machine's by default", 0)
void endian_option(const struct argp_state *state, const char *arg, enum endian *ret_endian);

/* The FILE of a verb that takes one, and the kind its bytes are said to be: see input_load(). */
struct one_file {
	const char *path;
	const enum info_kind *kind;
	enum info_kind kind_value;
	enum endian endian; /* ENDIAN_HOST before */
};

/*
 * What such a verb does with each key of argp that is not its own: takes --kind, --endian and FILE, and ends
 * the process with one line where there is no FILE or more than one.
 */
error_t file_option(int key, char *arg, struct argp_state *state, struct one_file *file);

/*
 * Judges @input: by @judge, or where it is a conversation by one of all fetch loops, made when it
 * is first needed (or the process exits with EXIT_ARENA). Returns the judge that has it.
 */
struct judge *judge_input(struct judge *judge, const struct input *input);
struct judge *fetch_judge_or_exit(void);

/* EXIT_UNUSABLE after one line where @input is a conversation, which @verb has no use for. */
int input_no_fetch(const struct input *input, const char *verb);

/*
 * What explain and list show of conversations, of a parser that joined its own loop and the reference
 * alone where not @all; the table is of loops and scripted producers.
 */
void fetch_explain(const struct input *input, bool all);
void fetch_list(void);
void fetch_print_table(bool json);

/* capchain list classes. */
void classes_say(bool json);

/* Writes the report of `emit --report` from the run in @path to @to, as output_put() takes it. */
int emit_report(const char *path, const char *to);

/* A judge over all registered parsers; exits with EXIT_ARENA after one line when there is none. */
struct judge *judge_or_exit(void);

/* One JSON object for one input, as `check --json` prints it; a new reference. */
json_t *report_json(const struct judge *judge, const char *path);

/*
 * The page of `check --html`, which scripts/report/page.py makes of the same JSON. page_find() is called
 * before the command may become another one, page_begin() has what is printed from here on go to the
 * program, page_end() ends it: 0, or an exit status after one line.
 */
int page_find(void);
int page_begin(const char *path);
int page_end(void);

/* Adds to @json the pictures of @judge's input, and its text form. */
void add_pictures(json_t *json, struct judge *judge, const struct input *input);

/* Prints a document that has all of them, each reader's below its name and verdict. */
void draw_document(struct judge *judge);

/* The text form of @input, as `dis` prints it: 0, or not where memory is short. */
int input_text(FILE *out, const struct input *input);

/*
 * Prints where in its source the parser from outside ended this walk, and what it said, as one line
 * each with two blanks before; nothing where neither is known. where_say_lacking() says on stderr, where
 * that was so, that lines are not known.
 */
void print_place(const struct walk_result *walk);
void where_say_lacking(void);

/* Who writes what a parser reads: kernel or peer. */
const char *source_name(enum info_source source);

/* What explain says of the reference, and of parser @i, whose walk @trace has. */
struct sandbox_trace;
void explain_reference(const struct judge *judge);
void explain_parser(const struct judge *judge, size_t i, const struct sandbox_trace *trace);

/* Prints the line that names the oracles of this build, after @before. */
void print_oracles(const char *before, const struct judge *judge);
/*
 * Prints the entry that the ledger would need, where @judged broke a promise that it does not
 * excuse; @path is the input, whose place in the corpus becomes the witness.
 */
void suggest_entry(const struct judged *judged, const char *path);

/* Writes @json as one line to stdout, and drops this reference to it. */
void put_json(json_t *json);

/*
 * Writes @len bytes to @path, whole or not at all, or where that is NULL or "-" to standard output.
 * Returns 0, or EXIT_CANNOT_WRITE after one line.
 */
int output_put(const char *path, const void *bytes, size_t len);

/* Says in one line that @path cannot be written, for @error of errno: returns EXIT_CANNOT_WRITE. */
int cannot_write(const char *path, int error);

/*
 * Holds the descriptors of standard streams that the starter closed, so that no file is opened as one
 * of them: reading and writing them fails as before.
 */
void hold_descriptors(void);

/* Has the process end with EXIT_CANNOT_WRITE, after one line, where stdout could not be written. */
void hold_to_output(void);

/* Where a signal ends the process, it first says in TAP at which input: fatal_at() the latest. */
void fatal_watch(void);
void fatal_at(size_t number, const char *name);

/*
 * The expected verdicts of a corpus: lines `name verdict reason`, one file for the reference and
 * one a parser that differs from it; and notes.txt, what the reference says beside its verdicts.
 */
struct expected;

/* The folder `expect` beside or above @path: its corpus root in @ret_root, false where none is. */
bool expect_root(const char *path, char *ret_root, size_t size);

/* Loads all lists under @root. NULL after one line where one is there and cannot be read. */
struct expected *expect_load(const char *root);
void expect_free(struct expected *expected);

/* What is expected of @name: "ok", "reject loop"; NULL for the reference where it is not listed. */
const char *expect_reference(const struct expected *expected, const char *name);
const char *expect_parser(const struct expected *expected, const char *parser, const char *name);

/* What the reference is expected to say of it beside its verdict, as reference_words() has it. */
const char *expect_notes(const struct expected *expected, const char *name);

/* Notes what @judge says of @name; drops what is listed of it. */
void expect_set(struct expected *expected, const char *name, const struct judge *judge);

/*
 * Every name that any list has, sorted, each once, freed by inputs_free(); for those whose input is
 * gone. Returns 0 or EXIT_UNUSABLE after one line. expect_list() is one list that has @name.
 */
int expect_names(const struct expected *expected, char ***ret_names, size_t *ret_count);
const char *expect_list(const struct expected *expected, const char *name);
void expect_drop(struct expected *expected, const char *name);

/*
 * Writes all files anew, each whole or not at all. Returns 0 or EXIT_CANNOT_WRITE after one line.
 */
int expect_save(const struct expected *expected, const char *root);

/*
 * --parser FILE of a verb. own_parse() takes what argp does not know as the verb's own, and puts
 * OWN_JOINED, an option that the verb hides, in the place of --parser FILE. Once all is parsed,
 * own_begin() builds the capchain that has FILE's parser, and becomes it; there it says whether the
 * parser is held as asked. True where the verb goes on, else *@ret_status is the exit status, after
 * one line.
 */
#define OWN_JOINED "--joined"
struct own_options {
	const char *parser;
	bool joined;
	bool allow_faults;
};
enum { OPTION_PARSER = 0x100, OPTION_JOINED, OPTION_ALLOW_FAULTS };
#define OWN_OPTIONS                                                                                       \
	INFO_ROW(                                                                                         \
		"parser", OPTION_PARSER, "FILE", 0,                                                       \
		"look at the parser of FILE (.c .cc .rs .o .a; see parsers/own/), built as `make fuzz "   \
		"PARSER=FILE` does, with PARSER_CFLAGS and PARSER_LIBS of the environment",               \
		0),                                                                                       \
		INFO_ROW(                                                                                 \
			"allow-faults", OPTION_ALLOW_FAULTS, NULL, 0,                                     \
			"with --parser: faults of a trusting parser on what is not plain are shown, and " \
			"break nothing",                                                                  \
			0),                                                                               \
		INFO_ROW("joined", OPTION_JOINED, NULL, OPTION_HIDDEN, NULL, 0)
error_t own_parse(int key, char *arg, const struct argp_state *state, struct own_options *options);
bool own_begin(const char *verb, const struct own_options *options, char **argv, int *ret_status);

/* The script @name of scripts/, of the tree of this command or installed beside it; false where it is not. */
bool script_find(const char *name, char ret_path[PATH_MAX]);

/*
 * The parser that joined, as judged; NULL where none did. Whether it broke its promise, unexcused.
 */
const struct judged *own_judged(const struct judge *judge);
bool own_broke(const struct judged *judged);

/* Whether it reads inputs of @kind, or asks where that is KIND_FETCH; and whether it did what is judged. */
bool own_reads(enum info_kind kind);
bool own_heard(const struct judge *judge);

/*
 * Makes the parser that joined the only one there is, where one did, and leaves of loops its own and the
 * reference.
 */
void own_alone(const struct own_options *options);

/* One line where a verb wants a bucket of it and it has none in @path: returns EXIT_UNUSABLE. */
int own_agrees(const struct judge *judge, const char *path);

/* Counts an input that it has no loop for. */
void own_count_unasked(void);

/*
 * Counts what the parser did with the input at @path, and prints what that came to, of bytes in the order
 * @endian: EXIT_FOUND where it answered none of the kinds it reads, EXIT_UNUSABLE where there was none.
 */
void own_count(const struct judge *judge, const char *path);
int own_print_account(enum endian endian);

/*
 * What the reference says beside its verdict: "need=80", "at=32 from=40", "odd overlap@40"; ""
 * where that is nothing. Freed by the caller; without memory the process ends after one line.
 */
char *reference_words(const struct judge *judge);

/* "reject loop", "ok": a verdict and its reason as expected verdicts say them. */
void verdict_words(enum verdict verdict, const char *reason, char *ret_words, size_t size);

/* The same of a parser, or that it gave none. */
void answer_said(const struct judged *judged, char *ret_words, size_t size);

/* The same of a parser: with an `ok` whose capabilities are wrong, what is wrong of them. */
void answer_words(const struct judged *judged, char *ret_words, size_t size);

/*
 * Of one that differs, what the reference has and what came in its place: "SPARSE_MMAP at 32" and
 * "nothing", "reject loop at 32" and "no end".
 */
#define DIFFERS_SIZE 256
void expected_words(const struct judged *judged, char *ret_words, size_t size);
void got_words(const struct judged *judged, size_t len, char *ret_words, size_t size);

/* Where an access of VERDICT_OOB or VERDICT_WROTE was, of a buffer of @len bytes. */
void fault_words(const struct walk_result *walk, size_t len, char *ret_words, size_t size);

/* How a sweep is told, of `probe` and of `ask`. */
struct probe_how {
	bool json;
	bool tap;
	const char *witnesses;
	const char *keep;
	const char *label;
};

/* The options for it; the input is a struct probe_how. */
extern const struct argp probe_argp;

/**
 * struct probe_run - a sweep of devices, and what it adds up
 * @device: the name of the one that is swept
 * @subjects: that answered
 * @broken: rules, each subject's apart
 * @points, @skipped: of --tap
 */
struct probe_run {
	const struct probe_how *how;
	struct judge *judge;
	const char *device;
	uint64_t calls;
	size_t subjects;
	size_t broken;
	size_t points;
	size_t skipped;
	int status;
};

/* Begins it. Returns 0, or an exit status after one line. */
int probe_run_open(struct probe_run *run);

/* Sweeps the device, its regions, and its IOMMU where it @has_iommu, and tells. */
void probe_run_all(struct probe_run *run, struct probe_device *device, bool has_iommu);

/* Tells the totals. Returns the exit status. */
int probe_run_close(struct probe_run *run, size_t devices);

#endif
