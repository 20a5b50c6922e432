/* SPDX-License-Identifier: MIT */
/* Decodes inputs, and answers as they say; see script.h. */
#include "script.h"

#include <errno.h>
#include <string.h>

/* What a producer tells beside flags and capabilities: the input does not say it. */
static const struct producer_state other_state = {
	.num_regions = 9,
	.num_irqs = 5,
	.region_size = 0x100000,
	.region_offset = UINT64_C(1) << 40,
	.iova_pgsizes = 0x40201000,
};

static uint16_t load16(const uint8_t *at)
{
	return (uint16_t)(at[0] | at[1] << 8);
}

uint16_t script_key(const struct producer *producer)
{
	uint32_t hash = 0x811c9dc5;

	for (const char *at = producer->name; *at; at++)
		hash = (hash ^ (uint8_t)*at) * 0x01000193;
	return (uint16_t)hash;
}

const struct producer *script_producer(uint16_t key)
{
	static uint16_t keys[64];

	if (!keys[0])
		for (size_t i = 0; i < producer_count && i < 64; i++)
			keys[i] = script_key(&producers[i]);
	for (size_t i = 0; i < producer_count && i < 64; i++)
		if (keys[i] == key)
			return &producers[i];
	return &producers[key % producer_count];
}

/* The announced bytes that are there, behind @at. */
static size_t present(uint16_t said, const uint8_t *at, const uint8_t *end)
{
	return (size_t)(end - at) < said ? (size_t)(end - at) : said;
}

static const uint8_t *read_replies(const uint8_t *at, const uint8_t *end, struct script *script)
{
	while (end - at >= 4 && script->nreplies < SCRIPT_PARTS) {
		struct script_reply *const reply = &script->replies[script->nreplies++];

		reply->how = at[0];
		reply->delta = (int8_t)at[1];
		reply->said = load16(at + 2);
		reply->bytes = at + 4;
		reply->size = present(reply->said, at + 4, end);
		at = reply->bytes + reply->size;
	}
	return at;
}

static const uint8_t *read_producer(const uint8_t *at, const uint8_t *end, struct script *script)
{
	if (end - at < 6)
		return at;
	script->key = load16(at);
	script->producer = script_producer(script->key);
	script->kind = script->producer->kind;
	script->state = other_state;
	script->state.flags = load16(at + 2) | (uint32_t)load16(at + 4) << 16;
	script->state.caps = script->caps;
	at += 6;
	while (end - at >= 6 && script->state.ncaps < SCRIPT_PARTS) {
		const size_t n = script->state.ncaps++;
		struct producer_cap *const cap = &script->caps[n];

		cap->id = load16(at);
		cap->version = load16(at + 2);
		script->said[n] = load16(at + 4);
		cap->payload = at + 6;
		cap->size = (uint32_t)present(script->said[n], at + 6, end);
		at = cap->payload + cap->size;
	}
	script->need = producer_need(script->producer, &script->state);
	return at;
}

enum info_kind script_kind(uint8_t head)
{
	static const enum info_kind kinds[] = {INFO_DEVICE, INFO_REGION, INFO_IOMMU, INFO_REGION};

	return kinds[head & SCRIPT_KIND];
}

void script_read(const uint8_t *bytes, size_t size, struct script *ret_script)
{
	const uint8_t *const end = bytes + size;
	const uint8_t *at = bytes;

	ret_script->bytes = bytes;
	ret_script->size = size;
	ret_script->head = 0;
	ret_script->first = 0;
	ret_script->nreplies = 0;
	ret_script->producer = NULL;
	ret_script->need = 0;
	ret_script->state.ncaps = 0;
	if (size >= 3) {
		ret_script->head = bytes[0];
		ret_script->first = load16(bytes + 1);
		at += 3;
	}
	ret_script->kind = script_kind(ret_script->head);
	if (size >= 3 && ret_script->head & SCRIPT_PRODUCED)
		at = read_producer(at, end, ret_script);
	else if (size >= 3)
		at = read_replies(at, end, ret_script);
	ret_script->rest = at;
	ret_script->nrest = (size_t)(end - at);
}

/* The reply to call number @call, NULL where there is none at all. */
static const struct script_reply *reply_to(const struct script *script, size_t call)
{
	if (!script->nreplies)
		return NULL;
	if (script->head & SCRIPT_CYCLES)
		return &script->replies[call % script->nreplies];
	return &script->replies[call < script->nreplies ? call : script->nreplies - 1];
}

static int answer_freely(const struct script_reply *reply, uint8_t *buffer, uint32_t argsz,
			 uint8_t *ret_written)
{
	uint32_t size;

	if (!reply || reply->how & REPLY_FAILS ||
	    (reply->how & REPLY_MESSAGE && reply->size > argsz))
		return -EINVAL;
	size = reply->size < argsz ? (uint32_t)reply->size : argsz;
	memcpy(buffer, reply->bytes, size);
	if (reply->how & REPLY_RELATIVE && argsz >= 4) {
		layout_store(buffer, 4, argsz + (uint64_t)(int64_t)reply->delta);
		size = size < 4 ? 4 : size;
	}
	memset(ret_written, 1, size);
	return (int)size;
}

/*
 * Bytes at the start of a reply in which a producer may write: it never does past all that it has.
 */
#define REACH_MAX INFO_LEN_MAX

/* A producer shows what it writes by answering twice, over bytes that differ. */
static int answer_as_producer(const struct script *script, uint8_t *buffer, uint32_t argsz,
			      uint8_t *ret_written)
{
	static uint8_t other[REACH_MAX];
	const uint32_t most = script->need < 64 ? 64 : script->need;
	const uint32_t reach = argsz < most ? argsz : most;
	int error;

	if (!script->need || argsz > REACH_MAX)
		return -EINVAL;
	for (uint32_t i = 0; i < reach; i++)
		other[i] = (uint8_t)~buffer[i];
	/* What the caller says has to be the same. */
	memcpy(other, buffer, reach < 4 ? reach : 4);
	if (script->kind == INFO_REGION && reach >= 12)
		memcpy(other + 8, buffer + 8, 4);
	error = producer_answer(script->producer, &script->state, buffer, argsz);
	if (error)
		return error;
	producer_answer(script->producer, &script->state, other, argsz);
	for (uint32_t i = 0; i < reach; i++)
		ret_written[i] = buffer[i] == other[i];
	return (int)reach;
}

int script_answer(const struct script *script, size_t call, uint8_t *buffer, uint32_t argsz,
		  bool flipped, uint8_t *ret_written)
{
	const int reached =
		script->head & SCRIPT_PRODUCED
			? answer_as_producer(script, buffer, argsz, ret_written)
			: answer_freely(reply_to(script, call), buffer, argsz, ret_written);

	for (int i = 4; flipped && i < reached; i++)
		if (ret_written[i])
			buffer[i] = (uint8_t)~buffer[i];
	return reached;
}

/* Whether a driver could hand it over: all of its struct is there, so nobody reads its padding. */
static bool is_whole(const struct producer *producer, const struct producer_cap *cap)
{
	const struct layout_cap *const layout = layout_cap(producer->kind, cap->id);
	uint32_t count = 0, size;

	if (!layout || !info_has_id(producer->ids, cap->id))
		return false;
	if (layout->elements && cap->size >= 4)
		count = (uint32_t)layout_load(cap->payload, 4);
	size = producer_cap_size(layout,
				 cap->version && cap->version <= layout->newest ? cap->version
										: layout->newest,
				 count);
	return size && cap->size >= size - CAP_HEADER_SIZE;
}

bool script_is_steady(const struct script *script)
{
	const struct producer *const producer = script->producer;
	const size_t n = script->state.ncaps;

	if (!(script->head & SCRIPT_PRODUCED) || !producer || producer->most < n ||
	    producer->least > n)
		return false;
	/* Its sample breaks the rule of the UAPI: a generous first argsz is refused. */
	if (strcmp(producer->name, "mbochs-4.18") == 0)
		return false;
	for (size_t i = 0; i < n; i++)
		if (!is_whole(producer, &script->caps[i]))
			return false;
	return script->need <= SCRIPT_NEED_MAX;
}
