/* SPDX-License-Identifier: MIT */
/*
 * What judging one buffer costs by the length of its chain: dense chains of 8-byte capabilities
 * from 16 to 4096 bytes, ended and looping, and ended with a planted walk beside it that is
 * quadratic, by which bench.py shows that it would see one. Prints `length ended looping quadratic`
 * in nanoseconds of CPU time, the median of ROUNDS interleaved rounds.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "../../parsers/layout.h"
#include "../judge/judge.h"

enum { LENGTHS = 9, ROUNDS = 15, WORK = 1 << 19 };
enum what { ENDED, LOOPING, QUADRATIC, WHATS };

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

static uint32_t next_of(const uint8_t *info, uint32_t at)
{
	return (uint32_t)layout_load(info + at + CAP_HEADER_next, 4);
}

/* Walks to each header from the first one anew, as a reader without memory looks for loops. */
static void walk_quadratic(const uint8_t *info, uint32_t len)
{
	const uint32_t first = layout_infos[INFO_DEVICE].full;

	if (len < first + CAP_HEADER_SIZE)
		return;
	for (uint32_t at = first; at; at = next_of(info, at))
		for (uint32_t before = first; before != at;)
			before = next_of(info, before);
}

static double cpu_seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
	return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

static double cost(struct judge *judge, uint32_t len, enum what what)
{
	static uint8_t info[INFO_LEN_MAX];
	const int times = (int)(WORK / (len + 256));
	double start;

	build(info, len, what == LOOPING);
	start = cpu_seconds();
	for (int i = 0; i < times; i++) {
		judge_read(judge, info, len, INFO_DEVICE);
		if (what == QUADRATIC)
			walk_quadratic(info, len);
	}
	return (cpu_seconds() - start) * 1e9 / times;
}

static int ascending(const void *a, const void *b)
{
	const double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

int main(void)
{
	static double costs[LENGTHS][WHATS][ROUNDS];
	char error[512];
	struct judge *const judge =
		judge_new(info_parsers, info_parser_count, error, sizeof(error));

	if (!judge) {
		fprintf(stderr, "bench_lengths: %s\n", error);
		return EXIT_ARENA;
	}
	for (int round = 0; round < ROUNDS; round++)
		for (int i = 0; i < LENGTHS; i++)
			for (enum what what = 0; what < WHATS; what++)
				costs[i][what][round] = cost(judge, 16u << i, what);
	for (int i = 0; i < LENGTHS; i++) {
		printf("%u", 16u << i);
		for (enum what what = 0; what < WHATS; what++) {
			qsort(costs[i][what], ROUNDS, sizeof(double), ascending);
			printf(" %.1f", costs[i][what][ROUNDS / 2]);
		}
		putchar('\n');
	}
	judge_free(judge);
	return 0;
}
