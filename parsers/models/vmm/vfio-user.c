/* SPDX-License-Identifier: MIT */
/*
 * The parser `vfio-user`: rust-vmm's vfio-user client 0.1.5, before its pull request 172,
 * get_region_info() and parse_region_caps(). Read, not measured; a release build, where u32
 * arithmetic wraps (a debug build panics).
 *
 * The flag is not tested: an argsz above 32 means a chain, which is asked for and then copied,
 * argsz - 32 bytes of it, into memory of its own. Offsets count from there, in u32: one below 32
 * wraps, and from 24 on passes the check that the header ends inside; a count times 16 wraps, and
 * passes too. What is outside ends the chain, and what was taken so far is kept, none at all
 * included: an unreadable list is an absent one. Every SPARSE_MMAP is taken, other ids are passed
 * over, and there is no guard against a loop.
 *
 * It reads from a peer. Public, because https://github.com/rust-vmm/vfio/pull/172 names them, are
 * the faults of a cap_offset below 32, of a count whose product wraps, and of a next that points at
 * itself. Wherever else the walk would fault, or the reply's length is not what its argsz says, the
 * model abstains.
 */
#include "../peer.h"

/* sizeof(struct vfio_region_info): the first request, and where the copy begins. */
#define FIRST_REQUEST  32
#define FIXED_SIZE     16
/* Id and next, and of a SPARSE_MMAP both ids, its version and twice its count. */
#define LOADS_A_HEADER 6

enum areas { AREAS_FIT, AREAS_OUTSIDE, AREAS_UNSAID };

/*
 * Whether the program takes the areas of the SPARSE_MMAP at @at, as its u32 sum has it, or what
 * would follow is not public.
 */
static enum areas areas_at(struct peer *peer, uint32_t at)
{
	uint64_t product, sum;

	if (at + FIXED_SIZE > peer->len)
		return AREAS_OUTSIDE;
	product = (uint64_t)model_count(peer->info, at) * ELEMENTS_PAIRS;
	sum = at + FIXED_SIZE + product;
	if ((uint32_t)sum > peer->len)
		return AREAS_OUTSIDE;
	/* The product wraps: the walk is about to leave the copy, and that is public. */
	if (product > UINT32_MAX)
		return AREAS_FIT;
	return peer_may_load(peer, at, FIXED_SIZE + product, product / 8) ? AREAS_FIT
									  : AREAS_UNSAID;
}

/* The copy's chain; offsets in it count from FIRST_REQUEST. */
static struct info_answer read_chain(struct walk *walk, struct peer *peer, const uint32_t first)
{
	uint32_t next, offset = first;
	bool any = false, itself = false;
	enum areas areas;
	struct info_cap cap;

	for (; offset; offset = next) {
		/* These differences and sums wrap, and are meant to. */
		const uint32_t at = offset - FIRST_REQUEST;

		if (at + CAP_HEADER_SIZE > peer->len)
			break;
		if (offset < FIRST_REQUEST && offset != first)
			return answer(VERDICT_ABSTAIN);
		if (!itself && !peer_may_load(peer, 0, 0, LOADS_A_HEADER))
			return answer(VERDICT_ABSTAIN);
		if (overlay_header(peer->info, at)->id == CAP_ID_SPARSE_MMAP) {
			areas = areas_at(peer, at);
			if (areas == AREAS_OUTSIDE)
				break;
			if (areas == AREAS_UNSAID && !itself)
				return answer(VERDICT_ABSTAIN);
			overlay_cap(peer->info, at, INFO_REGION, &cap);
			cap.offset = offset;
			walk_deliver(walk, &cap);
			any = true;
		}
		next = overlay_header(peer->info, at)->next;
		itself = next == offset;
	}
	return answer(any ? VERDICT_OK : VERDICT_ABSENT);
}

static struct info_answer vfio_user_read(struct walk *walk, const void *info, uint32_t len,
					 enum info_kind kind)
{
	struct peer peer;
	uint32_t argsz;
	void *data;

	if (len < FIRST_REQUEST)
		return answer(VERDICT_ABSTAIN);
	argsz = overlay_argsz(info);
	if (argsz <= FIRST_REQUEST)
		return answer(VERDICT_ABSENT);
	if (len == FIRST_REQUEST)
		return answer_truncated(argsz);
	if (argsz > len)
		return answer(VERDICT_ABSTAIN);
	data = walk_alloc(walk, argsz - FIRST_REQUEST);
	if (!data || walk_copy_in(walk, data, FIRST_REQUEST, argsz - FIRST_REQUEST))
		return answer_reject("efault");
	peer = peer_begin(info, len);
	peer.info = data;
	peer.len = argsz - FIRST_REQUEST;
	return read_chain(walk, &peer, overlay_cap_offset(info, kind));
}

const struct info_parser vfio_user_parser = {
	.name = "vfio-user",
	.summary = "rust-vmm's vfio-user 0.1.5: no flag, u32 sums that wrap (before its PR 172)",
	.trust = INFO_TRUSTING,
	.source = INFO_FROM_PEER,
	/* Not what rests on the flag, which it does not test. */
	.claims = INFO_CLAIM_ALL & ~(INFO_CLAIM_SHIFT | INFO_CLAIM_SLACK | INFO_CLAIM_UNREAD),
	.reads = {[INFO_REGION] = {INFO_LIST, INFO_ID(CAP_ID_SPARSE_MMAP),
				   INFO_ID(CAP_ID_SPARSE_MMAP)}},
	.read = vfio_user_read,
};
