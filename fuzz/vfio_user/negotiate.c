/* SPDX-License-Identifier: MIT */
/* See negotiate.h. */
#include "negotiate.h"

#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "../../parsers/layout.h"
#include "protocol.h"

/* Takes a number of @capabilities, where it is there. False where it is no number, or below 1. */
static bool take(const json_t *capabilities, const char *name, uint64_t *ret_number)
{
	const json_t *const number = json_object_get(capabilities, name);

	if (!number)
		return true;
	if (!json_is_integer(number) || json_integer_value(number) < 1)
		return false;
	*ret_number = (uint64_t)json_integer_value(number);
	return true;
}

static const char *read_json(const char *text, size_t len, struct vu_version *version)
{
	uint64_t fds = version->max_fds;
	json_error_t error;
	json_t *const all = json_loadb(text, len, JSON_REJECT_DUPLICATES, &error);
	const json_t *const capabilities = json_object_get(all, "capabilities");
	const char *wrong = NULL;

	if (!json_is_object(all))
		wrong = "its JSON is no object";
	else if (capabilities && !json_is_object(capabilities))
		wrong = "its capabilities are no object";
	else if (!take(capabilities, "max_msg_fds", &fds))
		wrong = "max_msg_fds is no number above 0";
	else if (!take(capabilities, "max_data_xfer_size", &version->max_data))
		wrong = "max_data_xfer_size is no number above 0";
	version->max_fds = fds < UINT32_MAX ? (uint32_t)fds : UINT32_MAX;
	json_decref(all);
	return wrong;
}

const char *vu_version_read(const uint8_t *bytes, size_t len, struct vu_version *ret_version)
{
	const char *const text = (const char *)bytes + VU_AT_JSON;

	*ret_version = (struct vu_version){.max_fds = 1, .max_data = VU_DATA_MAX};
	if (len < VU_AT_JSON)
		return "it is shorter than two numbers";
	ret_version->major = (uint16_t)layout_load(bytes, 2);
	ret_version->minor = (uint16_t)layout_load(bytes + 2, 2);
	if (len == VU_AT_JSON)
		return NULL;
	/* The string ends with the message's last byte. */
	if (strnlen(text, len - VU_AT_JSON) != len - VU_AT_JSON - 1)
		return "its JSON does not end with the message's one NUL";
	return read_json(text, len - VU_AT_JSON - 1, ret_version);
}

size_t vu_version_write(uint8_t *ret_bytes, size_t size)
{
	layout_store(ret_bytes, 2, VU_MAJOR);
	layout_store(ret_bytes + 2, 2, VU_MINOR);
	return VU_AT_JSON + 1 +
	       (size_t)snprintf((char *)ret_bytes + VU_AT_JSON, size - VU_AT_JSON,
				"{\"capabilities\":{\"max_msg_fds\":%u,\"max_data_xfer_size\":%u,"
				"\"pgsizes\":4096}}",
				VU_FDS_MAX, VU_DATA_MAX);
}
