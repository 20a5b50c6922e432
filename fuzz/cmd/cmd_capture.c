/* SPDX-License-Identifier: MIT */
/* capchain capture: the INFO replies that other programs get, as inputs of the corpus. */
#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../../parsers/layout.h"
#include "../capture/capture.h"
#include "../capture/kept.h"
#include "../client/signals.h"
#include "../target/file.h"
#include "../target/findings.h"
#include "../text/text.h"
#include "cmd.h"

struct capture_command {
	struct capture_options options;
	const char *folder;
	const char *ready;
	const char *comm;
	char **program;
	bool text;
	bool json;
	struct capture_kept *kept;
	uint64_t replies, distinct, chains, differ, cut;
	int status;
};

enum {
	OPTION_HOOKS = 'H',
	OPTION_OUT = 'o',
	OPTION_COMM = 'c',
	OPTION_READY = 'r',
	OPTION_STAND_IN = 's',
	OPTION_TEXT = 't',
	OPTION_JSON = 'j',
	OPTION_BUFFER = 'b',
};

#define BUFFER_MAX    1024u
#define FILES_AT_ONCE 32

static const struct argp_option options[] = {
	{"out", OPTION_OUT, "DIR", 0, "where replies are written; default: captured", 0},
	{"text", OPTION_TEXT, NULL, 0,
	 "write the text form of each, which says too who asked; `capchain asm` makes the bytes of it",
	 0},
	{"json", OPTION_JSON, NULL, 0,
	 "one JSON object a reply that is written, and one of the counts", 0},
	{"hooks", OPTION_HOOKS, "WHERE", 0,
	 "module: vfio.ko's functions; syscalls: every system call; default: module where vfio.ko is "
	 "loaded and has BTF",
	 0},
	{"comm", OPTION_COMM, "NAME", 0,
	 "keep replies alone to processes whose executable or command is called NAME (of a script, its own name "
	 "too); of one that has ended by then, the kernel knows 15 bytes of its thread's name",
	 0},
	{"buffer", OPTION_BUFFER, "MIB", 0,
	 "memory in which records wait: 32 MiB hold 85,000 replies of 120 bytes, and are enough for 100,000 a second "
	 "where a CPU is free; more of it bridges more that comes at once",
	 0},
	{"ready", OPTION_READY, "FILE", 0, "make FILE when it has begun, for scripts", 0},
	{"stand-in", OPTION_STAND_IN, "NUMBER", 0,
	 "for tests: take the ioctl NUMBER of any file for VFIO_IOMMU_GET_INFO", 0},
	{0}};

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct capture_command *const c = state->input;
	unsigned long mib;
	char *end;

	switch (key) {
	case OPTION_OUT:
		c->folder = arg;
		return 0;
	case OPTION_TEXT:
		c->text = true;
		return 0;
	case OPTION_JSON:
		c->json = true;
		return 0;
	case OPTION_HOOKS:
		if (strcmp(arg, "module") && strcmp(arg, "syscalls"))
			argp_error(state, "--hooks %s: module or syscalls", arg);
		c->options.hooks = arg[0] == 'm' ? CAPTURE_IN_MODULE : CAPTURE_AT_SYSCALLS;
		return 0;
	case OPTION_COMM:
		c->comm = arg;
		c->options.by_process = true;
		return 0;
	case OPTION_READY:
		c->ready = arg;
		return 0;
	case OPTION_BUFFER:
		errno = 0;
		mib = strtoul(arg, &end, 10);
		if (errno || *end || *arg < '0' || *arg > '9' || !mib || mib > BUFFER_MAX)
			argp_error(state, "--buffer %s: 1 to %u MiB", arg, BUFFER_MAX);
		c->options.ring = (uint32_t)mib << 20;
		return 0;
	case OPTION_STAND_IN:
		c->options.stand_in = (uint32_t)strtoul(arg, &end, 0);
		if (*end || !c->options.stand_in)
			argp_error(state, "--stand-in %s: an ioctl's number", arg);
		return 0;
	case ARGP_KEY_ARGS:
		c->program = state->argv + state->next;
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static const struct argp argp = {
	options,
	parse,
	"[PROGRAM ARG...]",
	"Records the INFO replies that any process gets from VFIO, until Ctrl-C, or while PROGRAM runs: one "
	"file each, in the form of corpus/captured, named after ioctl, device and length, each reply once.\v"
	"A file has the caller's whole buffer, up to 4096 bytes of the argsz that it passed in. "
	"Bytes that changed are as they are, and so are those on which the reply rests; the others "
	"are 0xa5, since the kernel wrote nothing there that counts. A buffer whose later pages "
	"nobody had touched is kept up to the first such page, and counted as cut.\n\n"
	"With hooks in vfio.ko other ioctls cost nothing, and the kernel's own chain is compared "
	"with the bytes that the caller got. iommufd's replies are seen at system calls alone.\n\n"
	"It needs root: CAP_BPF, CAP_PERFMON and, for vfio.ko's types, CAP_SYS_ADMIN. It needs "
	"Linux 5.17 or newer with BTF; with lockdown=confidentiality nothing can be recorded. It "
	"writes to no other process. A reply that is the same as an earlier one is passed over in the kernel, and counted "
	"as repeated; one that was lost is counted as dropped.\n\n"
	"Exit status: 0; 1 where nothing was recorded, a chain differs from the kernel's own, or a record "
	"was dropped, or could not be read; 2 the command line cannot be used; 3 a privilege, or vfio.ko, is missing; 5 a reply "
	"could not be written; 6 the programs cannot be loaded: a fault of capchain.",
	NULL,
	NULL,
	NULL};

static const char *ioctl_name(enum info_kind kind)
{
	static const char *const names[INFO_IOCTL_KINDS] = {
		[INFO_DEVICE] = "VFIO_DEVICE_GET_INFO",
		[INFO_REGION] = "VFIO_DEVICE_GET_REGION_INFO",
		[INFO_IOMMU] = "VFIO_IOMMU_GET_INFO",
	};

	return names[kind];
}

static const char *device_of(const struct capture_record *record)
{
	return record->device[0] ? record->device : record->device_fd ? "device" : "container";
}

/* A process says the device's name too, where it asks a group for it. Freed by the caller. */
static char *device_shown(const struct capture_record *record)
{
	return path_shown(device_of(record), "");
}

/* A process may call itself anything. Freed by the caller. */
static char *comm_of(const struct capture_record *record)
{
	char comm[sizeof(record->comm) + 1] = "";

	memcpy(comm, record->comm, sizeof(record->comm));
	return path_shown(comm, "");
}

/* As the corpus has it: text, or where that is not asked the bytes. NULL without memory. */
static char *render(const struct capture_command *c, const struct capture_reply *reply,
		    size_t *ret_size)
{
	char *made = NULL;
	struct chain chain;
	FILE *const memory = open_memstream(&made, ret_size);
	bool whole = memory != NULL;

	if (!memory)
		return NULL;
	if (!c->text) {
		fwrite(reply->bytes, 1, reply->len, memory);
	} else {
		char *const comm = comm_of(reply->record);
		char *const device = device_shown(reply->record);

		whole = comm && device &&
			chain_read(reply->bytes, reply->len, reply->kind, &chain) == 0;
		fprintf(memory, "# %s of %s, argsz %u passed in by %s\n", ioctl_name(reply->kind),
			device ? device : "?", reply->record->argsz, comm ? comm : "?");
		free(comm);
		free(device);
	}
	if (whole && c->text) {
		text_dump(memory, &chain);
		chain_free(&chain);
	}
	if (fclose(memory) == 0 && whole)
		return made;
	free(made);
	return NULL;
}

static void print_reply(const struct capture_reply *reply, const char *path)
{
	char *const comm = comm_of(reply->record), *const device = device_shown(reply->record);
	char *const file = path_shown(path, "");
	json_t *const json =
		json_pack("{s:s,s:s,s:s,s:s,s:I,s:I,s:s,s:I}", "file", file ? file : "?", "ioctl",
			  ioctl_name(reply->kind), "kind", info_kind_name(reply->kind), "device",
			  device ? device : "?", "argsz", (json_int_t)reply->record->argsz, "len",
			  (json_int_t)reply->len, "comm", comm ? comm : "?", "pid",
			  (json_int_t)reply->record->pid);

	put_json(json);
	free(comm);
	free(device);
	free(file);
}

static void write_file(struct capture_command *c, const char *path,
		       const struct capture_reply *reply)
{
	size_t size = 0;
	char *const data = render(c, reply, &size);
	const int error = data ? findings_write(path, data, size) : -ENOMEM;

	free(data);
	if (error && !c->status)
		c->status = cannot_write(path, -error);
	else if (c->json && !error)
		print_reply(reply, path);
}

/* KIND-DEVICE[-idxN]-lenL; a reply that another one of this name is not the same as gets -2 and so on. */
static void keep_reply(struct capture_command *c, const struct capture_reply *reply)
{
	char name[256], index[32] = "";
	int added;

	if (reply->kind == INFO_REGION)
		snprintf(index, sizeof(index), "-idx%u", reply->index);
	snprintf(name, sizeof(name), "%s-%s%s-len%u", info_kind_name(reply->kind),
		 device_of(reply->record), index, reply->len);
	for (char *at = name; *at; at++)
		if (*at == ':' || *at == '/' || *at <= ' ' || *at > '~')
			*at = '_';
	added = capture_keep(c->kept, name, reply);
	if (added < 0 && !c->status)
		c->status = cannot_write(c->folder, -added);
	c->distinct += added > 0;
}

static void write_reply(void *with, const char *name, const struct capture_reply *reply)
{
	struct capture_command *const c = with;
	char path[4096];

	snprintf(path, sizeof(path), "%s/%s%s", c->folder, name,
		 c->text ? ".yaml" : endian_suffix());
	write_file(c, path, reply);
}

static const char *base_name(const char *path)
{
	const char *const slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

/* Whether the first two words of process @pid's command line are called @name: of a script both count. */
static bool is_in_command(unsigned int pid, const char *name)
{
	char path[64], words[8192] = "";
	bool found = false;
	FILE *file;
	size_t len;

	snprintf(path, sizeof(path), "/proc/%u/cmdline", pid);
	file = fopen(path, "re");
	len = file ? fread(words, 1, sizeof(words) - 1, file) : 0;
	if (file)
		fclose(file);
	for (size_t at = 0, i = 0; i < 2 && at < len; i++, at += strlen(words + at) + 1)
		found |= strcmp(base_name(words + at), name) == 0;
	return found;
}

/*
 * Whether @name is that of the process: of its executable, of its command, or where it is gone, by
 * the 15 bytes that the kernel has of the thread's.
 */
static bool is_process(const struct capture_record *record, const char *name)
{
	char path[64], exe[4096];
	ssize_t len;

	snprintf(path, sizeof(path), "/proc/%u/exe", record->pid);
	len = readlink(path, exe, sizeof(exe) - 1);
	if (len > 0) {
		exe[len] = '\0';
		if (strcmp(base_name(exe), name) == 0)
			return true;
	}
	return is_in_command(record->pid, name) ||
	       strncmp(record->comm, name, sizeof(record->comm) - 1) == 0;
}

static void take(void *with, const struct capture_reply *reply)
{
	struct capture_command *const c = with;

	if (c->comm && !is_process(reply->record, c->comm)) {
		capture_unwanted(reply->record);
		return;
	}
	c->replies++;
	c->chains += reply->record->chain_end != 0;
	c->differ += reply->record->chain_differs;
	c->cut += reply->record->cut;
	keep_reply(c, reply);
}

static volatile sig_atomic_t stopped;

static void stop(int signal)
{
	(void)signal;
	stopped = 1;
}

static pid_t start_program(char **program)
{
	const pid_t pid = program ? fork() : 0;

	if (!program || pid)
		return pid;
	signals_give_back();
	execvp(program[0], program);
	fprintf(stderr, "capchain: %s: %s\n", file_word(program[0]), strerror(errno));
	_exit(EXIT_UNUSABLE);
}

static void record(struct capture_command *c)
{
	const struct sigaction action = {.sa_handler = stop};
	pid_t pid;
	int status, error;

	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
	sigaction(SIGHUP, &action, NULL);
	pid = start_program(c->program);
	error = c->ready ? findings_write(c->ready, "", 0) : 0;
	if (error)
		c->status = cannot_write(c->ready, -error);
	while (!stopped && !c->status) {
		/* Files are written while nothing else is to be done: records have room for a time alone. */
		error = capture_poll(
			capture_write_some(c->kept, FILES_AT_ONCE, write_reply, c) ? 0 : 50);
		if (error) {
			fprintf(stderr, "capchain: the records cannot be read: %s\n",
				strerror(-error));
			c->status = EXIT_FOUND;
			break;
		}
		if (pid > 0 && waitpid(pid, &status, WNOHANG) == pid)
			break;
	}
	capture_close();
	while (!c->status && capture_write_some(c->kept, FILES_AT_ONCE, write_reply, c))
		;
}

static void print_counts(const struct capture_command *c, const struct capture_counts *counts)
{
	json_t *const json = json_pack(
		"{s:I,s:I,s:I,s:I,s:I,s:I,s:I,s:I,s:I,s:I,s:I,s:I,s:I}", "calls",
		(json_int_t)counts->seen, "captured", (json_int_t)counts->sent, "repeated",
		(json_int_t)counts->repeated, "unwanted", (json_int_t)counts->unwanted, "failed",
		(json_int_t)counts->failed, "others", (json_int_t)counts->others, "unreadable",
		(json_int_t)counts->unreadable, "dropped", (json_int_t)counts->dropped, "replies",
		(json_int_t)c->replies, "distinct", (json_int_t)c->distinct, "cut",
		(json_int_t)c->cut, "chains", (json_int_t)c->chains, "differ",
		(json_int_t)c->differ);

	put_json(json);
}

static void say(const struct capture_command *c)
{
	struct capture_counts counts;

	capture_counts(&counts);
	if (c->json) {
		print_counts(c, &counts);
		return;
	}
	printf("%llu calls: %llu captured, %llu repeated, %llu unwanted, %llu failed, %llu of other ioctls, "
	       "%llu unreadable, %llu dropped\n",
	       counts.seen, counts.sent, counts.repeated, counts.unwanted, counts.failed,
	       counts.others, counts.unreadable, counts.dropped);
	printf("%" PRIu64 " replies, %" PRIu64 " distinct, %" PRIu64
	       " cut; kernel's own chains: %" PRIu64 " seen, %" PRIu64
	       " differ from the caller's bytes\n",
	       c->replies, c->distinct, c->cut, c->chains, c->differ);
}

int cmd_capture(int argc, char **argv)
{
	static struct capture_command c = {.folder = "captured"};
	struct capture_counts counts;
	enum capture_hooks hooks;
	enum capture_start started;
	char error[512];

	argp_parse(&argp, argc, argv, ARGP_IN_ORDER, NULL, &c);
	c.options.take = take;
	c.options.with = &c;
	c.kept = capture_kept_new();
	started = capture_open(&c.options, &hooks, error, sizeof(error));
	if (started != CAPTURE_STARTED) {
		fprintf(stderr, "capchain: %s\n", error);
		return started == CAPTURE_NOT_ALLOWED ? EXIT_MISSING : EXIT_OUR_FAULT;
	}
	if (mkdir(c.folder, 0777) && errno != EEXIST) {
		c.status = cannot_write(c.folder, errno);
		capture_close();
		return c.status;
	}
	if (!c.json)
		printf("recording INFO replies %s, into %s\n",
		       hooks == CAPTURE_IN_MODULE ? "in vfio.ko" : "at system calls", c.folder);
	fflush(stdout);
	record(&c);
	say(&c);
	capture_counts(&counts);
	capture_kept_free(c.kept);
	if (c.status)
		return c.status;
	return c.replies && !c.differ && !counts.dropped ? EXIT_FINE : EXIT_FOUND;
}
