/* SPDX-License-Identifier: MIT */
/*
 * The client against the server: each rule of the protocol is broken by a stand-in and named, every reply of the
 * corpus about a device or a region comes through byte for byte, and no server holds the client up.
 *
 * Usage: peer_test CORPUS. When a rule is not seen broken, look at what broken_peer.c bends for it, then at
 * rest.c and client.c.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <dirent.h>
#include <errno.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../../parsers/layout.h"
#include "../text/text.h"
#include "client.h"

#define WAIT_MS 20000

static const char *corpus;

static void open_fake(struct vu_client *client, enum vu_rule fault, struct replies *replies)
{
	const int fd = vu_fake(fault, replies);

	assert_true(fd >= 0);
	assert_int_equal(vu_client_open(client, fd, WAIT_MS, NULL), 0);
}

static void close_fake(struct vu_client *client)
{
	vu_client_close(client);
	while (waitpid(-1, NULL, 0) > 0)
		;
}

/* What `ask` does, but for one argsz of each kind in place of all. */
static void ask_all(struct vu_client *client)
{
	struct probe_device *const device = vu_client_device(client);
	static uint8_t info[256];

	for (uint32_t index = 0; index < 9; index++)
		for (uint32_t argsz = 16; argsz <= 80; argsz += 8) {
			const struct probe_subject subjects[] = {{INFO_DEVICE, 0},
								 {INFO_REGION, index}};

			for (size_t i = 0; i < 2; i++) {
				layout_store(info, 4, argsz);
				device->ask(device, &subjects[i], info);
			}
		}
	vu_client_ask_rest(client);
}

static void each_rule_is_broken_and_named(void **state)
{
	static struct vu_client client;

	(void)state;
	for (enum vu_rule rule = 0; rule <= VU_RULE_COUNT; rule++) {
		open_fake(&client, rule, NULL);
		ask_all(&client);
		if (rule < VU_RULE_COUNT && !client.violations[rule].count)
			fail_msg("%s is not seen", vu_rule_name(rule));
		for (unsigned int i = 0; rule == VU_RULE_COUNT && i < VU_RULE_COUNT; i++)
			if (client.violations[i].count)
				fail_msg("a sound server: %s: %s", vu_rule_name(i),
					 client.violations[i].words);
		assert_true(client.messages > 100);
		close_fake(&client);
	}
}

/* Reads a file of the corpus as bytes. Returns its length. */
static size_t read_input(const char *path, uint8_t *ret_bytes)
{
	static char text[1 << 20];
	char error[TEXT_ERROR_SIZE];
	FILE *const file = fopen(path, "rb");
	struct chain chain;
	size_t size;

	assert_non_null(file);
	size = fread(text, 1, sizeof(text), file);
	fclose(file);
	if (!strstr(path, ".yaml")) {
		assert_true(size <= INFO_LEN_MAX);
		memcpy(ret_bytes, text, size);
		return size;
	}
	if (text_load(path, text, size, &chain, error))
		fail_msg("%s", error);
	chain_write(&chain, ret_bytes);
	size = chain.len;
	chain_free(&chain);
	return size;
}

/* Adds every reply of a folder to the lists of the device and of region 0; returns how many. */
static size_t add_folder(struct replies *replies, const char *folder)
{
	static uint8_t bytes[INFO_LEN_MAX];
	struct dirent **entries;
	char path[4096];
	size_t added = 0;
	int count;

	snprintf(path, sizeof(path), "%s/%s", corpus, folder);
	count = scandir(path, &entries, NULL, alphasort);
	assert_true(count > 0);
	for (int i = 0; i < count; i++) {
		const char *const name = entries[i]->d_name;
		const bool is_device = strncmp(name, "device-", 7) == 0;
		struct reply *reply;

		if (is_device || strncmp(name, "region-", 7) == 0) {
			const size_t list = is_device ? LIST_DEVICE : 0;

			snprintf(path, sizeof(path), "%s/%s/%s", corpus, folder, name);
			assert_int_equal(reply_add(replies, list, REPLY_RAW, bytes,
						   read_input(path, bytes), false, &reply),
					 0);
			added++;
		}
		free(entries[i]);
	}
	free(entries);
	return added;
}

/* Asks for each reply of a list with as many bytes as it has. */
static void hold_list(struct vu_client *client, const struct reply_list *list,
		      enum vu_command command)
{
	for (size_t i = 0; i < list->count; i++) {
		uint8_t payload[32] = {0};
		struct vu_heard heard;

		layout_store(payload, 4, list->replies[i].len);
		assert_int_equal(vu_client_call(client, vu_commands[command].number, payload,
						vu_commands[command].least, &heard),
				 0);
		assert_int_equal(heard.error, 0);
		assert_int_equal(heard.size, list->replies[i].len);
		assert_memory_equal(heard.bytes, list->replies[i].bytes, heard.size);
	}
}

static void corpus_comes_through(void **state)
{
	static struct replies replies;
	static struct vu_client client;
	const size_t count = add_folder(&replies, "captured") + add_folder(&replies, "seeds") +
			     add_folder(&replies, "regressions");

	(void)state;
	assert_true(count > 500);
	open_fake(&client, VU_RULE_COUNT, &replies);
	hold_list(&client, &replies.lists[LIST_DEVICE], VU_DEVICE_INFO);
	hold_list(&client, &replies.lists[0], VU_REGION_INFO);
	assert_int_equal(client.messages, 1 + count);
	close_fake(&client);
	replies_free(&replies);
}

/* A server that says @size bytes at @bytes before it is asked, and then waits, or ends. */
static void hear(const void *bytes, size_t size, bool ends, int error)
{
	static struct vu_client client;
	struct vu_heard heard;
	int pair[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
	assert_int_equal(write(pair[1], bytes, size), size);
	if (ends)
		close(pair[1]);
	assert_int_equal(vu_client_open(&client, pair[0], 50, NULL), 0);
	assert_int_equal(client.gone, error);
	if (error)
		assert_int_equal(client.violations[VU_RULE_GONE].count, 1);
	/* It stays gone, and nobody waits for it again. */
	if (error)
		assert_int_equal(vu_client_call(&client, 13, NULL, 0, &heard), error);
	vu_client_close(&client);
	if (!ends)
		close(pair[1]);
}

static void servers_that_do_not_answer(void **state)
{
	static const uint8_t tiny[16] = {1, 0, 1, 0, 15},
			     huge[16] = {1, 0, 1, 0, 255, 255, 255, 255};
	static const uint8_t longer[16] = {1, 0, 1, 0, 17, 0, 0, 0, 1};
	/* Another command's reply, of 4 bytes: named, and taken. */
	static const uint8_t other[20] = {2, 0, 4, 0, 20, 0, 0, 0, 1};

	(void)state;
	hear("", 0, false, -ETIMEDOUT);
	hear(longer, 16, false, -ETIMEDOUT);
	hear("", 0, true, -EPIPE);
	hear(longer, 7, true, -EPIPE);
	hear(tiny, 16, false, -EPROTO);
	hear(huge, 16, false, -EPROTO);
	hear(other, 20, false, 0);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_rule_is_broken_and_named),
		cmocka_unit_test(corpus_comes_through),
		cmocka_unit_test(servers_that_do_not_answer),
	};

	corpus = argc > 1 ? argv[1] : "corpus";
	return cmocka_run_group_tests(tests, NULL, NULL);
}
