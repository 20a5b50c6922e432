/* SPDX-License-Identifier: MIT */
/* What a fetch loop calls while it runs, and what is kept of it; see host.h and fetch_loop.h. */
#include "host.h"

#include <signal.h>
#include <string.h>

#include "../../parsers/layout.h"
#include "../sandbox/walk.h"

const struct fetch_rule_text fetch_rules[FETCH_RULES] = {
	[FETCH_NONE] = {"", ""},
	[FETCH_UNBOUNDED] = {"unbounded", "asks without a bound of its own"},
	[FETCH_ABSURD_ALLOC] = {"absurd-alloc", "takes memory of any size that a reply names"},
	[FETCH_OVERRUN] = {"overrun", "it, or a reply to it, writes past its buffer"},
	[FETCH_SHORT_FIXED] = {"short-fixed", "reads fixed fields past a buffer that is too short"},
	[FETCH_PAST_ALLOCATION] = {"past-allocation",
				   "walks by an argsz that is larger than its allocation"},
	[FETCH_LEAK] = {"leak", "leaves memory behind"},
	[FETCH_ABSENT_FOR_TRUNCATED] =
		{"absent-for-truncated",
		 "takes a reply that wants more for one without capabilities"},
	[FETCH_UNWRITTEN] = {"unwritten", "its answer rests on bytes that nobody wrote"},
	[FETCH_EARLIER_REPLY] = {"earlier-reply",
				 "its answer rests on flags or capabilities of an earlier reply"},
};

/* One allocation; @written has a byte for each of its own. */
struct piece {
	uint8_t *at;
	uint32_t size;
	bool live;
	uint8_t written[FETCH_ROOM];
};

/* One a call and one more, twice over: room for a loop that copies. */
#define PIECES_MAX (2 * (FETCH_CALLS + 1))

struct fetch {
	struct walk *walk;
	const struct script *script;
	struct fetch_trial *trial;
	struct piece pieces[PIECES_MAX];
	size_t npieces;
	const struct piece *handed;
};

static struct fetch the_fetch;
static const struct fetch_loop *the_loop;

/*
 * Loads that a loop may do, of its memory: one that reads every byte of each buffer is far below.
 */
#define LOADS_MAX (UINT64_C(1) << 22)

static _Noreturn void end(struct fetch *fetch, enum fetch_rule rule, enum verdict verdict)
{
	fetch->trial->rule = rule;
	walk_leave(verdict, SEEN_BY_CALL, 0, 0, (uintptr_t)__builtin_frame_address(0));
}

static struct piece *piece_at(struct fetch *fetch, const uint8_t *at)
{
	for (size_t i = fetch->npieces; i > 0; i--)
		if (fetch->pieces[i - 1].at == at)
			return &fetch->pieces[i - 1];
	walk_crash(fetch->walk, SIGSEGV);
}

static struct piece *take(struct fetch *fetch, uint32_t size, bool zeroed)
{
	struct piece *const piece = &fetch->pieces[fetch->npieces];

	if (size > FETCH_ROOM)
		end(fetch, FETCH_ABSURD_ALLOC, VERDICT_RUNAWAY);
	if (fetch->npieces == PIECES_MAX)
		end(fetch, FETCH_UNBOUNDED, VERDICT_RUNAWAY);
	/* malloc(0) is a pointer too; there is nothing behind it. */
	piece->at = walk_alloc(fetch->walk, size ? size : 1);
	piece->size = size;
	piece->live = true;
	memset(piece->at, zeroed ? 0 : fetch->trial->fill, size);
	memset(piece->written, zeroed, size);
	fetch->npieces++;
	return piece;
}

uint8_t *fetch_alloc(struct fetch *fetch, uint32_t size)
{
	return take(fetch, size, false)->at;
}

uint8_t *fetch_zalloc(struct fetch *fetch, uint32_t size)
{
	return take(fetch, size, true)->at;
}

uint8_t *fetch_realloc(struct fetch *fetch, uint8_t *old, uint32_t size)
{
	struct piece *const from = piece_at(fetch, old);
	const uint32_t kept = from->size < size ? from->size : size;
	struct piece *to;

	fetch_free(fetch, old);
	if (!size)
		return NULL;
	to = take(fetch, size, false);
	memcpy(to->at, from->at, kept);
	memcpy(to->written, from->written, kept);
	return to->at;
}

void fetch_free(struct fetch *fetch, uint8_t *info)
{
	struct piece *const piece = piece_at(fetch, info);

	if (!piece->live)
		walk_crash(fetch->walk, SIGABRT);
	piece->live = false;
}

/* What an allocation shows of a field, 0 where it is too short to have it. */
static uint32_t field(const struct piece *piece, uint32_t at)
{
	return at + 4 <= piece->size ? (uint32_t)layout_load(piece->at + at, 4) : 0;
}

/* Takes the reply in @bytes over into @piece, as far as it was written. */
static void take_over(struct fetch *fetch, struct piece *piece, const uint8_t *bytes,
		      const uint8_t *written, uint32_t size, struct fetch_call *call)
{
	for (uint32_t i = 0; i < size; i++) {
		if (!written[i])
			continue;
		/* The reply ends inside the allocation. */
		if (i >= piece->size)
			end(fetch, FETCH_OVERRUN, VERDICT_WROTE);
		piece->at[i] = bytes[i];
		piece->written[i] = 1;
		call->written++;
	}
}

int fetch_ask(struct fetch *fetch, uint8_t *info)
{
	static uint8_t bytes[FETCH_ROOM + 1], written[FETCH_ROOM + 1];
	const struct layout_info *const layout = &layout_infos[fetch->script->kind];
	struct fetch_trial *const trial = fetch->trial;
	struct piece *const piece = piece_at(fetch, info);
	const uint32_t asked = field(piece, 0);
	/* More than any allocation is as good as anything above it. */
	const uint32_t size = asked <= FETCH_ROOM ? asked : FETCH_ROOM + 1;
	const uint32_t own = piece->size < size ? piece->size : size;
	struct fetch_call *call;
	int reached;

	if (trial->ncalls == FETCH_CALLS)
		end(fetch, FETCH_UNBOUNDED, VERDICT_RUNAWAY);
	call = &trial->calls[trial->ncalls++];
	*call = (struct fetch_call){.room = piece->size, .asked = asked};
	memcpy(bytes, piece->at, own);
	memset(bytes + own, trial->fill, size - own);
	reached = script_answer(fetch->script, trial->ncalls - 1, bytes, size,
				trial->ncalls <= trial->flipped, written);
	trial->replied = reached >= 0;
	call->error = reached < 0 ? reached : 0;
	if (call->error)
		return call->error;
	take_over(fetch, piece, bytes, written, (uint32_t)reached, call);
	trial->last_asked = own;
	trial->gaps |= memchr(piece->written, 0, piece->size) != NULL;
	/* The loop may change its buffer afterwards. */
	trial->last_len = piece->size;
	memcpy(trial->last, piece->at, piece->size);
	call->argsz = field(piece, 0);
	call->flags = field(piece, INFO_AT_DEVICE_flags);
	call->cap_offset = field(piece, layout->first.at);
	call->has_caps = call->flags & layout->caps_flag;
	return 0;
}

struct info_answer fetch_hand(struct fetch *fetch, uint8_t *info)
{
	struct piece *const piece = piece_at(fetch, info);

	if (!piece->live)
		walk_crash(fetch->walk, SIGABRT);
	piece->live = false;
	fetch->handed = piece;
	return answer(VERDICT_OK);
}

/* A loop, as the sandbox calls it. */
static struct info_answer run_loop(struct walk *walk, const void *info, uint32_t len,
				   enum info_kind kind)
{
	(void)info;
	(void)len;
	the_fetch.walk = walk;
	return the_loop->run(&the_fetch, kind, the_fetch.script->first);
}

static const struct info_parser runner = {
	.name = "fetch-loop",
	.summary = "the loop that is tried",
	.trust = INFO_TRUSTING,
	.read = run_loop,
};

/* What the sandbox saw, as a rule of conversations. */
static enum fetch_rule rule_seen(const struct fetch_trial *trial)
{
	switch (trial->result.verdict) {
	case VERDICT_WROTE:
		return FETCH_OVERRUN;
	case VERDICT_OOB:
		return FETCH_SHORT_FIXED;
	case VERDICT_RUNAWAY:
		return FETCH_UNBOUNDED;
	default:
		return FETCH_NONE;
	}
}

static bool leaves_memory(void)
{
	for (size_t i = 0; i < the_fetch.npieces; i++)
		if (the_fetch.pieces[i].live)
			return true;
	return false;
}

void fetch_try(const struct fetch_loop *loop, const struct script *script,
	       struct fetch_trial *trial)
{
	const struct walk_limits limits = {.budget = LOADS_MAX};

	the_loop = loop;
	the_fetch.script = script;
	the_fetch.trial = trial;
	the_fetch.npieces = 0;
	the_fetch.handed = NULL;
	trial->rule = FETCH_NONE;
	trial->ncalls = 0;
	trial->gaps = trial->replied = trial->handed = false;
	trial->last_len = trial->last_asked = trial->len = 0;
	sandbox_place(NULL, 0);
	sandbox_walk(&runner, script->kind, &limits, &trial->result);
	if (trial->rule == FETCH_NONE)
		trial->rule = rule_seen(trial);
	if (trial->result.verdict > VERDICT_ABSTAIN || trial->rule != FETCH_NONE)
		return;
	if (leaves_memory())
		trial->rule = FETCH_LEAK;
	if (trial->result.verdict != VERDICT_OK || !the_fetch.handed)
		return;
	trial->handed = true;
	trial->len = the_fetch.handed->size;
	memcpy(trial->info, the_fetch.handed->at, trial->len);
}
