/* SPDX-License-Identifier: MIT */
/*
 * What judging one buffer costs by the length of its chain: dense chains of 8-byte capabilities from
 * 16 to 4096 bytes, ended and looping. Prints `length ended looping` in nanoseconds of CPU time, the
 * median of ROUNDS interleaved rounds.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "../parsers/layout.h"
#include "judge.h"

enum { LENGTHS = 9, ROUNDS = 9, WORK = 1 << 19 };

/* A device reply of @len bytes whose chain fills it; @loops: the last links to the first. */
static void build(uint8_t *info, uint32_t len, bool loops)
{
	const uint32_t first = layout_infos[INFO_DEVICE].full;
	uint32_t at = first;

	memset(info, 0, len);
	layout_store(info, 4, len);
	if (len < first + CAP_HEADER_SIZE)
		return;
	layout_store(info + 4, 4, FLAG_DEVICE_CAPS);
	layout_store(info + INFO_AT_DEVICE_cap_offset, 4, first);
	for (; at + CAP_HEADER_SIZE <= len; at += CAP_HEADER_SIZE) {
		const bool last = at + 2 * CAP_HEADER_SIZE > len;

		layout_store(info + at, 2, 77);
		layout_store(info + at + CAP_HEADER_version, 2, 1);
		layout_store(info + at + CAP_HEADER_next, 4,
			     last ? (loops ? first : 0) : at + CAP_HEADER_SIZE);
	}
}

static double cpu_seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
	return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

static double cost(struct judge *judge, uint32_t len, bool loops)
{
	static uint8_t info[INFO_LEN_MAX];
	const int times = (int)(WORK / (len + 256));
	double start;

	build(info, len, loops);
	start = cpu_seconds();
	for (int i = 0; i < times; i++)
		judge_read(judge, info, len, INFO_DEVICE);
	return (cpu_seconds() - start) * 1e9 / times;
}

static int ascending(const void *a, const void *b)
{
	const double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

int main(void)
{
	static double costs[LENGTHS][2][ROUNDS];
	char error[512];
	struct judge *const judge =
		judge_new(info_parsers, info_parser_count, error, sizeof(error));

	if (!judge) {
		fprintf(stderr, "bench_lengths: %s\n", error);
		return SANDBOX_EXIT;
	}
	for (int round = 0; round < ROUNDS; round++)
		for (int i = 0; i < LENGTHS; i++)
			for (int loops = 0; loops < 2; loops++)
				costs[i][loops][round] = cost(judge, 16u << i, loops);
	for (int i = 0; i < LENGTHS; i++) {
		for (int loops = 0; loops < 2; loops++)
			qsort(costs[i][loops], ROUNDS, sizeof(double), ascending);
		printf("%u %.1f %.1f\n", 16u << i, costs[i][0][ROUNDS / 2],
		       costs[i][1][ROUNDS / 2]);
	}
	judge_free(judge);
	return 0;
}
