/* SPDX-License-Identifier: MIT */
/* The command line that `capchain run` and `capchain serve` share. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../client/apart.h"
#include "cmd.h"
#include "run.h"

enum {
	OPTION_LIST = 0x100, /* and the number of the list */
	OPTION_REGION = OPTION_LIST + LISTS,
	OPTION_REPLIES,
	OPTION_EACH,
	OPTION_RULES,
	OPTION_FIELDS,
	OPTION_PCI,
	OPTION_CALLS,
	OPTION_CPU,
	OPTION_IDLE,
	OPTION_NO_GOOD,
	OPTION_JSON,
};

#define REGION_N(n) INFO_ROW("region" #n, OPTION_LIST + (n), "FILE", OPTION_HIDDEN, NULL, 0)

static const struct argp_option options[] = {
	{"device", OPTION_LIST + LIST_DEVICE, "FILE", 0,
	 "the reply about the device: DEVICE_GET_INFO", 0},
	{"region", OPTION_REGION, "FILE", 0,
	 "the reply about region 0: DEVICE_GET_REGION_INFO; --region1 to --region8 for others", 0},
	REGION_N(0),
	REGION_N(1),
	REGION_N(2),
	REGION_N(3),
	REGION_N(4),
	REGION_N(5),
	REGION_N(6),
	REGION_N(7),
	REGION_N(8),
	{"replies", OPTION_REPLIES, "SCRIPT", 0, "replies one by one, as below", 0},
	{"each", OPTION_EACH, "DIR", 0,
	 "every file in DIR, one after the other, as the reply of its kind; those of a region as region "
	 "0's. COMMAND gets good replies once; a line a file, and a last one that counts",
	 0},
	{"rules", OPTION_RULES, "RULES", 0,
	 "whose way of telling a reply to the caller's argsz: kernel (what run does without), iommufd, "
	 "vfio-user (what serve does), rust-vmm, or raw; see below",
	 0},
	{"fields", OPTION_FIELDS, "WHOSE", 0,
	 "device (the default): the fixed fields but argsz, cap_offset and the CAPS flag are the fake "
	 "device's, so that programs get as far as the chain; file: as FILE has them",
	 0},
	{"pci", OPTION_PCI, "VENDOR:DEVICE", 0,
	 "hexadecimal ids of the device; 8086:10d3 by default", 0},
	{"calls", OPTION_CALLS, "N", 0, "more calls than N for one INFO are a storm; 64 by default",
	 0},
	{"cpu", OPTION_CPU, "MS", 0,
	 "CPU time that is a hang, in milliseconds; 800 by default: of a thread that has read an INFO "
	 "reply, since its last call that is seen here",
	 0},
	{"idle", OPTION_IDLE, "SECONDS", 0,
	 "how long COMMAND may go on after its last INFO call, or its start, whatever it does; 60 by "
	 "default, 0 for ever, as for a debugger",
	 0},
	{"no-good", OPTION_NO_GOOD, NULL, 0,
	 "leave out the run on good replies, as for a debugger: the outcome proves less", 0},
	{"json", OPTION_JSON, NULL, 0,
	 "one JSON object; what COMMAND prints goes to standard error", 0},
	{0}};

static uint64_t number(struct argp_state *state, const char *arg, const char *what)
{
	char *rest;
	unsigned long long value;

	errno = 0;
	value = strtoull(arg, &rest, 10);
	if (*arg < '0' || *arg > '9' || *rest || errno || value == 0 || value > 1000000000)
		argp_error(state, "--%s %s: want a number from 1 to 1000000000", what, arg);
	return value;
}

void run_add_option(struct run_options *o, const struct argp_state *state, size_t list,
		    const char *path)
{
	for (size_t i = 0; i < o->nfiles; i++)
		if (o->files[i].list == list)
			argp_error(state, "two files for one INFO; --replies takes several");
	o->files[o->nfiles++] = (struct asked_file){list, path};
}

static void set_ids(struct run_options *o, struct argp_state *state, const char *arg)
{
	unsigned int vendor, device;
	int end = 0;

	if (sscanf(arg, "%4x:%4x%n", &vendor, &device, &end) != 2 || arg[end])
		argp_error(state, "--pci %s: want two hexadecimal numbers, as in 15b3:101e", arg);
	o->ids = (struct fake_ids){(uint16_t)vendor, (uint16_t)device};
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct run_options *const o = state->input;

	if (key >= OPTION_LIST && key < OPTION_REGION) {
		run_add_option(o, state, (size_t)(key - OPTION_LIST), arg);
		return 0;
	}
	switch (key) {
	case OPTION_REGION:
		run_add_option(o, state, 0, arg);
		return 0;
	case OPTION_REPLIES:
		o->script = arg;
		return 0;
	case OPTION_EACH:
		o->each = arg;
		o->each_word = &state->argv[state->next - 1];
		return 0;
	case OPTION_RULES:
		if (!reply_rule_parse(arg, &o->reading.rule))
			argp_error(state,
				   "no rules `%s`: kernel, iommufd, vfio-user, rust-vmm or raw",
				   arg);
		return 0;
	case OPTION_FIELDS:
		if (strcmp(arg, "device") && strcmp(arg, "file"))
			argp_error(state, "--fields %s: device or file", arg);
		o->reading.keeps_fields = !strcmp(arg, "file");
		return 0;
	case OPTION_PCI:
		set_ids(o, state, arg);
		return 0;
	case OPTION_CALLS:
		o->limits.storm_calls = number(state, arg, "calls");
		return 0;
	case OPTION_CPU:
		o->limits.hang_ns = number(state, arg, "cpu") * 1000000;
		return 0;
	case OPTION_IDLE:
		o->limits.idle_s = strcmp(arg, "0") ? number(state, arg, "idle") : 0;
		return 0;
	case OPTION_NO_GOOD:
		o->no_good = true;
		return 0;
	case OPTION_JSON:
		o->json = true;
		return 0;
	case ARGP_KEY_ARG:
		o->command = &state->argv[state->next - 1];
		o->options = &state->argv[1];
		/* Without the two dashes, which the command may have before it. */
		o->options_end = o->command - !strcmp(o->command[-1], "--");
		state->next = state->argc;
		return 0;
	case ARGP_KEY_END:
		if (!o->command)
			argp_error(state, "which COMMAND?");
		if (o->each && (o->nfiles || o->script))
			argp_error(state, "--each has all replies: no file or --replies beside it");
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

const struct argp run_argp = {options, parse, NULL, NULL, NULL, NULL, NULL};

static int work(void *with)
{
	return run_work(with);
}

int run_apart(struct run_options *o)
{
	const int status = apart(work, o);

	if (status >= 0)
		return status;
	fprintf(stderr, "capchain: programs cannot be supervised here: a process of its own: %s\n",
		strerror(-status));
	return EXIT_MISSING;
}
