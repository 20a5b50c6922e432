/* SPDX-License-Identifier: MIT */
/* What a server's replies are held to beside their header, and the commands that no sweep asks; see client.h. */
#include <errno.h>
#include <inttypes.h>
#include <linux/vfio.h>
#include <string.h>
#include <sys/stat.h>

#include "../../parsers/layout.h"
#include "client.h"

/* Commands past the table: none of any version that is known. */
#define UNKNOWN_COMMAND 0x7fff
#define REGIONS_MAX	64u
#define IRQS_MAX	64u
/* A read of config space, as a machine monitor makes it. */
#define READ_MAX	256u

static uint32_t load(const struct vu_heard *heard, uint32_t at)
{
	return at + 4 <= heard->size ? (uint32_t)layout_load(heard->bytes + at, 4) : 0;
}

/* Where what may be mapped of a region ends: its whole, since areas lie inside. */
static void hold_file(struct vu_client *client, uint32_t index, const struct vu_heard *heard)
{
	const uint64_t size = layout_load(heard->bytes + INFO_AT_REGION_size, 8);
	const uint64_t offset = layout_load(heard->bytes + INFO_AT_REGION_offset, 8);
	struct stat what;

	/* What has no size of its own, as a device, says nothing. */
	if (fstat(heard->fds[0], &what) || !S_ISREG(what.st_mode))
		return;
	if (offset > (uint64_t)what.st_size || size > (uint64_t)what.st_size - offset)
		vu_client_broke(client, VU_RULE_FD_SHORT,
				"region %u has 0x%" PRIx64 " bytes at 0x%" PRIx64
				" of a file that has 0x%" PRIx64,
				index, size, offset, (uint64_t)what.st_size);
}

static void hold_fds(struct vu_client *client, const struct probe_subject *subject, bool whole,
		     const struct vu_heard *heard)
{
	const bool mapped = subject->kind == INFO_REGION && heard->size >= 32 &&
			    load(heard, INFO_AT_REGION_flags) & FLAG_REGION_MMAP;

	if (heard->nfds && !mapped)
		vu_client_broke(client, VU_RULE_FD_UNASKED, "%zu descriptors beside %s",
				heard->nfds, info_kind_name(subject->kind));
	if (heard->nfds > 1)
		vu_client_broke(client, VU_RULE_FD_MANY, "%zu descriptors for region %u",
				heard->nfds, subject->index);
	if (!heard->nfds && mapped && whole)
		vu_client_broke(client, VU_RULE_FD_MISSING,
				"region %u has MMAP set and no descriptor", subject->index);
	if (heard->nfds && mapped)
		hold_file(client, subject->index, heard);
}

void vu_client_hold_info(struct vu_client *client, const struct probe_subject *subject,
			 uint32_t argsz, const struct vu_heard *heard)
{
	const struct layout_info *const info = &layout_infos[subject->kind];
	const uint32_t said = load(heard, 0);
	const uint32_t first = load(heard, 4) & info->caps_flag ? load(heard, info->first.at) : 0;

	if (heard->error || heard->size < info->minsz) {
		if (heard->nfds)
			vu_client_broke(client, VU_RULE_FD_UNASKED,
					"%zu descriptors beside an error", heard->nfds);
		return;
	}
	if (heard->size > argsz)
		vu_client_broke(client, VU_RULE_LONG, "%zu bytes answer an argsz of %u",
				heard->size, argsz);
	if (said <= argsz && said > heard->size)
		vu_client_broke(client, VU_RULE_CARRIED, "argsz says %u, and %zu bytes came", said,
				heard->size);
	if (first && first >= heard->size)
		vu_client_broke(client, VU_RULE_CARRIED, "cap_offset is %u, and %zu bytes came",
				first, heard->size);
	if (subject->kind == INFO_REGION && load(heard, INFO_AT_REGION_index) != subject->index)
		vu_client_broke(client, VU_RULE_INDEX, "region %u is answered as %u",
				subject->index, load(heard, INFO_AT_REGION_index));
	hold_fds(client, subject, said <= argsz, heard);
}

/* INFO of @subject as probe asks for it: as much of the message as the caller has room for. */
static int ask(struct probe_device *device, const struct probe_subject *subject, uint8_t *info)
{
	struct vu_client *const client = (struct vu_client *)device;
	const enum vu_command command =
		subject->kind == INFO_DEVICE ? VU_DEVICE_INFO : VU_REGION_INFO;
	const uint32_t least = vu_commands[command].least;
	const uint32_t argsz = (uint32_t)layout_load(info, 4);
	uint8_t payload[32] = {0};
	struct vu_heard heard;
	int status;

	layout_store(payload, 4, argsz);
	if (subject->kind == INFO_REGION)
		layout_store(payload + INFO_AT_REGION_index, 4, subject->index);
	status = vu_client_call(client, vu_commands[command].number, payload, least, &heard);
	if (status)
		return status;
	vu_client_hold_info(client, subject, argsz, &heard);
	if (heard.error)
		return -heard.error;
	memcpy(info, heard.bytes, heard.size < argsz ? heard.size : argsz);
	return 0;
}

static bool read_config(struct probe_device *device, uint8_t *ret_config, uint64_t *made)
{
	struct vu_client *const client = (struct vu_client *)device;
	uint8_t what[VU_AT_RW_DATA] = {0};
	struct vu_heard heard;

	layout_store(what + VU_AT_RW_REGION, 4, 7);
	layout_store(what + VU_AT_RW_COUNT, 4, 256);
	++*made;
	/* The data are all there. */
	if (vu_client_call(client, vu_commands[VU_REGION_READ].number, what, sizeof(what),
			   &heard) ||
	    heard.error || heard.size < VU_AT_RW_DATA + 256)
		return false;
	memcpy(ret_config, heard.bytes + VU_AT_RW_DATA, 256);
	return true;
}

struct probe_device *vu_client_device(struct vu_client *client)
{
	client->device = (struct probe_device){.ask = ask, .config = read_config, .is_peer = true};
	return &client->device;
}

/* Sends @count words as @command. False where the server is gone. */
static bool call(struct vu_client *client, enum vu_command command, const uint32_t *words,
		 size_t size, struct vu_heard *ret_heard)
{
	return !vu_client_call(client, vu_commands[command].number, words, size, ret_heard);
}

static void hold_irqs(struct vu_client *client, uint32_t count)
{
	struct vu_heard heard;

	for (uint32_t index = 0; index <= count && index <= IRQS_MAX; index++) {
		const uint32_t words[4] = {16, 0, index, 0};

		if (!call(client, VU_IRQ_INFO, words, sizeof(words), &heard))
			return;
		if (!heard.error != (index < count))
			vu_client_broke(client, VU_RULE_IRQ_INFO, "interrupt %u of %u is %s", index,
					count, heard.error ? "refused" : "told of");
		if (!heard.error && load(&heard, VU_AT_INDEX) != index)
			vu_client_broke(client, VU_RULE_INDEX, "interrupt %u is answered as %u",
					index, load(&heard, VU_AT_INDEX));
	}
}

static void hold_io_fds(struct vu_client *client, uint32_t index)
{
	const uint32_t words[4] = {4096, 0, index, 0};
	struct vu_heard heard;
	uint32_t count;

	if (!call(client, VU_REGION_IO_FDS, words, sizeof(words), &heard) || heard.error)
		return;
	count = load(&heard, VU_AT_IO_COUNT);
	if (load(&heard, VU_AT_INDEX) != index)
		vu_client_broke(client, VU_RULE_INDEX,
				"descriptors of region %u are answered as %u", index,
				load(&heard, VU_AT_INDEX));
	/* Each of them lies in the message. */
	if (heard.size < VU_AT_IO_REGIONS ||
	    count > (heard.size - VU_AT_IO_REGIONS) / VU_IO_REGION) {
		vu_client_broke(client, VU_RULE_IO_FDS, "region %u counts %u in %zu bytes", index,
				count, heard.size);
		return;
	}
	for (uint32_t i = 0; i < count; i++) {
		const uint32_t fd =
			load(&heard, VU_AT_IO_REGIONS + i * VU_IO_REGION + VU_AT_IO_INDEX);

		if (fd >= heard.nfds)
			vu_client_broke(client, VU_RULE_IO_FDS,
					"region %u names descriptor %u of %zu", index, fd,
					heard.nfds);
	}
}

/* Reads @count bytes at @offset of region @index. */
static bool read_region(struct vu_client *client, uint32_t index, uint64_t offset, uint32_t count,
			struct vu_heard *ret_heard)
{
	uint32_t words[4] = {0, 0, index, count};

	layout_store((uint8_t *)words, 8, offset);
	return call(client, VU_REGION_READ, words, sizeof(words), ret_heard);
}

static void hold_reads(struct vu_client *client, uint32_t index, uint64_t size)
{
	const uint32_t count = size < READ_MAX ? (uint32_t)size : READ_MAX;
	struct vu_heard heard;

	if (!read_region(client, index, 0, count, &heard))
		return;
	if (!heard.error &&
	    (heard.size != VU_AT_RW_DATA + count || load(&heard, VU_AT_RW_REGION) != index ||
	     load(&heard, VU_AT_RW_COUNT) != count || layout_load(heard.bytes, 8)))
		vu_client_broke(client, VU_RULE_READ,
				"%u bytes of region %u come as %u of %u in %zu bytes", count, index,
				load(&heard, VU_AT_RW_COUNT), load(&heard, VU_AT_RW_REGION),
				heard.size);
	if (heard.nfds)
		vu_client_broke(client, VU_RULE_FD_UNASKED, "%zu descriptors beside a read",
				heard.nfds);
	if (read_region(client, index, size - 1, 2, &heard) && !heard.error)
		vu_client_broke(client, VU_RULE_READ_PAST,
				"2 bytes of region %u are read where it has 1", index);
}

static void hold_regions(struct vu_client *client, uint32_t count)
{
	uint32_t words[8] = {32, 0, 0};
	struct vu_heard heard;

	for (uint32_t index = 0; index < count && index < REGIONS_MAX; index++) {
		uint64_t size;

		words[2] = index;
		if (!call(client, VU_REGION_INFO, words, sizeof(words), &heard))
			return;
		size = heard.error || heard.size < 32
			       ? 0
			       : layout_load(heard.bytes + INFO_AT_REGION_size, 8);
		if (size && load(&heard, INFO_AT_REGION_flags) & FLAG_REGION_READ)
			hold_reads(client, index, size);
		if (size)
			hold_io_fds(client, index);
	}
	words[2] = count;
	if (call(client, VU_REGION_INFO, words, sizeof(words), &heard) && !heard.error)
		vu_client_broke(client, VU_RULE_REGION_PAST, "region %u of %u is told of", count,
				count);
}

static void hold_refusals(struct vu_client *client)
{
	const uint32_t words[8] = {32};
	struct vu_heard heard;

	if (!vu_client_call(client, UNKNOWN_COMMAND, NULL, 0, &heard) && !heard.error)
		vu_client_broke(client, VU_RULE_UNKNOWN, "command %u is answered without an error",
				UNKNOWN_COMMAND);
	if (call(client, VU_REGION_INFO, words, 8, &heard) && !heard.error)
		vu_client_broke(client, VU_RULE_SHORT_COMMAND,
				"8 bytes of device-get-region-info are answered without an error");
}

void vu_client_ask_rest(struct vu_client *client)
{
	const uint32_t words[4] = {16};
	struct vu_heard heard;
	uint32_t flags, regions, irqs;

	if (!call(client, VU_DEVICE_INFO, words, sizeof(words), &heard) || heard.error ||
	    heard.size < 16)
		return;
	flags = load(&heard, INFO_AT_DEVICE_flags);
	regions = load(&heard, INFO_AT_DEVICE_num_regions);
	irqs = load(&heard, INFO_AT_DEVICE_num_irqs);
	hold_regions(client, regions);
	hold_irqs(client, irqs);
	hold_refusals(client);
	if (flags & FLAG_DEVICE_RESET && call(client, VU_RESET, NULL, 0, &heard) && heard.error)
		vu_client_broke(client, VU_RULE_RESET, "it says RESET, and refuses: %s",
				strerror(heard.error));
}
