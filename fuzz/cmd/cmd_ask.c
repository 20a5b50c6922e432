/* SPDX-License-Identifier: MIT */
/* capchain ask: a vfio-user client that sweeps a server's INFO replies, as `capchain probe` does a kernel's. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../target/file.h"
#include "../vfio_user/client.h"
#include "cmd.h"

#define WAIT_S 5

struct ask_options {
	struct probe_how how;
	const char *socket;
	const char *fake;
	enum vu_rule fault;
	int wait_s;
};

enum { OPTION_SOCKET = 0x100, OPTION_FAKE, OPTION_WAIT, OPTION_RULES };

static const struct argp_option options[] = {
	{"socket", OPTION_SOCKET, "PATH", 0, "where the server listens", 0},
	{"wait", OPTION_WAIT, "SECONDS", 0,
	 "how long a reply is waited for; 5 by default. A server that has not answered by then is gone, and is "
	 "asked nothing more",
	 0},
	{"fake", OPTION_FAKE, "RULE", 0,
	 "no socket, but a stand-in that breaks RULE of the protocol, or `sound`: to see what a violation looks "
	 "like",
	 0},
	{"rules", OPTION_RULES, NULL, 0, "print the rules of the protocol, and end", 0},
	{0}};

static void take_fake(struct ask_options *o, const char *arg, const struct argp_state *state)
{
	unsigned int rule = 0;

	while (rule < VU_RULE_COUNT && strcmp(arg, vu_rule_name((enum vu_rule)rule)))
		rule++;
	if (rule == VU_RULE_COUNT && strcmp(arg, "sound"))
		argp_error(state, "--fake %s: `sound`, or a rule that --rules prints", arg);
	o->fake = arg;
	o->fault = (enum vu_rule)rule;
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct ask_options *const o = state->input;
	char *end;
	long value;

	switch (key) {
	case ARGP_KEY_INIT:
		state->child_inputs[0] = &o->how;
		return 0;
	case OPTION_SOCKET:
		o->socket = arg;
		return 0;
	case OPTION_FAKE:
		take_fake(o, arg, state);
		return 0;
	case OPTION_WAIT:
		value = strtol(arg, &end, 10);
		if (*arg < '0' || *arg > '9' || *end || value < 1 || value > 3600)
			argp_error(state, "--wait %s: want a number from 1 to 3600", arg);
		o->wait_s = (int)value;
		return 0;
	case OPTION_RULES:
		for (unsigned int rule = 0; rule < VU_RULE_COUNT; rule++)
			printf("%-15s %s\n", vu_rule_name((enum vu_rule)rule),
			       vu_rule_words((enum vu_rule)rule));
		exit(EXIT_FINE);
	case ARGP_KEY_ARG:
		argp_error(state, "%s: --socket names the server", file_word(arg));
		return 0;
	case ARGP_KEY_END:
		if (!o->socket == !o->fake)
			argp_error(state, "--socket PATH, or --fake RULE: one of them");
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static const struct argp_child children[] = {{&probe_argp, 0, NULL, 0}, {0}};

static const struct argp argp = {
	options,
	parse,
	"--socket PATH",
	"Asks a vfio-user server for the INFO of its device and regions at every argsz from 0 past the need, with "
	"two fills of the buffer, and says which rules its replies break.\v"
	"Those of `capchain probe --rules`, but that a reply which is too short for the chain may have CAPS clear "
	"and zeros behind its fixed fields, and beside them those of the protocol, which --rules prints: they are "
	"about messages, descriptors, reads of regions, interrupts, and what has to be refused. A rule that the "
	"specification leaves open, as that a region which may be mapped has a descriptor, is a question and not "
	"always a bug. The server's device is reset once, and nothing of it is written to.\n\n"
	"Prints a line a subject, and one a violation, with the file that has the reply. With --keep every reply "
	"is kept, as the caller's buffer then was: 0xa5 where no byte came. What is found of another's server is "
	"a question of security where its clients trust each other less than it: SECURITY.md.\n\n"
	"Exit status: 0; 1 where a rule is broken, or no subject answered; 2 the command line cannot be "
	"used; 3 no server listens at PATH; 4 no memory for the sandbox; 5 output or a witness could not be "
	"written.",
	children,
	NULL,
	NULL};

/* What the messages broke, as the sweep's violations are told. */
static void say_rules(struct probe_run *run, const struct vu_client *client)
{
	for (unsigned int rule = 0; rule < VU_RULE_COUNT; rule++) {
		const struct vu_violation *const violation = &client->violations[rule];
		const char *const name = vu_rule_name((enum vu_rule)rule);

		run->points += run->how->tap;
		if (run->how->tap)
			printf("%sok %zu %s protocol %s\n", violation->count ? "not " : "",
			       run->points, run->device, name);
		if (!violation->count)
			continue;
		if (run->how->tap)
			printf("# in %llu messages, first: %s\n",
			       (unsigned long long)violation->count, violation->words);
		else if (run->how->json)
			put_json(json_pack("{s:s,s:s,s:s,s:I,s:s}", "device", run->device,
					   "subject", "protocol", "rule", name, "count",
					   (json_int_t)violation->count, "words",
					   violation->words));
		else
			printf("%s protocol: %s in %llu messages, first: %s\n", run->device, name,
			       (unsigned long long)violation->count, violation->words);
	}
	run->broken += vu_client_broken(client);
}

static int ask(const struct ask_options *o, int fd)
{
	static struct vu_client client;
	struct probe_run run = {.how = &o->how};
	char *const name = path_shown(o->fake ? o->fake : o->socket, "");
	int status = probe_run_open(&run), error;

	run.device = name ? name : "?";
	if (!status && (error = vu_client_open(&client, fd, o->wait_s * 1000, NULL))) {
		fprintf(stderr, "capchain: %s: %s\n", name, strerror(-error));
		status = EXIT_MISSING;
	}
	if (!status) {
		probe_run_all(&run, vu_client_device(&client), false);
		vu_client_ask_rest(&client);
		say_rules(&run, &client);
		run.calls = client.messages;
		vu_client_close(&client);
		status = probe_run_close(&run, 1);
	}
	free(name);
	return status;
}

int cmd_ask(int argc, char **argv)
{
	struct ask_options o = {.wait_s = WAIT_S};
	int fd;

	argp_parse(&argp, argc, argv, 0, NULL, &o);
	fd = o.fake ? vu_fake(o.fault, NULL) : vu_connect(o.socket);
	if (fd >= 0)
		return ask(&o, fd);
	fprintf(stderr, "capchain: %s: %s\n", o.fake ? "a stand-in" : file_word(o.socket),
		strerror(-fd));
	return EXIT_MISSING;
}
