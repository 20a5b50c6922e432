/* SPDX-License-Identifier: MIT */
/* Capture in a build without libbpf; see capture.h. */
#include <errno.h>
#include <stdio.h>

#include "capture.h"

enum capture_start capture_open(const struct capture_options *options,
				enum capture_hooks *ret_hooks, char *ret_error, size_t error_size)
{
	(void)options;
	(void)ret_hooks;
	snprintf(ret_error, error_size,
		 "this build has no libbpf in it: install libbpf-dev and bpftool, and make again");
	return CAPTURE_NOT_ALLOWED;
}

int capture_poll(int milliseconds)
{
	(void)milliseconds;
	return -ENOSYS;
}

void capture_unwanted(const struct capture_record *record)
{
	(void)record;
}

void capture_counts(struct capture_counts *ret_counts)
{
	*ret_counts = (struct capture_counts){0};
}

void capture_close(void)
{
}
