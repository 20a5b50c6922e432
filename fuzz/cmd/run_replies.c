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
	fprintf(stderr, "capchain: %s: %s\n", file_word(path), strerror(-status));
	return EXIT_UNUSABLE;
}

int run_add_of_kind(struct replies *replies, const char *path, struct reading reading,
		    size_t *ret_list)
{
	static struct input input;
	struct reply *reply;
	int status = 0;

	*ret_list = LISTS;
	if (input_load(path, NULL, &input))
		return EXIT_UNUSABLE;
	if (input.kind < INFO_IOCTL_KINDS) {
		*ret_list = reply_list_of(input.kind, 0);
		status = reply_add(replies, *ret_list, reading.rule, input.bytes, input.len,
				   !reading.keeps_fields, &reply);
	}
	input_free(&input);
	if (!status)
		return 0;
	fprintf(stderr, "capchain: %s: %s\n", file_word(path), strerror(-status));
	return EXIT_UNUSABLE;
}

/* A line has to be of one, and text. A script that has more is none. */
#define SCRIPT_MAX  ((size_t)1 << 20)
#define REPLIES_MAX 4096u
/* Which, by whose rule, what, and every word of a peer's once. */
#define WORDS_MAX   10

/* One line of a script, and where it stands. */
struct line {
	const char *script;
	unsigned int number;
	struct replies *replies;
	struct reading reading;
	bool is_peer;
	size_t count;
};

static int refuse(const struct line *line, const char *what, const char *word)
{
	char *const script = path_shown(line->script, ""), *const shown = path_shown(word, "");

	/* A word may be as long as the script. */
	fprintf(stderr, "capchain: %s:%u: %s `%.200s`\n", script ? script : "?", line->number, what,
		shown ? shown : "?");
	free(script);
	free(shown);
	return EXIT_UNUSABLE;
}

/* A number up to @most that is all of @text. */
static bool is_number(const char *text, unsigned long long most, unsigned long long *ret_value)
{
	char *rest;

	errno = 0;
	*ret_value = strtoull(text, &rest, 0);
	return *text >= '0' && *text <= '9' && !*rest && !errno && *ret_value <= most;
}

/* argsz=N or argsz=+N. */
static int set_argsz(const struct line *line, const char *word, struct reply *reply)
{
	const char *number = word + strlen("argsz=");
	unsigned long long value;

	reply->how = *number == '+' ? ARGSZ_GROWS : ARGSZ_IS;
	if (!is_number(number + (*number == '+'), UINT32_MAX, &value))
		return refuse(line, "want argsz=N or argsz=+N of 32 bits, not", word);
	reply->argsz = (uint32_t)value;
	return 0;
}

/* The number of an error's name, or 0. */
static int error_of(const char *name)
{
	/* As many numbers as Linux has for errors. */
	for (int i = 1; i < 134; i++)
		if (strerrorname_np(i) && !strcmp(strerrorname_np(i), name))
			return i;
	return 0;
}

/* What only a peer says, by its word, and the highest number that it takes. */
static const struct {
	const char *word;
	unsigned int said;
	unsigned long long most;
} peer_words[] = {
	{"message=", PEER_MESSAGE, 65536}, {"command=", PEER_COMMAND, UINT16_MAX},
	{"error=", PEER_ERROR, 0},	   {"fds=", PEER_FDS, VU_FDS_MAX},
	{"file=", PEER_FILE, 1u << 30},	   {"id=+", PEER_ID, UINT16_MAX},
};

static void set_peer(struct reply_peer *peer, unsigned int said, unsigned long long value)
{
	uint32_t *const narrow = said == PEER_MESSAGE	? &peer->message
				 : said == PEER_COMMAND ? &peer->command
				 : said == PEER_ERROR	? &peer->error
				 : said == PEER_FDS	? &peer->fds
							: &peer->id;

	peer->said |= said;
	if (said == PEER_FILE)
		peer->file = value;
	else
		*narrow = (uint32_t)value;
}

/* A word behind FILE. */
static int set_word(const struct line *line, const char *word, struct reply *reply)
{
	if (!strncmp(word, "argsz=", strlen("argsz=")))
		return set_argsz(line, word, reply);
	for (size_t i = 0; line->is_peer && i < sizeof(peer_words) / sizeof(peer_words[0]); i++) {
		const size_t len = strlen(peer_words[i].word);
		unsigned long long value;

		if (strncmp(word, peer_words[i].word, len))
			continue;
		if (!peer_words[i].most)
			value = (unsigned int)error_of(word + len);
		if (peer_words[i].most ? !is_number(word + len, peer_words[i].most, &value)
				       : !value)
			return refuse(line, "no such number or name in", word);
		set_peer(&reply->peer, peer_words[i].said, value);
		return 0;
	}
	return refuse(line,
		      line->is_peer
			      ? "want argsz=, message=, command=, error=, fds=, file= or id=+, not"
			      : "want argsz=N or argsz=+N, not",
		      word);
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

static int add_file(struct line *line, size_t list, const char *rule, const char *name,
		    char *const *words)
{
	struct reply *reply;
	char *path;
	int status;

	if (!reply_rule_parse(rule, &line->reading.rule))
		return refuse(line,
			      "want kernel, iommufd, vfio-user, rust-vmm, raw, fails or again, not",
			      rule);
	if (!name)
		return refuse(line, "no FILE after", rule);
	path = beside(line->script, name);
	status = path ? run_add_file(line->replies, list, path, line->reading, &reply)
		      : refuse(line, "no memory for", name);
	free(path);
	for (; !status && *words; words++)
		status = set_word(line, *words, reply);
	return status;
}

static int add_failure(struct line *line, size_t list, const char *name, const char *more)
{
	const int error = name ? error_of(name) : EINVAL;
	struct reply *reply;

	if (more)
		return refuse(line, "one reply a line; what is", more);
	if (!error)
		return refuse(line, "want the name of an error, as in EINVAL, not", name);
	if (reply_add(line->replies, list, REPLY_RAW, NULL, 0, false, &reply))
		return refuse(line, "no memory for", "fails");
	reply->fails = error;
	return 0;
}

/*
 * Cuts the next word off *@text: up to a blank, or what stands in quotes. NULL at the end of the
 * line, or where a comment begins; *@ret_ends false where quotes do not end.
 */
static char *next_word(char **text, bool *ret_ends)
{
	char *from = *text + strspn(*text, " \t\r\n"), *to = from, *const word = from;
	const bool quoted = *from == '"';

	if (!*from || *from == '#') {
		*text = from + strlen(from);
		return NULL;
	}
	if (!quoted) {
		to += strcspn(from, " \t\r\n");
		*text = to + (*to != '\0');
		*to = '\0';
		return word;
	}
	for (from++; *from && *from != '"'; from++) {
		from += *from == '\\' && from[1];
		*to++ = *from;
	}
	*ret_ends = *from == '"';
	*text = from + (*from == '"');
	*to = '\0';
	return word;
}

static int add_line(struct line *line, char *text)
{
	/* Of a line's, and one more. */
	char *words[WORDS_MAX + 1] = {NULL};
	const size_t most = line->is_peer ? WORDS_MAX : 4;
	bool ends = true;
	size_t list;

	for (size_t i = 0; i <= most && ends; i++)
		words[i] = next_word(&text, &ends);
	if (!words[0])
		return 0;
	if (!ends)
		return refuse(line, "quotes that do not end, in", words[0]);
	list = run_list_of(words[0]);
	if (list == LISTS)
		return refuse(line, "want device, iommu, region or region0 to region8, not",
			      words[0]);
	if (!words[1])
		return refuse(line, "no rule after", words[0]);
	if (words[most])
		return refuse(line, "one reply a line; what is", words[most]);
	words[most] = NULL;
	if (line->replies->lists[list].again)
		return refuse(line, "nothing can follow `again` of", words[0]);
	if (++line->count > REPLIES_MAX)
		return refuse(line, "more replies than 4096; the first too many is of", words[0]);
	if (!strcmp(words[1], "fails"))
		return add_failure(line, list, words[2], words[3]);
	if (strcmp(words[1], "again"))
		return add_file(line, list, words[1], words[2], words + (words[2] ? 3 : 2));
	if (words[2] || !line->replies->lists[list].count)
		return refuse(line, "`again` stands alone, after replies of", words[0]);
	line->replies->lists[list].again = true;
	return 0;
}

static int read_script(FILE *file, struct line *line)
{
	char *const text = malloc(SCRIPT_MAX + 1);
	size_t len = text ? fread(text, 1, SCRIPT_MAX + 1, file) : 0;
	int status = 0;

	if (!text || ferror(file) || len > SCRIPT_MAX || memchr(text, '\0', len)) {
		fprintf(stderr, "capchain: %s: %s\n", file_word(line->script),
			!text || ferror(file) ? strerror(errno)
			: len > SCRIPT_MAX    ? "is longer than 1 MiB, the most a script may have"
					      : "is no text");
		free(text);
		return EXIT_UNUSABLE;
	}
	text[len] = '\0';
	for (char *at = text, *end; *at && !status; at = end) {
		end = at + strcspn(at, "\n");
		end += *end == '\n' ? (*end = '\0', 1) : 0;
		line->number++;
		status = add_line(line, at);
	}
	free(text);
	return status;
}

int run_add_script(struct replies *replies, const char *path, struct reading reading, bool is_peer)
{
	struct line line = {path, 0, replies, reading, is_peer, 0};
	FILE *const file = file_open(path);
	int status;

	if (!file) {
		fprintf(stderr, "capchain: %s: %s\n", file_word(path), file_why(errno));
		return EXIT_UNUSABLE;
	}
	status = read_script(file, &line);
	fclose(file);
	return status;
}

int run_add_all(struct replies *replies, const struct run_options *o)
{
	struct reply *reply;
	int status = 0;

	for (size_t i = 0; i < o->nfiles && !status; i++)
		status = run_add_file(replies, o->files[i].list, o->files[i].path, o->reading,
				      &reply);
	if (!status && o->script)
		status = run_add_script(replies, o->script, o->reading, o->socket != NULL);
	return status;
}
