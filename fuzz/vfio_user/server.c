/* SPDX-License-Identifier: MIT */
/* One table of commands, a function each, and what all messages are held to first; see server.h. */
#include "server.h"

#include <errno.h>
#include <linux/vfio.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "../../parsers/layout.h"
#include "../client/nameless.h"
#include "registers.h"
#include "negotiate.h"

/* A message that is longer than any reply of ours: a script may say up to 65536 bytes more. */
#define ANSWER_MAX (VU_HEADER + 65536 + VU_DATA_MAX)

static uint8_t answer_bytes[ANSWER_MAX];

/* One command, and what is answered so far: @len bytes at @out, behind the header. */
struct call {
	struct vu_server *server;
	struct vu_header header;
	const uint8_t *payload;
	size_t size;
	size_t nfds;
	struct vu_answer *answer;
	uint8_t *out;
	size_t len;
	const char *wrong;
};

static uint32_t field(const struct call *c, uint32_t at)
{
	return (uint32_t)layout_load(c->payload + at, 4);
}

static uint64_t wide(const struct call *c, uint32_t at)
{
	return layout_load(c->payload + at, 8);
}

/* Refuses with @error, for the reason @why. */
static int refuse(struct call *c, int error, const char *why)
{
	c->wrong = why;
	return -error;
}

/* The first @len bytes of what came are the answer's too. */
static void echo(struct call *c, size_t len)
{
	memcpy(c->out, c->payload, len);
	c->len = len;
}

static int version(struct call *c)
{
	struct vu_version asked;
	const char *const wrong = vu_version_read(c->payload, c->size, &asked);

	if (c->server->negotiated)
		return refuse(c, EINVAL, "a second version");
	c->answer->ends = wrong || asked.major != VU_MAJOR;
	if (wrong)
		return refuse(c, EINVAL, wrong);
	if (asked.major != VU_MAJOR)
		return refuse(c, EINVAL, "another major version than 0");
	c->server->negotiated = true;
	c->len = vu_version_write(c->out, VU_JSON_MAX);
	return 0;
}

/* Whether [@address, @address + @size) has bytes, and ends by 2^64. */
static bool is_range(uint64_t address, uint64_t size)
{
	return size && size - 1 <= UINT64_MAX - address;
}

static int dma_map(struct call *c)
{
	const uint32_t flags = field(c, VU_AT_FLAGS);

	if (field(c, VU_AT_ARGSZ) != c->size)
		return refuse(c, EINVAL, "an argsz that is not the struct's size");
	if (!flags || flags & ~(uint32_t)(VFIO_DMA_MAP_FLAG_READ | VFIO_DMA_MAP_FLAG_WRITE))
		return refuse(c, EINVAL, "flags other than read and write");
	if (!is_range(wide(c, VU_AT_MAP_ADDRESS), wide(c, VU_AT_MAP_SIZE)))
		return refuse(c, EINVAL, "a range that is empty or passes 2^64");
	c->server->dma_maps++;
	return 0;
}

static int dma_unmap(struct call *c)
{
	const uint32_t flags = field(c, VU_AT_FLAGS);

	if (field(c, VU_AT_ARGSZ) < c->size)
		return refuse(c, EINVAL, "an argsz below the struct's size");
	/* Nothing is written to memory here, so there is no dirty page to tell of. */
	if (flags & ~(uint32_t)VFIO_DMA_UNMAP_FLAG_ALL)
		return refuse(c, EINVAL, "flags other than all");
	if (!flags && !is_range(wide(c, VU_AT_UNMAP_ADDRESS), wide(c, VU_AT_UNMAP_SIZE)))
		return refuse(c, EINVAL, "a range that is empty or passes 2^64");
	echo(c, c->size);
	return 0;
}

/* A file of @size bytes in place of the device's, for descriptors that are of too short a one. */
static int file_of(struct vu_server *server, uint64_t size)
{
	if (server->short_file < 0)
		server->short_file = nameless_file("short-region");
	return server->short_file >= 0 && ftruncate(server->short_file, (off_t)size) == 0
		       ? server->short_file
		       : server->device;
}

/* Which descriptors go with an INFO reply of @len bytes at @bytes: the region's, where it may be mapped. */
static void add_fds(struct call *c, const struct reply_peer *peer, enum info_kind kind,
		    uint32_t asked)
{
	const bool mapped = kind == INFO_REGION && c->len >= 8 &&
			    layout_load(c->out + INFO_AT_REGION_flags, 4) & FLAG_REGION_MMAP &&
			    layout_load(c->out, 4) <= asked;
	const size_t count = peer->said & PEER_FDS ? peer->fds : mapped;
	const int fd = peer->said & PEER_FILE ? file_of(c->server, peer->file) : c->server->device;

	while (c->answer->nfds < count && c->answer->nfds < VU_FDS_MAX)
		c->answer->fds[c->answer->nfds++] = fd;
}

/* Makes the message as long as is said, of the file's bytes from where the reply ended, then of zeros. */
static void resize(struct call *c, const struct reply *reply, uint32_t size)
{
	if (size > c->len) {
		const size_t end = reply->len < size ? reply->len : size;

		memset(c->out + c->len, 0, size - c->len);
		if (end > c->len)
			memcpy(c->out + c->len, reply->bytes + c->len, end - c->len);
	}
	c->len = size;
}

static int info(struct call *c, enum info_kind kind, uint32_t index)
{
	const size_t list = reply_list_of(kind, index);
	const uint32_t asked = field(c, VU_AT_ARGSZ);
	const struct reply reply = *reply_peek(c->server->vfio->replies, list);
	int len;

	c->server->vfio->calls[list].calls++;
	memset(c->out, 0, asked < INFO_LEN_MAX ? asked : INFO_LEN_MAX);
	memcpy(c->out, c->payload, c->size < asked ? c->size : asked);
	len = reply_next(c->server->vfio->replies, list, asked, c->out);
	/* Where a script says that it fails, the client is not to blame. */
	if (len < 0)
		return reply.fails ? len : refuse(c, -len, "an argsz below the struct's size");
	c->len = (size_t)len;
	add_fds(c, &reply.peer, kind, asked);
	if (reply.peer.said & PEER_MESSAGE)
		resize(c, &reply, reply.peer.message);
	if (reply.peer.said & PEER_COMMAND)
		c->header.command = (uint16_t)reply.peer.command;
	if (reply.peer.said & PEER_ID)
		c->header.id = (uint16_t)(c->header.id + reply.peer.id);
	if (reply.peer.said & PEER_ERROR) {
		c->header.flags |= VU_ERROR;
		c->header.error = reply.peer.error;
	}
	vfio_told(c->server->vfio, list, asked, c->out, c->len < asked ? c->len : asked);
	c->answer->info = list;
	return 0;
}

static int device_info(struct call *c)
{
	return info(c, INFO_DEVICE, 0);
}

static int region_info(struct call *c)
{
	const uint32_t index = field(c, VU_AT_INDEX);

	if (index < FAKE_REGIONS)
		return info(c, INFO_REGION, index);
	c->server->vfio->calls[CALLS_NO_REGION].calls++;
	return refuse(c, EINVAL, "a region that is not there");
}

/* Nothing here is served by descriptors. */
static int region_io_fds(struct call *c)
{
	if (field(c, VU_AT_FLAGS) || field(c, VU_AT_IO_COUNT))
		return refuse(c, EINVAL, "flags or a count");
	if (field(c, VU_AT_INDEX) >= FAKE_REGIONS)
		return refuse(c, EINVAL, "a region that is not there");
	echo(c, VU_AT_IO_REGIONS);
	layout_store(c->out, 4, VU_AT_IO_REGIONS);
	return 0;
}

static int irq_info(struct call *c)
{
	struct vfio_irq_info irq;

	memcpy(&irq, c->payload, sizeof(irq));
	if (!vfio_irq_info(&irq))
		return refuse(c, EINVAL, "an interrupt that is not there, or a short argsz");
	memcpy(c->out, &irq, sizeof(irq));
	c->len = sizeof(irq);
	return 0;
}

static bool is_one_bit(uint32_t bits)
{
	return bits && !(bits & (bits - 1));
}

static int set_irqs(struct call *c)
{
	const uint32_t flags = field(c, VU_AT_FLAGS), data = flags & VFIO_IRQ_SET_DATA_TYPE_MASK;
	const uint32_t start = field(c, VU_AT_SET_START), count = field(c, VU_AT_SET_COUNT);
	struct vfio_irq_info irq = {.argsz = sizeof(irq), .index = field(c, VU_AT_INDEX)};
	const uint32_t bytes = data & VFIO_IRQ_SET_DATA_BOOL ? count : 0;

	if (field(c, VU_AT_ARGSZ) != c->size)
		return refuse(c, EINVAL, "an argsz that is not the message's size");
	if (flags & ~(uint32_t)(VFIO_IRQ_SET_DATA_TYPE_MASK | VFIO_IRQ_SET_ACTION_TYPE_MASK) ||
	    !is_one_bit(data) || !is_one_bit(flags & VFIO_IRQ_SET_ACTION_TYPE_MASK))
		return refuse(c, EINVAL, "flags that are not one kind of data and one action");
	/* From start on there are at most count of them. */
	if (!vfio_irq_info(&irq) || start > irq.count || count > irq.count - start)
		return refuse(c, EINVAL, "interrupts that are not there");
	if (!count && !(data & VFIO_IRQ_SET_DATA_NONE))
		return refuse(c, EINVAL, "data of no interrupt");
	if (c->size - VU_AT_SET_DATA != bytes)
		return refuse(c, EINVAL, "data of another size than its interrupts have");
	if (c->nfds > (data & VFIO_IRQ_SET_DATA_EVENTFD ? count : 0))
		return refuse(c, EINVAL, "more descriptors than interrupts");
	return 0;
}

static int region_read(struct call *c)
{
	const uint32_t count = field(c, VU_AT_RW_COUNT);

	if (count > VU_DATA_MAX)
		return refuse(c, EINVAL, "more data than max_data_xfer_size");
	echo(c, VU_AT_RW_DATA);
	c->len += count;
	/* A region that is not there has no bytes. */
	if (registers_read(c->server->device, field(c, VU_AT_RW_REGION), wide(c, VU_AT_RW_OFFSET),
			   count, c->out + VU_AT_RW_DATA))
		return refuse(c, EINVAL, "bytes that the region does not have");
	return 0;
}

static int region_write(struct call *c)
{
	const uint32_t count = field(c, VU_AT_RW_COUNT);

	if (count != c->size - VU_AT_RW_DATA)
		return refuse(c, EINVAL, "a count that is not the message's");
	if (registers_write(c->server->device, field(c, VU_AT_RW_REGION), wide(c, VU_AT_RW_OFFSET),
			    count, c->payload + VU_AT_RW_DATA))
		return refuse(c, EINVAL, "bytes that the region does not have");
	echo(c, VU_AT_RW_DATA);
	return 0;
}

static int reset(struct call *c)
{
	(void)c;
	return 0;
}

static int (*const commands[VU_COMMAND_COUNT])(struct call *c) = {
	[VU_VERSION] = version,
	[VU_DMA_MAP] = dma_map,
	[VU_DMA_UNMAP] = dma_unmap,
	[VU_DEVICE_INFO] = device_info,
	[VU_REGION_INFO] = region_info,
	[VU_REGION_IO_FDS] = region_io_fds,
	[VU_IRQ_INFO] = irq_info,
	[VU_SET_IRQS] = set_irqs,
	[VU_REGION_READ] = region_read,
	[VU_REGION_WRITE] = region_write,
	[VU_RESET] = reset,
};

/* What every message is held to before its command looks at it. */
static int check(struct call *c, enum vu_command command)
{
	const struct vu_command_row *const row = &vu_commands[command];
	size_t most;

	if (c->header.flags & VU_TYPE)
		return refuse(c, EINVAL, "a reply to a command that was not sent");
	if (c->header.flags & VU_ERROR)
		return refuse(c, EINVAL, "a command with the error flag");
	if (command == VU_COMMAND_COUNT)
		return refuse(c, ENOTSUP, "a command that is not known");
	if (!c->server->negotiated && command != VU_VERSION)
		return refuse(c, EINVAL, "a command before the version");
	/* The struct of the command is all there. */
	if (c->size < row->least)
		return refuse(c, EINVAL, "a message that is too short for its command");
	most = row->most || !row->least ? row->most : field(c, VU_AT_ARGSZ);
	if (c->size > (most > row->least ? most : row->least))
		return refuse(c, EINVAL, "a message that is too long for its command");
	if (c->nfds > row->fds)
		return refuse(c, EINVAL, "more descriptors than its command has");
	return 0;
}

static void note_refusal(struct vu_server *server, enum vu_command command, const char *why)
{
	if (!server->refused++)
		snprintf(server->first, sizeof(server->first), "%s: %s", vu_command_name(command),
			 why);
}

void vu_server_take(struct vu_server *server, const uint8_t *bytes, size_t nfds,
		    struct vu_answer *ret_answer)
{
	struct call c = {.server = server,
			 .header = vu_header_read(bytes),
			 .payload = bytes + VU_HEADER,
			 .nfds = nfds,
			 .answer = ret_answer,
			 .out = answer_bytes + VU_HEADER};
	const enum vu_command command = vu_command_of(c.header.command);
	const bool wants_none = c.header.flags & (VU_NO_REPLY | VU_REPLY);
	int status;

	*ret_answer = (struct vu_answer){.bytes = answer_bytes, .info = CALLS};
	c.size = c.header.size - VU_HEADER;
	server->seen[command]++;
	status = check(&c, command);
	c.header.flags = VU_REPLY;
	c.header.error = 0;
	if (!status)
		status = commands[command](&c);
	if (status) {
		if (c.wrong)
			note_refusal(server, command, c.wrong);
		c.len = 0;
		ret_answer->nfds = 0;
		c.header.flags |= VU_ERROR;
		c.header.error = (uint32_t)-status;
	}
	/* What does not begin with a version is no client of ours. */
	ret_answer->ends |= !server->negotiated;
	if (wants_none)
		return;
	ret_answer->len = VU_HEADER + c.len;
	c.header.size = (uint32_t)ret_answer->len;
	vu_header_write(&c.header, answer_bytes);
}

void vu_server_start(struct vu_server *server, struct vfio *vfio, int device)
{
	*server = (struct vu_server){.device = device, .vfio = vfio, .short_file = -1};
}

void vu_server_stop(struct vu_server *server)
{
	if (server->short_file >= 0)
		close(server->short_file);
	server->short_file = -1;
}

void vu_server_connect(struct vu_server *server)
{
	server->negotiated = false;
}

uint64_t vu_server_messages(const struct vu_server *server)
{
	uint64_t count = 0;

	for (size_t i = 0; i <= VU_COMMAND_COUNT; i++)
		count += server->seen[i];
	return count;
}
