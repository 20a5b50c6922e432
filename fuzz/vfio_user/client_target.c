/* SPDX-License-Identifier: MIT */
/*
 * Fuzzed: what a server sends to the client. An input is
 *
 *	0	how many descriptors come beside it
 *	1	bytes of a stream: the replies, in turn, to all that `ask` sends; then the server is gone
 *
 * Each message is handed over with nothing behind it.
 */
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../../parsers/layout.h"
#include "../target/target.h"
#include "arena_message.h"
#include "client.h"

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
	return 0;
}

static void send_input(int fd, const uint8_t *data, size_t size, size_t nfds)
{
	struct vu_stream stream;
	int fds[VU_FDS_MAX];

	for (size_t i = 0; i < nfds; i++)
		fds[i] = fd;
	if (vu_stream_open(&stream, dup(fd)))
		abort();
	vu_stream_send(&stream, data, size, fds, nfds);
	vu_stream_close(&stream);
	shutdown(fd, SHUT_WR);
}

/* The device, and a region with too little room, enough and more. */
static void ask_infos(struct vu_client *client)
{
	static const struct {
		struct probe_subject subject;
		uint32_t argsz;
	} asked[] = {{{INFO_DEVICE, 0}, 16},
		     {{INFO_DEVICE, 0}, 64},
		     {{INFO_REGION, 0}, 32},
		     {{INFO_REGION, 0}, 96},
		     {{INFO_REGION, 0}, 4096}};
	struct probe_device *const device = vu_client_device(client);
	uint8_t config[256];
	uint64_t made = 0;

	for (size_t i = 0; i < sizeof(asked) / sizeof(asked[0]); i++) {
		static uint8_t info[4096];

		layout_store(info, 4, asked[i].argsz);
		device->ask(device, &asked[i].subject, info);
	}
	device->config(device, config, &made);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct vu_client client;
	int ends[2];

	if (size < 1 || size > 65536)
		return 0;
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends))
		abort();
	send_input(ends[1], data + 1, size - 1, data[0] % (VU_FDS_MAX + 1));
	if (vu_client_open(&client, ends[0], 1000, arena_message))
		abort();
	ask_infos(&client);
	vu_client_ask_rest(&client);
	vu_client_close(&client);
	close(ends[1]);
	return 0;
}
