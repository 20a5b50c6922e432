/* SPDX-License-Identifier: MIT */
/*
 * Whether byte order matters to what parsers make of an input that was turned over.
 *
 * A walk here and one on a machine of the input's order do the same as long as every load has the
 * same value on both. So each load is looked at, of the input and of every copy that is walked; the
 * first that differs reads one field as another, bytes that are no field's, or one that is cut.
 */
#include <string.h>

#include "../fetch/fetch_judge.h"
#include "../sandbox/sandbox.h"
#include "cmd.h"

static enum info_kind kind;
static bool mattered;

/* Expected verdicts are of little-endian bytes: a text that says others has none. */
bool order_is_other(const char *path, const struct input *input)
{
	static struct input little;
	bool same;

	if (input->shared || input->endian == ENDIAN_LITTLE || !input_is_text(path))
		return input->shared;
	if (input_load_as(path, NULL, ENDIAN_LITTLE, &little))
		return false;
	same = !little.shared && little.len == input->len &&
	       memcmp(little.bytes, input->bytes, little.len) == 0;
	input_free(&little);
	return !same;
}

/* A load of the one is one of the other, read in the other order. All loads lie inside the buffer. */
static bool is_same(const uint8_t *info, const uint8_t *turned, size_t at, size_t size)
{
	/* No field is as wide: a copy. */
	if (size > 8)
		return true;
	for (size_t i = 0; i < size; i++)
		if (info[at + i] != turned[at + size - 1 - i])
			return false;
	return true;
}

static void see(const uint8_t *info, size_t len, size_t size, const struct sandbox_trace *trace)
{
	static uint8_t turned[INFO_LEN_MAX];
	uint32_t shared;

	if (mattered || !trace->count)
		return;
	/* The other machine has the same zeros behind its own bytes. */
	memcpy(turned, info, size);
	/* Of what was not noted nobody knows. */
	mattered = trace->count > SANDBOX_TRACE_MAX ||
		   !endian_turn(turned, len, kind, ENDIAN_HOST, &shared);
	for (size_t i = 0; i < trace->count && !mattered; i++)
		mattered = !trace->loads[i].copied &&
			   !is_same(info, turned, trace->loads[i].offset, trace->loads[i].size);
}

void order_watch(const struct input *input)
{
	mattered = false;
	kind = input->kind;
	if (kind == KIND_FETCH) {
		static struct script script;

		script_read(input->bytes, input->len, &script);
		kind = script.kind;
	}
	sandbox_watch(see);
}

bool order_mattered(void)
{
	const bool answer = mattered;

	sandbox_watch(NULL);
	mattered = false;
	return answer;
}
