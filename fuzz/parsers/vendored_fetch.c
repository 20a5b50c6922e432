/* SPDX-License-Identifier: MIT */
/*
 * fetch.h as a program has it that took this one file: a conversation for every status, what comes with
 * it, and that nothing is left behind. In what C and C++ have in common; returns 0 where all is right.
 * scripts/test/vendored-builds.sh compiles it in many ways.
 */
#include "../../parsers/include/fetch.h"
#include "../../parsers/include/fetch.h"

struct peer {
	const vf_u32 *wants;
	vf_u32 calls;
	vf_u32 largest;
	vf_u32 given;
	int fails;
	int wrong;
};

static vf_u32 room[65536 / 4 + 1];

static int ask(void *context, void *info)
{
	struct peer *const peer = (struct peer *)context;
	vf_u32 *const words = (vf_u32 *)info;
	vf_u32 i;

	/* The fixed struct has room; nothing of a reply before it; and the question. */
	if (words[0] < 32)
		peer->wrong = 1;
	for (i = 1; i < words[0] / 4; i++)
		if (words[i] != (i == 2 ? 7u : i < 8 ? 0u : 0xffffffffu))
			peer->wrong = 1;
	if (peer->fails)
		return peer->fails;
	words[0] = peer->wants[peer->calls < 8 ? peer->calls : 8];
	for (i = 1; i < 8; i++)
		words[i] = 0x55555555u;
	peer->calls++;
	return 0;
}

static void *grant(void *context, vf_u32 size)
{
	struct peer *const peer = (struct peer *)context;

	if (peer->given || size > 65536)
		peer->wrong = 1;
	if (size > peer->largest)
		peer->largest = size;
	if (size == 4000)
		return 0;
	peer->given = 1;
	return room;
}

static void release(void *context, void *info)
{
	struct peer *const peer = (struct peer *)context;

	if (!peer->given || info != (void *)room)
		peer->wrong = 1;
	peer->given = 0;
}

struct row {
	vf_u32 first, limit;
	int fails;
	enum vf_status status;
	vf_u32 len, argsz, attempts;
	vf_u32 wants[9];
};

static const struct row rows[] = {
	{0, 0, 0, VF_OK, 32, 32, 1, {32}},
	{0, 0, 0, VF_OK, 48, 48, 2, {48, 48}},
	{0, 0, 0, VF_OK, 48, 40, 2, {48, 40}},
	{3, 0, 0, VF_OK, 51, 51, 3, {48, 51, 51}},
	{64, 0, 0, VF_OK, 64, 48, 1, {48}},
	{0, 0, 0, VF_OK, 65536, 65536, 2, {65536, 65536}},
	{0, 0, 0, VF_TOO_LARGE, 0, 65537, 1, {65537}},
	{0, 0, 0, VF_TOO_LARGE, 0, 0xffffffffu, 1, {0xffffffffu}},
	{64, 1, 0, VF_TOO_LARGE, 0, 33, 1, {33}},
	{0, 0, 0, VF_SHORT, 0, 31, 2, {48, 31}},
	{0, 0, 0, VF_SHORT, 0, 0, 1, {0}},
	{0, 0, 0, VF_UNSTEADY, 0, 96, 8, {40, 48, 56, 64, 72, 80, 88, 96, 104}},
	{0, 0, 0, VF_OK, 88, 88, 8, {40, 48, 56, 64, 72, 80, 88, 88, 104}},
	{0, 0, 0, VF_NO_MEMORY, 0, 4000, 1, {4000}},
	{0, 0, -22, VF_REFUSED, 0, 0, 1, {0}},
};

static int holds(const struct row *row)
{
	struct peer peer;
	struct vf_caller caller;
	struct vf_reply reply;

	/* Member by member: an initializer may be a call of memcpy(). */
	peer.wants = row->wants;
	peer.calls = peer.largest = peer.given = 0;
	peer.fails = row->fails;
	peer.wrong = 0;
	caller.context = &peer;
	caller.ask = ask;
	caller.grant = grant;
	caller.release = release;
	if (vf_fetch(&reply, &caller, VF_REGION, 7, row->first, row->limit) != row->status ||
	    reply.status != row->status || reply.len != row->len || reply.argsz != row->argsz ||
	    reply.attempts != row->attempts || reply.error != row->fails || peer.wrong)
		return 0;
	if (row->status != VF_OK)
		return !reply.info && !peer.given;
	return reply.info == (void *)room && peer.given && *(vf_u32 *)reply.info == row->argsz;
}

/* A second unit that has the header too, to be linked with the first. */
#ifdef SECOND
int second(void);
#define main second
#endif

int main(void);
int main(void)
{
	vf_u32 i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (!holds(&rows[i]))
			return (int)i + 1;
	if (vf_minimum(VF_DEVICE) != 16 || vf_fixed(VF_IOMMU) != 24 || vf_fixed(VF_REGION) != 32)
		return 100;
	return vf_name(VF_UNSTEADY)[0] != 'u' || vf_name((enum vf_status)6)[2] != 'k';
}
