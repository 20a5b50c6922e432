/* SPDX-License-Identifier: MIT */
/*
 * capchain run: an unmodified program, on INFO replies of our choice, with no VFIO hardware, no
 * root and no support of the kernel but seccomp. Here is its command line; run_work.c does it.
 */
#include "run.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../client/apart.h"
#include "cmd.h"

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
	{"device", OPTION_LIST + LIST_DEVICE, "FILE", 0, "what VFIO_DEVICE_GET_INFO answers", 0},
	{"region", OPTION_REGION, "FILE", 0,
	 "what VFIO_DEVICE_GET_REGION_INFO answers for region 0; --region1 to --region8 for others",
	 0},
	REGION_N(0),
	REGION_N(1),
	REGION_N(2),
	REGION_N(3),
	REGION_N(4),
	REGION_N(5),
	REGION_N(6),
	REGION_N(7),
	REGION_N(8),
	{"iommu", OPTION_LIST + LIST_IOMMU, "FILE", 0, "what VFIO_IOMMU_GET_INFO answers", 0},
	{"replies", OPTION_REPLIES, "SCRIPT", 0, "replies one by one, as below", 0},
	{"each", OPTION_EACH, "DIR", 0,
	 "every file in DIR, one after the other, as the reply of its kind; those of a region as region "
	 "0's. COMMAND gets good replies once; a line a file, and a last one that counts",
	 0},
	{"rules", OPTION_RULES, "RULES", 0,
	 "whose way of telling a reply to the caller's argsz: kernel (the default), iommufd, "
	 "vfio-user, or raw; see below",
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

static void add_file(struct run_options *o, struct argp_state *state, size_t list, const char *path)
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
		add_file(o, state, (size_t)(key - OPTION_LIST), arg);
		return 0;
	}
	switch (key) {
	case OPTION_REGION:
		add_file(o, state, 0, arg);
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
			argp_error(state, "no rules `%s`: kernel, iommufd, vfio-user or raw", arg);
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

static const struct argp argp = {
	options,
	parse,
	"-- COMMAND...",
	"Runs COMMAND on a VFIO device that is not there, at PCI address " FAKE_ADDRESS
	", and says how it "
	"takes the INFO replies in the files.\v"
	"What COMMAND opens under /dev/vfio, looks up of the device in /sys, and asks of VFIO is answered "
	"here; everything else it does for real, with its own rights. There are /dev/vfio/vfio, "
	"/dev/vfio/" FAKE_GROUP_NAME " (the group's number is " FAKE_GROUP_NAME
	"), /sys/kernel/iommu_groups/" FAKE_GROUP_NAME " and " FAKE_DEVICES "/" FAKE_ADDRESS
	", a network card (class 0200) of vendor 8086, device 10d3, bound to vfio-pci; --pci gives it other "
	"ids. No VFIO ioctl reaches a real device, however it was opened; there is no io_uring, and a "
	"32-bit system call ends the run. "
	"Replies that are not given are good ones. COMMAND may be "
	"static, fork, run under a debugger or valgrind (say --no-good, --idle 0 and a larger --cpu), and needs no "
	"privilege; it must be a 64-bit program. Standard input that is no terminal is read "
	"to its end first, 16 MiB at most, and given to both runs; with --no-good it is COMMAND's own. "
	"Before each run a line that begins with `# with` says which, where COMMAND prints to. A read past the "
	"reply that COMMAND's heap forgives is a crash with `env LD_PRELOAD=build/client/fence.so "
	"FENCE_SIZE=N` before it, N the length of the reply.\n\n"
	"Outcomes, of which all but the first are faults:\n"
	"  exit     it ended by itself, as it should whatever it is told\n"
	"  signal   it died of one\n"
	"  storm    it asked for one INFO more often than --calls\n"
	"  hang     a thread that read an INFO reply computes, for --cpu, and calls nothing\n"
	"  idle     it neither asked any more nor ended, for --idle\n"
	"and beside an exit that it mapped what the reply does not hold: `outside` of the sparse areas, "
	"of an `unreadable` chain, `past the region` or `nowhere`, and not just as with good replies. "
	"That it mapped `what two areas share twice` is told, and is no fault: the UAPI leaves that open.\n\n"
	"RULES say what a caller with too small an argsz is told. Where FILE is byte for byte a full reply of "
	"a producer that capchain has a model of, that model tells the short one (`--fields file` leaves "
	"the fixed fields as they are):\n"
	"  kernel     vfio-pci and type1, from 6.6 on or before\n"
	"  iommufd    in the place of a container: from 6.6 on or before; devices and regions as kernel\n"
	"  vfio-user  libvfio-user\n"
	"  raw        FILE's bytes, cut\n"
	"What none of them would write, as a hostile chain, comes as near to that as its bytes go: the "
	"fixed struct with the argsz to ask with and cap_offset 0; for iommufd what fits of it, with "
	"argsz the whole length; for vfio-user zeros behind the struct, the CAPS flag clear.\n\n"
	"A SCRIPT has a line a reply, of `device`, `iommu`, `region` or `region0` to `region8`; calls go "
	"through them in turn and stay at the last, or start over after `again`:\n"
	"  region kernel a.yaml            # the first call\n"
	"  region raw b.bin argsz=104      # the second, and its argsz\n"
	"  region raw b.bin argsz=+8       # 8 more than the caller's, each time\n"
	"  region fails ENODEV             # the call fails; EINVAL where none is named\n"
	"  region raw \"a name.yaml\"       # in quotes, \\\" and \\\\ are \" and \\\n"
	"  region again                    # from the first line on\n"
	"It may have 1 MiB and 4096 replies.\n\n"
	"With --json the object has, beside the above, the bytes that the program held after its last call "
	"of each INFO; with --each there is one a file, and one more with the counts.\n\n"
	"Exit status: 0 it ended by itself and mapped nothing else; 1 a fault; 2 an unusable FILE or "
	"COMMAND, or one that does not pass the good replies; 3 programs cannot be supervised here (a "
	"container that forbids it, a kernel whose seccomp has no listeners); 5 the output could not be written.",
	NULL,
	NULL,
	NULL};

static int work(void *with)
{
	return run_work(with);
}

int cmd_run(int argc, char **argv)
{
	struct run_options o = {.ids = {0x8086, 0x10d3},
				.limits = {STORM_CALLS, HANG_MS * UINT64_C(1000000), IDLE_S}};
	int status;

	argp_parse(&argp, argc, argv, ARGP_IN_ORDER, NULL, &o);
	status = apart(work, &o);
	if (status >= 0)
		return status;
	fprintf(stderr, "capchain: programs cannot be supervised here: a process of its own: %s\n",
		strerror(-status));
	return EXIT_MISSING;
}
