/* SPDX-License-Identifier: MIT */
/*
 * Fuzzed: what a client sends to the server. An input is
 *
 *	0	bit 0: a version was negotiated before; bits 1-3: which replies; bits 4-7: how many descriptors
 *	1	bytes of a stream, of which the last message may be cut
 *
 * Each message is handed over with nothing behind it. Any answer has to be a whole message; anything else is an
 * abort, and a wait is a timeout.
 */
#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

#include "../client/nameless.h"
#include "../target/target.h"
#include "arena_message.h"
#include "server.h"
#include "stream.h"

#define SCRIPTS 8

static struct vu_server server;
static struct vfio vfio;
static struct replies scripts[SCRIPTS];

/* What a script may say of region 0. */
static const struct reply_peer peers[SCRIPTS] = {
	{0},
	{.said = PEER_MESSAGE, .message = 65536},
	{.said = PEER_MESSAGE, .message = 0},
	{.said = PEER_COMMAND | PEER_ID, .command = 1, .id = 1},
	{.said = PEER_ERROR, .error = EIO},
	{.said = PEER_FDS | PEER_FILE, .fds = VU_FDS_MAX, .file = 1},
	{.said = PEER_FDS, .fds = 0},
	{0},
};

static void check(bool holds)
{
	if (!holds)
		abort();
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	static const uint8_t zeros[32];
	const int device = nameless_file("vfio-device");

	(void)argc;
	(void)argv;
	check(device >= 0 && fake_fill(device, (struct fake_ids){0x8086, 0x10d3}));
	for (size_t i = 0; i < SCRIPTS; i++) {
		struct reply *reply;

		if (i)
			check(!reply_add(&scripts[i], 0, i % 2 ? REPLY_RAW : REPLY_VFIO_USER, zeros,
					 sizeof(zeros), true, &reply));
		if (i)
			reply->peer = peers[i];
		check(!replies_fill(&scripts[i], REPLY_VFIO_USER));
	}
	vu_server_start(&server, &vfio, device);
	return 0;
}

/* Sends the whole input at once, with @nfds descriptors, and nothing more. */
static void send_input(int fd, const uint8_t *data, size_t size, size_t nfds)
{
	struct vu_stream stream;
	int fds[VU_FDS_MAX];

	for (size_t i = 0; i < nfds; i++)
		fds[i] = server.device;
	check(vu_stream_open(&stream, fd) == 0);
	vu_stream_send(&stream, data, size, fds, nfds);
	vu_stream_close(&stream);
}

static void hold(const struct vu_answer *answer)
{
	struct vu_header header;
	uint64_t sum = 0;

	check(answer->nfds <= VU_FDS_MAX && answer->info <= CALLS);
	if (!answer->len)
		return;
	check(answer->len >= VU_HEADER);
	header = vu_header_read(answer->bytes);
	check(header.size == answer->len && (header.flags & VU_TYPE) == VU_REPLY);
	/* Each byte of it is there. */
	for (size_t i = 0; i < answer->len; i++)
		sum += answer->bytes[i];
	check(sum <= answer->len * 255);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct vu_stream stream;
	struct vu_answer answer;
	int ends[2];

	if (size < 1 || size > 65536)
		return 0;
	vfio.replies = &scripts[data[0] >> 1 & (SCRIPTS - 1)];
	replies_rewind(vfio.replies);
	check(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) == 0);
	send_input(ends[0], data + 1, size - 1, data[0] >> 4);
	check(vu_stream_open(&stream, ends[1]) == 0);
	vu_server_connect(&server);
	server.negotiated = data[0] & 1;
	while (vu_stream_read(&stream) == 1) {
		const size_t len = vu_header_read(stream.in).size;

		vu_server_take(&server, arena_message(stream.in, len), stream.nfds, &answer);
		hold(&answer);
		vu_stream_done(&stream);
		if (answer.ends)
			break;
	}
	vu_stream_close(&stream);
	return 0;
}
