/* SPDX-License-Identifier: MIT */
/*
 * What capture costs everybody else: prints nanoseconds of an ioctl that is none of VFIO's, and of
 * a system call that is no ioctl. scripts/bench/bench.py runs it alone and beside `capchain capture`.
 */
#include <stdio.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define CALLS  200000
#define ROUNDS 9

static double now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (double)time.tv_sec * 1e9 + (double)time.tv_nsec;
}

/* The best round: others were disturbed. */
static double cost(int fd, unsigned long cmd)
{
	double best = 0;

	for (int round = 0; round < ROUNDS; round++) {
		const double started = now();
		double took;

		for (int i = 0; i < CALLS; i++)
			if (cmd)
				ioctl(fd, cmd);
			else
				syscall(SYS_getppid);
		took = (now() - started) / CALLS;
		if (round == 0 || took < best)
			best = took;
	}
	return best;
}

int main(void)
{
	const int fd = eventfd(0, 0);
	double other;

	if (fd < 0)
		return 1;
	other = cost(fd, FIONCLEX);
	printf("%.0f %.0f\n", other, cost(fd, 0));
	return 0;
}
