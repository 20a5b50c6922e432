/* SPDX-License-Identifier: MIT */
/* The loop: one notification after the other, and what no notification tells. */
#include "supervise.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/seccomp.h>
#include <linux/vfio.h>
#include <poll.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "mapping.h"
#include "paths.h"
#include "remote.h"
#include "walkers.h"

static const char *const outcome_names[OUTCOMES] = {"exit", "signal", "storm", "hang", "idle"};

const char *outcome_name(enum outcome outcome)
{
	return outcome_names[outcome];
}

/*
 * How often threads that may hang are looked at, while there is one; and after how many calls of
 * others.
 */
#define LOOK_MS	   20
#define LOOK_CALLS 256

struct supervisor {
	struct vfio *vfio;
	struct supervise_peer *peer;
	struct spec *spec;
	struct limits limits;
	struct supervised *run;
	int listener;
	struct walkers walkers;
	uint64_t waits_until;
	struct seccomp_notif *call;
	struct seccomp_notif_resp *response;
	size_t call_size;
	size_t response_size;
	bool ended;
};

static void end(struct supervisor *s, enum outcome outcome, size_t info)
{
	s->run->outcome = outcome;
	s->run->info = info;
	s->ended = true;
}

/* Seconds on a clock that nobody sets. */
static uint64_t seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec;
}

static void wait_anew(struct supervisor *s)
{
	s->waits_until = s->limits.idle_s ? seconds() + s->limits.idle_s : UINT64_MAX;
}

static void look_for_hangs(struct supervisor *s)
{
	size_t info;

	if (walkers_hang(&s->walkers, s->limits.hang_ns, &info, &s->run->cpu_ns))
		end(s, OUTCOME_HANG, info);
}

static void look_at_clock(struct supervisor *s)
{
	if (s->ended || seconds() < s->waits_until)
		return;
	s->run->idle_s = s->limits.idle_s;
	end(s, OUTCOME_IDLE, s->run->info);
}

static void look_for_storms(struct supervisor *s)
{
	for (size_t i = 0; i < CALLS && !s->ended; i++)
		if (s->vfio->calls[i].calls > s->limits.storm_calls)
			end(s, OUTCOME_STORM, i);
}

/* Gives the client a descriptor of our @fd as the call's result; closes ours. */
static void respond_fd(struct supervisor *s, int fd, bool closes_on_exec)
{
	struct seccomp_notif_addfd add = {
		.id = s->call->id,
		.flags = SECCOMP_ADDFD_FLAG_SEND,
		.srcfd = (uint32_t)fd,
		.newfd_flags = closes_on_exec ? O_CLOEXEC : 0,
	};

	/* It fails where the client is dead, or has no descriptor left. */
	if (ioctl(s->listener, SECCOMP_IOCTL_NOTIF_ADDFD, &add) < 0 && errno != ENOENT) {
		s->response->error = -errno;
		ioctl(s->listener, SECCOMP_IOCTL_NOTIF_SEND, s->response);
	}
	close(fd);
}

static void respond(struct supervisor *s, int64_t result)
{
	if (result < 0)
		s->response->error = (int)result;
	else
		s->response->val = result;
	ioctl(s->listener, SECCOMP_IOCTL_NOTIF_SEND, s->response);
}

static void go_on(struct supervisor *s)
{
	s->response->flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE;
	ioctl(s->listener, SECCOMP_IOCTL_NOTIF_SEND, s->response);
}

static void on_ioctl(struct supervisor *s, const struct caller *caller)
{
	const __u64 *const args = s->call->data.args;
	enum fake_kind kind, gives;
	int64_t result = fake_of(s->vfio->fake, caller, (int)args[0], &kind);
	size_t info;
	int fd;

	/*
	 * Whatever a call of VFIO's letter is made on, by whatever way it was opened: none goes on to
	 * a real device.
	 */
	if (kind == FAKE_NONE) {
		respond(s, result ? result : -ENOTTY);
		return;
	}
	result = vfio_ioctl(s->vfio, caller, kind, (uint32_t)args[1], args[2], &gives, &info);
	s->run->dma_maps += kind == FAKE_CONTAINER && (uint32_t)args[1] == VFIO_IOMMU_MAP_DMA;
	if (info < CALLS) {
		s->run->info = info;
		wait_anew(s);
		if (!walkers_add(&s->walkers, caller->tid, info))
			result = -ENOMEM;
	}
	look_for_storms(s);
	fd = gives == FAKE_NONE ? -1 : fake_fd(s->vfio->fake, gives, O_RDWR);
	if (gives == FAKE_NONE || fd < 0)
		respond(s, gives == FAKE_NONE ? result : fd);
	else
		respond_fd(s, fd, true);
}

static void on_mmap(struct supervisor *s, const struct caller *caller)
{
	const __u64 *const args = s->call->data.args;
	enum fake_kind kind;

	if (fake_of(s->vfio->fake, caller, (int)args[4], &kind) == 0 && kind == FAKE_DEVICE &&
	    s->run->nmappings++ < MAPPINGS_MAX)
		s->run->mappings[s->run->nmappings - 1] =
			(struct mapping){args[5], args[1],
					 mapped_of(s->vfio, s->run->mappings, s->run->nmappings - 1,
						   args[5], args[1], s->spec)};
	go_on(s);
}

/* Its arguments mean something else, and what it opens would not be ours. */
static void on_foreign(struct supervisor *s)
{
	s->run->foreign = true;
	s->ended = true;
	respond(s, -ENOSYS);
}

static void answer_call(struct supervisor *s)
{
	const struct caller caller = {(pid_t)s->call->pid, s->listener, s->call->id};
	struct path_answer answer;

	s->run->notifications++;
	walkers_called(&s->walkers, caller.tid);
	s->response->id = s->call->id;
	if (s->call->data.arch != AUDIT_ARCH_X86_64)
		on_foreign(s);
	else if (s->call->data.nr == SYS_ioctl)
		on_ioctl(s, &caller);
	else if (s->call->data.nr == SYS_mmap)
		on_mmap(s, &caller);
	else if (!paths_answer(s->vfio->fake, &caller, &s->call->data, &answer))
		go_on(s);
	else if (answer.fd >= 0)
		respond_fd(s, answer.fd, answer.closes_on_exec);
	else
		respond(s, answer.result);
}

/* Reads and answers one; false where there was none after all: its thread was killed. */
static void take_call(struct supervisor *s)
{
	memset(s->call, 0, s->call_size);
	memset(s->response, 0, s->response_size);
	if (ioctl(s->listener, SECCOMP_IOCTL_NOTIF_RECV, s->call) == 0)
		answer_call(s);
}

/* What came over the socket, and who now has a reply to read. */
static void take_message(struct supervisor *s)
{
	size_t info;
	pid_t pid;

	if (!s->peer->take(s->peer, &info, &pid))
		return;
	walkers_all_called(&s->walkers);
	if (info < CALLS) {
		s->run->info = info;
		wait_anew(s);
		walkers_add_all(&s->walkers, pid, info);
	}
	look_for_storms(s);
}

static bool any_ready(const struct pollfd *polled, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (polled[i].revents)
			return true;
	return false;
}

static void loop(struct supervisor *s, int child, const volatile sig_atomic_t *stop)
{
	struct pollfd polled[2 + SUPERVISE_PEER_FDS] = {{.fd = s->listener, .events = POLLIN},
							{.fd = child, .events = POLLIN}};

	wait_anew(s);
	while (!s->ended && !*stop) {
		const size_t peers = s->peer ? s->peer->polls(s->peer, polled + 2) : 0;
		/* A second is as exact as the clock has to be. */
		const int ready = poll(polled, 2 + peers, s->walkers.count ? LOOK_MS : 1000);

		if (ready < 0 && errno != EINTR)
			return;
		if (ready <= 0 || s->run->notifications % LOOK_CALLS == 0)
			look_for_hangs(s);
		look_at_clock(s);
		if (ready > 0 && any_ready(polled + 2, peers) && !s->ended)
			take_message(s);
		if (ready > 0 && polled[0].revents & POLLIN && !s->ended)
			take_call(s);
		else if (ready > 0 && polled[1].revents)
			return;
		else if (ready > 0 && polled[0].revents & POLLHUP)
			polled[0].fd = -1;
	}
}

/* The kernel says how large its structs are; ours may be older. */
static int open_buffers(struct supervisor *s)
{
	static _Alignas(16) char room[2][4096];
	struct seccomp_notif_sizes sizes;

	if (syscall(SYS_seccomp, SECCOMP_GET_NOTIF_SIZES, 0, &sizes))
		return -errno;
	if (sizes.seccomp_notif > sizeof(room[0]) || sizes.seccomp_notif_resp > sizeof(room[1]))
		return -E2BIG;
	s->call = (struct seccomp_notif *)room[0];
	s->response = (struct seccomp_notif_resp *)room[1];
	s->call_size = sizes.seccomp_notif;
	s->response_size = sizes.seccomp_notif_resp;
	return 0;
}

static int watch(struct supervisor *s, pid_t pid, int exec_fd, const volatile sig_atomic_t *stop)
{
	const int child = (int)syscall(SYS_pidfd_open, pid, 0);
	int status = child < 0 ? -errno : 0, wait_status = 0;

	s->run->failed = "pidfd_open()";
	if (!status)
		loop(s, child, stop);
	if (!status && *stop)
		status = -EINTR;
	if (child >= 0)
		close(child);
	/* Calls that are still open fail with ENOSYS, and nobody is left to make another. */
	remote_kill_all(pid, &wait_status);
	if (s->peer)
		s->peer->end(s->peer);
	s->run->exec_errno = filter_exec_error(exec_fd);
	if (s->ended)
		return status;
	s->run->outcome = WIFSIGNALED(wait_status) ? OUTCOME_SIGNAL : OUTCOME_EXIT;
	s->run->signal = WIFSIGNALED(wait_status) ? WTERMSIG(wait_status) : 0;
	s->run->status = WIFEXITED(wait_status) ? WEXITSTATUS(wait_status) : 0;
	return status;
}

int supervise(struct vfio *vfio, char *const argv[], struct filter_streams streams,
	      struct limits limits, struct supervise_peer *peer, const volatile sig_atomic_t *stop,
	      struct supervised *ret_run)
{
	struct supervisor s = {.vfio = vfio,
			       .peer = peer,
			       .spec = spec_new(),
			       .limits = limits,
			       .run = ret_run,
			       .listener = -1};
	int status = s.spec ? 0 : -ENOMEM, exec_fd = -1;
	pid_t pid = 0;

	memset(ret_run, 0, sizeof(*ret_run));
	ret_run->info = CALLS;
	ret_run->failed = "memory";
	vfio_forget(vfio);
	replies_rewind(vfio->replies);
	if (!status) {
		/* Descriptors are told by their names there. */
		ret_run->failed = "/proc/self/fd, of a mounted /proc";
		status = access("/proc/self/fd", X_OK) ? -errno : 0;
	}
	if (!status && !filter_knows_machine()) {
		ret_run->failed = "a machine that is no x86-64";
		status = -ENOTSUP;
	}
	if (!status) {
		ret_run->failed = "a listener of seccomp";
		status = open_buffers(&s);
	}
	if (!status)
		status = filter_start(argv, streams, &pid, &s.listener, &exec_fd, &ret_run->failed);
	if (!status)
		status = watch(&s, pid, exec_fd, stop);
	else if (pid > 0)
		remote_kill_all(pid, &(int){0});
	if (s.listener >= 0)
		close(s.listener);
	if (exec_fd >= 0)
		close(exec_fd);
	walkers_free(&s.walkers);
	spec_free(s.spec);
	return status;
}
