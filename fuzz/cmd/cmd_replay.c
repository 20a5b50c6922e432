/* SPDX-License-Identifier: MIT */
/*
 * capchain replay and bless: the corpus as a regression test. Replay holds every parser's verdict
 * on every input to the expected one, in TAP; bless writes the expected ones anew.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "../fetch/fetch_judge.h"
#include "../judge/truncations.h"
#include "../judge/verdicts.h"
#include "../target/file.h"
#include "cmd.h"
#include "junit.h"

/*
 * What is wrong with an input: whole lines, and how many more there was no room for. Of a word that
 * is longer than WORDS_SHOWN its beginning.
 */
#define WORDS_SHOWN 400
struct why {
	char text[4096];
	size_t used;
	size_t more;
};

/* What a replay adds up. */
struct replay {
	struct judge *parsers;
	struct judge *judge; /* of the input in hand: of parsers, or of fetch loops */
	struct expected *expected;
	char root[PATH_MAX];
	FILE *verdicts; /* in memory until all is known */
	char *lines;
	size_t lines_size;
	const char *verdicts_path;
	int lock; /* on the lists, of bless */
	bool truncates;
	json_t *seen; /* names of inputs, as a set */
	size_t done;
	size_t failed;
	size_t skipped;
	size_t others; /* inputs whose meaning rests on the other byte order */
	enum endian endian;
	int npaths;
	char **paths;
	struct junit *junit;
	const char *junit_path;
	struct own_options own;
	size_t unread; /* inputs of kinds that the parser which joined does not read */
	size_t abstained;
};

static const struct argp_option replay_options[] = {
	{"endian", ENDIAN_KEY, "ORDER", 0,
	 "whose bytes these are: little (the default, on every machine) or big", 0},
	{"junit", 'J', "FILE", 0, "also write a JUnit report to FILE, one testcase an input", 0},
	{"verdicts", 'v', "FILE", 0,
	 "also write each input's verdicts to FILE, one line an input, the same on every build", 0},
	{"truncate", 't', NULL, 0,
	 "also judge the truncations of each input that fuzz targets judge: the last byte gone, half, "
	 "and 4 bytes into the first header",
	 0},
	OWN_OPTIONS,
	{0}};

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct replay *const r = state->input;

	switch (key) {
	case ENDIAN_KEY:
		endian_option(state, arg, &r->endian);
		return 0;
	case 'J':
		if (strcmp(arg, "-") == 0)
			argp_error(state, "standard output has the TAP; name a file for --junit");
		r->junit_path = arg;
		return 0;
	case 'v':
		r->verdicts_path = arg;
		return 0;
	case 't':
		r->truncates = true;
		return 0;
	case ARGP_KEY_ARGS:
		r->npaths = state->argc - state->next;
		r->paths = state->argv + state->next;
		return 0;
	case ARGP_KEY_NO_ARGS:
		argp_error(state, "which PATH?");
		return 0;
	default:
		return own_parse(key, arg, state, &r->own);
	}
}

static const struct argp replay_argp = {
	replay_options,
	parse,
	"PATH...",
	"Runs every parser on every input under each PATH and holds the verdicts to the expected ones: "
	"the folder expect/ beside or above PATH.\v"
	"Prints TAP, one line an input, and a closing line `N passed, N failed`. An input fails where a "
	"verdict, reason or note of the reference differs, where it has no expected verdict, where it "
	"cannot be read, where a "
	"promise is broken, also in a truncation under --truncate, and where a list under expect/ has it "
	"but no input of that name is there. An input whose meaning rests on a byte order that is not this "
	"machine's (fields that are read across one another, and with --endian raw bytes of a text) is "
	"counted as `other byte order`, and TAP's SKIP. Truncations have no expected verdicts. A replay that "
	"a signal ends says at which input, and `Bail out!`.\n\n"
	"With --parser the inputs are held to the promise of FILE's parser alone, whatever stands in "
	"expect/; one of a kind that it does not read is SKIP.\n\n"
	"Exit status: 0; 1 where an input failed or none was replayed; 2 no expect/ or an unusable PATH; 4 "
	"no memory for the sandbox; 5 the output could not be written.",
	NULL,
	NULL,
	NULL};

static const struct argp bless_argp = {
	NULL,
	parse,
	"PATH...",
	"Writes the expected verdicts of every input under each PATH to the folder expect/ beside or "
	"above it, and drops those whose input is gone. Read the diff before you commit it.\v"
	"Exit status: 0; 2 an unusable PATH or input; 4 no memory for the sandbox; 5 a list "
	"could not be written, and is as it was.",
	NULL,
	NULL,
	NULL};

/* Keeps another bless from reading lists that this one is about to write. */
static int lock_lists(struct replay *r)
{
	char path[PATH_MAX + 8];

	snprintf(path, sizeof(path), "%s/expect", r->root);
	r->lock = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (r->lock < 0 || flock(r->lock, LOCK_EX))
		return cannot_write(path, errno);
	return 0;
}

/* Opens what both verbs need. 0 or an exit status after one line. */
static int open_replay(struct replay *r, bool blesses)
{
	char root[PATH_MAX];

	for (int i = 0; i < r->npaths; i++) {
		if (!expect_root(r->paths[i], root, sizeof(root))) {
			fprintf(stderr,
				"capchain: %s: %s; expected verdicts stand in a folder expect/ "
				"beside or above the inputs\n",
				r->paths[i],
				access(r->paths[i], F_OK) ? "not found" : "no expect/ found");
			return EXIT_UNUSABLE;
		}
		if (i && strcmp(root, r->root)) {
			fprintf(stderr,
				"capchain: %s belongs to another corpus than %s; replay "
				"one at a time\n",
				r->paths[i], r->paths[0]);
			return EXIT_UNUSABLE;
		}
		snprintf(r->root, sizeof(r->root), "%s", root);
	}
	if (r->verdicts_path && !(r->verdicts = open_memstream(&r->lines, &r->lines_size)))
		return cannot_write(r->verdicts_path, errno);
	if (blesses && lock_lists(r))
		return EXIT_CANNOT_WRITE;
	r->expected = expect_load(r->root);
	if (!r->expected)
		return EXIT_UNUSABLE;
	r->judge = r->parsers = judge_or_exit();
	r->seen = json_object();
	return 0;
}

static int close_replay(struct replay *r, int status)
{
	int error = 0;

	if (r->verdicts && (ferror(r->verdicts) | fclose(r->verdicts)))
		error = cannot_write(r->verdicts_path, ENOMEM);
	/* Of a replay that could not begin there is nothing to tell. */
	else if (r->verdicts && status != EXIT_UNUSABLE)
		error = output_put(r->verdicts_path, r->lines, r->lines_size);
	if (error)
		status = error;
	free(r->lines);
	if (r->lock > 0)
		close(r->lock);
	json_decref(r->seen);
	expect_free(r->expected);
	judge_free(r->parsers);
	return status;
}

/* What a name in the lists, and in TAP, cannot hold as it is. */
#define IN_LISTS " #%"

/*
 * The name of the input at @path in the lists: its path below the corpus root. Freed by the caller.
 */
static char *name_below(const struct replay *r, const char *path)
{
	const size_t root = strlen(r->root);
	char real[PATH_MAX];

	if (!realpath(path, real))
		return path_shown(path, IN_LISTS);
	return path_shown(strncmp(real, r->root, root) == 0 && real[root] == '/' ? real + root + 1
										 : real,
			  IN_LISTS);
}

/* Adds lines, all or none of them. */
static __attribute__((format(printf, 2, 3))) void add_lines(struct why *why, const char *format,
							    ...)
{
	/* Without what the line that counts takes. */
	const size_t room = sizeof(why->text) - 64 - why->used;
	va_list args;
	int len;

	va_start(args, format);
	len = vsnprintf(why->text + why->used, room, format, args);
	va_end(args);
	if (len < 0 || (size_t)len >= room) {
		why->text[why->used] = '\0';
		why->more++;
		return;
	}
	why->used += (size_t)len;
}

static const char *if_cut(const char *words)
{
	return strlen(words) > WORDS_SHOWN ? " and more" : "";
}

static bool differs(const char *who, const char *expected, const char *got, struct why *why)
{
	if (expected && strcmp(expected, got) == 0)
		return false;
	if (!expected)
		expected = "nothing (not in expect/: bless it)";
	add_lines(why, "# %s: expected %.*s%s, got %.*s%s\n", who, WORDS_SHOWN, expected,
		  if_cut(expected), WORDS_SHOWN, got, if_cut(got));
	return true;
}

/*
 * Whether a promise is broken, with lines in @why that say which, @where, and what the ledger would
 * need for the input @name.
 */
static bool breaks(const struct replay *r, const char *name, const char *where, struct why *why)
{
	const struct judged *const broken = judge_broken(r->judge);
	char bucket[BUCKET_MAX], entry[LEDGER_TEXT_MAX], expected[DIFFERS_SIZE], got[DIFFERS_SIZE];

	if (!broken)
		return false;
	judged_bucket(broken, bucket);
	/* The ledger is for the readers of this tree. */
	if (r->own.joined) {
		expected_words(broken, expected, sizeof(expected));
		got_words(broken, r->judge->len, got, sizeof(got));
		add_lines(why, "# promise broken%s: %s\n# expected %s, got %s\n", where, bucket,
			  expected, got);
		return true;
	}
	ledger_suggest(bucket, broken->spec->kind, broken->spec->notes, name, entry);
	add_lines(why,
		  "# promise broken%s: %s\n"
		  "# mend %s, or where this is known and stays add to corpus/ledger.yaml:\n%s",
		  where, bucket, broken->parser->name, entry);
	return true;
}

/* A parser's list may hold what no replay would ever look at. */
static bool lists_unread(const struct judged *judged, const char *listed, struct why *why)
{

	if (listed)
		add_lines(why,
			  "# %s: listed in expect/, but it does not read this kind (bless it)\n",
			  judged->parser->name);
	return listed != NULL;
}

/* Whether the reference says other things beside its verdict than it did. */
static bool notes_differ(const struct replay *r, const char *name, struct why *why)
{
	char *const notes = reference_words(r->judge);
	const char *const expected = expect_notes(r->expected, name);
	const bool bad = differs("notes of the reference", expected[0] ? expected : "none",
				 notes[0] ? notes : "none", why);

	free(notes);
	return bad;
}

/* Compares the judge's findings with the lists; true and lines in @why where they differ. */
static bool differs_anywhere(struct replay *r, const char *name, struct why *why)
{
	const char *const reference = expect_reference(r->expected, name);
	char words[128];
	bool bad;

	if (r->own.joined) {
		r->abstained += own_judged(r->judge)->walk.verdict == VERDICT_ABSTAIN;
		return breaks(r, name, "", why);
	}
	verdict_words(r->judge->spec->verdict, rule_name(r->judge->spec->rule), words,
		      sizeof(words));
	bad = differs("reference", reference, words, why);
	if (reference)
		bad |= notes_differ(r, name, why);
	for (size_t i = 0; reference && i < r->judge->count; i++) {
		const struct judged *const judged = &r->judge->judged[i];
		const char *listed = expect_parser(r->expected, judged->parser->name, name);

		if (!judged_reads(judged, r->judge->kind)) {
			bad |= lists_unread(judged, listed, why);
			continue;
		}
		r->skipped += judged->skipped;
		answer_words(judged, words, sizeof(words));
		if (!judged->skipped)
			bad |= differs(judged->parser->name, listed ? listed : reference, words,
				       why);
	}
	return breaks(r, name, "", why) || bad;
}

/* The truncations have no expected verdicts, but every promise holds of them too. */
static bool truncations_break(struct replay *r, const char *name, const struct input *input,
			      struct why *why)
{
	size_t lens[TRUNCATIONS_MAX];
	const size_t count =
		input->kind == KIND_FETCH ? 0 : truncations(input->kind, input->len, lens);
	bool bad = false;

	for (size_t i = 0; i < count; i++) {
		char where[64];

		snprintf(where, sizeof(where), ", cut to %zu bytes", lens[i]);
		judge_read(r->judge, input->bytes, lens[i], input->kind);
		bad |= breaks(r, name, where, why);
		if (r->verdicts)
			verdicts_print(r->verdicts, r->judge);
	}
	return bad;
}

static void say(struct replay *r, const char *name, bool failed, struct why *why)
{
	if (why->more)
		why->used += (size_t)snprintf(why->text + why->used, sizeof(why->text) - why->used,
					      "# and %zu more\n", why->more);
	if (r->junit)
		junit_add(r->junit, name, failed ? why->text : NULL);
	r->failed += failed;
	printf("%sok %zu - %s\n%s", failed ? "not " : "", ++r->done, name, why->text);
}

/*
 * Judges @input: whether a verdict of it may be another where its bytes are in their own order. What is
 * listed was seen where that is little-endian, of such bytes.
 */
static bool judge_rests_on_order(struct replay *r, const struct input *input)
{
	if (input->endian != ENDIAN_HOST || input->endian != ENDIAN_LITTLE)
		order_watch(input);
	r->judge = judge_input(r->parsers, input);
	return order_mattered();
}

static void say_unread(struct replay *r, char *name)
{
	r->unread++;
	printf("ok %zu - %s # SKIP it does not read this kind\n", ++r->done, name);
	free(name);
}

static void replay_input(void *with, const char *path, const struct input *input)
{
	struct replay *const r = with;
	char *const name = name_below(r, path);
	struct why why = {0};
	bool bad;

	if (name)
		json_object_set_new(r->seen, name, json_true());
	if (!name || !input) {
		add_lines(&why, "# cannot be read\n");
		say(r, name ? name : "?", true, &why);
		free(name);
		return;
	}
	fatal_at(r->done + 1, name);
	if (r->own.joined && !own_reads(input->kind)) {
		say_unread(r, name);
		return;
	}
	if (order_is_other(path, input) || judge_rests_on_order(r, input)) {
		r->others++;
		printf("ok %zu - %s # SKIP other byte order\n", ++r->done, name);
		free(name);
		return;
	}
	if (r->own.joined && !own_heard(r->judge)) {
		say_unread(r, name);
		return;
	}
	bad = differs_anywhere(r, name, &why);
	if (r->verdicts)
		verdicts_print(r->verdicts, r->judge);
	if (r->truncates)
		bad |= truncations_break(r, name, input, &why);
	say(r, name, bad, &why);
	free(name);
}

/* Whether the lists' @name lies under one of the paths that were given, and no input had it. */
static bool is_gone(const struct replay *r, const char *name)
{
	char path[2 * PATH_MAX], real[PATH_MAX];
	size_t used, len;

	if (json_object_get(r->seen, name))
		return false;
	snprintf(path, sizeof(path), "%s/", r->root);
	used = strlen(path);
	/* path_shown() backwards. */
	for (; *name && used < sizeof(path) - 1; name++) {
		unsigned int byte;

		if (*name == '%' && sscanf(name + 1, "%2x", &byte) == 1)
			name += 2;
		else
			byte = (unsigned char)*name;
		path[used++] = (char)byte;
	}
	path[used] = '\0';
	for (int i = 0; i < r->npaths; i++) {
		if (!realpath(r->paths[i], real))
			continue;
		len = strlen(real);
		if (strncmp(path, real, len) == 0 && (path[len] == '/' || path[len] == '\0'))
			return true;
	}
	return false;
}

/* Writes the JUnit report, where one is asked for: @status, or what writing it ended with. */
static int write_junit(struct replay *r, int status)
{
	size_t size = 0;
	char *text;
	int error;

	if (!r->junit_path)
		return status;
	text = r->junit ? junit_text(r->junit, &size) : NULL;
	junit_free(r->junit);
	if (!text)
		return cannot_write(r->junit_path, ENOMEM);
	error = output_put(r->junit_path, text, size);
	free(text);
	return error ? error : status;
}

int cmd_replay(int argc, char **argv)
{
	struct replay r = {.endian = ENDIAN_LITTLE};
	char **files;
	size_t count;
	int status;

	argp_parse(&replay_argp, argc, argv, 0, NULL, &r);
	if (!own_begin("replay", &r.own, argv, &status))
		return status;
	own_alone(&r.own);
	/* What was said stands, though an input may end the process. */
	setvbuf(stdout, NULL, _IOLBF, 0);
	fatal_watch();
	status = open_replay(&r, false);
	if (status)
		return status;
	status = inputs_find(r.npaths, r.paths, &files, &count);
	if (status)
		return close_replay(&r, status);
	r.junit = r.junit_path ? junit_new() : NULL;
	inputs_each(r.parsers, files, count, r.endian, r.truncates, replay_input, &r);
	inputs_free(files, count);
	status = expect_names(r.expected, &files, &count);
	if (status)
		return close_replay(&r, status);
	for (size_t i = 0; i < count; i++)
		if (!r.own.joined && is_gone(&r, files[i])) {
			struct why why = {0};

			add_lines(&why, "# listed in expect/%s.txt, but its file is gone\n",
				  expect_list(r.expected, files[i]));
			say(&r, files[i], true, &why);
		}
	inputs_free(files, count);
	printf("1..%zu\n", r.done);
	print_oracles("# ", r.parsers);
	if (r.skipped)
		printf("# %zu walks skipped: no load hooks in this build, and they may loop\n",
		       r.skipped);
	if (!r.done)
		puts("# nothing was replayed");
	if (r.abstained)
		printf("# %s abstained on %zu\n", info_parsers[0]->name, r.abstained);
	printf("%zu passed, %zu failed", r.done - r.failed - r.others - r.unread, r.failed);
	if (r.unread)
		printf(", %zu of kinds that it does not read", r.unread);
	if (r.others)
		printf(", %zu other byte order", r.others);
	putchar('\n');
	status = r.failed || r.done == r.others + r.unread + r.abstained ? EXIT_FOUND : EXIT_FINE;
	if (r.done && r.done == r.unread)
		status = EXIT_UNUSABLE;
	return close_replay(&r, write_junit(&r, status));
}

static int bless_file(struct replay *r, const char *path)
{
	static struct input input;
	char *const name = name_below(r, path);
	const struct judged *broken;
	char bucket[BUCKET_MAX];

	if (!name || input_load_as(path, NULL, ENDIAN_LITTLE, &input)) {
		free(name);
		return EXIT_UNUSABLE;
	}
	if (order_is_other(path, &input) || judge_rests_on_order(r, &input)) {
		/* What is listed of it stays: this machine cannot say. */
		json_object_set_new(r->seen, name, json_true());
		r->others++;
		input_free(&input);
		free(name);
		return 0;
	}
	broken = judge_broken(r->judge);
	if (broken) {
		judged_bucket(broken, bucket);
		printf("still a broken promise, for the ledger or to be mended: %s: %s\n", name,
		       bucket);
	}
	expect_set(r->expected, name, r->judge);
	json_object_set_new(r->seen, name, json_true());
	input_free(&input);
	free(name);
	r->done++;
	return 0;
}

int cmd_bless(int argc, char **argv)
{
	struct replay r = {0};
	char **files;
	size_t count, gone = 0;
	int status;

	argp_parse(&bless_argp, argc, argv, 0, NULL, &r);
	status = open_replay(&r, true);
	if (status)
		return status;
	status = inputs_find(r.npaths, r.paths, &files, &count);
	if (status)
		return close_replay(&r, status);
	for (size_t i = 0; i < count && !status; i++)
		status = bless_file(&r, files[i]);
	inputs_free(files, count);
	if (!status)
		status = expect_names(r.expected, &files, &count);
	if (status)
		return close_replay(&r, status);
	for (size_t i = 0; i < count; i++)
		if (is_gone(&r, files[i])) {
			expect_drop(r.expected, files[i]);
			gone++;
		}
	inputs_free(files, count);
	status = expect_save(r.expected, r.root);
	if (!status)
		printf("%zu inputs blessed, %zu gone%s\n", r.done, gone,
		       r.others ? "; those of the other byte order are as they were" : "");
	return close_replay(&r, status);
}
