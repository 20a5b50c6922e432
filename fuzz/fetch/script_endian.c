/* SPDX-License-Identifier: MIT */
#include "script_endian.h"

#include <string.h>

#include "script.h"

bool script_turn(uint8_t *bytes, size_t len, enum endian from, uint32_t *ret_shared)
{
	static struct script script;
	static uint8_t as_given[INFO_LEN_MAX];
	bool whole = true;

	memcpy(as_given, bytes, len);
	script_read(as_given, len, &script);
	for (size_t i = 0; i < script.nreplies; i++) {
		const struct script_reply *const reply = &script.replies[i];
		const uint32_t at = (uint32_t)(reply->bytes - as_given);
		uint32_t shared;

		if (endian_turn(bytes + at, reply->size, script.kind, from, &shared))
			continue;
		whole = false;
		*ret_shared = at + shared;
	}
	for (size_t i = 0; script.producer && i < script.state.ncaps; i++)
		endian_turn_payload(bytes + (script.caps[i].payload - as_given),
				    script.caps[i].size, script.kind, script.caps[i].id,
				    script.caps[i].version, from);
	if (!whole)
		memcpy(bytes, as_given, len);
	return whole;
}
