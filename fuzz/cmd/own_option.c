/* SPDX-License-Identifier: MIT */
/*
 * --parser FILE: hands the command line to a capchain that has FILE's parser in it, made by
 * scripts/fuzz/own.py; and there, the account of what that parser did.
 */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../fetch/fetch_judge.h"
#include "../judge/ledger.h"
#include "../judge/own.h"
#include "../sandbox/where.h"
#include "cmd.h"

bool script_find(const char *name, char ret_path[PATH_MAX])
{
	/* Below a folder above this command: in the tree that it was built in, and where it is installed. */
	static const char *const below[] = {"scripts", "lib/capchain/scripts"};
	char at[PATH_MAX];

	/* Where /proc is not mounted, it does not tell. */
	if (!realpath((const char *)getauxval(AT_EXECFN), at))
		return false;
	for (char *slash = strrchr(at, '/'); slash; slash = strrchr(at, '/')) {
		*slash = '\0';
		for (size_t i = 0; i < sizeof(below) / sizeof(below[0]); i++)
			if (snprintf(ret_path, PATH_MAX, "%s/%s/%s", at, below[i], name) <
				    PATH_MAX &&
			    access(ret_path, R_OK) == 0)
				return true;
	}
	return false;
}

/* Runs the script on @parser: what it prints, the path of the command, to @ret_path. Its status. */
static int build(const char *path, const char *parser, char ret_path[PATH_MAX])
{
	size_t used = 0;
	ssize_t got;
	int pipes[2], status;
	pid_t pid;

	if (pipe(pipes) || (pid = fork()) < 0) {
		fprintf(stderr, "capchain: cannot start %s: %s\n", path, strerror(errno));
		return EXIT_UNUSABLE;
	}
	if (pid == 0) {
		dup2(pipes[1], STDOUT_FILENO);
		close(pipes[0]);
		close(pipes[1]);
		execl("/usr/bin/python3", "python3", path, "--command", "--", parser, (char *)NULL);
		fprintf(stderr, "capchain: /usr/bin/python3: %s\n", strerror(errno));
		_exit(EXIT_UNUSABLE);
	}
	close(pipes[1]);
	while (used < PATH_MAX - 1 &&
	       (got = read(pipes[0], ret_path + used, PATH_MAX - 1 - used)) > 0)
		used += (size_t)got;
	close(pipes[0]);
	ret_path[used] = '\0';
	ret_path[strcspn(ret_path, "\n")] = '\0';
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	if (WIFSIGNALED(status))
		fprintf(stderr, "capchain: %s: %s\n", path, strsignal(WTERMSIG(status)));
	return WIFEXITED(status) ? WEXITSTATUS(status) : EXIT_UNUSABLE;
}

/* Takes FILE. */
static void own_option(const char *arg, const struct argp_state *state, const char **ret_file)
{
	char **const words = state->argv + state->next - 1;

	*ret_file = arg;
	/*
	 * The command that has the parser is told so in its place: --parser FILE, or --parser=FILE.
	 */
	if (words[0] == arg)
		words[-1] = (char *)(uintptr_t)OWN_JOINED;
	words[0] = (char *)(uintptr_t)OWN_JOINED;
}

error_t own_parse(int key, char *arg, const struct argp_state *state, struct own_options *options)
{
	switch (key) {
	case OPTION_PARSER:
		own_option(arg, state, &options->parser);
		return 0;
	case OPTION_JOINED:
		options->joined = true;
		return 0;
	case OPTION_ALLOW_FAULTS:
		options->allow_faults = true;
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static int own_run(const char *verb, const char *file, char **argv)
{
	static char path[PATH_MAX], command[PATH_MAX];
	int status;

	if (!script_find("fuzz/own.py", path)) {
		fprintf(stderr,
			"capchain: --parser: no scripts/fuzz/own.py above this command; run the "
			"build/capchain of a source tree, or one that was installed\n");
		return EXIT_UNUSABLE;
	}
	status = build(path, file, command);
	if (status)
		return status;
	/* argv[0] is "capchain VERB": one word here, two there. */
	for (int i = 0;; i++)
		if (!argv[i]) {
			char **const words = calloc((size_t)i + 2, sizeof(*words));

			if (!words)
				break;
			words[0] = command;
			words[1] = (char *)(uintptr_t)verb;
			memcpy(words + 2, argv + 1, ((size_t)i - 1) * sizeof(*words));
			execv(command, words);
			break;
		}
	fprintf(stderr, "capchain: %s: %s\n", command, strerror(errno));
	return EXIT_UNUSABLE;
}

bool own_begin(const char *verb, const struct own_options *options, char **argv, int *ret_status)
{
	const char *why = NULL;

	*ret_status = EXIT_UNUSABLE;
	if (options->parser) {
		if (options->allow_faults)
			setenv(OWN_ALLOW, "faults", 1);
		*ret_status = own_run(verb, options->parser, argv);
		return false;
	}
	if (options->joined && !own_parser)
		why = "no parser joined this command; --parser FILE is how";
	else if (options->allow_faults)
		why = own_allow_faults();
	if (why)
		fprintf(stderr, "capchain: %s\n", why);
	return !why;
}

const struct judged *own_judged(const struct judge *judge)
{
	for (size_t i = 0; own_parser && i < judge->count; i++)
		if (judge->judged[i].parser == own_parser)
			return &judge->judged[i];
	return NULL;
}

bool own_reads(enum info_kind kind)
{
	return kind == KIND_FETCH ? own_loop != NULL : own_parser->reads[kind].ids != 0;
}

bool own_heard(const struct judge *judge)
{
	for (size_t r = 0; r < judge->nreaders; r++)
		if (judge->judged[judge->readers[r]].parser == own_parser)
			return true;
	return false;
}

void own_alone(const struct own_options *options)
{
	if (!options->joined)
		return;
	if (own_loop)
		fetch_loops_alone();
	info_parsers = &own_parser;
	info_parser_count = 1;
}

int own_agrees(const struct judge *judge, const char *path)
{
	fprintf(stderr, "capchain: %s: %s %s: nothing to keep; `capchain explain` shows it\n", path,
		own_parser->name,
		own_heard(judge) ? "differs in nothing" : "does not read this kind");
	return EXIT_UNUSABLE;
}

bool own_broke(const struct judged *judged)
{
	return judged_breaks(judged) && !judged_excuse(judged);
}
