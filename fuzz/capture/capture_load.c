/* SPDX-License-Identifier: MIT */
/* Loads and attaches the programs of capture.bpf.c, and takes what they send; see capture.h. */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <linux/vfio.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "../../parsers/bpf/refused.h"
#include "../../parsers/layout.h"
#include "capture.h"

#include <capture.skel.h>

#define LOG_SIZE (1u << 18)

_Static_assert(DEVICE_GET_INFO == VFIO_DEVICE_GET_INFO &&
		       DEVICE_GET_REGION_INFO == VFIO_DEVICE_GET_REGION_INFO &&
		       IOMMU_GET_INFO == VFIO_IOMMU_GET_INFO,
	       "record.h has the numbers of linux/vfio.h");

static struct capture_bpf *loaded;
static struct ring_buffer *ring;
static const struct capture_options *opened;

static int silent(enum libbpf_print_level level, const char *format, va_list args)
{
	(void)level;
	(void)format;
	(void)args;
	return 0;
}

static int take(void *with, void *data, size_t size)
{
	static struct capture_reply reply;
	static uint8_t before[CAPTURE_MAX], after[CAPTURE_MAX];
	const struct capture_record *const record = data;
	const uint8_t *const sent = (const uint8_t *)data + sizeof(*record);

	(void)with;
	if (record->size > CAPTURE_MAX || record->sent > record->size ||
	    size < sizeof(*record) + 2 * (size_t)record->sent)
		return 0;
	/* Behind what was sent nothing changed, and nobody reads it. */
	memset(before + record->sent, 0, record->size - record->sent);
	memset(after + record->sent, 0, record->size - record->sent);
	memcpy(before, sent, record->sent);
	memcpy(after, sent + record->sent, record->sent);
	reply.record = record;
	reply.kind = record->cmd == DEVICE_GET_INFO	     ? INFO_DEVICE
		     : record->cmd == DEVICE_GET_REGION_INFO ? INFO_REGION
							     : INFO_IOMMU;
	reply.len = record->size;
	reply.index = reply.kind == INFO_REGION && reply.len >= 12
			      ? (uint32_t)layout_load(after + 8, 4)
			      : 0;
	capture_corpus_bytes(reply.kind, before, after, reply.len, record->chain_end, reply.bytes);
	opened->take(opened->with, &reply);
	return 0;
}

static void choose(struct capture_bpf *programs, bool module)
{
	bpf_program__set_autoload(programs->progs.device_begins, module);
	bpf_program__set_autoload(programs->progs.device_ends, module);
	bpf_program__set_autoload(programs->progs.container_begins, module);
	bpf_program__set_autoload(programs->progs.container_ends, module);
	bpf_program__set_autoload(programs->progs.chain_made, module);
	bpf_program__set_autoload(programs->progs.call_begins, !module);
	bpf_program__set_autoload(programs->progs.call_ends, !module);
}

/* Whether the kernel is locked down so far that nothing may read its memory. */
static bool is_confidential(void)
{
	char text[128] = "";
	FILE *const file = fopen("/sys/kernel/security/lockdown", "r");

	if (file) {
		if (!fgets(text, sizeof(text), file))
			text[0] = '\0';
		fclose(file);
	}
	return strstr(text, "[confidentiality]") != NULL;
}

#define KERNEL_BTF "/sys/kernel/btf/vmlinux"

/* Beside what keeps any BPF program away: memory that may not be read, and types that are not told. */
static enum capture_start why_not(int error, char *log, bool module, char *ret_error, size_t size)
{
	const uint64_t caps = BPF_CAP(BPF) | BPF_CAP(PERFMON) | (module ? BPF_CAP(SYS_ADMIN) : 0);
	enum bpf_refusal refusal;

	if (is_confidential()) {
		snprintf(ret_error, size,
			 "the kernel is locked down (confidentiality): no BPF program may read "
			 "memory; boot with lockdown=integrity or none");
		return CAPTURE_NOT_ALLOWED;
	}
	if (error != -EPERM && error != -EACCES && error != -ENOSYS && access(KERNEL_BTF, R_OK)) {
		snprintf(ret_error, size,
			 "it needs the kernel's types, %s: %s; the kernel has none, or a container "
			 "hides them",
			 KERNEL_BTF, strerror(errno));
		return CAPTURE_NOT_ALLOWED;
	}
	refusal = bpf_why_refused(error, log, caps,
				  "CAP_BPF and CAP_PERFMON, and CAP_SYS_ADMIN for hooks in vfio.ko",
				  ret_error, size);
	return refusal == BPF_FAULT_OF_OURS ? CAPTURE_BROKEN : CAPTURE_NOT_ALLOWED;
}

/* A ring has a power of two of whole pages. */
static uint32_t ring_size(uint32_t wanted)
{
	uint32_t size = (uint32_t)sysconf(_SC_PAGESIZE);

	while (size < (wanted ? wanted : CAPTURE_RING) && size < 1u << 31)
		size *= 2;
	return size;
}

static int start(const struct capture_options *options, bool module, char *log)
{
	LIBBPF_OPTS(bpf_object_open_opts, open_options, .kernel_log_buf = log,
		    .kernel_log_size = LOG_SIZE);
	int error;

	loaded = capture_bpf__open_opts(&open_options);
	if (!loaded)
		return -errno;
	choose(loaded, module);
	loaded->rodata->stand_in = options->stand_in;
	loaded->rodata->by_process = options->by_process;
	error = bpf_map__set_max_entries(loaded->maps.ring, ring_size(options->ring));
	if (error)
		return error;
	error = capture_bpf__load(loaded);
	if (!error)
		error = capture_bpf__attach(loaded);
	if (error)
		return error;
	ring = ring_buffer__new(bpf_map__fd(loaded->maps.ring), take, NULL, NULL);
	return ring ? 0 : -errno;
}

enum capture_start capture_open(const struct capture_options *options,
				enum capture_hooks *ret_hooks, char *ret_error, size_t error_size)
{
	static char log[LOG_SIZE];
	const bool has_module = access("/sys/kernel/btf/vfio", F_OK) == 0;
	const bool module = options->hooks == CAPTURE_IN_MODULE ||
			    (options->hooks == CAPTURE_ANY && has_module && !options->stand_in);
	int error;

	if (module && !has_module) {
		snprintf(
			ret_error, error_size,
			"vfio.ko is not loaded, or has no BTF: load it first (modprobe vfio), or say "
			"--hooks syscalls");
		return CAPTURE_NOT_ALLOWED;
	}
#if !defined(__x86_64__)
	/* arguments() of capture.bpf.c knows its registers. */
	if (!module) {
		snprintf(
			ret_error, error_size,
			"hooks at system calls are x86's: load vfio.ko, with BTF, for those in it");
		return CAPTURE_NOT_ALLOWED;
	}
#endif
	libbpf_set_print(silent);
	libbpf_set_strict_mode(LIBBPF_STRICT_ALL);
	opened = options;
	log[0] = '\0';
	error = start(options, module, log);
	*ret_hooks = module ? CAPTURE_IN_MODULE : CAPTURE_AT_SYSCALLS;
	if (!error)
		return CAPTURE_STARTED;
	capture_bpf__destroy(loaded);
	loaded = NULL;
	return why_not(error, log, module, ret_error, error_size);
}

int capture_poll(int milliseconds)
{
	const int got = ring_buffer__poll(ring, milliseconds);

	return got < 0 && got != -EINTR ? got : 0;
}

void capture_unwanted(const struct capture_record *record)
{
	const uint8_t yes = 1;

	bpf_map_update_elem(bpf_map__fd(loaded->maps.unwanted), &record->process, &yes, BPF_ANY);
}

void capture_counts(struct capture_counts *ret_counts)
{
	*ret_counts = loaded->bss->counts;
}

void capture_close(void)
{
	/* What a program is in the middle of is still sent. */
	capture_bpf__detach(loaded);
	usleep(20000);
	ring_buffer__consume(ring);
}
