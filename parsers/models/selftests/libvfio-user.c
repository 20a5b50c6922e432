/* SPDX-License-Identifier: MIT */
/*
 * The parser `libvfio-user`: libvfio-user's sample client, samples/client.c get_region_vfio_caps(), as of
 * 2026. Read, not measured.
 *
 * An argsz above 32 means a chain, whatever the flags say, which is asked for; the second argsz has to
 * be the first. The first header is the one right behind the struct, wherever cap_offset points. An id
 * but SPARSE_MMAP ends the program; next 0 ends the chain, and the last SPARSE_MMAP stays. It reads from
 * a peer: replies that this model cannot answer for without a fault it abstains from, and so it does
 * from all that the sample makes of a third capability.
 */
#include "../peer.h"

/* Whether the header at @at and its areas can be read; then @ret_id is its id. */
static bool may_read(struct peer *peer, uint32_t at, uint16_t *ret_id)
{
	uint32_t areas;

	if (!peer_may_load(peer, at, CAP_HEADER_SIZE, 3))
		return false;
	*ret_id = overlay_header(peer->info, at)->id;
	return *ret_id != CAP_ID_SPARSE_MMAP || peer_areas(peer, at, &areas);
}

static struct info_answer libvfio_user_read(struct walk *walk, const void *info, uint32_t len,
					    enum info_kind kind)
{
	uint32_t argsz, at = MODEL_REGION;
	struct peer peer;
	uint16_t id;

	if (len < MODEL_REGION)
		return answer(VERDICT_ABSTAIN);
	argsz = overlay_argsz(info);
	if (len == MODEL_REGION && argsz > len)
		return answer_truncated(argsz);
	if (argsz != len)
		return len == MODEL_REGION ? answer(VERDICT_ABSTAIN) : answer_reject("assertion");
	if (len == MODEL_REGION)
		return answer(VERDICT_ABSENT);
	peer = peer_begin(info, len);
	for (unsigned int caps = 0; caps < 2; caps++) {
		if (!may_read(&peer, at, &id))
			return answer(VERDICT_ABSTAIN);
		if (id != CAP_ID_SPARSE_MMAP)
			return answer_reject("bad-cap-id");
		walk_forget(walk, id);
		model_take(walk, info, at, kind);
		at = overlay_header(info, at)->next;
		if (!at)
			return answer(VERDICT_OK);
	}
	return answer(VERDICT_ABSTAIN);
}

const struct info_parser libvfio_user_parser = {
	.name = "libvfio-user",
	.summary =
		"libvfio-user of 2026, sample client: the header behind the struct, SPARSE_MMAP or the end",
	.trust = INFO_TRUSTING,
	.source = INFO_FROM_PEER,
	.claims = INFO_CLAIM_AGAIN,
	.reads = {[INFO_REGION] = {INFO_LIST, INFO_ID(CAP_ID_SPARSE_MMAP),
				   INFO_ID(CAP_ID_SPARSE_MMAP)}},
	.read = libvfio_user_read,
};
