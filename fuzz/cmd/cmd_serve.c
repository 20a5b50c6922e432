/* SPDX-License-Identifier: MIT */
/*
 * capchain serve: an unmodified client of vfio-user, on INFO replies of our choice. Here is what it says of
 * itself; run_options.c has its command line, and run_work.c does it, as for `capchain run`.
 */
#include "run.h"

#include "cmd.h"

static const struct argp_child children[] = {{&run_argp, 0, NULL, 0}, {0}};

static const struct argp_option options[] = {
	{"socket", RUN_OPTION_SOCKET, "PATH", 0,
	 "where the server listens while COMMAND runs; must not be there yet", 0},
	{0}};

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct run_options *const o = state->input;

	switch (key) {
	case ARGP_KEY_INIT:
		state->child_inputs[0] = o;
		return 0;
	case RUN_OPTION_SOCKET:
		o->socket = arg;
		return 0;
	case ARGP_KEY_END:
		if (!o->socket)
			argp_error(state, "--socket: where is COMMAND to find the server?");
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static const struct argp argp = {
	options,
	parse,
	"--socket PATH -- COMMAND...",
	"Is a vfio-user server of a device that is not there, runs COMMAND as its client, and says how that takes "
	"the INFO replies in the files.\v"
	"COMMAND gets good replies first; where it does not end by itself with those, or asks for no INFO, nothing "
	"is said of others. The device is a network card (class 0200) with two BARs, MSI-X and 4096 bytes of "
	"configuration space; reads and writes of it, interrupts, maps for DMA and resets are answered as the "
	"protocol has them, and each message's size is checked here: what is refused is counted and named. Outcomes, "
	"RULES, SCRIPT and --each are those of `capchain run --help`, and so is what COMMAND may be; the rules are "
	"vfio-user where none are given, and --iommu is not there, since no such reply crosses this protocol.\n\n"
	"A hang is a thread of the process that connected which computes, for --cpu, with no message of that "
	"process since the last INFO reply. A machine monitor has to leave its guest stopped (QEMU: -S), whose CPU "
	"computes too. Connections are taken one after the other, from who started this.\n\n"
	"A line of SCRIPT may end in what only a peer can say, each word once:\n"
	"  message=N       bytes of the message behind its header, whatever argsz says; more than the reply\n"
	"                  has are FILE's, then zeros\n"
	"  argsz=N         as for run; above the message it claims what was not sent\n"
	"  command=N       it is the reply of another command\n"
	"  id=+N           or to another message\n"
	"  error=NAME      it says that the command failed\n"
	"  fds=N           so many descriptors beside it, of 0 to 16\n"
	"  file=N          which are of a file of N bytes, and not of the device\n"
	"  region raw b.yaml message=32 fds=0\n\n"
	"With --json the object has beside that of run `socket`: messages by command, how many were refused, and "
	"why the first was. What a client does with replies that are wrong on purpose is a question of security, "
	"since a peer chose the bytes: SECURITY.md says whom to tell. Nothing is written anywhere but to the "
	"standard output.\n\n"
	"Exit status: as of run, and 2 where PATH cannot be listened at.",
	children,
	NULL,
	NULL};

int cmd_serve(int argc, char **argv)
{
	struct run_options o = {
		.ids = {0x8086, 0x10d3},
		.reading = {.rule = REPLY_VFIO_USER},
		.limits = {STORM_CALLS, HANG_MS * UINT64_C(1000000), IDLE_S},
	};

	argp_parse(&argp, argc, argv, ARGP_IN_ORDER, NULL, &o);
	return run_apart(&o);
}
