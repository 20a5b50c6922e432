/* SPDX-License-Identifier: MIT */
/* What a fetch loop calls while it runs, and what is kept of it; see host.h and fetch_loop.h. */
#include "host.h"

#include <errno.h>
#include <linux/vfio.h>
#include <signal.h>
#include <string.h>

#include "../../parsers/layout.h"
#include "../judge/own.h"
#include "../sandbox/heap.h"
#include "../sandbox/walk.h"

const struct fetch_rule_text fetch_rules[FETCH_RULES] = {
	[FETCH_NONE] = {"", ""},
	[FETCH_UNBOUNDED] = {"unbounded", "asks without a bound of its own"},
	[FETCH_ABSURD_ALLOC] = {"absurd-alloc", "takes memory of any size that a reply names"},
	[FETCH_OVERRUN] = {"overrun", "writes past its buffer, or has a reply do it"},
	[FETCH_SHORT_FIXED] = {"short-fixed", "reads fixed fields past a buffer that is too short"},
	[FETCH_PAST_ALLOCATION] = {"past-allocation",
				   "walks by an argsz that is larger than its allocation"},
	[FETCH_LEAK] = {"leak", "leaves memory behind"},
	[FETCH_ABSENT_FOR_TRUNCATED] =
		{"absent-for-truncated",
		 "takes a reply that wants more for one without capabilities"},
	[FETCH_UNWRITTEN] = {"unwritten", "answers by bytes that nobody wrote"},
	[FETCH_EARLIER_REPLY] = {"earlier-reply",
				 "answers by flags or capabilities of an earlier reply"},
	[FETCH_ASKED_SHORT] =
		{"asked-short",
		 "gives up on a reply that it asked for with less than there has to be"},
	[FETCH_NEVER_GROWN] =
		{"never-grown",
		 "gives up on a reply that wants more, and that more would have brought"},
};

const char *fetch_rule_says(const char *name)
{
	for (unsigned int rule = 1; rule < FETCH_RULES; rule++)
		if (strcmp(fetch_rules[rule].name, name) == 0)
			return fetch_rules[rule].says;
	return "";
}

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
	bool own; /* the loop is one from outside */
};

static struct fetch the_fetch;
static const struct fetch_loop *the_loop;

/*
 * Loads that a loop may do, of its memory: one that reads every byte of each buffer is far below. One from
 * outside has as many of its stack and globals times WALK_OWN_LOADS, and is to end within a second too.
 */
#define LOADS_MAX     (UINT64_C(1) << 22)
#define LOADS_MAX_OWN (UINT64_C(1) << 20)

static _Noreturn void end(struct fetch *fetch, enum fetch_rule rule, enum verdict verdict)
{
	fetch->trial->rule = rule;
	walk_leave(verdict, SEEN_BY_CALL, 0, 0, (uintptr_t)__builtin_frame_address(0));
}

/* The piece that starts at @at, or NULL. */
static struct piece *find_piece(struct fetch *fetch, const uint8_t *at)
{
	for (size_t i = fetch->npieces; i > 0; i--)
		if (fetch->pieces[i - 1].at == at)
			return &fetch->pieces[i - 1];
	return NULL;
}

static struct piece *piece_at(struct fetch *fetch, const uint8_t *at)
{
	struct piece *const piece = find_piece(fetch, at);

	if (!piece)
		walk_crash(fetch->walk, SIGSEGV);
	return piece;
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
	/* Fresh memory has a fill of its own. */
	if (zeroed || fetch->trial->fill != WALK_FILL)
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

/* What is asked with: @size bytes at @at, and the piece where it is one. */
struct buffer {
	uint8_t *at;
	uint32_t size;
	struct piece *piece;
};

/* The most that a conversation shows of a buffer. */
static uint32_t most_room(const struct fetch *fetch)
{
	return fetch->own ? FETCH_ROOM_OWN : FETCH_ROOM;
}

/* What of a program's own memory is at @at: of its heap what is left there, of all else what argsz says. */
static uint32_t own_size(const struct fetch *fetch, const uint8_t *at)
{
	const uintptr_t address = (uintptr_t)at;
	const struct scratch_object *const object = heap_find(address);
	size_t size;

	/* It was freed, or is beside what there is. */
	if (!object && heap_nearest(address))
		walk_leave(VERDICT_WROTE, SEEN_BY_CALL, address, 0,
			   (uintptr_t)__builtin_frame_address(0));
	size = object ? object->start + object->size - address : (size_t)layout_load(at, 4);
	return size < most_room(fetch) ? (uint32_t)size : most_room(fetch);
}

static struct buffer buffer_at(struct fetch *fetch, uint8_t *at)
{
	struct piece *const piece = fetch->own ? find_piece(fetch, at) : piece_at(fetch, at);

	return (struct buffer){at, piece ? piece->size : own_size(fetch, at), piece};
}

/* What a buffer shows of a field, 0 where it is too short to have it. */
static uint32_t field(const struct buffer *buffer, uint32_t at)
{
	return at + 4 <= buffer->size ? (uint32_t)layout_load(buffer->at + at, 4) : 0;
}

/* Of all but argsz, which a program may correct; of an adapter's alone, as of all others the bytes are compared. */
static uint64_t hash_of(const struct buffer *buffer)
{
	uint64_t hash = INFO_HASH_START;

	for (uint32_t i = 4; !buffer->piece && i < buffer->size; i++)
		hash = info_hash(hash, buffer->at[i]);
	return info_hash(hash, buffer->size);
}

/* Writes those of 8 bytes that @written has a 1 for, and marks them in @known; how many there were. */
static uint32_t merge(uint8_t *at, const uint8_t *bytes, uint8_t *known, const uint8_t *written)
{
	uint64_t old, new, marks, marked, mask;

	memcpy(&old, at, sizeof(old));
	memcpy(&new, bytes, sizeof(new));
	memcpy(&marks, written, sizeof(marks));
	memcpy(&marked, known, sizeof(marked));
	mask = marks * UINT8_MAX;
	old = (old & ~mask) | (new &mask);
	marked |= marks;
	memcpy(at, &old, sizeof(old));
	memcpy(known, &marked, sizeof(marked));
	/* The highest byte of the product is the sum of all. */
	return (uint32_t)(marks * UINT64_C(0x0101010101010101) >> 56);
}

/* Takes the reply in @bytes over into @buffer, as far as it was written. */
static void take_over(struct fetch *fetch, const struct buffer *buffer, const uint8_t *bytes,
		      const uint8_t *written, uint32_t size, struct fetch_call *call)
{
	static uint8_t other[FETCH_ROOM_MAX + 1];
	const uint32_t own = size < buffer->size ? size : buffer->size;
	uint8_t *const known = buffer->piece ? buffer->piece->written : other;
	uint32_t i = 0;

	for (; i + 8 <= own; i += 8)
		call->written += merge(buffer->at + i, bytes + i, known + i, written + i);
	for (; i < own; i++) {
		if (!written[i])
			continue;
		buffer->at[i] = bytes[i];
		known[i] = 1;
		call->written++;
	}
	/* The reply ends inside the allocation. */
	if (size > own && memchr(written + own, 1, size - own))
		end(fetch, FETCH_OVERRUN, VERDICT_WROTE);
}

int fetch_ask(struct fetch *fetch, uint8_t *info)
{
	static uint8_t bytes[FETCH_ROOM_MAX + 1], written[FETCH_ROOM_MAX + 1];
	const struct layout_info *const layout = &layout_infos[fetch->script->kind];
	struct fetch_trial *const trial = fetch->trial;
	const struct buffer buffer = buffer_at(fetch, info);
	const uint32_t asked = field(&buffer, 0), most = most_room(fetch);
	/* More than any allocation is as good as anything above it. */
	const uint32_t size = asked <= most ? asked : most + 1;
	const uint32_t own = buffer.size < size ? buffer.size : size;
	struct fetch_call *call;
	int reached;

	if (trial->ncalls == FETCH_CALLS)
		end(fetch, FETCH_UNBOUNDED, VERDICT_RUNAWAY);
	call = &trial->calls[trial->ncalls++];
	*call = (struct fetch_call){.room = buffer.size, .asked = asked};
	memcpy(bytes, buffer.at, own);
	memset(bytes + own, trial->fill, size - own);
	reached = script_answer(fetch->script, trial->ncalls - 1, bytes, size,
				trial->ncalls <= trial->flipped, written);
	trial->replied = reached >= 0;
	call->error = reached < 0 ? reached : 0;
	if (call->error)
		return call->error;
	take_over(fetch, &buffer, bytes, written, (uint32_t)reached, call);
	trial->last_asked = own;
	/* Of memory of the program's own nobody knows. */
	trial->gaps |= !buffer.piece || memchr(buffer.piece->written, 0, buffer.size) != NULL;
	/* The loop may change its buffer afterwards. */
	trial->last_len = buffer.size;
	memcpy(trial->last, buffer.at, buffer.size);
	call->argsz = field(&buffer, 0);
	call->flags = field(&buffer, INFO_AT_DEVICE_flags);
	call->cap_offset = field(&buffer, layout->first.at);
	call->has_caps = call->flags & layout->caps_flag;
	call->bytes = hash_of(&buffer);
	return 0;
}

/* One that was freed before is none; of a heap it is freed here. */
static void give_up_buffer(struct fetch *fetch, const struct buffer *buffer)
{
	if (buffer->piece && !buffer->piece->live)
		walk_crash(fetch->walk, SIGABRT);
	if (buffer->piece)
		buffer->piece->live = false;
	else if (heap_nearest((uintptr_t)buffer->at))
		capchain_free(buffer->at);
}

struct info_answer fetch_hand(struct fetch *fetch, uint8_t *info)
{
	const struct buffer buffer = buffer_at(fetch, info);
	struct fetch_trial *const trial = fetch->trial;

	trial->len = buffer.size;
	trial->bytes = hash_of(&buffer);
	memcpy(trial->info, buffer.at, buffer.size);
	give_up_buffer(fetch, &buffer);
	trial->handed = true;
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

/* ioctl() of a loop from outside. */
static int own_ioctl(unsigned long request, void *argument)
{
	static const unsigned long requests[INFO_IOCTL_KINDS] = {
		[INFO_DEVICE] = VFIO_DEVICE_GET_INFO,
		[INFO_REGION] = VFIO_DEVICE_GET_REGION_INFO,
		[INFO_IOMMU] = VFIO_IOMMU_GET_INFO,
	};
	const int error = request != requests[the_fetch.script->kind] ? -ENOTTY
			  : argument ? fetch_ask(&the_fetch, (uint8_t *)argument)
				     : -EFAULT;

	errno = -error;
	return error ? -1 : 0;
}

/* Told what a loop from outside asks its heap for. How large a buffer is without a reply is its own affair. */
static void own_allocates(size_t size)
{
	const struct fetch_trial *const trial = the_fetch.trial;
	const uint32_t said = trial->ncalls ? trial->calls[trial->ncalls - 1].argsz : 0;

	if (size > FETCH_ROOM_OWN && said > FETCH_ROOM_OWN && size >= said)
		end(&the_fetch, FETCH_ABSURD_ALLOC, VERDICT_RUNAWAY);
}

/* The same of one from outside, in this process or in the child: all that counts is what both have. */
static struct info_answer run_own(struct walk *walk, const void *info, uint32_t len,
				  enum info_kind kind)
{
	static struct script script;
	struct fetch_trial *const trial = (struct fetch_trial *)walk->shared;

	script_read(trial->input, trial->ninput, &script);
	the_loop = own_loop;
	the_fetch.own = true;
	the_fetch.npieces = 0;
	the_fetch.script = &script;
	the_fetch.trial = trial;
	walk->ioctl = own_ioctl;
	walk->allocates = own_allocates;
	walk->fill = trial->fill;
	return run_loop(walk, info, len, kind);
}

/* What the sandbox saw, as a rule of conversations. */
static enum fetch_rule rule_seen(const struct fetch_trial *trial)
{
	static const struct fetch_call none;
	const struct fetch_call *const last =
		trial->ncalls ? &trial->calls[trial->ncalls - 1] : &none;
	const uint64_t at = trial->result.offset;

	switch (trial->result.verdict) {
	case VERDICT_WROTE:
		return FETCH_OVERRUN;
	case VERDICT_OOB:
		/* A program has memory besides. */
		return the_fetch.own && (!trial->ncalls || at < last->room ||
					 at >= layout_infos[the_fetch.script->kind].end)
			       ? FETCH_NONE
			       : FETCH_SHORT_FIXED;
	case VERDICT_RUNAWAY:
		return FETCH_UNBOUNDED;
	default:
		return FETCH_NONE;
	}
}

static bool leaves_memory(const struct fetch_trial *trial)
{
	if (trial->result.leaked)
		return true;
	for (size_t i = 0; i < the_fetch.npieces; i++)
		if (the_fetch.pieces[i].live)
			return true;
	return false;
}

void fetch_try(const struct fetch_loop *loop, const struct script *script,
	       struct fetch_trial *trial)
{
	static struct info_parser own_runner = {.read = run_own};
	const bool own = loop == own_loop;
	const struct walk_limits limits = {
		.budget = own ? LOADS_MAX_OWN : LOADS_MAX,
		.shared = own ? trial : NULL,
		.shared_size = sizeof(*trial),
	};

	the_loop = loop;
	the_fetch.script = script;
	the_fetch.trial = trial;
	the_fetch.npieces = 0;
	the_fetch.own = own;
	if (own) {
		own_runner.name = loop->name;
		own_runner.trust = loop->trust;
		sandbox_is_own_loop(&own_runner);
		memcpy(trial->input, script->bytes, script->size);
		trial->ninput = script->size;
	}
	trial->rule = FETCH_NONE;
	trial->ncalls = 0;
	trial->gaps = trial->replied = trial->handed = false;
	trial->last_len = trial->last_asked = trial->len = 0;
	sandbox_place(NULL, 0);
	sandbox_walk(own ? &own_runner : &runner, script->kind, &limits, &trial->result);
	the_fetch.script = script;
	trial->handed &= trial->result.verdict == VERDICT_OK;
	if (own && trial->result.verdict == VERDICT_OK && !trial->handed) {
		trial->result.verdict = VERDICT_ABSTAIN;
		trial->result.no_answer = "ok-without-a-buffer";
	}
	if (trial->result.no_answer)
		return;
	if (trial->rule == FETCH_NONE)
		trial->rule = rule_seen(trial);
	if (trial->result.verdict > VERDICT_ABSTAIN || trial->rule != FETCH_NONE)
		return;
	if (!leaves_memory(trial))
		return;
	trial->rule = FETCH_LEAK;
	trial->result.code = trial->result.leaked_code;
}
