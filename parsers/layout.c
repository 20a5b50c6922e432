/* SPDX-License-Identifier: MIT */
/* The tables behind layout.h, expanded from its lists. */
#include "layout.h"

#include <string.h>

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

#define FIELD(info, name, at, width) {#name, at, width, ROLE_VALUE, 1},
#define INFO(kind, ...)		     static const struct layout_field fields_##kind[] = {LAYOUT_##kind(FIELD)};
LAYOUT_KINDS(INFO)
#undef INFO
#undef FIELD

const struct layout_info layout_infos[INFO_KINDS] = {
#define INFO(kind, name_, min, fixed_end, newest, ctype)                                           \
	[INFO_##kind] = {.name = #name_,                                                           \
			 .uapi = #ctype,                                                           \
			 .minsz = (min),                                                           \
			 .end = (fixed_end),                                                       \
			 .full = (newest),                                                         \
			 .fields = fields_##kind,                                                  \
			 .nfields = COUNT_OF(fields_##kind),                                       \
			 LAYOUT_FORM_##kind},
	LAYOUT_KINDS(INFO)
#undef INFO
};

const struct layout_flag layout_flags[] = {
#define FLAG(kind, name, bit, cname) {INFO_##kind, #name, #cname, UINT32_C(1) << (bit)},
	LAYOUT_ALL_FLAGS(FLAG)
#undef FLAG
};
const size_t layout_flag_count = COUNT_OF(layout_flags);

/* Each list ends with one empty field, so that a bare header has a list too. */
#define FIELD(cap, name, at, width, role, version)   {#name, at, width, ROLE_##role, version},
/* A union is as long as its longest member: as the newest version is a number. */
#define VERSION(cap, name, at, width, role, version) char name[version];
#define CAP(kind, id, name, elements, array, one, two, ctype, cid)                                 \
	static const struct layout_field fields_##name[] = {                                       \
		LAYOUT_##name(FIELD){NULL, 0, 0, ROLE_SPACE, 0}};                                  \
	union newest_##name {                                                                      \
		char header;                                                                       \
		LAYOUT_##name(VERSION)                                                             \
	};
LAYOUT_ALL_CAPS(CAP)
#undef CAP

/* Every value has its place in info_cap.field[]. */
#define ONE_VALUE +1
#define ONE_COUNT
#define ONE_SPACE
#define ONE(cap, name, at, width, role, version) ONE_##role
#define CAP(kind, id, name, ...)                                                                   \
	_Static_assert(0 LAYOUT_##name(ONE) <= INFO_FIELDS, #name " has too many values");
LAYOUT_ALL_CAPS(CAP)
#undef CAP

const struct layout_cap layout_caps[] = {
#define CAP(kind_, id_, name_, elements_, array_, one, two, ctype, cid)                            \
	{.kind = INFO_##kind_,                                                                     \
	 .id = (id_),                                                                              \
	 .newest = sizeof(union newest_##name_),                                                   \
	 .name = #name_,                                                                           \
	 .uapi = #ctype,                                                                           \
	 .uapi_id = #cid,                                                                          \
	 .elements = ELEMENTS_##elements_,                                                         \
	 .fields = fields_##name_,                                                                 \
	 .nfields = COUNT_OF(fields_##name_) - 1,                                                  \
	 .array = #array_,                                                                         \
	 .pair = {#one, #two}},
	LAYOUT_ALL_CAPS(CAP)
#undef CAP
};
const size_t layout_cap_count = COUNT_OF(layout_caps);

const char *info_kind_name(enum info_kind kind)
{
	return layout_infos[kind].name;
}

const struct layout_cap *layout_cap(enum info_kind kind, uint16_t id)
{
	for (size_t i = 0; i < layout_cap_count; i++)
		if (layout_caps[i].kind == kind && layout_caps[i].id == id)
			return &layout_caps[i];
	return NULL;
}

uint32_t layout_fixed(const struct layout_cap *layout, uint16_t version)
{
	uint32_t end = layout_infos[layout->kind].header;

	for (const struct layout_field *field = layout->fields; field->name; field++) {
		const uint32_t field_end = (uint32_t)field->at + field->width;

		if (field->version <= version && field_end > end)
			end = field_end;
	}
	return end;
}

uint64_t layout_load(const uint8_t *at, unsigned int width)
{
	uint64_t wide;
	uint32_t word;
	uint16_t half;

	switch (width) {
	case 8:
		memcpy(&wide, at, sizeof(wide));
		return wide;
	case 4:
		memcpy(&word, at, sizeof(word));
		return word;
	case 2:
		memcpy(&half, at, sizeof(half));
		return half;
	default:
		return *at;
	}
}

void layout_store(uint8_t *at, unsigned int width, uint64_t value)
{
	const uint32_t word = (uint32_t)value;
	const uint16_t half = (uint16_t)value;

	switch (width) {
	case 8:
		memcpy(at, &value, sizeof(value));
		return;
	case 4:
		memcpy(at, &word, sizeof(word));
		return;
	case 2:
		memcpy(at, &half, sizeof(half));
		return;
	default:
		*at = (uint8_t)value;
	}
}

uint32_t layout_argsz(enum info_kind kind, const uint8_t *info, size_t len)
{
	const struct layout_bits *const argsz = &layout_infos[kind].argsz;

	if (!argsz->width) {
		const bool ends = !layout_infos[kind].first.width && len == layout_infos[kind].end;

		return argsz->mask && !ends ? argsz->mask : (uint32_t)len;
	}
	/* The field is wholly inside the buffer. */
	return len >= argsz->at + argsz->width ? layout_get(argsz, info) : 0;
}

uint32_t layout_span(enum info_kind kind, const struct info_cap *cap)
{
	const struct layout_cap *const layout = layout_cap(kind, cap->id);

	if (!layout || !cap->decoded)
		return layout_infos[kind].header;
	return layout_fixed(layout, cap->version) + cap->count * (uint32_t)layout->elements;
}
