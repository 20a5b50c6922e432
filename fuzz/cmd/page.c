/* SPDX-License-Identifier: MIT */
/*
 * Pictures of inputs: in the JSON of check, which goes to the program that makes pages, and as a document of
 * their own.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../draw/draw.h"
#include "cmd.h"

/* A command that a parser joined may be far from the scripts: it is told where this one found the page's. */
#define PAGE_SCRIPT "CAPCHAIN_PAGE_SCRIPT"

static pid_t page_maker;
static int page_stdout = -1;

int page_find(void)
{
	static char path[PATH_MAX];

	if (getenv(PAGE_SCRIPT))
		return 0;
	if (!script_find("report/page.py", path)) {
		fputs("capchain: --html: no scripts/report/page.py above this command; run the build/capchain "
		      "of a source tree, or one that was installed\n",
		      stderr);
		return EXIT_UNUSABLE;
	}
	setenv(PAGE_SCRIPT, path, 1);
	return 0;
}

int page_begin(const char *path)
{
	const char *const script = getenv(PAGE_SCRIPT);
	const char *const command = (const char *)getauxval(AT_EXECFN);
	int pipes[2];

	fflush(stdout);
	page_stdout = dup(STDOUT_FILENO);
	/* That it ended is told by its status. */
	signal(SIGPIPE, SIG_IGN);
	if (page_stdout < 0 || pipe(pipes) || (page_maker = fork()) < 0) {
		fprintf(stderr, "capchain: cannot start %s: %s\n", script, strerror(errno));
		return EXIT_UNUSABLE;
	}
	if (page_maker == 0) {
		dup2(pipes[0], STDIN_FILENO);
		close(pipes[0]);
		close(pipes[1]);
		execl("/usr/bin/python3", "python3", script, "--capchain", command, "--out", path,
		      (char *)NULL);
		fprintf(stderr, "capchain: /usr/bin/python3: %s\n", strerror(errno));
		_exit(EXIT_MISSING);
	}
	dup2(pipes[1], STDOUT_FILENO);
	close(pipes[0]);
	close(pipes[1]);
	return 0;
}

int page_end(void)
{
	int status;

	/* Where the program has gone, its status says why. */
	fflush(stdout);
	clearerr(stdout);
	dup2(page_stdout, STDOUT_FILENO);
	close(page_stdout);
	while (waitpid(page_maker, &status, 0) < 0 && errno == EINTR)
		;
	if (WIFSIGNALED(status))
		fprintf(stderr, "capchain: the page: %s\n", strsignal(WTERMSIG(status)));
	return WIFEXITED(status) ? WEXITSTATUS(status) : EXIT_UNUSABLE;
}

static void add_picture(json_t *json, const char *key, struct picture *picture)
{
	if (picture->svg)
		json_object_set_new(json, key, json_string(picture->svg));
	free(picture->svg);
}

void add_pictures(json_t *json, struct judge *judge, const struct input *input)
{
	struct picture *const readers = calloc(judge->count, sizeof(*readers)), chain;
	json_t *const drawn = json_object(), *const loads = json_object();
	struct picture text = {0};
	size_t size;
	FILE *const out = picture_begin(&text.svg, &size);

	if (!readers || input_text(out, input)) {
		fprintf(stderr, "capchain: %s: out of memory\n", input->path);
		exit(EXIT_UNUSABLE);
	}
	picture_end(out, &text.svg, 0, 0);
	add_picture(json, "text", &text);
	draw_all(judge, &chain, readers);
	add_picture(drawn, "chain", &chain);
	for (size_t i = 0; i < judge->count; i++)
		add_picture(loads, judge->judged[i].parser->name, &readers[i]);
	if (draw_unread(judge))
		json_object_set_new(json, "unread", json_string(draw_unread(judge)));
	json_object_set_new(drawn, "readers", loads);
	json_object_set_new(drawn, "style", json_string(draw_style));
	json_object_set_new(json, "pictures", drawn);
	free(readers);
}

/* Places @picture below all that is there. */
static void put_picture(FILE *out, const struct picture *picture, unsigned int *height)
{
	fprintf(out, "<g transform=\"translate(0 %u)\">%s</g>\n", *height, picture->svg);
	*height += picture->height + DRAW_LINE;
	free(picture->svg);
}

void draw_document(struct judge *judge)
{
	struct picture *const readers = calloc(judge->count, sizeof(*readers)), chain;
	unsigned int height = 0;
	char *body = NULL;
	size_t size;
	FILE *const out = picture_begin(&body, &size);

	if (!readers) {
		fprintf(stderr, "capchain: out of memory\n");
		exit(EXIT_UNUSABLE);
	}
	draw_all(judge, &chain, readers);
	if (chain.svg)
		put_picture(out, &chain, &height);
	for (size_t i = 0; i < judge->count; i++) {
		char said[64], words[128];

		if (!readers[i].svg)
			continue;
		answer_said(&judge->judged[i], said, sizeof(said));
		snprintf(words, sizeof(words), "%s: %s", judge->judged[i].parser->name, said);
		picture_line(out, 2, height + DRAW_LINE, "", words);
		height += DRAW_LINE + 4;
		put_picture(out, &readers[i], &height);
	}
	free(readers);
	picture_end(out, &body, 0, 0);
	printf(DRAW_SVG
	       "viewBox=\"0 0 %u %u\">\n<style>%s</style><rect class=\"paper\" width=\"%u\" "
	       "height=\"%u\"/>\n%s</svg>\n",
	       "", DRAW_WIDTH, height, DRAW_WIDTH, height, draw_style, DRAW_WIDTH, height, body);
	free(body);
}
