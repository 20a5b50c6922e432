/* SPDX-License-Identifier: MIT */
/* A server that is none, sound or with one fault: our own, whose answers are bent; see client.h. */
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>
#include <signal.h>

#include "../../parsers/layout.h"
#include "../client/nameless.h"
#include "client.h"
#include "server.h"

/* What was asked, and the answer that is bent. */
struct bend {
	enum vu_rule fault;
	enum vu_command command;
	const uint8_t *asked;
	struct vu_answer *answer;
	int device;
	int short_file;
};

static uint8_t *field(const struct bend *b, uint32_t at)
{
	return b->answer->bytes + VU_HEADER + at;
}

static void put(const struct bend *b, uint32_t at, uint32_t value)
{
	layout_store(field(b, at), 4, value);
}

static bool is_error(const struct bend *b)
{
	return layout_load(b->answer->bytes + 8, 4) & VU_ERROR;
}

/* The answer becomes one of @size bytes behind the header, without an error. */
static void resize(const struct bend *b, size_t size)
{
	if (VU_HEADER + size > b->answer->len)
		memset(b->answer->bytes + b->answer->len, 0, VU_HEADER + size - b->answer->len);
	b->answer->len = VU_HEADER + size;
	layout_store(b->answer->bytes + 4, 4, b->answer->len);
}

static void accepts(const struct bend *b, size_t size)
{
	layout_store(b->answer->bytes + 8, 4, VU_REPLY);
	layout_store(b->answer->bytes + 12, 4, 0);
	resize(b, size);
}

static void add_fd(const struct bend *b, int fd)
{
	b->answer->fds[b->answer->nfds++] = fd;
}

static void bend_region(const struct bend *b)
{
	const uint32_t asked = (uint32_t)layout_load(b->asked, 4);
	const bool is_first = layout_load(b->asked + VU_AT_INDEX, 4) == 0;

	if (is_error(b)) {
		if (b->fault == VU_RULE_REGION_PAST)
			accepts(b, 32);
		return;
	}
	if (b->fault == VU_RULE_SIZE)
		resize(b, 24);
	if (b->fault == VU_RULE_LONG && asked < 80)
		resize(b, 80);
	if (b->fault == VU_RULE_CARRIED && asked >= 80 && is_first)
		resize(b, 32);
	if (b->fault == VU_RULE_INDEX)
		put(b, VU_AT_INDEX, 5);
	if (b->fault == VU_RULE_FD_MANY && b->answer->nfds)
		add_fd(b, b->device);
	if (b->fault == VU_RULE_FD_MISSING)
		b->answer->nfds = 0;
	if (b->fault == VU_RULE_FD_SHORT && b->answer->nfds)
		b->answer->fds[0] = b->short_file;
}

static void bend_of_command(const struct bend *b)
{
	switch (b->command) {
	case VU_VERSION:
		if (b->fault == VU_RULE_VERSION)
			layout_store(field(b, 0), 2, 1);
		return;
	case VU_REGION_INFO:
		bend_region(b);
		return;
	case VU_DEVICE_INFO:
		if (b->fault == VU_RULE_FD_UNASKED)
			add_fd(b, b->device);
		return;
	case VU_REGION_IO_FDS:
		if (b->fault == VU_RULE_IO_FDS)
			put(b, VU_AT_IO_COUNT, 1);
		return;
	case VU_IRQ_INFO:
		if (b->fault == VU_RULE_IRQ_INFO && is_error(b))
			accepts(b, 16);
		return;
	case VU_REGION_READ:
		if (b->fault == VU_RULE_READ && !is_error(b))
			resize(b, VU_AT_RW_DATA);
		if (b->fault == VU_RULE_READ_PAST && is_error(b))
			accepts(b, VU_AT_RW_DATA + 2);
		return;
	case VU_RESET:
		if (b->fault == VU_RULE_RESET) {
			layout_store(b->answer->bytes + 8, 4, VU_REPLY | VU_ERROR);
			layout_store(b->answer->bytes + 12, 4, EIO);
		}
		return;
	default:
		if (b->fault == VU_RULE_UNKNOWN)
			accepts(b, 0);
	}
}

static void bend(const struct bend *b)
{
	const uint32_t size = (uint32_t)layout_load(b->asked - VU_HEADER + 4, 4) - VU_HEADER;
	uint8_t *const header = b->answer->bytes;

	if (b->command < VU_COMMAND_COUNT && size < vu_commands[b->command].least) {
		if (b->fault == VU_RULE_SHORT_COMMAND)
			accepts(b, 32);
		return;
	}
	bend_of_command(b);
	if (b->command == VU_VERSION)
		return;
	if (b->fault == VU_RULE_TYPE)
		layout_store(header + 8, 4, layout_load(header + 8, 4) & ~(uint64_t)VU_TYPE);
	if (b->fault == VU_RULE_ID)
		layout_store(header, 2, 0xffff);
	if (b->fault == VU_RULE_COMMAND)
		layout_store(header + 2, 2, vu_commands[VU_DMA_MAP].number);
	if (b->fault == VU_RULE_ERROR && is_error(b))
		layout_store(header + 12, 4, 0);
}

/* Answers until the other end is closed. */
static void serve(struct vu_stream *stream, struct vu_server *server, struct bend *b)
{
	static struct vu_answer answer;
	int status;

	for (;;) {
		struct pollfd polled = {stream->fd, stream->left ? POLLOUT : POLLIN, 0};

		poll(&polled, 1, -1);
		status = stream->left ? vu_stream_flush(stream) : vu_stream_read(stream);
		if (status < 0)
			return;
		if (status == 0 || stream->left)
			continue;
		vu_server_take(server, stream->in, stream->nfds, &answer);
		b->command = vu_command_of(vu_header_read(stream->in).command);
		b->asked = stream->in + VU_HEADER;
		b->answer = &answer;
		if (b->fault == VU_RULE_GONE && b->command == VU_IRQ_INFO)
			return;
		bend(b);
		if (answer.len &&
		    vu_stream_send(stream, answer.bytes, answer.len, answer.fds, answer.nfds))
			return;
		vu_stream_done(stream);
	}
}

__attribute__((noreturn)) static void be_server(int fd, int device, enum vu_rule fault,
						struct replies *replies)
{
	static struct replies good;
	static struct vfio vfio;
	struct bend b = {.fault = fault, .device = device, .short_file = nameless_file("short")};
	struct vu_server server;
	struct vu_stream stream;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	vfio.replies = replies ? replies : &good;
	if (replies_fill(vfio.replies, REPLY_VFIO_USER) || vu_stream_open(&stream, fd))
		_exit(1);
	vu_server_start(&server, &vfio, device);
	vu_server_connect(&server);
	serve(&stream, &server, &b);
	_exit(0);
}

int vu_fake(enum vu_rule fault, struct replies *replies)
{
	const int device = nameless_file("vfio-device");
	int ends[2], status = device < 0 ? device : 0;
	pid_t pid;

	if (!status && !fake_fill(device, (struct fake_ids){0x8086, 0x10d3}))
		status = -errno;
	if (!status && socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends))
		status = -errno;
	if (status) {
		if (device >= 0)
			close(device);
		return status;
	}
	pid = fork();
	if (pid == 0) {
		close(ends[0]);
		be_server(ends[1], device, fault, replies);
	}
	status = pid < 0 ? -errno : ends[0];
	close(ends[1]);
	close(device);
	if (pid < 0)
		close(ends[0]);
	return status;
}
