/* SPDX-License-Identifier: MIT */
/* One run of `capchain run`'s COMMAND, and what it shares with us: its standard input, the terminal. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#include "../client/apart.h"
#include "../client/nameless.h"
#include "../target/file.h"
#include "cmd.h"
#include "run.h"

#define INPUT_MAX ((size_t)16 << 20)

static int refuse_input(int fd, const char *what)
{
	fprintf(stderr, "capchain: standard input: %s\n", what);
	if (fd >= 0)
		close(fd);
	return -2;
}

/* Whether there is something to read by @until, on a clock of seconds that nobody sets; 0: ever. */
static bool comes_by(time_t until)
{
	struct pollfd input = {.fd = STDIN_FILENO, .events = POLLIN};
	struct timespec now;

	for (;;) {
		clock_gettime(CLOCK_MONOTONIC, &now);
		if (apart_stopped || (until && now.tv_sec >= until))
			return false;
		if (poll(&input, 1, 1000) > 0)
			return true;
	}
}

int run_keep_input(uint64_t idle_s)
{
	size_t have = 0;
	char bytes[65536];
	struct timespec now;
	ssize_t got;
	int fd;

	if (isatty(STDIN_FILENO))
		return -1;
	fd = nameless_file("stdin");
	if (fd < 0)
		return refuse_input(-1, strerror(-fd));
	clock_gettime(CLOCK_MONOTONIC, &now);
	do {
		if (!comes_by(idle_s ? now.tv_sec + (time_t)idle_s : 0))
			return refuse_input(
				fd, apart_stopped ? "interrupted"
						  : "does not end within --idle; say </dev/null");
		got = read(STDIN_FILENO, bytes, sizeof(bytes));
		if (got > 0 && write(fd, bytes, (size_t)got) != got)
			return refuse_input(fd, strerror(errno));
		have += got > 0 ? (size_t)got : 0;
		if (have > INPUT_MAX)
			return refuse_input(
				fd, "is longer than 16 MiB, which are the most that two runs "
				    "are given; --no-good leaves it to COMMAND");
	} while (got > 0);
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

int run_once(const struct run_options *o, const struct fake *fake, struct vu_listen *listen,
	     struct vfio *vfio, struct replies *replies, int input, const char *words,
	     struct supervised *ret_run)
{
	const struct filter_streams given = {input, o->json ? STDERR_FILENO : -1};
	struct streams streams;
	int status;

	vfio->fake = fake;
	vfio->replies = replies;
	if (input >= 0)
		lseek(input, 0, SEEK_SET);
	if (words)
		fprintf(o->json ? stderr : stdout, "# with %s\n", words);
	fflush(stdout);
	keep_streams(&streams);
	if (listen)
		vu_listen_start(listen, vfio, fake->fds[FAKE_DEVICE]);
	status = supervise(vfio, o->command, given, o->limits, listen ? &listen->peer : NULL,
			   &apart_stopped, ret_run);
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
		fprintf(stderr, "capchain: %s: %s\n", file_word(o->command[0]),
			strerror(ret_run->exec_errno));
		return EXIT_UNUSABLE;
	}
	if (ret_run->foreign) {
		fprintf(stderr,
			"capchain: %s: it, or what it starts, makes 32-bit system calls, which could reach a real "
			"/dev/vfio; run a 64-bit program\n",
			file_word(o->command[0]));
		return EXIT_UNUSABLE;
	}
	return 0;
}
