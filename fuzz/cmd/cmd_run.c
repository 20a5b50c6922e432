/* SPDX-License-Identifier: MIT */
/*
 * capchain run: an unmodified program, on INFO replies of our choice, with no VFIO hardware, no
 * root and no support of the kernel but seccomp.
 *
 * The program first gets good replies. Where it does not end by itself with those, or asks for no
 * INFO at all, whatever it does with others would say nothing, and is not reported.
 */
#include "run.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "../client/nameless.h"
#include "cmd.h"

/* What is asked for with one option may be said before or after --rules: files are read last. */
struct asked_file {
	size_t list;
	const char *path;
};

struct run_options {
	struct asked_file files[LISTS];
	size_t nfiles;
	const char *script;
	struct reading reading;
	struct fake_ids ids;
	struct limits limits;
	bool no_good;
	bool json;
	char **options;
	char **options_end;
	char **command;
};

enum {
	OPTION_LIST = 0x100, /* and the number of the list */
	OPTION_REGION = OPTION_LIST + LISTS,
	OPTION_REPLIES,
	OPTION_RULES,
	OPTION_FIELDS,
	OPTION_PCI,
	OPTION_CALLS,
	OPTION_CPU,
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
	 "CPU time after an INFO reply that is a hang, in milliseconds; 800 by default", 0},
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
	"here; everything else it does for real. Replies that are not given are good ones. COMMAND may be "
	"static, fork, run under a debugger or valgrind (say --no-good and a larger --cpu), and needs no "
	"privilege; it must be a 64-bit program. Standard input that is no terminal is read "
	"to its end first, and given to both runs; with --no-good it is COMMAND's own. A read past the "
	"reply that COMMAND's heap forgives is a crash with `env LD_PRELOAD=build/client/fence.so "
	"FENCE_SIZE=N` before it, N the length of the reply.\n\n"
	"Outcomes, of which all but the first are faults:\n"
	"  exit     it ended by itself, as it should whatever it is told\n"
	"  signal   it died of one\n"
	"  storm    it asked for one INFO more often than --calls\n"
	"  hang     it computes, for --cpu, since an INFO reply, and calls nothing\n"
	"and beside an exit that it mapped what the reply does not hold: `outside` of the sparse areas, "
	"of an `unreadable` chain, or `nowhere` in the region, and not just as with good replies.\n\n"
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
	"  region again                    # from the first line on\n\n"
	"With --json the object has, beside the above, the bytes that the program held after its last call "
	"of each INFO.\n\n"
	"Exit status: 0 it ended by itself and mapped nothing else; 1 a fault; 2 an unusable FILE or "
	"COMMAND, or one that does not pass the good replies; 3 programs cannot be supervised here (a "
	"container that forbids it, a kernel whose seccomp has no listeners); 5 the output could not be written.",
	NULL,
	NULL,
	NULL};

static volatile sig_atomic_t stopped;

static void stop(int signal)
{
	stopped = signal;
}

/* Standard input in memory, to be read once a run; -1 where it is a terminal, -2 after one line. */
static int keep_input(void)
{
	char bytes[65536];
	ssize_t got;
	int fd;

	if (isatty(STDIN_FILENO))
		return -1;
	fd = nameless_file("stdin");
	if (fd < 0) {
		fprintf(stderr, "capchain: standard input: %s\n", strerror(-fd));
		return -2;
	}
	while ((got = read(STDIN_FILENO, bytes, sizeof(bytes))) > 0)
		if (write(fd, bytes, (size_t)got) != got) {
			fprintf(stderr, "capchain: standard input: %s\n", strerror(errno));
			close(fd);
			return -2;
		}
	return fd;
}

/*
 * Programs change what they share with us: QEMU's monitor leaves the terminal without echo, and
 * standard output non-blocking.
 */
struct streams {
	int flags[3];
	bool is_terminal;
	struct termios terminal;
};

static void keep_streams(struct streams *ret)
{
	for (int fd = 0; fd < 3; fd++)
		ret->flags[fd] = fcntl(fd, F_GETFL);
	ret->is_terminal = tcgetattr(STDIN_FILENO, &ret->terminal) == 0;
}

static void restore_streams(const struct streams *kept)
{
	for (int fd = 0; fd < 3; fd++)
		if (kept->flags[fd] >= 0)
			fcntl(fd, F_SETFL, kept->flags[fd]);
	if (kept->is_terminal)
		tcsetattr(STDIN_FILENO, TCSANOW, &kept->terminal);
}

/* What is in the way, as far as an errno tells. */
static const char *in_the_way(int error)
{
	switch (error) {
	case EBUSY:
		return "; another seccomp supervisor has this process already";
	case EPERM:
	case EACCES:
		return "; a container's seccomp profile or a security module forbids it";
	case ENOSYS:
		return "; this kernel lacks it, or a container's seccomp profile hides it";
	case EINVAL:
		return "; this kernel lacks it";
	default:
		return "";
	}
}

static int run_once(const struct run_options *o, const struct fake *fake, struct vfio *vfio,
		    struct replies *replies, int input, struct supervised *ret_run)
{
	const struct filter_streams given = {input, o->json ? STDERR_FILENO : -1};
	struct streams streams;
	int status;

	vfio->fake = fake;
	vfio->replies = replies;
	if (input >= 0)
		lseek(input, 0, SEEK_SET);
	keep_streams(&streams);
	status = supervise(vfio, o->command, given, o->limits, &stopped, ret_run);
	restore_streams(&streams);
	if (status == -EINTR) {
		fputs("capchain: interrupted; COMMAND was killed\n", stderr);
		return EXIT_UNUSABLE;
	}
	if (status) {
		fprintf(stderr, "capchain: programs cannot be supervised here: %s: %s%s\n",
			ret_run->failed, strerror(-status), in_the_way(-status));
		return EXIT_MISSING;
	}
	if (ret_run->exec_errno) {
		fprintf(stderr, "capchain: %s: %s\n", o->command[0], strerror(ret_run->exec_errno));
		return EXIT_UNUSABLE;
	}
	return 0;
}

/* Whether the good run proves that the program gets as far as its INFO, and back. */
static int check_good(const struct run_options *o, const struct supervised *good)
{
	char words[128];

	if (good->outcome == OUTCOME_EXIT && good->info < CALLS)
		return 0;
	run_words(good, words, sizeof(words));
	fprintf(stderr, "capchain: %s: %s with good replies%s; nothing is said of others\n",
		o->command[0], words, good->info < CALLS ? "" : ", without any VFIO INFO call");
	return EXIT_UNUSABLE;
}

static int run_both(const struct run_options *o, const struct fake *fake, struct replies *replies,
		    int input)
{
	static struct supervised good, run;
	struct vfio vfio = {0};
	struct replies plain = {0};
	const struct run_report report = {
		o->no_good ? NULL : &good, &run, &vfio, o->options, o->options_end, o->command};
	int status = replies_fill(&plain) || replies_fill(replies) ? EXIT_UNUSABLE : 0;

	if (status)
		fprintf(stderr, "capchain: %s\n", strerror(ENOMEM));
	if (!status && !o->no_good)
		status = run_once(o, fake, &vfio, &plain, input, &good);
	if (!status && !o->no_good)
		status = check_good(o, &good);
	if (!status)
		status = run_once(o, fake, &vfio, replies, input, &run);
	if (!status && o->json)
		put_json(run_json(&report));
	else if (!status)
		run_print(&report);
	vfio_forget(&vfio);
	replies_free(&plain);
	return status ? status : run_is_faulty(&report) ? EXIT_FOUND : EXIT_FINE;
}

static int add_replies(const struct run_options *o, struct replies *replies)
{
	struct reply *reply;
	int status = 0;

	for (size_t i = 0; i < o->nfiles && !status; i++)
		status = run_add_file(replies, o->files[i].list, o->files[i].path, o->reading,
				      &reply);
	if (!status && o->script)
		status = run_add_script(replies, o->script, o->reading);
	return status;
}

int cmd_run(int argc, char **argv)
{
	struct run_options o = {.ids = {0x8086, 0x10d3},
				.limits = {STORM_CALLS, HANG_MS * UINT64_C(1000000)}};
	static struct fake fake;
	struct replies replies = {0};
	int status, input;

	argp_parse(&argp, argc, argv, ARGP_IN_ORDER, NULL, &o);
	status = add_replies(&o, &replies);
	/* One run may have it as it is. */
	input = status || o.no_good ? -1 : keep_input();
	if (!status && input == -2)
		status = EXIT_UNUSABLE;
	if (!status) {
		/* So that the folder goes, and what runs, however this ends. */
		const struct sigaction handler = {.sa_handler = stop};
		const char *failed;
		const int error = fake_open(o.ids, &fake, &failed);

		sigaction(SIGINT, &handler, NULL);
		sigaction(SIGTERM, &handler, NULL);
		if (error)
			fprintf(stderr, "capchain: the fake device takes %s: %s\n", failed,
				strerror(-error));
		status = error ? EXIT_MISSING : run_both(&o, &fake, &replies, input);
		fake_close(&fake);
	}
	if (input >= 0)
		close(input);
	replies_free(&replies);
	return status;
}
