/* SPDX-License-Identifier: MIT */
/*
 * Load for `capchain capture --stand-in 0x5451`: ioctls at a rate, each with bytes of its own. Prints how many it
 * made and how many a second that was.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <time.h>

#define BYTES_MAX 65536

static double now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

int main(int argc, char **argv)
{
	static uint8_t reply[BYTES_MAX];
	const double rate = argc == 4 ? strtod(argv[1], NULL) : 0;
	const uint32_t bytes = argc == 4 ? (uint32_t)strtoul(argv[2], NULL, 10) : 0;
	const uint64_t calls = (uint64_t)(argc == 4 ? rate * strtod(argv[3], NULL) : 0);
	const int fd = eventfd(0, 0);
	double started, took;

	if (fd < 0 || bytes < 24 || bytes > BYTES_MAX || rate <= 0) {
		fputs("usage: bench_rate CALLS-A-SECOND BYTES SECONDS\n", stderr);
		return 2;
	}
	started = now();
	for (uint64_t call = 0; call < calls; call++) {
		while ((double)call > (now() - started) * rate)
			;
		memcpy(reply, &bytes, sizeof(bytes));
		memcpy(reply + 8, &call, sizeof(call));
		ioctl(fd, FIOCLEX, reply);
	}
	took = now() - started;
	printf("%llu calls, %.0f a second\n", (unsigned long long)calls, (double)calls / took);
	return 0;
}
