/* SPDX-License-Identifier: MIT */
/*
 * What the parser `bpf` costs: prints how many instructions the verifier went through, milliseconds
 * to load, buffers a second alone and 256 a call, of the space of chains with up to 2 capabilities.
 * Status 77, with the reason, where BPF may not be used.
 */
#include <bpf/bpf.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "../../parsers/bpf/bpf_kernel.h"
#include "../../parsers/parser.h"
#include "../exhaust/exhaust.h"

#define CALLS 4000u

extern const struct info_parser bpf_parser;

static double now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

/*
 * Of the one program that this process has loaded; 0 where the kernel does not say (before 5.16).
 */
static unsigned int verified(void)
{
	for (int fd = 3; fd < 64; fd++) {
		struct bpf_prog_info info = {0};
		__u32 size = sizeof(info);

		if (bpf_obj_get_info_by_fd(fd, &info, &size) == 0 &&
		    info.type == BPF_PROG_TYPE_SYSCALL)
			return info.verified_insns;
	}
	return 0;
}

/* Puts @many buffers from @first of the space into slots. */
static void fill(const struct bpf_memory *memory, const struct exhaust_space *space, uint64_t first,
		 unsigned int many)
{
	for (unsigned int i = 0; i < many; i++)
		memory->replies[i] =
			(struct bpf_reply){.base = i * BPF_SLOT,
					   .len = (unsigned int)exhaust_buffer(
						   space, first + i, memory->bytes + i * BPF_SLOT),
					   .kind = INFO_REGION};
}

/* Buffers a second, @many a call; what fills the memory is not timed. */
static double speed(const struct bpf_memory *memory, const struct exhaust_space *space,
		    unsigned int many)
{
	const uint64_t total = exhaust_space_count(space) - many;
	double took = 0;

	*memory->first = 0;
	*memory->count = many;
	for (unsigned int call = 0; call < CALLS; call++) {
		double started;

		fill(memory, space, (uint64_t)call * 7919 * many % total, many);
		started = now();
		if (bpf_kernel_run())
			return 0;
		took += now() - started;
	}
	return CALLS * (double)many / took;
}

int main(void)
{
	struct exhaust_space *const space = exhaust_space_new(INFO_REGION, 2);
	const double started = now();
	struct bpf_memory memory;
	const char *const why = bpf_kernel_open(&memory);
	const double loaded = now() - started;

	if (why || !space) {
		puts(why ? why : "out of memory");
		return why ? 77 : 1;
	}
	printf("%u %.1f %.0f %.0f\n", verified(), 1000 * loaded, speed(&memory, space, 1),
	       speed(&memory, space, BPF_SLOTS));
	exhaust_space_free(space);
	return 0;
}
