/* SPDX-License-Identifier: MIT */
/* Messages, one call after the other; see client.h. */
#include "client.h"

#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "../../parsers/layout.h"

static const struct {
	const char *name;
	const char *words;
} rules[VU_RULE_COUNT] = {
#define RULE(symbol, name, words) {name, words},
	VU_RULES(RULE)
#undef RULE
};

const char *vu_rule_name(enum vu_rule rule)
{
	return rules[rule].name;
}

const char *vu_rule_words(enum vu_rule rule)
{
	return rules[rule].words;
}

void vu_client_broke(struct vu_client *client, enum vu_rule rule, const char *format, ...)
{
	struct vu_violation *const violation = &client->violations[rule];
	va_list args;

	if (violation->count++)
		return;
	va_start(args, format);
	vsnprintf(violation->words, sizeof(violation->words), format, args);
	va_end(args);
}

size_t vu_client_broken(const struct vu_client *client)
{
	size_t count = 0;

	for (size_t i = 0; i < VU_RULE_COUNT; i++)
		count += client->violations[i].count != 0;
	return count;
}

int vu_connect(const char *path)
{
	struct sockaddr_un name = {.sun_family = AF_UNIX};
	int fd, error;

	if (strlen(path) >= sizeof(name.sun_path))
		return -ENAMETOOLONG;
	memcpy(name.sun_path, path, strlen(path) + 1);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	if (connect(fd, (const struct sockaddr *)&name, sizeof(name)) == 0)
		return fd;
	error = errno;
	close(fd);
	return -error;
}

static int64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* Sends what is left and reads one message, all within the time that one is waited for. */
static int converse(struct vu_client *client)
{
	const int64_t until = now_ms() + client->wait_ms;

	for (;;) {
		struct pollfd polled = {client->stream.fd, POLLIN, 0};
		int64_t left;
		int status = client->stream.left ? vu_stream_flush(&client->stream) : 0;

		if (!status)
			status = vu_stream_read(&client->stream);
		if (status)
			return status;
		left = until - now_ms();
		if (left <= 0)
			return -ETIMEDOUT;
		polled.events |= client->stream.left ? POLLOUT : 0;
		poll(&polled, 1, (int)left);
	}
}

/* The server is gone, and why. */
static int lose(struct vu_client *client, int error, uint16_t command)
{
	const char *const why = error == -EPIPE	      ? "the connection ended"
				: error == -EPROTO    ? "a message that cannot be one"
				: error == -ETIMEDOUT ? "no answer in the time that is waited"
						      : strerror(-error);

	client->gone = error;
	vu_client_broke(client, VU_RULE_GONE, "after %s: %s",
			vu_command_name(vu_command_of(command)), why);
	return error;
}

static void hold_header(struct vu_client *client, const struct vu_header *sent,
			const struct vu_header *header)
{
	const enum vu_command command = vu_command_of(sent->command);
	const char *const name = vu_command_name(command);

	if ((header->flags & VU_TYPE) != VU_REPLY)
		vu_client_broke(client, VU_RULE_TYPE, "what answers %s has type %u", name,
				header->flags & VU_TYPE);
	if (header->id != sent->id)
		vu_client_broke(client, VU_RULE_ID, "the reply to %s has id %u, which is %u", name,
				header->id, sent->id);
	if (header->command != sent->command)
		vu_client_broke(client, VU_RULE_COMMAND, "the reply to %s is of command %u", name,
				header->command);
	if (header->flags & VU_ERROR && (header->error == 0 || header->error > 4095))
		vu_client_broke(client, VU_RULE_ERROR, "the reply to %s is an error of number %u",
				name, header->error);
	if (!(header->flags & VU_ERROR) && command < VU_COMMAND_COUNT &&
	    header->size - VU_HEADER < vu_commands[command].reply)
		vu_client_broke(client, VU_RULE_SIZE, "the reply to %s has %u bytes of %u", name,
				header->size - VU_HEADER, vu_commands[command].reply);
}

int vu_client_call(struct vu_client *client, uint16_t command, const void *payload, size_t size,
		   struct vu_heard *ret_heard)
{
	static uint8_t message[VU_MESSAGE_MAX];
	const struct vu_header sent = {
		.id = ++client->id, .command = command, .size = (uint32_t)(VU_HEADER + size)};
	const uint8_t *message_in;
	struct vu_header header;
	int status;

	*ret_heard = (struct vu_heard){.error = EPIPE};
	if (client->gone)
		return client->gone;
	vu_stream_done(&client->stream);
	vu_header_write(&sent, message);
	if (size)
		memcpy(message + VU_HEADER, payload, size);
	client->messages++;
	status = vu_stream_send(&client->stream, message, sent.size, NULL, 0);
	if (!status)
		status = converse(client);
	if (status < 0)
		return lose(client, status, command);
	message_in = client->place ? client->place(client->stream.in,
						   vu_header_read(client->stream.in).size)
				   : client->stream.in;
	header = vu_header_read(message_in);
	hold_header(client, &sent, &header);
	*ret_heard = (struct vu_heard){
		.error = !(header.flags & VU_ERROR)		    ? 0
			 : header.error > 0 && header.error <= 4095 ? (int)header.error
								    : EIO,
		.bytes = message_in + VU_HEADER,
		.size = header.size - VU_HEADER,
		.fds = client->stream.fds,
		.nfds = client->stream.nfds,
	};
	return 0;
}

static void negotiate(struct vu_client *client)
{
	uint8_t bytes[1024];
	struct vu_heard heard;
	const char *wrong;

	if (vu_client_call(client, vu_commands[VU_VERSION].number, bytes,
			   vu_version_write(bytes, sizeof(bytes)), &heard))
		return;
	if (heard.error) {
		vu_client_broke(client, VU_RULE_VERSION, "version 0.0 is refused: %s",
				strerror(heard.error));
		return;
	}
	wrong = heard.size > VU_AT_JSON + VU_JSON_MAX
			? "it is longer than 64 KiB"
			: vu_version_read(heard.bytes, heard.size, &client->version);
	if (wrong)
		vu_client_broke(client, VU_RULE_VERSION, "of the server's version: %s", wrong);
	else if (client->version.major != VU_MAJOR || client->version.minor > VU_MINOR)
		vu_client_broke(client, VU_RULE_VERSION, "0.0 is answered with %u.%u",
				client->version.major, client->version.minor);
}

int vu_client_open(struct vu_client *client, int fd, int wait_ms, vu_place place)
{
	*client = (struct vu_client){.wait_ms = wait_ms, .place = place};
	if (vu_stream_open(&client->stream, fd))
		return -ENOMEM;
	negotiate(client);
	return 0;
}

void vu_client_close(struct vu_client *client)
{
	vu_stream_close(&client->stream);
}
