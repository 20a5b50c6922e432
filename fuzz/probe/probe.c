/* SPDX-License-Identifier: MIT */
/* The sweep, and the rules that each reply is held to; see probe.h. */
#include "probe.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../../parsers/layout.h"
#include "values.h"

#define FILLS	       2
#define CALLS	       2
/* Of a fill, twice in a row. */
#define SIZE_OF(argsz) ((size_t)(argsz) + PROBE_SLACK)

struct sample {
	uint32_t argsz;
	int status;
	uint8_t *bytes[FILLS][CALLS];
};

struct sweep {
	struct probe_device *device;
	const struct probe_subject *subject;
	const struct layout_info *info;
	struct judge *judge;
	struct probe_result *result;
	struct sample *samples;
	uint32_t count;
	struct probe_table table;
	/* The first reply that had its whole chain. */
	const struct sample *whole;
};

static const uint8_t fills[FILLS] = {PROBE_FILL, PROBE_OTHER_FILL};

const char *probe_rule_name(enum probe_rule rule)
{
	static const char *const names[] = {
#define RULE(symbol, name, words) name,
		PROBE_RULES(RULE)
#undef RULE
	};

	return names[rule];
}

const char *probe_rule_words(enum probe_rule rule)
{
	static const char *const all[] = {
#define RULE(symbol, name, words) words,
		PROBE_RULES(RULE)
#undef RULE
	};

	return all[rule];
}

static uint32_t load32(const uint8_t *info, uint32_t at)
{
	return (uint32_t)layout_load(info + at, 4);
}

/* The reply as it is shown and kept: of the first fill. */
static const uint8_t *reply_of(const struct sample *sample)
{
	return sample->bytes[0][0];
}

__attribute__((format(printf, 4, 5))) static void broke(struct sweep *sweep, enum probe_rule rule,
							const struct sample *sample,
							const char *format, ...)
{
	struct probe_violation *const violation = &sweep->result->violations[rule];
	va_list args;

	if (violation->count++)
		return;
	violation->rule = rule;
	violation->argsz = sample->argsz;
	violation->len = sample->argsz;
	violation->info = malloc(SIZE_OF(sample->argsz));
	if (violation->info)
		memcpy(violation->info, reply_of(sample), SIZE_OF(sample->argsz));
	va_start(args, format);
	vsnprintf(violation->words, sizeof(violation->words), format, args);
	va_end(args);
}

/* What the caller puts down before the ioctl: its fill, argsz, and which region. */
static void prepare(const struct sweep *sweep, uint32_t argsz, uint8_t fill, uint8_t *ret_bytes)
{
	uint8_t index[4];

	memset(ret_bytes, fill, SIZE_OF(argsz));
	/* The kernel reads these even of a buffer that says it has no room for them. */
	layout_store(ret_bytes, 4, argsz);
	layout_store(index, 4, sweep->subject->index);
	if (sweep->subject->kind == INFO_REGION)
		memcpy(ret_bytes + 8, index, 4);
}

static int ask(struct sweep *sweep, uint32_t argsz, struct sample *ret_sample)
{
	struct sample sample = {.argsz = argsz};

	for (unsigned int call = 0; call < CALLS; call++)
		for (unsigned int fill = 0; fill < FILLS; fill++) {
			uint8_t *const bytes = malloc(SIZE_OF(argsz));

			if (!bytes)
				return -ENOMEM;
			prepare(sweep, argsz, fills[fill], bytes);
			sample.bytes[fill][call] = bytes;
			sample.status = sweep->device->ask(sweep->device, sweep->subject, bytes);
			sweep->result->calls++;
		}
	*ret_sample = sample;
	return 0;
}

enum byte_is { LEFT, WRITTEN, NEITHER };

static enum byte_is look(const struct sample *sample, uint32_t at)
{
	bool left = true, same = true;

	for (unsigned int fill = 0; fill < FILLS; fill++)
		for (unsigned int call = 0; call < CALLS; call++) {
			left &= sample->bytes[fill][call][at] == fills[fill];
			same &= sample->bytes[fill][call][at] == sample->bytes[0][0][at];
		}
	return left ? LEFT : same ? WRITTEN : NEITHER;
}

/* Whether bytes from @start to @end are as the caller put them down. */
static bool all_left(const struct sample *sample, uint32_t start, uint32_t end)
{
	for (; start < end; start++)
		if (look(sample, start) != LEFT)
			return false;
	return true;
}

static void check_refused(struct sweep *sweep, const struct sample *sample)
{
	uint8_t *const before = malloc(SIZE_OF(sample->argsz));

	if (sample->argsz < sweep->info->minsz ? sample->status != -EINVAL : sample->status)
		broke(sweep,
		      sample->argsz < sweep->info->minsz ? PROBE_SHORT_ACCEPTED : PROBE_REFUSES,
		      sample, "argsz %u ends with %s", sample->argsz, strerror(-sample->status));
	for (unsigned int fill = 0; before && fill < FILLS; fill++) {
		prepare(sweep, sample->argsz, fills[fill], before);
		if (sample->status &&
		    memcmp(before, sample->bytes[fill][0], SIZE_OF(sample->argsz)))
			broke(sweep, PROBE_TOUCHED, sample, "argsz %u is refused, and written to",
			      sample->argsz);
	}
	free(before);
}

static void check_bytes(struct sweep *sweep, const struct sample *sample)
{
	const uint32_t need = sweep->result->need;
	/* What the reference delivers goes up to the need; any other reply has its fixed fields. */
	const uint32_t owned =
		sample->argsz >= need && sweep->judge->spec->ncaps ? need : sweep->info->full;

	for (uint32_t at = 4; at < sample->argsz; at++) {
		const enum byte_is is = look(sample, at);

		/* Which region was the caller's to say. */
		if (sweep->subject->kind == INFO_REGION && at >= 8 && at < 12)
			continue;
		if (is == NEITHER)
			broke(sweep, PROBE_UNSTABLE, sample,
			      "byte %u is %02x, then %02x and %02x: neither left nor written", at,
			      sample->bytes[0][0][at], sample->bytes[1][0][at],
			      sample->bytes[0][1][at]);
		/* Of a reply that is too short another rule speaks. */
		if (is == WRITTEN && at >= owned && sample->argsz >= need)
			broke(sweep, PROBE_NOBODYS, sample,
			      "byte %u is written, and nothing of the reply owns it", at);
	}
	for (unsigned int fill = 0; fill < FILLS; fill++)
		for (uint32_t at = sample->argsz < 12 ? 12 : sample->argsz;
		     at < SIZE_OF(sample->argsz); at++)
			if (sample->bytes[fill][0][at] != fills[fill])
				broke(sweep, PROBE_PAST_ARGSZ, sample,
				      "byte %u is written, argsz is %u", at, sample->argsz);
}

static void check_short(struct sweep *sweep, const struct sample *sample)
{
	const uint8_t *const reply = reply_of(sample);
	const struct layout_info *const info = sweep->info;
	const uint32_t end = info->first.at + 4;

	if (load32(reply, 0) != sweep->result->need)
		broke(sweep, PROBE_NEED, sample, "argsz %u is told to ask for %u, others for %u",
		      sample->argsz, load32(reply, 0), sweep->result->need);
	if (!sweep->device->is_peer && !(load32(reply, 4) & info->caps_flag))
		broke(sweep, PROBE_SHORT_FLAG, sample, "flags are 0x%x, and argsz says %u",
		      load32(reply, 4), load32(reply, 0));
	if (sample->argsz >= end && load32(reply, info->first.at))
		broke(sweep, PROBE_SHORT_OFFSET, sample,
		      "cap_offset is %u, and the chain is not there",
		      load32(reply, info->first.at));
	for (uint32_t at = info->first.at; at < sample->argsz && sample->argsz < end; at++)
		if (look(sample, at) == WRITTEN && reply[at])
			broke(sweep, PROBE_SHORT_OFFSET, sample, "byte %u of cap_offset is %02x",
			      at, reply[at]);
	if (!sweep->device->is_peer && !all_left(sample, info->full, sample->argsz))
		broke(sweep, PROBE_SHORT_WRITES, sample,
		      "bytes behind the fixed fields are written at argsz %u of %u", sample->argsz,
		      sweep->result->need);
}

static uint32_t round_up(uint32_t value, uint32_t to)
{
	return (value + to - 1) / to * to;
}

/* What the values of the reply are held to, and the rule that each breaks. */
static void check_values(struct sweep *sweep, const struct sample *sample)
{
	const struct probe_values values = {
		.spec = sweep->judge->spec,
		.index = sweep->subject->index,
		.page = (uint32_t)sysconf(_SC_PAGESIZE),
		.table = sweep->table,
	};
	char words[sizeof(sweep->result->violations[0].words)];

	for (enum probe_rule rule = PROBE_AREAS; rule <= PROBE_RANGES; rule++)
		if (probe_value(rule, &values, words, sizeof(words)) == VALUE_BREAKS)
			broke(sweep, rule, sample, "%s", words);
}

/* A chain as the kernel's helpers make it: facts of a kernel, which a reader may not rely on. */
static void check_chain(struct sweep *sweep, const struct sample *sample)
{
	const struct spec *const spec = sweep->judge->spec;
	const enum info_kind kind = sweep->subject->kind;
	const uint32_t offset = load32(reply_of(sample), sweep->info->first.at);
	uint32_t end = 0;

	if (offset != sweep->info->full && offset != sweep->info->end)
		broke(sweep, PROBE_PLACE, sample,
		      "cap_offset is %u, the fixed fields end at %u or %u", offset,
		      sweep->info->end, sweep->info->full);
	for (size_t i = 0; i < spec->ncaps; i++) {
		const struct info_cap *const cap = &spec->caps[i].cap;
		const struct layout_cap *const layout = layout_cap(kind, cap->id);

		/*
		 * Past 6.5 each is rounded up to 8 bytes, before it to nothing; unknown ids tell
		 * not.
		 */
		if (i && cap->offset != round_up(end, 4) && cap->offset != round_up(end, 8) &&
		    (cap->offset < end || spec->caps[i - 1].cap.decoded))
			broke(sweep, PROBE_ORDER, sample,
			      "the capability at %u stands behind one that ends at %u", cap->offset,
			      end);
		end = cap->offset + layout_span(kind, cap);
		if (layout ? !cap->version || cap->version > layout->newest : cap->version == 0)
			broke(sweep, PROBE_VERSION, sample, "id %u at %u has version %u", cap->id,
			      cap->offset, cap->version);
	}
	/* zPCI's structs are rounded up by the compiler, all others by the kernel. */
	if (spec->ncaps && spec->caps[spec->ncaps - 1].cap.decoded && sweep->result->need != end &&
	    sweep->result->need != round_up(end, 8))
		broke(sweep, PROBE_END, sample, "the last capability ends at %u, the need is %u",
		      end, sweep->result->need);
	sweep->result->ncaps = spec->ncaps;
}

static void check_whole(struct sweep *sweep, const struct sample *sample)
{
	const uint32_t argsz = load32(reply_of(sample), 0), need = sweep->result->need;

	if (argsz != sample->argsz && argsz != need)
		broke(sweep, PROBE_ARGSZ, sample, "argsz %u comes back as %u, the need is %u",
		      sample->argsz, argsz, need);
	if (!sweep->whole)
		sweep->whole = sample;
	/* From the flags on: argsz itself may come back as either. The pad of device and iommu is
	 * written from 6.6 on, where there is room for it. */
	for (uint32_t at = 4; at < need && at < sweep->whole->argsz; at++)
		if (look(sample, at) != look(sweep->whole, at) ||
		    (look(sample, at) == WRITTEN &&
		     reply_of(sample)[at] != reply_of(sweep->whole)[at])) {
			broke(sweep, PROBE_DIFFERS, sample,
			      "byte %u is %02x at argsz %u, and %02x at %u", at,
			      reply_of(sample)[at], sample->argsz, reply_of(sweep->whole)[at],
			      sweep->whole->argsz);
			return;
		}
}

static void check_readers(struct sweep *sweep, const struct sample *sample)
{
	const struct spec *const spec = sweep->judge->spec;
	const enum buffer_class wanted =
		sample->argsz < sweep->result->need ? CLASS_TRUNCATED : CLASS_PLAIN;

	judge_read(sweep->judge, reply_of(sample), sample->argsz, sweep->subject->kind);
	if (spec->class != wanted)
		broke(sweep, PROBE_REFERENCE, sample, "the reply at argsz %u is %s%s%s",
		      sample->argsz, buffer_class_name(spec->class), spec->rule ? ": " : "",
		      spec->rule ? rule_name(spec->rule) : "");
	if (judge_broken(sweep->judge))
		broke(sweep, PROBE_BOUNDED, sample, "bounded.h says %s, the reference %s",
		      verdict_name(sweep->judge->judged[0].walk.verdict),
		      verdict_name(spec->verdict));
	if (sample->argsz >= sweep->result->need && sweep->result->need > sweep->info->full &&
	    spec->verdict != VERDICT_OK)
		broke(sweep, PROBE_WHOLE_FLAG, sample,
		      "flags are 0x%x and the reply is %s, though it takes %u bytes",
		      load32(reply_of(sample), 4), verdict_name(spec->verdict),
		      sweep->result->need);
	if (spec->verdict != VERDICT_OK)
		return;
	check_chain(sweep, sample);
	check_values(sweep, sample);
}

static void check(struct sweep *sweep, const struct sample *sample)
{
	check_refused(sweep, sample);
	if (sample->status || sample->argsz < sweep->info->minsz)
		return;
	if (sample->argsz < sweep->result->need)
		check_short(sweep, sample);
	else
		check_whole(sweep, sample);
	check_readers(sweep, sample);
	check_bytes(sweep, sample);
}

/* How much the reply takes, as the shortest that is answered says. */
static int find_need(struct sweep *sweep)
{
	struct sample sample;
	int error;

	for (uint32_t argsz = sweep->info->minsz; argsz <= 4096;
	     argsz = argsz < 64 ? argsz + 1 : argsz * 2) {
		error = ask(sweep, argsz, &sample);
		if (error)
			return error;
		sweep->result->answered = sample.status;
		sweep->result->need = load32(reply_of(&sample), 0);
		if (!sample.status && sweep->result->need > PROBE_NEED_MAX) {
			broke(sweep, PROBE_ABSURD, &sample, "the need is %u", sweep->result->need);
			sweep->result->need = argsz;
		}
		for (unsigned int i = 0; i < FILLS * CALLS; i++)
			free(sample.bytes[i % FILLS][i / FILLS]);
		if (!sweep->result->answered)
			return 0;
	}
	return 0;
}

int probe_sweep(struct probe_device *device, const struct probe_subject *subject,
		struct judge *judge, struct probe_result *ret_result)
{
	struct sweep *const sweep = calloc(1, sizeof(*sweep));
	uint8_t config[256];
	int error;

	*ret_result = (struct probe_result){.sweep = sweep};
	if (!sweep)
		return -ENOMEM;
	*sweep = (struct sweep){.device = device,
				.subject = subject,
				.info = &layout_infos[subject->kind],
				.judge = judge,
				.result = ret_result};
	if (subject->kind == INFO_REGION && device->config &&
	    device->config(device, config, &ret_result->calls))
		sweep->table = probe_table_of(config);
	error = find_need(sweep);
	if (error || ret_result->answered)
		return error;
	if (ret_result->need < sweep->info->minsz)
		ret_result->need = sweep->info->minsz;
	sweep->samples = calloc(ret_result->need + PROBE_PAST + 1, sizeof(*sweep->samples));
	for (uint32_t argsz = 0; sweep->samples && argsz <= ret_result->need + PROBE_PAST;
	     argsz++) {
		error = ask(sweep, argsz, &sweep->samples[argsz]);
		if (error)
			return error;
		sweep->count++;
		check(sweep, &sweep->samples[argsz]);
	}
	return sweep->samples ? 0 : -ENOMEM;
}

const uint8_t *probe_reply(const struct probe_result *result, uint32_t argsz)
{
	const struct sweep *const sweep = result->sweep;

	if (!sweep || argsz >= sweep->count || sweep->samples[argsz].status)
		return NULL;
	return reply_of(&sweep->samples[argsz]);
}

size_t probe_broken(const struct probe_result *result)
{
	size_t count = 0;

	for (size_t i = 0; i < PROBE_RULE_COUNT; i++)
		count += result->violations[i].count != 0;
	return count;
}

void probe_free(struct probe_result *result)
{
	struct sweep *const sweep = result->sweep;

	for (size_t i = 0; i < PROBE_RULE_COUNT; i++)
		free(result->violations[i].info);
	for (uint32_t i = 0; sweep && i < sweep->count; i++)
		for (unsigned int n = 0; n < FILLS * CALLS; n++)
			free(sweep->samples[i].bytes[n % FILLS][n / FILLS]);
	if (sweep)
		free(sweep->samples);
	free(sweep);
}
