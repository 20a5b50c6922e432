/* SPDX-License-Identifier: MIT */
/*
 * Loads walk.bpf.c through its libbpf skeleton and runs it with BPF_PROG_TEST_RUN; see kernel.h.
 * What keeps it from being loaded is told apart, see refused.h.
 */
#include "bpf_kernel.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "refused.h"

#include <walk.skel.h>

/* Of the verifier's log the end: that is where it says what it holds against a program. */
#define LOG_SIZE (1u << 16)
#define WHY_SIZE 512

static struct walk_bpf *loaded;
static struct walk_bpf__bss *shared;
static pid_t loaded_by;
static bool at_fault;

static int silent(enum libbpf_print_level level, const char *format, va_list args)
{
	(void)level;
	(void)format;
	(void)args;
	return 0;
}

/*
 * Memory of the program that is zero as the kernel makes it. libbpf would copy its own zeros there,
 * which is half of a load, and from 1.6 on it maps only what it filled itself.
 */
static int make_memory(struct bpf_map *map)
{
	LIBBPF_OPTS(bpf_map_create_opts, options, .map_flags = BPF_F_MMAPABLE);
	const unsigned int size = bpf_map__value_size(map);
	const int fd =
		bpf_map_create(BPF_MAP_TYPE_ARRAY, "walk.bss", sizeof(int), size, 1, &options);
	int error;

	if (fd < 0)
		return fd;
	shared = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	error = shared == MAP_FAILED ? -errno : bpf_map__reuse_fd(map, fd);
	close(fd);
	return error;
}

static int load(char *log)
{
	LIBBPF_OPTS(bpf_object_open_opts, options, .kernel_log_buf = log,
		    .kernel_log_size = LOG_SIZE, .kernel_log_level = 0);
	int error;

	libbpf_set_print(silent);
	libbpf_set_strict_mode(LIBBPF_STRICT_ALL);
	loaded = walk_bpf__open_opts(&options);
	if (!loaded)
		return -errno;
	error = make_memory(loaded->maps.bss);
	if (!error)
		error = walk_bpf__load(loaded);
	if (!error)
		return 0;
	walk_bpf__destroy(loaded);
	loaded = NULL;
	return error;
}

const char *bpf_kernel_open(struct bpf_memory *ret_memory)
{
	static char log[LOG_SIZE], said[WHY_SIZE];
	static const char *why;
	int error;

	if (loaded_by != getpid()) {
		/*
		 * What a parent loaded is the parent's: two that write to one memory see each
		 * other's.
		 */
		loaded_by = getpid();
		loaded = NULL;
		log[0] = '\0';
		error = load(log);
		why = error ? said : NULL;
		at_fault = error && bpf_why_refused(error, log, BPF_CAP(BPF) | BPF_CAP(PERFMON),
						    "CAP_BPF and CAP_PERFMON", said,
						    sizeof(said)) == BPF_FAULT_OF_OURS;
	}
	if (why)
		return why;
	ret_memory->first = &shared->first_reply;
	ret_memory->count = &shared->replies_count;
	ret_memory->replies = shared->replies;
	ret_memory->caps = shared->caps;
	ret_memory->bytes = shared->bytes;
	return NULL;
}

bool bpf_kernel_at_fault(void)
{
	return at_fault;
}

int bpf_kernel_run(void)
{
	LIBBPF_OPTS(bpf_test_run_opts, options);

	return bpf_prog_test_run_opts(bpf_program__fd(loaded->progs.read_replies), &options);
}
