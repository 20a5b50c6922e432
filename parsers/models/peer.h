/* SPDX-License-Identifier: MIT */
/*
 * For models of programs that read from a peer: a walk that abstains before it would fault.
 *
 * A fault of such a program is a security question for its maintainers, and nothing is published
 * that they have not had first. So before each load the model asks whether it stays inside the
 * reply and inside an allowance that is below every host's load budget. Where it does not, the
 * model abstains, which says nothing of the real program: it may check there what the model does
 * not know of.
 */
#ifndef PARSERS_MODELS_PEER_H
#define PARSERS_MODELS_PEER_H

#include "model.h"

/* @loads: what is left of min(len, argsz) and a few; no chain worth reading needs more. */
struct peer {
	const void *info;
	uint32_t len;
	uint64_t loads;
};

#define PEER_SPARE_LOADS 32

/* @len is at least that of the INFO struct. */
static inline struct peer peer_begin(const void *info, uint32_t len)
{
	const uint32_t argsz = overlay_argsz(info);
	const struct peer peer = {info, len, (argsz < len ? argsz : len) + PEER_SPARE_LOADS};

	return peer;
}

/* Whether @loads loads that end @size bytes behind @at stay inside the reply and the allowance. */
static inline bool peer_may_load(struct peer *peer, uint32_t at, uint64_t size, uint64_t loads)
{
	if (at + size > peer->len || loads > peer->loads)
		return false;
	peer->loads -= loads;
	return true;
}

/* model_find() from @at on. False where the program might fault; then @ret_at is unset. */
static inline bool peer_find(struct peer *peer, uint32_t at, uint16_t id, uint32_t *ret_at)
{
	for (; at; at = overlay_header(peer->info, at)->next) {
		if (!peer_may_load(peer, at, CAP_HEADER_version, 1))
			return false;
		if (overlay_header(peer->info, at)->id == id)
			break;
		if (!peer_may_load(peer, at, CAP_HEADER_SIZE, 1))
			return false;
	}
	*ret_at = at;
	return true;
}

/* Whether all areas of the SPARSE_MMAP at @at can be read; their number in @ret_count. */
static inline bool peer_areas(struct peer *peer, uint32_t at, uint32_t *ret_count)
{
	/* Id, version and count are loaded once more with the areas. */
	if (!peer_may_load(peer, at, CAP_COUNT_AT + 4, 4))
		return false;
	*ret_count = model_count(peer->info, at);
	return peer_may_load(peer, at, 16 + (uint64_t)*ret_count * ELEMENTS_PAIRS,
			     (uint64_t)*ret_count * 2);
}

#endif
