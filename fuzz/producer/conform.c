/* SPDX-License-Identifier: MIT */
/* Holds models to captured replies; see conform.h. */
#include "conform.h"

#include <fnmatch.h>
#include <string.h>

#include "../../parsers/layout.h"
#include "reply_state.h"

static bool claims(const struct producer *producer, const struct captured *reply)
{
	if (producer->kind != reply->kind)
		return false;
	for (const struct producer_claim *claim = producer->captured; claim->devices; claim++)
		if (fnmatch(claim->devices, reply->device, 0) == 0 &&
		    reply->release >= claim->since &&
		    (!claim->before || reply->release < claim->before))
			return true;
	return false;
}

/* The one producer of the table that claims the reply, or @count. */
static size_t claimant(const struct producer *table, size_t count, const struct captured *reply,
		       FILE *out)
{
	size_t found = count;

	for (size_t i = 0; i < count; i++) {
		if (!claims(&table[i], reply))
			continue;
		if (found < count) {
			fprintf(out, "%s: claimed by %s and by %s\n", reply->name,
				table[found].name, table[i].name);
			return count;
		}
		found = i;
	}
	if (found == count)
		fprintf(out, "%s: claimed by no producer; see fuzz/producer/README.md\n",
			reply->name);
	return found;
}

static bool is_full(const struct captured *reply)
{
	struct reply_state read;

	return reply_state_read(reply->kind, reply->bytes, reply->argsz, &read) == NULL;
}

/* Whether it is better to learn from @a than from @b. */
static bool better(const struct captured *a, const struct captured *b)
{
	if (a->set_aside != b->set_aside)
		return !a->set_aside;
	return a->argsz > b->argsz;
}

/*
 * Whether the full reply @from tells what the short @reply was cut from: the same fixed fields, and the need
 * that @reply says, by what @producer makes of it.
 */
static bool tells_same(const struct producer *producer, const struct captured *from,
		       const struct captured *reply)
{
	struct reply_state read, cut;

	reply_state_read(from->kind, from->bytes, from->argsz, &read);
	reply_state_read(reply->kind, reply->bytes, reply->argsz, &cut);
	return reply->argsz >= producer->minsz && from->index == reply->index &&
	       read.state.flags == cut.state.flags &&
	       read.state.num_regions == cut.state.num_regions &&
	       read.state.num_irqs == cut.state.num_irqs &&
	       read.state.region_size == cut.state.region_size &&
	       read.state.region_offset == cut.state.region_offset &&
	       read.state.iova_pgsizes == cut.state.iova_pgsizes &&
	       producer_need(producer, &read.state) == layout_load(reply->bytes, 4);
}

/*
 * The reply to learn @reply from, or NULL: one of its series; where that has no full one, one of another
 * series that tells the same.
 */
static const struct captured *source(const struct producer *producer,
				     const struct captured *replies, size_t count,
				     const struct captured *reply)
{
	const struct captured *best = NULL, *other = NULL;

	for (size_t i = 0; i < count; i++) {
		const struct captured *const from = &replies[i];

		if (from->kind != reply->kind || !is_full(from))
			continue;
		if (captured_same_series(from, reply)) {
			if (!best || better(from, best))
				best = from;
		} else if (!other && tells_same(producer, from, reply)) {
			other = from;
		}
	}
	return best ? best : other;
}

/* Whether the model writes this reply; says where it does not. */
static bool reproduced(const struct producer *producer, const struct reply_state *read,
		       const struct captured *reply, FILE *out)
{
	static uint8_t buffer[INFO_LEN_MAX];
	int error;

	captured_caller(reply, buffer);
	error = producer_answer(producer, &read->state, buffer, reply->argsz);
	if (error) {
		fprintf(out, "%s: %s refuses argsz %u: %s\n", reply->name, producer->name,
			reply->argsz, strerror(-error));
		return false;
	}
	for (uint32_t at = 0; at < reply->argsz; at++)
		if (buffer[at] != reply->bytes[at]) {
			fprintf(out, "%s: byte %u is 0x%02x, %s writes 0x%02x\n", reply->name, at,
				reply->bytes[at], producer->name, buffer[at]);
			return false;
		}
	return true;
}

bool conform(const struct producer *table, size_t count, const struct captured *replies,
	     size_t nreplies, FILE *out, struct conform *ret_conform)
{
	bool fine = nreplies > 0;

	memset(ret_conform->figures, 0, count * sizeof(ret_conform->figures[0]));
	ret_conform->learned_from = 0;
	ret_conform->unclaimed = 0;
	for (size_t i = 0; i < nreplies; i++) {
		const struct captured *const reply = &replies[i];
		const size_t by = claimant(table, count, reply, out);
		const struct captured *from;
		struct reply_state read;
		bool right;

		if (by == count) {
			ret_conform->unclaimed++;
			fine = false;
			continue;
		}
		from = source(&table[by], replies, nreplies, reply);
		if (from)
			reply_state_read(from->kind, from->bytes, from->argsz, &read);
		else
			fprintf(out,
				"%s: no full reply to learn from, of its series or of one that tells the same\n",
				reply->name);
		right = from && reproduced(&table[by], &read, reply, out);
		ret_conform->learned_from += from == reply;
		ret_conform->figures[by].captured[reply->set_aside]++;
		ret_conform->figures[by].reproduced[reply->set_aside] += right;
		fine = fine && right;
	}
	return fine;
}
