/* SPDX-License-Identifier: MIT */
/*
 * The server, message by message: what it refuses, with which error, and that each command's size is looked at.
 * clients/serve_test.py has it behind its socket. When this fails, look at check() in server.c first.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <errno.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../../parsers/layout.h"
#include "../client/nameless.h"
#include "arena_message.h"
#include "server.h"
#include "negotiate.h"

static struct replies replies;
static struct vfio vfio = {.replies = &replies};
static struct vu_server server;
static struct vu_answer said;
static uint8_t message[VU_MESSAGE_MAX];

static int open_server(void **state)
{
	const int device = nameless_file("vfio-device");

	(void)state;
	assert_true(device >= 0 && fake_fill(device, (struct fake_ids){0x8086, 0x10d3}));
	assert_int_equal(replies_fill(&replies, REPLY_VFIO_USER), 0);
	vu_server_start(&server, &vfio, device);
	return 0;
}

static int close_server(void **state)
{
	(void)state;
	close(server.device);
	vu_server_stop(&server);
	vfio_forget(&vfio);
	replies_free(&replies);
	return 0;
}

/* Sends @size bytes; returns the error of the answer, 0 without one, -1 where there is no said. */
static int say_with(uint16_t command, uint32_t flags, const void *bytes, size_t size, size_t nfds)
{
	const struct vu_header header = {7, command, (uint32_t)(VU_HEADER + size), flags, 0};
	struct vu_header got;

	vu_header_write(&header, message);
	if (size)
		memcpy(message + VU_HEADER, bytes, size);
	vu_server_take(&server, message, nfds, &said);
	if (!said.len)
		return -1;
	got = vu_header_read(said.bytes);
	assert_int_equal(got.id, 7);
	assert_int_equal(got.command, command);
	assert_int_equal(got.size, said.len);
	assert_int_equal(got.flags & VU_TYPE, VU_REPLY);
	assert_true(!(got.flags & VU_ERROR) == !got.error);
	return (int)got.error;
}

static int say(enum vu_command command, const void *bytes, size_t size)
{
	return say_with(vu_commands[command].number, 0, bytes, size, 0);
}

static void negotiate(void)
{
	vu_server_connect(&server);
	assert_int_equal(say(VU_VERSION, "\0\0\0\0", 4), 0);
	assert_false(said.ends);
}

static void versions(void **state)
{
	static const struct {
		const char *json;
		int error;
	} rows[] = {
		{"{}", 0},
		{"{\"capabilities\":{\"max_msg_fds\":16,\"migration\":{\"pgsize\":4096}}}", 0},
		{"", EINVAL},
		{"[]", EINVAL},
		{"{", EINVAL},
		{"{}x", EINVAL},
		{"{\"capabilities\":1}", EINVAL},
		{"{\"capabilities\":{\"max_msg_fds\":0}}", EINVAL},
		{"{\"capabilities\":{\"max_msg_fds\":\"8\"}}", EINVAL},
		{"{\"capabilities\":{\"max_data_xfer_size\":-1}}", EINVAL},
		{"{\"a\":1,\"a\":2}", EINVAL},
	};
	uint8_t bytes[256] = {0};
	struct vu_version their;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const size_t len = strlen(rows[i].json);

		memcpy(bytes + 4, rows[i].json, len + 1);
		vu_server_connect(&server);
		assert_int_equal(say(VU_VERSION, bytes, 4 + len + 1), rows[i].error);
		assert_int_equal(said.ends, rows[i].error != 0);
		/* Without its NUL it is none. */
		vu_server_connect(&server);
		assert_int_equal(say(VU_VERSION, bytes, 4 + len), len ? EINVAL : 0);
	}
	vu_server_connect(&server);
	assert_int_equal(say(VU_VERSION, "\1\0\0\0", 4), EINVAL);
	vu_server_connect(&server);
	assert_int_equal(say(VU_VERSION, "\0\0\7\0", 4), 0);
	/* What we say, we can read. */
	assert_null(vu_version_read(said.bytes + VU_HEADER, said.len - VU_HEADER, &their));
	assert_int_equal(their.major, 0);
	assert_int_equal(their.max_fds, VU_FDS_MAX);
	/* Nothing but a version begins a connection. */
	vu_server_connect(&server);
	assert_int_equal(say(VU_RESET, NULL, 0), EINVAL);
	assert_true(said.ends);
}

/* A command that is a byte too short or too long, or has a descriptor too many, is refused. */
static void sizes(void **state)
{
	static const uint8_t zeros[4096];
	uint64_t refused;

	(void)state;
	negotiate();
	refused = server.refused;
	for (enum vu_command command = VU_DMA_MAP; command < VU_COMMAND_COUNT; command++) {
		const struct vu_command_row *const row = &vu_commands[command];
		const uint32_t most = row->most > row->least ? row->most : row->least;

		if (row->least)
			assert_int_equal(say(command, zeros, row->least - 1), EINVAL);
		if (most < sizeof(zeros))
			assert_int_equal(say(command, zeros, most + 1), EINVAL);
		assert_int_equal(say_with(row->number, 0, zeros, row->least, row->fds + 1), EINVAL);
		refused += 1u + (row->least > 0) + (most < sizeof(zeros));
		assert_int_equal(server.refused, refused);
	}
}

static void flags(void **state)
{
	(void)state;
	negotiate();
	assert_int_equal(say_with(13, VU_NO_REPLY, NULL, 0, 0), -1);
	assert_int_equal(say_with(13, VU_REPLY, NULL, 0, 0), -1);
	assert_int_equal(say_with(13, VU_ERROR, NULL, 0, 0), EINVAL);
	assert_int_equal(say_with(14, 0, NULL, 0, 0), ENOTSUP);
	assert_int_equal(say_with(14, VU_NO_REPLY, NULL, 0, 0), -1);
}

/* What only a peer can say, each word by itself. */
static void scripts(void **state)
{
	static const struct reply_peer peers[] = {
		{0},
		{.said = PEER_MESSAGE, .message = 16},
		{.said = PEER_MESSAGE, .message = 4000},
		{.said = PEER_COMMAND, .command = 4},
		{.said = PEER_ID, .id = 3},
		{.said = PEER_ERROR, .error = ENOSPC},
		{.said = PEER_FDS, .fds = 0},
		{.said = PEER_FDS, .fds = 3},
		{.said = PEER_FILE, .file = 100},
	};
	uint8_t bytes[64] = {0}, asked[32] = {0};
	struct reply *reply;

	(void)state;
	negotiate();
	layout_store(bytes, 4, 64);
	layout_store(bytes + INFO_AT_REGION_flags, 4, FLAG_REGION_MMAP);
	layout_store(bytes + INFO_AT_REGION_index, 4, 0);
	layout_store(asked, 4, 48);
	for (size_t i = 0; i < sizeof(peers) / sizeof(peers[0]); i++) {
		struct vu_header got;

		memset(&bytes[32], 0xee, 32);
		replies_free(&replies);
		assert_int_equal(reply_add(&replies, 0, REPLY_RAW, bytes, 64, false, &reply), 0);
		reply->how = ARGSZ_IS;
		reply->argsz = 48;
		reply->peer = peers[i];
		vu_header_write(&(struct vu_header){7, 5, VU_HEADER + 32, 0, 0}, message);
		memcpy(message + VU_HEADER, asked, 32);
		vu_server_take(&server, message, 0, &said);
		got = vu_header_read(said.bytes);
		assert_int_equal(got.size, said.len);
		assert_int_equal(said.len - VU_HEADER,
				 peers[i].said & PEER_MESSAGE ? peers[i].message : 48);
		assert_int_equal(got.command, peers[i].said & PEER_COMMAND ? 4 : 5);
		assert_int_equal(got.id, 7 + peers[i].id);
		assert_int_equal(got.error, peers[i].error);
		assert_int_equal(said.nfds, peers[i].said & PEER_FDS ? peers[i].fds : 1);
		if (said.nfds)
			assert_true((said.fds[0] == server.device) == !(peers[i].said & PEER_FILE));
		if (peers[i].message > 64) {
			/* The file's bytes first, then zeros. */
			assert_int_equal(said.bytes[VU_HEADER + 63], 0xee);
			assert_int_equal(said.bytes[VU_HEADER + 64], 0);
			assert_int_equal(said.bytes[said.len - 1], 0);
		}
	}
	assert_int_equal(lseek(said.fds[0], 0, SEEK_END), 100);
}

/* Reads @width bytes at @at of config space. */
static uint32_t config(uint32_t at, uint32_t width)
{
	uint32_t words[4] = {at, 0, 7, width};

	assert_int_equal(say(VU_REGION_READ, words, sizeof(words)), 0);
	assert_int_equal(said.len, VU_HEADER + 16 + width);
	return (uint32_t)layout_load(said.bytes + VU_HEADER + 16, width);
}

static void write_config(uint32_t at, uint32_t value)
{
	const uint32_t words[5] = {at, 0, 7, 4, value};

	assert_int_equal(say(VU_REGION_WRITE, words, sizeof(words)), 0);
	assert_int_equal(said.len, VU_HEADER + 16);
}

static void config_space(void **state)
{
	(void)state;
	negotiate();
	for (uint32_t at = 0; at < 256; at += 4)
		write_config(at, UINT32_MAX);
	assert_int_equal(config(0, 4), 0x10d38086);
	assert_int_equal(config(0x10, 4), 0xfffe0000);
	assert_int_equal(config(0x14, 4), 0xfffff000);
	/* Those that are not there, and the ROM. */
	assert_int_equal(config(0x18, 4), 0);
	assert_int_equal(config(0x30, 4), 0);
	/* MSI-X: enabled and masked, and as many vectors as before. */
	assert_int_equal(config(0x52, 2), 0xc000 | (FAKE_IRQS - 1));
	assert_int_equal(config(0x34, 1), 0x40);
	write_config(0x10, 0);
	assert_int_equal(config(0x10, 4), 0);
}

/* What targets see a fault by: behind a message there is nothing. */
static void arena_ends_with_a_message(void **state)
{
	int status = 0;
	pid_t pid;

	(void)state;
	assert_int_equal(arena_message((const uint8_t *)"ab", 2)[1], 'b');
	pid = fork();
	if (pid == 0) {
		signal(SIGSEGV, SIG_DFL);
		_exit(((volatile const uint8_t *)arena_message((const uint8_t *)"ab", 2))[2]);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGSEGV);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(versions, open_server, close_server),
		cmocka_unit_test_setup_teardown(sizes, open_server, close_server),
		cmocka_unit_test_setup_teardown(flags, open_server, close_server),
		cmocka_unit_test_setup_teardown(scripts, open_server, close_server),
		cmocka_unit_test_setup_teardown(config_space, open_server, close_server),
		cmocka_unit_test(arena_ends_with_a_message),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
