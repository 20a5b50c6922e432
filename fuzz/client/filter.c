/* SPDX-License-Identifier: MIT */
/* The filter, and how its listener comes to the supervisor. */
#include "filter.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <linux/vfio.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "paths.h"
#include "remote.h"
#include "signals.h"

/*
 * On other machines system calls have other numbers and arguments than the supervisor takes them
 * for.
 */
#ifdef __x86_64__
#define IS_KNOWN 1
#else
#define IS_KNOWN 0
#endif

/* Bits of x32 system calls, which the native table does not have. */
#define X32_BIT 0x40000000u

#define NUMBER(call, path, answer) SYS_##call,
static const int by_path[] = {PATH_CALLS(NUMBER)};
#define PATHS (sizeof(by_path) / sizeof(by_path[0]))

#define LOAD(field)                                                                                \
	(struct sock_filter)                                                                       \
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, (uint32_t)offsetof(struct seccomp_data, field))
#define RETURN(what) (struct sock_filter) BPF_STMT(BPF_RET | BPF_K, what)
#define JUMP(test, value, yes, no)                                                                 \
	(struct sock_filter) BPF_JUMP(BPF_JMP | (test) | BPF_K, value, yes, no)

static unsigned short write_filter(struct sock_filter *f)
{
	unsigned short n = 0;

	f[n++] = LOAD(arch);
	/* Calls of a 32-bit program, which end the run. */
	f[n++] = JUMP(BPF_JEQ, AUDIT_ARCH_X86_64, 1, 0);
	f[n++] = RETURN(SECCOMP_RET_USER_NOTIF);
	f[n++] = LOAD(nr);
	/* What a tracer left out. */
	f[n++] = JUMP(BPF_JEQ, UINT32_MAX, 0, 1);
	f[n++] = RETURN(SECCOMP_RET_ALLOW);
	/* As on the many kernels that have no x32, and where io_uring is turned off. */
	f[n++] = JUMP(BPF_JGE, X32_BIT, 1, 0);
	f[n++] = JUMP(BPF_JEQ, SYS_io_uring_setup, 0, 1);
	f[n++] = RETURN(SECCOMP_RET_ERRNO | ENOSYS);
	for (size_t i = 0; i < PATHS; i++) {
		f[n++] = JUMP(BPF_JEQ, (uint32_t)by_path[i], 0, 1);
		f[n++] = RETURN(SECCOMP_RET_USER_NOTIF);
	}
	f[n++] = JUMP(BPF_JEQ, SYS_ioctl, 0, 4);
	f[n++] = LOAD(args[1]);
	f[n++] = (struct sock_filter)BPF_STMT(BPF_ALU | BPF_AND | BPF_K, 0xffffff00u);
	f[n++] = JUMP(BPF_JEQ, VFIO_TYPE << 8, 4, 0);
	f[n++] = RETURN(SECCOMP_RET_ALLOW);
	f[n++] = JUMP(BPF_JEQ, SYS_mmap, 0, 3);
	f[n++] = LOAD(args[4]);
	f[n++] = JUMP(BPF_JEQ, UINT32_MAX, 1, 0);
	f[n++] = RETURN(SECCOMP_RET_USER_NOTIF);
	f[n++] = RETURN(SECCOMP_RET_ALLOW);
	return n;
}

static int install(void)
{
	struct sock_filter code[64];
	const struct sock_fprog program = {write_filter(code), code};
	const unsigned long flags = SECCOMP_FILTER_FLAG_NEW_LISTENER;
	long fd;

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
		return -errno;
	/* Since 5.19 no signal but a deadly one breaks into a call that is being answered. */
	fd = syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags | (1UL << 5), &program);
	if (fd < 0 && errno == EINVAL)
		fd = syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, &program);
	return fd < 0 ? -errno : (int)fd;
}

/* One message of an int, and a file descriptor where that is one. */
static int send_fd(int to, int fd)
{
	char room[CMSG_SPACE(sizeof(int))] = {0};
	struct iovec data = {&fd, sizeof(fd)};
	struct msghdr message = {.msg_iov = &data, .msg_iovlen = 1};
	struct cmsghdr *head;

	if (fd >= 0) {
		message.msg_control = room;
		message.msg_controllen = sizeof(room);
		head = CMSG_FIRSTHDR(&message);
		head->cmsg_level = SOL_SOCKET;
		head->cmsg_type = SCM_RIGHTS;
		head->cmsg_len = CMSG_LEN(sizeof(int));
		memcpy(CMSG_DATA(head), &fd, sizeof(fd));
	}
	return sendmsg(to, &message, MSG_NOSIGNAL) < 0 ? -errno : 0;
}

static int receive_fd(int from)
{
	char room[CMSG_SPACE(sizeof(int))];
	int said = -EPROTO, fd;
	struct iovec data = {&said, sizeof(said)};
	struct msghdr message = {.msg_iov = &data,
				 .msg_iovlen = 1,
				 .msg_control = room,
				 .msg_controllen = sizeof(room)};
	const struct cmsghdr *head;

	if (recvmsg(from, &message, MSG_CMSG_CLOEXEC) != (ssize_t)sizeof(said))
		return -EPROTO;
	if (said < 0)
		return said;
	head = CMSG_FIRSTHDR(&message);
	if (!head)
		return -EPROTO;
	memcpy(&fd, CMSG_DATA(head), sizeof(fd));
	return fd;
}

__attribute__((noreturn)) static void child(char *const argv[], struct filter_streams streams,
					    int channel, pid_t parent)
{
	int listener, error;

	/* The supervisor may be dead by now, which that signal does not tell any more. */
	if (prctl(PR_SET_PDEATHSIG, SIGKILL) || getppid() != parent)
		_exit(127);
	signals_give_back();
	signal(SIGPIPE, SIG_DFL);
	if ((streams.input >= 0 && dup2(streams.input, STDIN_FILENO) < 0) ||
	    (streams.output >= 0 && dup2(streams.output, STDOUT_FILENO) < 0))
		_exit(127);
	listener = install();
	if (send_fd(channel, listener) || listener < 0)
		_exit(127);
	close(listener);
	/* Until our memory was tried, while we are still a copy of the supervisor. */
	if (read(channel, &error, 1) != 1)
		_exit(127);
	execvp(argv[0], argv);
	error = errno;
	/*
	 * The channel is closed by an exec that succeeds; this is read after this process is dead.
	 */
	if (write(channel, &error, sizeof(error)) < 0)
		_exit(126);
	_exit(127);
}

bool filter_knows_machine(void)
{
	return IS_KNOWN;
}

int filter_start(char *const argv[], struct filter_streams streams, pid_t *ret_pid,
		 int *ret_listener, int *ret_exec, const char **ret_failed)
{
	const pid_t parent = getpid();
	int ends[2], listener, error;
	pid_t pid;

	*ret_failed = "a process of its own";
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends))
		return -errno;
	pid = fork();
	if (pid == 0)
		child(argv, streams, ends[1], parent);
	error = errno;
	close(ends[1]);
	if (pid < 0) {
		close(ends[0]);
		return -error;
	}
	*ret_failed = "a listener of seccomp";
	listener = receive_fd(ends[0]);
	error = listener < 0 ? 0 : remote_allowed(pid);
	if (listener >= 0 && (error || write(ends[0], "", 1) != 1)) {
		*ret_failed = "its memory (process_vm_readv(), /proc/PID/mem)";
		close(listener);
		listener = error ? error : -EPIPE;
	}
	*ret_pid = pid;
	*ret_listener = listener;
	*ret_exec = ends[0];
	return listener < 0 ? listener : 0;
}

int filter_exec_error(int exec_fd)
{
	int error = 0;

	return read(exec_fd, &error, sizeof(error)) == (ssize_t)sizeof(error) ? error : 0;
}
