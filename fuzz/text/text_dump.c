/* SPDX-License-Identifier: MIT */
/*
 * A chain as text: every field by name, so that a reader needs no table beside it.
 *
 * Numbers that count or point into a buffer are decimal; 64-bit fields (addresses, sizes, masks)
 * and whatever is larger than any buffer are hexadecimal.
 */
#include "text.h"

#include <inttypes.h>
#include <stdbool.h>
#include <string.h>

/* Bytes of an overlay on one line. */
#define RAW_LINE 32u

const char *text_field_key(const struct layout_field *field)
{
	return strcmp(field->name, "version") ? field->name : "payload_version";
}

static void put_number(FILE *out, unsigned int width, uint64_t value)
{
	fprintf(out, width == 8 || value > INFO_LEN_MAX ? "%#" PRIx64 : "%" PRIu64, value);
}

static void put_hex(FILE *out, const uint8_t *bytes, uint32_t size)
{
	fputc('"', out);
	for (uint32_t i = 0; i < size; i++)
		fprintf(out, "%02x", bytes[i]);
	fputc('"', out);
}

/* By name where every bit that is set has one. */
static void put_flags(FILE *out, enum info_kind kind, uint64_t flags)
{
	const char *before = "[";
	uint64_t unnamed = flags;

	for (size_t i = 0; i < layout_flag_count; i++)
		if (layout_flags[i].kind == kind)
			unnamed &= ~(uint64_t)layout_flags[i].bit;
	if (unnamed || !flags) {
		fprintf(out, "%#" PRIx64, flags);
		return;
	}
	for (size_t i = 0; i < layout_flag_count; i++) {
		if (layout_flags[i].kind != kind || !(flags & layout_flags[i].bit))
			continue;
		fprintf(out, "%s%s", before, layout_flags[i].name);
		before = ", ";
	}
	fputc(']', out);
}

static void dump_info(FILE *out, const struct chain *chain)
{
	const struct layout_info *const info = &layout_infos[chain->kind];

	fprintf(out, "info:\n");
	for (size_t i = 0; i < info->nfields; i++) {
		const struct layout_field *const field = &info->fields[i];

		fprintf(out, "  %s: ", field->name);
		if (info->flags.width && field->at == info->flags.at)
			put_flags(out, chain->kind, chain->info[i]);
		else
			put_number(out, field->width, chain->info[i]);
		fputs((uint32_t)field->at + field->width > chain->len ? "  # past len\n" : "\n",
		      out);
	}
}

static void dump_elements(FILE *out, const struct layout_cap *layout, const struct chain_cap *cap)
{
	if (layout->elements == ELEMENTS_BYTES) {
		fprintf(out, "    %s: ", layout->array);
		put_hex(out, cap->elements, cap->elements_size);
		fputc('\n', out);
		return;
	}
	fprintf(out, "    %s:\n", layout->array);
	for (uint32_t at = 0; at < cap->elements_size; at += ELEMENTS_PAIRS)
		fprintf(out, "      - {%s: %#" PRIx64 ", %s: %#" PRIx64 "}\n", layout->pair[0],
			layout_load(cap->elements + at, 8), layout->pair[1],
			layout_load(cap->elements + at + 8, 8));
}

/*
 * A capability whose fixed part crosses len has its payload among the overlays. Its fields are zero
 * then, as the text form's defaults are, and naming them would mislead; only one that somebody set
 * to another value is named.
 */
static void dump_payload(FILE *out, const struct chain *chain, const struct chain_cap *cap)
{
	const struct layout_cap *const layout = chain_cap_layout(chain, cap);
	const bool whole = (uint64_t)cap->at + chain_cap_fixed(chain, cap) <= chain->len;

	if (!layout)
		return;
	for (size_t i = 0; i < layout->nfields; i++) {
		const struct layout_field *const field = &layout->fields[i];
		const uint64_t missing =
			field->role == ROLE_COUNT ? cap->elements_size / layout->elements : 0;

		if (field->version > cap->version || (!whole && cap->value[i] == missing))
			continue;
		fprintf(out, "    %s: ", text_field_key(field));
		put_number(out, field->width, cap->value[i]);
		fputc('\n', out);
	}
	if (layout->elements && cap->elements_size)
		dump_elements(out, layout, cap);
}

static void dump_cap(FILE *out, const struct chain *chain, const struct chain_cap *cap)
{
	const struct layout_cap *const layout = layout_cap(chain->kind, cap->id);

	fprintf(out, "  - at: ");
	put_number(out, 4, cap->at);
	if (layout)
		fprintf(out, "\n    id: %s\n", layout->name);
	else
		fprintf(out, "\n    id: %u\n", cap->id);
	if (layout_infos[chain->kind].version.width)
		fprintf(out, "    version: %u\n", cap->version);
	fprintf(out, "    next: ");
	put_number(out, 4, cap->next);
	fputc('\n', out);
	dump_payload(out, chain, cap);
}

static void dump_raw(FILE *out, const struct chain_raw *raw)
{
	uint32_t done = 0;

	do {
		const uint32_t left = raw->size - done;

		fprintf(out, "  - {at: ");
		put_number(out, 4, raw->at + done);
		fprintf(out, ", hex: ");
		put_hex(out, raw->bytes + done, left < RAW_LINE ? left : RAW_LINE);
		fprintf(out, "}\n");
		done += RAW_LINE;
		/* What would start past 32 bits is past len as well, and has no `at`. */
	} while (done < raw->size && raw->at <= UINT32_MAX - done);
}

void text_dump(FILE *out, const struct chain *chain)
{
	fprintf(out, "kind: %s\n", info_kind_name(chain->kind));
	text_dump_body(out, chain);
}

void text_dump_body(FILE *out, const struct chain *chain)
{
	fprintf(out, "len: %u\nfill: %#x\n", chain->len, chain->fill);
	dump_info(out, chain);
	if (chain->ncaps)
		fprintf(out, "caps:\n");
	for (size_t i = 0; i < chain->ncaps; i++)
		dump_cap(out, chain, &chain->caps[i]);
	if (chain->nraws)
		fprintf(out, "raw:\n");
	for (size_t i = 0; i < chain->nraws; i++)
		dump_raw(out, &chain->raws[i]);
}
